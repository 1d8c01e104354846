"""What rules may ask of a client: the facts of lists, segments, campaigns and reports."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull, LessThanOrEqual
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.guarding import COLUMNS, not_hidden_from, shown_to
from orbita.clients.models import (
    AcquisitionSource,
    Address,
    Client,
    ClientMark,
    ClientStatus,
    ClientTag,
    ClientWork,
    ContactPoint,
    ContactStop,
    ExternalId,
    Relation,
    Segment,
    Tag,
)
from orbita.clients.relations import FAMILY
from orbita.clients.status import words
from orbita.clients.status.ladder import KINDS, POTENTIAL, RECORDED, STEPS, WITHOUT_PURCHASES
from orbita.core.models import Company
from orbita.core.phones import parse_phone
from orbita.core.rules import (
    Choices,
    Fact,
    RuleError,
    column,
    compile_rule,
    date_column,
    moment_column,
)
from orbita.core.text import normalise

# Clients that are found and sorted in a few hundredths of a second.
FEW = 10_000
Condition = Callable[[str, Any], Q]
MAIN = gettext_lazy("Client")
PLACE = gettext_lazy("Place")
MONEY = gettext_lazy("Purchases")
REACH = gettext_lazy("Contacts")
WORK = gettext_lazy("Work")
RELATIONS = gettext_lazy("Relations")


def key_column(path: str, plain_path: str = "") -> Condition:
    """A condition over a normalised column: case, ё and blanks of what was typed do not matter."""
    base = column(path, blank="")

    def condition(op: str, value: Any) -> Q:
        if op in ("empty", "filled"):
            return base(op, value)
        keys = [normalise(item) for item in (value if isinstance(value, list) else [value])]
        if op == "contains":
            return Q(**{f"{path}__contains": keys[0]})
        if op == "starts":
            return Q(**{f"{path}__prefix": keys[0]})
        return base(op, keys if isinstance(value, list) else keys[0])

    return condition


def text_column(path: str) -> Condition:
    """A condition over a text as it was typed; words are found whatever their case."""
    plain = column(path, blank="")

    def condition(op: str, value: Any) -> Q:
        if op == "contains":
            return Q(**{f"{path}__has": value})
        if op == "starts":
            return Q(**{f"{path}__startswith": value})
        return plain(op, value)

    return condition


def _choice_column(path: str) -> Condition:
    return column(path, blank="")


# ---- who it is ----


def _tag(op: str, value: Any) -> Q:
    tagged = ClientTag.objects.all()
    if op in ("empty", "filled"):
        having = Q(Exists(tagged.filter(client=OuterRef("pk"))))
        return ~having if op == "empty" else having
    keys = [normalise(item) for item in (value if isinstance(value, list) else [value])]
    having = Q(pk__in=tagged.filter(tag__name_key__in=keys).values("client_id"))
    return ~having if op in ("ne", "not_in") else having


def _tags(actor: Any) -> Choices:
    return [(name, name) for name in Tag.objects.values_list("name", flat=True)[:1000]]


def _source(op: str, value: Any) -> Q:
    if op in ("empty", "filled"):
        return Q(source__isnull=op == "empty")
    keys = [normalise(item) for item in (value if isinstance(value, list) else [value])]
    ids = list(AcquisitionSource.objects.filter(name_key__in=keys).values_list("pk", flat=True))
    if op in ("ne", "not_in"):
        return ~Q(source__in=ids) | Q(source=None)
    return Q(source__in=ids)


def _sources(actor: Any) -> Choices:
    return [
        (name, name) for name in AcquisitionSource.objects.values_list("name", flat=True)[:1000]
    ]


def _segment(op: str, value: Any, actor: Any) -> Q:
    ids = value if isinstance(value, list) else [value]
    inside = Q(pk__in=[])
    for segment in Segment.objects.visible_to(actor).filter(pk__in=ids):
        with _entering(segment):
            rule = compile_rule("client", segment.rule, actor=actor)
        members = Client.objects.filter(rule).values("pk")
        inside |= Q(pk__in=members)
    return ~inside if op in ("ne", "not_in") else inside


_open_segments: ContextVar[tuple[int, ...]] = ContextVar("open_segments", default=())


@contextmanager
def _entering(segment: Segment) -> Iterator[None]:
    open_now = _open_segments.get()
    if segment.pk in open_now or len(open_now) > 5:
        raise RuleError(_("A segment cannot be a condition of itself."))
    token = _open_segments.set((*open_now, segment.pk))
    try:
        yield
    finally:
        _open_segments.reset(token)


def _segments(actor: Any) -> Choices:
    return list(Segment.objects.visible_to(actor).values_list("pk", "name")[:500])


def _status(op: str, value: Any) -> Q:
    return _standing("step", RECORDED, [step.name for step in STEPS], op, value)


def _base_kind(op: str, value: Any) -> Q:
    return _standing("kind", POTENTIAL, list(KINDS), op, value)


def _standing(column: str, lowest: str, names: list[str], op: str, value: Any) -> Q:
    """A client without a row of the ladder has the lowest.

    Few clients are found by the index of their status and sorted; of many, the list reads its own
    order and looks each one up, until the page is full. SQLite cannot tell the two apart.
    """
    given = value if isinstance(value, list) else [value]
    wanted = [name for name in names if (name in given) != (op in ("ne", "not_in"))]
    others = [name for name in names if name not in wanted]
    if lowest in wanted:
        missing = ~Q(Exists(_on_ladder(column, others).filter(client=OuterRef("pk"))))
        return missing & _NOT_BOUGHT if WITHOUT_PURCHASES.issuperset(wanted) else missing
    rows = _on_ladder(column, wanted)
    few = len(rows.values_list("pk")[:FEW]) < FEW
    if few:
        return Q(pk__in=rows.values("client_id"))
    return Q(Exists(rows.filter(client=OuterRef("pk"))))


# Follows from the step, and lets the lists by last order and by sum pass all buyers over in their
# index. Written so that no index answers it by itself: lists by name would sort half of the base.
_NOT_BOUGHT = Q(IsNull(Coalesce(F("facts__last_order_on"), F("facts__last_order_on")), True)) & Q(
    LessThanOrEqual(F("facts__gross") + 0, 0)
)


def _on_ladder(column: str, names: list[str]) -> "QuerySet[ClientStatus]":
    return ClientStatus.objects.filter(**{f"{column}__in": names})


def _mark(op: str, value: Any) -> Q:
    given = value if isinstance(value, list) else [value]
    having = Q(pk__in=ClientMark.objects.filter(mark__in=given).values("client_id"))
    return ~having if op in ("ne", "not_in") else having


# ---- responsible ----


def _responsible(op: str, value: Any, actor: Any) -> Q:
    if op in ("empty", "filled"):
        return Q(responsible__isnull=op == "empty")
    found = Q(pk__in=[])
    for item in value if isinstance(value, list) else [value]:
        found |= _whose(item, actor)
    return ~found if op in ("ne", "not_in") else found


def _whose(item: str, actor: Any) -> Q:
    if item == "me":
        return Q(responsible=actor.pk)
    if item == "team":
        return Q(responsible__in=policy.team_member_ids(actor) or [actor.pk])
    if item == "deputised":
        return Q(responsible__in=policy.deputised_ids(actor))
    if item == "nobody":
        return Q(responsible=None)
    if item.isascii() and item.isdigit() and len(item) < 18:
        return Q(responsible=int(item))
    raise RuleError(_("There is no such user."))


def _people(actor: Any) -> Choices:
    people = User.objects.people().filter(is_active=True).values_list("pk", "name")[:500]
    return [
        ("me", gettext_lazy("mine")),
        ("team", gettext_lazy("of my team")),
        ("deputised", gettext_lazy("of those I stand in for")),
        ("nobody", gettext_lazy("nobody’s")),
        *((str(pk), name) for pk, name in people),
    ]


def _release_warned(op: str, value: Any) -> Q:
    having = Q(pk__in=ClientWork.objects.filter(warned_on__isnull=False).values("client_id"))
    return having if value else ~having


def _contact_stopped(op: str, value: Any) -> Q:
    having = Q(pk__in=ContactStop.objects.values("client_id"))
    return having if value else ~having


# ---- relations ----


def _has_relation(kinds: Iterable[str], *, upper: bool = True, lower: bool = True) -> Condition:
    """Whether a living card stands above or below the client in a relation of these kinds."""

    def condition(op: str, value: Any) -> Q:
        rows = Relation.objects.filter(kind__in=kinds)
        having = Q()
        if upper:
            having |= Q(Exists(rows.filter(client=OuterRef("pk"), other__deleted_at=None)))
        if lower:
            having |= Q(Exists(rows.filter(other=OuterRef("pk"), client__deleted_at=None)))
        return having if value else ~having

    return condition


# ---- dates of life ----


def _today() -> date:
    return Company.current().business_date()


def _birthday_within(op: str, value: Any) -> Q:
    """Birthdays from today on for so many days; a leap day is kept with the last of February."""
    first = _today()
    last = first + timedelta(days=min(max(int(value), 0), 365))
    start, end = first.month * 100 + first.day, last.month * 100 + last.day
    if int(value) >= 365:
        return Q(birthday_md__isnull=False)
    if start <= end:
        return Q(birthday_md__gte=start, birthday_md__lte=end)
    return Q(birthday_md__gte=start) | Q(birthday_md__isnull=False, birthday_md__lte=end)


def _years_ago(years: int) -> date:
    today = _today()
    try:
        return today.replace(year=max(today.year - years, 1))
    except ValueError:
        return today.replace(year=today.year - years, day=28)


def _age(op: str, value: Any) -> Q:
    """Full years today. At least 30 means born on or before this day thirty years ago."""
    if op in ("empty", "filled"):
        return Q(birthday__isnull=op == "empty")
    low, high = {
        "eq": (value, value),
        "ne": (value, value),
        "gte": (value, None),
        "gt": (_up(value), None),
        "lte": (None, value),
        "lt": (None, _down(value)),
        "between": (value[0], value[1]) if op == "between" else (None, None),
    }[op]
    found = Q(birthday__isnull=False)
    if low is not None:
        found &= Q(birthday__lte=_years_ago(_years(low)))
    if high is not None:
        found &= Q(birthday__gt=_years_ago(_years(high) + 1))
    return ~found if op == "ne" else found


def _years(value: Any) -> int:
    return min(max(int(value), 0), 1000)


def _up(value: Any) -> Any:
    return int(value) + 1 if isinstance(value, int | float) or hasattr(value, "__int__") else None


def _down(value: Any) -> Any:
    return int(value) - 1 if isinstance(value, int | float) or hasattr(value, "__int__") else None


# ---- contacts and places ----


def _has_contact(kind: str) -> Condition:
    def condition(op: str, value: Any) -> Q:
        having = Q(Exists(ContactPoint.objects.filter(client=OuterRef("pk"), kind=kind)))
        return having if value else ~having

    return condition


def _phone(op: str, value: Any) -> Q:
    return _by_key(op, value, ContactPoint.Kind.PHONE, _phone_key)


def _phone_key(typed: str) -> str:
    phone = parse_phone(typed, Company.current().phone_region)
    return phone.e164 if phone else typed


def _email(op: str, value: Any) -> Q:
    return _by_key(op, value, ContactPoint.Kind.EMAIL, str.lower)


def _by_key(op: str, value: Any, kind: str, key: Callable[[str], str]) -> Q:
    points = ContactPoint.objects.filter(kind=kind)
    if op in ("empty", "filled"):
        return _has_contact(kind)("eq", op == "filled")
    if op in ("contains", "starts"):
        lookup = "key__contains" if op == "contains" else "key__prefix"
        return Q(pk__in=points.filter(**{lookup: value.lower()}).values("client_id"))
    keys = [key(item) for item in (value if isinstance(value, list) else [value])]
    having = Q(pk__in=points.filter(key__in=keys).values("client_id"))
    return ~having if op in ("ne", "not_in") else having


def _region(op: str, value: Any) -> Q:
    addresses = Address.objects.all()
    if op in ("empty", "filled"):
        having = Q(Exists(addresses.filter(client=OuterRef("pk")).exclude(region_key="")))
        return ~having if op == "empty" else having
    negative = op in ("ne", "not_in")
    match = key_column("region_key")({"ne": "eq", "not_in": "in"}.get(op, op), value)
    having = Q(pk__in=addresses.filter(match).values("client_id"))
    return ~having if negative else having


def _external_id(op: str, value: Any) -> Q:
    values = value if isinstance(value, list) else [value]
    numbers = ExternalId.objects.filter(value__in=values)
    having = Q(pk__in=numbers.values("client_id"))
    return ~having if op in ("ne", "not_in") else having


# ---- money ----

_COMPARED = {"lt": "lt", "lte": "lte", "gt": "gt", "gte": "gte", "eq": "exact"}


def _net(op: str, value: Any) -> Q:
    if op == "between":
        return _net("gte", value[0]) & _net("lte", value[1])
    return Q(**{f"facts__gross__{_COMPARED[op]}": F("facts__returned") + value})


def _average(op: str, value: Any) -> Q:
    if op == "between":
        return _average("gte", value[0]) & _average("lte", value[1])
    known = Q(facts__orders_known=True, facts__orders_count__gt=0)
    return known & Q(**{f"facts__gross__{_COMPARED[op]}": F("facts__orders_count") * value})


_SUMS = ("gte", "lte", "gt", "lt", "between", "eq")


_FACTS: tuple[Fact, ...] = (
    Fact("name", gettext_lazy("Name"), "text", key_column("name_key"), MAIN),
    Fact(
        "kind",
        gettext_lazy("Person or company"),
        "choice",
        _choice_column("kind"),
        MAIN,
        lambda actor: Client.Kind.choices,
        ops=("in", "eq"),
    ),
    Fact(
        "status",
        gettext_lazy("Status"),
        "choice",
        _status,
        MAIN,
        lambda actor: words.steps(),
        ops=("in", "not_in", "eq", "ne"),
    ),
    Fact(
        "base_kind",
        gettext_lazy("Base kind"),
        "choice",
        _base_kind,
        MAIN,
        lambda actor: list(KINDS.items()),
        ops=("in", "not_in", "eq", "ne"),
    ),
    Fact(
        "status_since",
        gettext_lazy("Status since"),
        "date",
        date_column("ladder__since"),
        MAIN,
    ),
    Fact(
        "ladder_mark",
        gettext_lazy("Agreed, asked, refused"),
        "choice",
        _mark,
        MAIN,
        lambda actor: ClientMark.Mark.choices,
        ops=("in", "not_in", "eq", "ne"),
    ),
    Fact("tag", gettext_lazy("Tag"), "choice", _tag, MAIN, _tags),
    Fact("source", gettext_lazy("Source"), "choice", _source, MAIN, _sources),
    Fact(
        "segment",
        gettext_lazy("Segment"),
        "ref",
        _segment,
        MAIN,
        _segments,
        ops=("in", "not_in", "eq", "ne"),
        by_actor=True,
    ),
    Fact(
        "sex",
        gettext_lazy("Sex"),
        "choice",
        _choice_column("sex"),
        MAIN,
        lambda actor: [choice for choice in Client.Sex.choices if choice[0]],
    ),
    Fact(
        "birthday_within",
        gettext_lazy("Birthday within days"),
        "number",
        _birthday_within,
        MAIN,
        ops=("lte",),
    ),
    Fact("birthday", gettext_lazy("Birthday"), "date", date_column("birthday"), MAIN),
    Fact("age", gettext_lazy("Age"), "number", _age, MAIN),
    Fact("occupation", gettext_lazy("Occupation"), "text", text_column("occupation"), MAIN),
    Fact("position", gettext_lazy("Position"), "text", text_column("position"), MAIN),
    Fact("interests", gettext_lazy("Interests"), "text", text_column("interests"), MAIN),
    Fact("inn", gettext_lazy("INN"), "text", text_column("inn"), MAIN),
    Fact(
        "number",
        gettext_lazy("Number of the client"),
        "number",
        column("pk"),
        MAIN,
        ops=("eq", "in", "between"),
    ),
    Fact(
        "external_id",
        gettext_lazy("Number in another system"),
        "text",
        _external_id,
        MAIN,
        ops=("eq", "in", "ne", "not_in"),
    ),
    Fact("comment", gettext_lazy("Comment"), "text", text_column("comment"), MAIN),
    Fact("city", gettext_lazy("City"), "text", key_column("facts__city_key"), PLACE),
    Fact("region", gettext_lazy("Region"), "text", _region, PLACE),
    Fact("phone", gettext_lazy("Phone"), "text", _phone, REACH),
    Fact("email", gettext_lazy("E-mail"), "text", _email, REACH),
    Fact(
        "has_phone",
        gettext_lazy("Has a phone"),
        "bool",
        _has_contact(ContactPoint.Kind.PHONE),
        REACH,
    ),
    Fact(
        "has_email",
        gettext_lazy("Has an e-mail"),
        "bool",
        _has_contact(ContactPoint.Kind.EMAIL),
        REACH,
    ),
    Fact(
        "has_messenger",
        gettext_lazy("Has a messenger"),
        "bool",
        _has_contact(ContactPoint.Kind.MESSENGER),
        REACH,
    ),
    Fact(
        "preferred_channel",
        gettext_lazy("Preferred channel"),
        "choice",
        _choice_column("preferred_channel"),
        REACH,
        lambda actor: [choice for choice in Client.Channel.choices if choice[0]],
    ),
    Fact(
        "last_contact",
        gettext_lazy("Last contact"),
        "datetime",
        moment_column("facts__last_contact_at"),
        REACH,
    ),
    Fact(
        "responsible",
        gettext_lazy("Responsible"),
        "choice",
        _responsible,
        WORK,
        _people,
        by_actor=True,
    ),
    Fact(
        "assigned",
        gettext_lazy("With the responsible since"),
        "date",
        date_column("work__assigned_on"),
        WORK,
    ),
    Fact("release_warned", gettext_lazy("To be released soon"), "bool", _release_warned, WORK),
    Fact(
        "recommended",
        gettext_lazy("Recommended by somebody"),
        "bool",
        _has_relation([Relation.Kind.RECOMMENDED], lower=False),
        RELATIONS,
    ),
    Fact(
        "has_brought",
        gettext_lazy("Has brought clients"),
        "bool",
        _has_relation([Relation.Kind.RECOMMENDED], upper=False),
        RELATIONS,
    ),
    Fact(
        "has_family",
        gettext_lazy("Has family or a household"),
        "bool",
        _has_relation(FAMILY),
        RELATIONS,
    ),
    Fact(
        "is_branch",
        gettext_lazy("Is a branch"),
        "bool",
        _has_relation([Relation.Kind.BRANCH], lower=False),
        RELATIONS,
    ),
    Fact("contact_stopped", gettext_lazy("Not to be contacted"), "bool", _contact_stopped, WORK),
    Fact("created", gettext_lazy("Added"), "datetime", moment_column("created_at"), WORK),
    Fact("changed", gettext_lazy("Changed"), "datetime", moment_column("updated_at"), WORK),
    Fact("orders", gettext_lazy("Orders"), "number", column("facts__orders_count"), MONEY),
    Fact("gross", gettext_lazy("Bought for"), "money", column("facts__gross"), MONEY, ops=_SUMS),
    Fact("net", gettext_lazy("Bought less returns"), "money", _net, MONEY, ops=_SUMS),
    Fact("average", gettext_lazy("Average order"), "money", _average, MONEY, ops=_SUMS),
    Fact(
        "first_order",
        gettext_lazy("First order"),
        "date",
        date_column("facts__first_order_on"),
        MONEY,
    ),
    Fact(
        "last_order",
        gettext_lazy("Last order"),
        "date",
        date_column("facts__last_order_on"),
        MONEY,
    ),
)

# Facts that ask a field of the card: closed with it, so that nobody guesses a value by filtering.
_FIELDS = {
    "phone": "phone",
    "email": "email",
    "has_phone": "phone",
    "has_email": "email",
    "has_messenger": "messenger",
    "tag": "tags",
    "birthday_within": "birthday",
    "age": "birthday",
} | {name: name for name in COLUMNS}
# The city stays when the rest of an address is masked.
_PLACES = ("city", "region")


def _guarded(fact: Fact) -> Fact:
    if fact.name in _PLACES:
        return replace(fact, open_to=not_hidden_from("addresses"))
    if field := _FIELDS.get(fact.name):
        return replace(fact, open_to=shown_to(field))
    return fact


FACTS = tuple(map(_guarded, _FACTS))
