"""Filters and segments as data: rooms register facts, one function folds a rule into one `Q`.

A rule is JSON: `{"all": [rule, …]}`, `{"any": [rule, …]}`, `{"not": rule}` or
`{"fact": name, "op": op, "value": value}`. An empty rule `{}` lets everything through.
Lists, segments, campaigns and reports compile the same rule to the same condition.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.core.models import Company
from orbita.core.money import to_minor
from orbita.core.registry import Registry

Rule = Mapping[str, Any]
Choices = Sequence[tuple[Any, str | Promise]]

DEEPEST = 8
MOST_CONDITIONS = 100
LONGEST_LIST = 10_000

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
    `choices` lists what a "choice" or "ref" may be, for this actor.
    """

    name: str
    label: str | Promise
    kind: str
    condition: Callable[[str, Any], Q]
    group: str | Promise = ""
    choices: Callable[[Any], Choices] | None = None
    permission: str | None = None
    ops: tuple[str, ...] = ()

    @property
    def operators(self) -> tuple[str, ...]:
        return self.ops or OPS_OF_KIND[self.kind]


class FactRegistry:
    """The facts of every subject: client, order, product."""

    def __init__(self) -> None:
        self._subjects: dict[str, Registry[Fact]] = {}

    def register(self, subject: str, *facts: Fact) -> None:
        self._subjects.setdefault(subject, Registry("fact")).register(*facts)

    def of(self, subject: str) -> Registry[Fact]:
        return self._subjects.setdefault(subject, Registry("fact"))


FACTS = FactRegistry()
# The accounts room puts its policy here: core stands below it.
fact_is_allowed: Callable[[Any, str], bool] = lambda actor, permission: False  # noqa: E731


def allow_facts_by(check: Callable[[Any, str], bool]) -> None:
    global fact_is_allowed
    fact_is_allowed = check


def may_use(fact: Fact, actor: Any) -> bool:
    return fact.permission is None or fact_is_allowed(actor, fact.permission)


# ---- conditions over plain columns ----

_LOOKUPS = {"lt": "lt", "lte": "lte", "gt": "gt", "gte": "gte", "in": "in"}


def column(path: str, *, blank: Any = None) -> Callable[[str, Any], Q]:
    """A condition over one column. `blank` is what an unfilled column holds (NULL or "")."""

    def condition(op: str, value: Any) -> Q:
        if op in ("empty", "filled"):
            unfilled = Q(**{f"{path}__isnull": True}) if blank is None else Q(**{path: blank})
            return unfilled if op == "empty" else ~unfilled
        if op == "ne":
            return ~Q(**{path: value}) | Q(**{f"{path}__isnull": True})
        if op == "not_in":
            return ~Q(**{f"{path}__in": value}) | Q(**{f"{path}__isnull": True})
        if op == "between":
            return Q(**{f"{path}__gte": value[0], f"{path}__lte": value[1]})
        if op in _LOOKUPS:
            return Q(**{f"{path}__{_LOOKUPS[op]}": value})
        return Q(**{path: value})

    return condition


def date_column(path: str) -> Callable[[str, Any], Q]:
    """A condition over a date column; relative days count in the company's zone."""
    plain = column(path)

    def condition(op: str, value: Any) -> Q:
        if op == "on":
            return Q(**{path: value})
        if op in ("before", "after"):
            return Q(**{f"{path}__{'lt' if op == 'before' else 'gt'}": value})
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


def compile_rule(subject: str, rule: Rule, *, actor: Any) -> Q:
    """One condition for the whole rule. Raises `RuleError` with a sentence for the user."""
    return _Compiler(subject, actor).compile(rule, depth=0)


class _Compiler:
    def __init__(self, subject: str, actor: Any) -> None:
        self._facts = FACTS.of(subject)
        self._actor = actor
        self._count = 0

    def compile(self, rule: Any, depth: int) -> Q:
        if not isinstance(rule, Mapping):
            raise RuleError(_("A condition must be an object."))
        if depth > DEEPEST:
            raise RuleError(_("The conditions are nested too deep."))
        if not rule:
            return Q()
        if "fact" in rule:
            return self._condition(rule)
        if len(rule) != 1:
            raise RuleError(_("A group must be one of: all, any, not."))
        (key, inner) = next(iter(rule.items()))
        if key == "not":
            return ~self._non_empty(inner, depth)
        if key in ("all", "any") and isinstance(inner, Sequence) and not isinstance(inner, str):
            return self._group(key, inner, depth)
        raise RuleError(_("A group must be one of: all, any, not."))

    def _group(self, key: str, inner: Sequence[Any], depth: int) -> Q:
        folded = Q()
        for part in inner:
            compiled = self.compile(part, depth + 1)
            folded = folded & compiled if key == "all" else folded | compiled
        return folded

    def _non_empty(self, inner: Any, depth: int) -> Q:
        compiled = self.compile(inner, depth + 1)
        if not compiled:
            raise RuleError(_("“Not” needs a condition."))
        return compiled

    def _condition(self, rule: Rule) -> Q:
        self._count += 1
        if self._count > MOST_CONDITIONS:
            raise RuleError(_("The rule has too many conditions."))
        fact, op, value = checked_condition(self._facts, rule, self._actor)
        return fact.condition(op, value)


