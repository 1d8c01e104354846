"""Filters and segments as data: rooms register facts, one function folds a rule into one `Q`.

A rule is JSON: `{"all": [rule, …]}`, `{"any": [rule, …]}`, `{"not": rule}` or
`{"fact": name, "op": op, "value": value}`. Groups mean what `all()` and `any()` mean: `{}` and
`{"all": []}` let everything through, `{"any": []}` nothing, so that a campaign to an unfinished
"any of" goes to nobody. Lists, segments, campaigns and reports compile the same rule to the same
condition.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import reduce
from math import ceil, floor
from operator import and_, or_
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.core.models import Company
from orbita.core.money import to_minor
from orbita.core.registry import Registry
from orbita.core.text import clean_line, normalise

Rule = Mapping[str, Any]
Choices = Sequence[tuple[Any, str | Promise]]

DEEPEST = 8
MOST_PARTS = 200  # groups and conditions together
MOST_PARTS_IN_ALL = 1000  # with those of the segments it names
LONGEST_LIST = 10_000  # values in a whole rule: databases limit their number in a statement
EARLIEST, LATEST = date(1800, 1, 1), date(2200, 1, 1)

OPS: dict[str, str | Promise] = {
    "eq": pgettext_lazy("filter", "is"),
    "ne": pgettext_lazy("filter", "is not"),
    "in": pgettext_lazy("filter", "is one of"),
    "not_in": pgettext_lazy("filter", "is none of"),
    "contains": pgettext_lazy("filter", "contains"),
    "starts": pgettext_lazy("filter", "starts with"),
    "lt": pgettext_lazy("filter", "less than"),
    "lte": pgettext_lazy("filter", "at most"),
    "gt": pgettext_lazy("filter", "more than"),
    "gte": pgettext_lazy("filter", "at least"),
    "between": pgettext_lazy("filter", "between"),
    "on": pgettext_lazy("filter", "on"),
    "before": pgettext_lazy("filter", "before"),
    "after": pgettext_lazy("filter", "after"),
    "last_days": pgettext_lazy("filter", "in the last days:"),
    "older_days": pgettext_lazy("filter", "longer ago than days:"),
    "empty": pgettext_lazy("filter", "is not filled in"),
    "filled": pgettext_lazy("filter", "is filled in"),
}
_ORDERED = ("eq", "ne", "lt", "lte", "gt", "gte", "between", "empty", "filled")
_DATES = ("on", "before", "after", "between", "last_days", "older_days", "empty", "filled")
OPS_OF_KIND: dict[str, tuple[str, ...]] = {
    "text": ("eq", "ne", "contains", "starts", "in", "not_in", "empty", "filled"),
    "number": _ORDERED,
    "money": _ORDERED,
    "date": _DATES,
    "datetime": _DATES,
    "choice": ("in", "not_in", "eq", "ne", "empty", "filled"),
    "ref": ("in", "not_in", "eq", "ne", "empty", "filled"),
    "bool": ("eq",),
}


class RuleError(ValueError):
    """The rule cannot be read; the message is for the user."""


@dataclass(frozen=True)
class Fact:
    """Something a rule may ask of a subject.

    `condition(op, value)` gets a checked value of the fact's kind: int for numbers and money (minor
    units of the base currency), date, aware datetime, str, bool, or a list of them for `in`,
    `not_in` and `between`; None for `empty` and `filled`.
    `choices` lists what a "choice" or "ref" may be, for this actor. With `by_actor` the condition
    is called with the actor as its third argument: "mine" means another thing to each. `open_to`
    closes a fact to actors whom no permission tells apart.
    """

    name: str
    label: str | Promise
    kind: str
    condition: Callable[..., Q]
    group: str | Promise = ""
    choices: Callable[[Any], Choices] | None = None
    permission: str | None = None
    ops: tuple[str, ...] = ()
    by_actor: bool = False
    open_to: Callable[[Any], bool] | None = None

    @property
    def operators(self) -> tuple[str, ...]:
        return self.ops or OPS_OF_KIND[self.kind]


class FactRegistry:
    """The facts of every subject: client, order, product."""

    def __init__(self) -> None:
        self._subjects: dict[str, Registry[Fact]] = {}
        self._sources: dict[str, Callable[[], Iterable[Fact]]] = {}

    def register(self, subject: str, *facts: Fact) -> None:
        self._subjects.setdefault(subject, Registry("fact")).register(*facts)

    def add_source(self, subject: str, source: Callable[[], Iterable[Fact]]) -> None:
        """Facts that come and go while the program runs: `source` is asked each time."""
        self._sources[subject] = source

    def of(self, subject: str) -> Registry[Fact]:
        known = self._subjects.setdefault(subject, Registry("fact"))
        source = self._sources.get(subject)
        more = list(source()) if source else []
        if not more:
            return known
        whole: Registry[Fact] = Registry("fact")
        whole.register(*known, *more)
        return whole


FACTS = FactRegistry()
# The accounts room puts its policy here: core stands below it.
fact_is_allowed: Callable[[Any, str], bool] = lambda actor, permission: False  # noqa: E731


def allow_facts_by(check: Callable[[Any, str], bool]) -> None:
    global fact_is_allowed
    fact_is_allowed = check


def may_use(fact: Fact, actor: Any) -> bool:
    if fact.open_to is not None and not fact.open_to(actor):
        return False
    return fact.permission is None or fact_is_allowed(actor, fact.permission)


# ---- conditions over plain columns ----

_LOOKUPS = {
    "eq": "exact",
    "in": "in",
    "lt": "lt",
    "lte": "lte",
    "gt": "gt",
    "gte": "gte",
    "contains": "contains",
    "starts": "startswith",
    "on": "exact",
    "before": "lt",
    "after": "gt",
}


def column(path: str, *, blank: Any = None) -> Callable[[str, Any], Q]:
    """A condition over one column. `blank` is what an unfilled column holds (NULL or "").

    An unfilled value is neither less nor more than anything, and "is not 5" is true of it.
    """

    def condition(op: str, value: Any) -> Q:
        if op in ("empty", "filled"):
            unfilled = Q(**{f"{path}__isnull": True}) if blank is None else Q(**{path: blank})
            return unfilled if op == "empty" else ~unfilled
        if op == "ne":
            return ~condition("eq", value) | Q(**{f"{path}__isnull": True})
        if op == "not_in":
            return ~condition("in", value) | Q(**{f"{path}__isnull": True})
        if op == "between":
            return condition("gte", value[0]) & condition("lte", value[1])
        return Q(**{f"{path}__{_LOOKUPS[op]}": value})

    return condition


def whole_column(path: str) -> Callable[[str, Any], Q]:
    """A condition over a column of whole numbers, asked with a fraction too: “less than 2.5”."""
    plain = column(path)

    def condition(op: str, value: Any) -> Q:
        if op == "between":
            return condition("gte", value[0]) & condition("lte", value[1])
        if not isinstance(value, Decimal):
            return plain(op, value)
        if op in ("eq", "ne"):
            return NOTHING if op == "eq" else EVERYTHING
        return plain(op, ceil(value) if op in ("lt", "gte") else floor(value))

    return condition


def text_column(path: str, *, key: bool = False) -> Callable[[str, Any], Q]:
    """A condition over a text column that holds "" when unfilled.

    `key` says that the column is a `KeyField` with normalised text: the value is normalised too and
    "starts with" is served by its index. Without it, case is the database's own affair.
    """
    plain = column(path, blank="")

    def condition(op: str, value: Any) -> Q:
        if key and value is not None:
            value = [normalise(v) for v in value] if isinstance(value, list) else normalise(value)
        if key and op == "starts":
            return Q(**{f"{path}__prefix": value})
        return plain(op, value)

    return condition


def date_column(path: str) -> Callable[[str, Any], Q]:
    """A condition over a date column; relative days count in the company's zone."""
    plain = column(path)

    def condition(op: str, value: Any) -> Q:
        if op in ("last_days", "older_days"):
            edge = Company.current().business_date() - timedelta(days=value)
            return Q(**{f"{path}__{'gte' if op == 'last_days' else 'lt'}": edge})
        return plain(op, value)

    return condition


