"""Own fields in filters and segments: a fact for each that is filtered by."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy

from orbita.clients.fields import kinds
from orbita.clients.fields.column import LONG, TEXT, WHOLE, path
from orbita.clients.fields.known import active
from orbita.clients.models.fields import FieldDefinition, FieldMark
from orbita.core.models import Company
from orbita.core.rules import Choices, Fact, column, whole_column
from orbita.core.text import normalise

Kind = FieldDefinition.Kind
Condition = Callable[[str, Any], Q]
GROUP = gettext_lazy("Own fields")


def facts_of(subject: str) -> list[Fact]:
    """The facts of the fields there are now."""
    return [_fact(field) for field in active(subject) if field.is_filterable]


def _fact(field: FieldDefinition) -> Fact:
    kind, condition, ops = _MAKERS[field.kind](field)
    chosen = field.kind in (Kind.CHOICE, Kind.CHOICES)
    return Fact(
        field.name,
        field.label,
        kind,
        condition,
        field.group or GROUP,
        choices=_choices_of(field) if chosen else None,
        ops=ops,
        open_to=field.is_seen_by,
    )


Made = tuple[str, Condition, tuple[str, ...]]


def _choices_of(field: FieldDefinition) -> Callable[[Any], Choices]:
    options = [(option["key"], option["label"]) for option in field.options]
    return lambda actor: options


def _text(field: FieldDefinition) -> Made:
    where = path("key", field.key)
    plain = column(where)

    def condition(op: str, value: Any) -> Q:
        if op in ("empty", "filled"):
            return plain(op, value)
        keys = [normalise(one) for one in (value if isinstance(value, list) else [value])]
        if op in ("contains", "starts"):
            lookup = "has" if op == "contains" else "prefix"
            return Q(**{f"{where}__{lookup}": keys[0]})
        return plain(op, keys if isinstance(value, list) else keys[0])

    return "text", condition, ()


def _long(field: FieldDefinition) -> Made:
    where = path(LONG, field.key)
    plain = column(where)

    def condition(op: str, value: Any) -> Q:
        return Q(**{f"{where}__has": value}) if op == "contains" else plain(op, value)

    return "text", condition, ("contains", "empty", "filled")


def _number(field: FieldDefinition) -> Made:
    whole = whole_column(path(WHOLE, field.key))

    def scaled(value: Any) -> Any:
        if isinstance(value, list):
            return [scaled(one) for one in value]
        if value is None:
            return None
        number = Decimal(value).scaleb(kinds.SCALE)
        return int(number) if number == number.to_integral_value() else number

    return "number", lambda op, value: whole(op, scaled(value)), ()


def _money(field: FieldDefinition) -> Made:
    return "money", column(path(WHOLE, field.key)), ()


def _date(field: FieldDefinition) -> Made:
    plain = column(path(TEXT, field.key))

    def iso(value: Any) -> Any:
        if isinstance(value, list):
            return [one.isoformat() for one in value]
        return value.isoformat() if isinstance(value, date) else value

    def condition(op: str, value: Any) -> Q:
        if op in ("last_days", "older_days"):
            edge = Company.current().business_date() - timedelta(days=value)
            return plain("gte" if op == "last_days" else "lt", edge.isoformat())
        return plain({"on": "eq", "before": "lt", "after": "gt"}.get(op, op), iso(value))

    return "date", condition, ()


def _flag(field: FieldDefinition) -> Made:
    plain = column(path(WHOLE, field.key))

    def condition(op: str, value: Any) -> Q:
        return plain(op, int(value) if isinstance(value, bool) else value)

    return "bool", condition, ("eq", "empty", "filled")


def _choice(field: FieldDefinition) -> Made:
    return "choice", column(path(TEXT, field.key)), ()


def _choices(field: FieldDefinition) -> Made:
    def condition(op: str, value: Any) -> Q:
        marks = FieldMark.objects.filter(field=field.pk)
        if op in ("empty", "filled"):
            marked = Q(Exists(marks.filter(record_id=OuterRef("pk"))))
            return ~marked if op == "empty" else marked
        wanted = value if isinstance(value, list) else [value]
        having = Q(pk__in=marks.filter(option__in=wanted).values("record_id"))
        return ~having if op in ("ne", "not_in") else having

    return "choice", condition, ()


def _client(field: FieldDefinition) -> Made:
    ops = ("eq", "in", "empty", "filled")
    return "ref", column(path(WHOLE, field.key)), ops


def _file(field: FieldDefinition) -> Made:
    return "ref", column(path(WHOLE, field.key)), ("filled", "empty")


_MAKERS: dict[str, Callable[[FieldDefinition], Made]] = {
    Kind.TEXT: _text,
    Kind.LINK: _text,
    Kind.LONG: _long,
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.FLAG: _flag,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.CLIENT: _client,
    Kind.FILE: _file,
}