def checked_condition(facts: Registry[Fact], rule: Rule, actor: Any) -> tuple[Fact, str, Any]:
    """The fact, the operator and the value of one condition, the value cast to the fact's kind."""
    name, op = rule.get("fact"), rule.get("op")
    fact = facts.get(name) if isinstance(name, str) else None
    # A closed fact answers like an unknown one: even its existence is not told.
    if fact is None or not may_use(fact, actor):
        raise RuleError(_("There is no such condition: %(name)s.") % {"name": str(name)[:60]})
    if op not in fact.operators:
        raise RuleError(
            _("“%(label)s” cannot be compared this way: %(op)s.")
            % {"label": fact.label, "op": str(op)[:20]}
        )
    return fact, op, _cast(fact, op, rule.get("value"))


def _cast(fact: Fact, op: str, value: Any) -> Any:
    if op in ("empty", "filled"):
        return None
    if op in ("last_days", "older_days"):
        return _whole_days(fact, value)
    if op in ("in", "not_in"):
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise _bad(fact, value)
        if len(value) > LONGEST_LIST:
            raise RuleError(_("The list of values is too long."))
        return [_CASTS[fact.kind](fact, item) for item in value]
    if op == "between":
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
            raise _bad(fact, value)
        return [_CASTS[fact.kind](fact, item) for item in value]
    return _CASTS[fact.kind](fact, value)


def _bad(fact: Fact, value: Any) -> RuleError:
    return RuleError(
        _("“%(value)s” does not fit “%(label)s”.") % {"value": str(value)[:60], "label": fact.label}
    )


def _whole_days(fact: Fact, value: Any) -> int:
    days = _as_number(fact, value)
    if not 0 <= days <= 36_600:
        raise _bad(fact, value)
    return int(days)


def _as_text(fact: Fact, value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or len(str(value)) > 500:
        raise _bad(fact, value)
    return str(value).replace("\0", "")


def _as_number(fact: Fact, value: Any) -> Any:
    try:
        number = Decimal(str(value).replace(",", ".").replace("\xa0", "").replace(" ", ""))
    except InvalidOperation:
        raise _bad(fact, value) from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
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
        if day:
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
    """The rule as a sentence in the current language."""
    if not rule:
        return _("all")
    if "fact" in rule:
        return describe_condition(subject, rule, actor=actor)
    key, inner = next(iter(rule.items()))
    if key == "not":
        return _("not (%(inner)s)") % {"inner": describe(subject, inner, actor=actor)}
    words = [
        f"({describe(subject, part, actor=actor)})"
        if "fact" not in part
        else describe(subject, part, actor=actor)
        for part in inner
    ]
    return (_(" and ") if key == "all" else _(" or ")).join(words)


def describe_condition(subject: str, rule: Rule, *, actor: Any) -> str:
    """One condition in words, as a filter chip shows it: «City: Kazan, Samara»."""
    fact = FACTS.of(subject)[rule["fact"]]
    op, value = rule["op"], rule.get("value")
    if op in ("empty", "filled"):
        return f"{fact.label} {OPS[op]}"
    values = value if isinstance(value, list) else [value]
    shown = [_in_words(fact, item, actor) for item in values]
    if op == "between":
        return f"{fact.label}: {shown[0]} – {shown[1]}"
    if op in ("eq", "in", "on"):
        return f"{fact.label}: {', '.join(shown)}"
    return f"{fact.label} {OPS[op]} {', '.join(shown)}"


def _in_words(fact: Fact, value: Any, actor: Any) -> str:
    if fact.kind == "bool":
        return str(gettext_lazy("yes") if _as_bool(fact, value) else gettext_lazy("no"))
    if fact.choices:
        return str({str(key): label for key, label in fact.choices(actor)}.get(str(value), value))
    return str(value)