def moment_column(path: str) -> Callable[[str, Any], Q]:
    """A condition over a moment; whole days are those of the company's zone."""
    plain = column(path)

    def start(day: date) -> datetime:
        return datetime.combine(day, time(0), tzinfo=Company.current().zone)

    def condition(op: str, value: Any) -> Q:
        if op in ("empty", "filled"):
            return plain(op, value)
        if op in ("last_days", "older_days"):
            edge = timezone.now() - timedelta(days=value)
            return Q(**{f"{path}__{'gte' if op == 'last_days' else 'lt'}": edge})
        if op == "before":
            return Q(**{f"{path}__lt": start(value)})
        if op == "after":
            return Q(**{f"{path}__gte": start(value + timedelta(days=1))})
        first, last = value if op == "between" else (value, value)
        return Q(**{f"{path}__gte": start(first), f"{path}__lt": start(last + timedelta(days=1))})

    return condition


# ---- compiling ----


# The rules that are being compiled in this thread, the outermost first: a segment in a rule is one.
_under_way: ContextVar[tuple["_Compiler", ...]] = ContextVar("rules_under_way", default=())


def compile_rule(subject: str, rule: Rule, *, actor: Any) -> Q:
    """One condition for the whole rule. Raises `RuleError` with a sentence for the user."""
    compiler = _Compiler(subject, actor)
    token = _under_way.set((*_under_way.get(), compiler))
    try:
        return compiler.compile(rule, depth=0)
    finally:
        _under_way.reset(token)


NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING


class _Compiler:
    """Folds one rule. An empty `Q` stands for "everything"."""

    def __init__(self, subject: str, actor: Any) -> None:
        self._facts = FACTS.of(subject)
        self._actor = actor
        self._parts = 0
        self._values = 0
        self.total = 0  # with the parts of the rules inside it

    def compile(self, rule: Any, depth: int) -> Q:
        if not isinstance(rule, Mapping):
            raise RuleError(_("A condition must be an object."))
        if depth > DEEPEST:
            raise RuleError(_("The conditions are nested too deep."))
        self._parts += 1
        outermost = _under_way.get()[0]
        outermost.total += 1
        if self._parts > MOST_PARTS or outermost.total > MOST_PARTS_IN_ALL:
            raise RuleError(_("The rule has too many conditions."))
        if not rule:
            return Q()
        if "fact" in rule:
            return self._condition(rule)
        if len(rule) != 1:
            raise RuleError(_("A group must be one of: all, any, not."))
        (key, inner) = next(iter(rule.items()))
        if key == "not":
            compiled = self.compile(inner, depth + 1)
            return ~compiled if compiled else NOTHING
        if key in ("all", "any") and isinstance(inner, list | tuple):
            return self._group(key, inner, depth)
        raise RuleError(_("A group must be one of: all, any, not."))

    def _group(self, key: str, inner: Sequence[Any], depth: int) -> Q:
        parts = [self.compile(part, depth + 1) for part in inner]
        if key == "all":
            return reduce(and_, parts, Q())
        if not all(parts):
            return Q()  # one of them is true of everything
        return reduce(or_, parts) if parts else NOTHING

    def _condition(self, rule: Rule) -> Q:
        fact, op, value = checked_condition(self._facts, rule, self._actor)
        self._values += len(value) if isinstance(value, list) else 1
        if self._values > LONGEST_LIST:
            raise RuleError(_("The list of values is too long."))
        return fact.condition(op, value, *([self._actor] if fact.by_actor else []))


def checked_condition(facts: Registry[Fact], rule: Rule, actor: Any) -> tuple[Fact, str, Any]:
    """The fact, the operator and the value of one condition, the value cast to the fact's kind."""
    name, op = rule.get("fact"), rule.get("op")
    fact = facts.get(name) if isinstance(name, str) else None
    # A closed fact answers like an unknown one: even its existence is not told.
    if fact is None or not may_use(fact, actor):
        raise RuleError(_("There is no such condition: %(name)s.") % {"name": _shortly(name)})
    if not isinstance(op, str) or op not in fact.operators:
        raise RuleError(
            _("“%(label)s” cannot be compared this way: %(op)s.")
            % {"label": fact.label, "op": _shortly(op)}
        )
    return fact, op, _cast(fact, op, rule.get("value"))


def _cast(fact: Fact, op: str, value: Any) -> Any:
    if op in ("empty", "filled"):
        return None
    if op in ("last_days", "older_days"):
        return _whole_days(fact, value)
    if op in ("in", "not_in"):
        if not isinstance(value, list | tuple) or not value:
            raise _bad(fact, value)
        if len(value) > LONGEST_LIST:
            raise RuleError(_("The list of values is too long."))
        return [_CASTS[fact.kind](fact, item) for item in value]
    if op == "between":
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise _bad(fact, value)
        return [_CASTS[fact.kind](fact, item) for item in value]
    return _CASTS[fact.kind](fact, value)


def _bad(fact: Fact, value: Any) -> RuleError:
    shown = _shortly(value)
    return RuleError(
        _("“%(value)s” does not fit “%(label)s”.") % {"value": shown, "label": fact.label}
    )


def _shortly(value: Any) -> str:
    """What a message may show of a hostile value."""
    if isinstance(value, int) and value.bit_length() > 200:  # Python refuses to print longer ones
        return "…"
    return clean_line(str(value)[:60])


def _whole_days(fact: Fact, value: Any) -> int:
    days = _as_number(fact, value)
    if not 0 <= days <= 36_600:
        raise _bad(fact, value)
    return int(days)


def _as_text(fact: Fact, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _bad(fact, value)
    if isinstance(value, int):
        value = _as_number(fact, value)
    # Control characters and halves of surrogate pairs cannot be stored, so they are never found.
    text = clean_line(str(value))
    if len(text) > 500:
        raise _bad(fact, value)
    return text


def _as_number(fact: Fact, value: Any) -> Any:
    """An int, or a `Decimal` when there is a fraction."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _bad(fact, value)
    if isinstance(value, int):
        number = Decimal(value) if value.bit_length() < 64 else Decimal("inf")
    else:
        typed = str(value)[:60].replace(",", ".").replace("\xa0", "").replace(" ", "")
        try:
            number = Decimal(typed)
        except InvalidOperation:
            raise _bad(fact, value) from None
    if not number.is_finite() or (number and not -9 <= number.adjusted() < 15):
        raise _bad(fact, value)
    return int(number) if number == number.to_integral_value() else number


def _as_money(fact: Fact, value: Any) -> int:
    return to_minor(Decimal(_as_number(fact, value)), Company.current().currency)


def _as_date(fact: Fact, value: Any) -> date:
    if isinstance(value, str) and len(value) <= 40:
        try:
            moment = parse_datetime(value)
            day = moment.date() if moment else parse_date(value)
        except ValueError:
            day = None
        if day and EARLIEST <= day < LATEST:
            return day
    raise _bad(fact, value)


def _as_bool(fact: Fact, value: Any) -> bool:
    if value in (True, "true", "1", 1):
        return True
    if value in (False, "false", "0", 0):
        return False
    raise _bad(fact, value)


_CASTS: dict[str, Callable[[Fact, Any], Any]] = {
    "text": _as_text,
    "choice": _as_text,
    "ref": lambda fact, value: int(_as_number(fact, value)),
    "number": _as_number,
    "money": _as_money,
    "date": _as_date,
    "datetime": _as_date,
    "bool": _as_bool,
}


# ---- in words ----


def describe(subject: str, rule: Rule, *, actor: Any) -> str:
    """The rule as a sentence in the current language. Raises `RuleError` like `compile_rule`."""
    compile_rule(subject, rule, actor=actor)
    return _sentence(subject, rule, actor)


def _sentence(subject: str, rule: Rule, actor: Any) -> str:
    if not rule:
        return _("all")
    if "fact" in rule:
        return describe_condition(subject, rule, actor=actor)
    key, inner = next(iter(rule.items()))
    if key == "not":
        return _("not (%(inner)s)") % {"inner": _sentence(subject, inner, actor)}
    if not inner:
        return _("all") if key == "all" else _("nobody")
    words = [_sentence(subject, part, actor) for part in inner]
    if len(words) == 1:
        return words[0]
    bracketed = [
        f"({word})" if "all" in part or "any" in part else word
        for part, word in zip(inner, words, strict=True)
    ]
    return (_(" and ") if key == "all" else _(" or ")).join(bracketed)


def describe_condition(subject: str, rule: Rule, *, actor: Any) -> str:
    """One condition in words, as a filter chip shows it: «City: Kazan, Samara».

    Raises `RuleError` when it cannot be read, or asks of what is closed to the actor.
    """
    fact, op, _value = checked_condition(FACTS.of(subject), rule, actor)
    if op in ("empty", "filled"):
        return f"{fact.label} {OPS[op]}"
    value = rule["value"]
    values = value if isinstance(value, list | tuple) else [value]
    shown = [_in_words(fact, op, item, actor) for item in values]
    if op == "between":
        return f"{fact.label}: {shown[0]} – {shown[1]}"
    if op in ("eq", "in", "on"):
        return f"{fact.label}: {', '.join(shown)}"
    return f"{fact.label} {OPS[op]} {', '.join(shown)}"


def _in_words(fact: Fact, op: str, value: Any, actor: Any) -> str:
    if fact.kind == "bool":
        return str(gettext_lazy("yes") if _as_bool(fact, value) else gettext_lazy("no"))
    if fact.kind in ("date", "datetime") and op not in ("last_days", "older_days"):
        return date_format(_as_date(fact, value), "SHORT_DATE_FORMAT")
    if fact.choices:
        return str({str(key): label for key, label in fact.choices(actor)}.get(str(value), value))
    return str(value)
