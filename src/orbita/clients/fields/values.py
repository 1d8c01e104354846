"""Values of own fields on records: what `own_<key>` is for clients, orders and products alike."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet

from orbita.clients.fields import kinds
from orbita.clients.fields.column import KEY, path
from orbita.clients.fields.known import PREFIX, active, is_own, own_field
from orbita.clients.models.fields import FieldDefinition, FieldMark
from orbita.core.rules import RuleError
from orbita.core.sentences import Sentence as _
from orbita.core.sentences import conflict
from orbita.core.text import normalise

Values = Mapping[str, Any]
Kind = FieldDefinition.Kind
# The unique index of a field, as both databases name it when it refuses a row.
_ONCE = re.compile(r"own_field_(\d+)_once")
SEARCHED_LENGTH = 1000  # of a long text: the index is no copy of the card


def split(values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of the record's proper fields, and those of own fields."""
    proper = {name: value for name, value in values.items() if not is_own(name)}
    return proper, {name: value for name, value in values.items() if is_own(name)}


def read(subject: str, values: Values, actor: Any = None, kind: str = "") -> dict[str, Any]:
    """Stored forms by name. Raises `ValidationError` with one sentence per field.

    A field that is unknown, archived or closed to the actor is refused in the same words; without an
    actor, whoever asks has checked.
    """
    clean: dict[str, Any] = {}
    errors: dict[str, list[Any]] = {}
    for name, value in values.items():
        field = own_field(subject, name)
        try:
            if field is None or not field.is_active or (actor and not field.is_seen_by(actor)):
                raise ValueError(_("There is no such field."))
            if actor and not field.is_changed_by(actor):
                raise ValueError(_("Your role does not let you change this field."))
            clean[name] = kinds.read(field, value)
            if clean[name] is not None and not field.suits(kind):
                raise ValueError(_("This field is for other kinds of clients."))
        except ValueError as error:
            errors[name] = list(error.args)
    if errors:
        raise ValidationError(errors)
    return clean


def assign(record: Any, subject: str, clean: Values) -> None:
    """Puts stored forms, by name, into the record's column."""
    if clean:
        record.own = with_values(record.own, subject, clean)


def with_values(own: Values | None, subject: str, clean: Values) -> dict[str, Any] | None:
    """The column with stored forms, by name, put into it."""
    kept = dict(own or {})
    for name, value in clean.items():
        key = name.removeprefix(PREFIX)
        kept.pop(key, None)
        kept.pop(f"_{key}", None)
        if value is not None:
            kept |= stored_pair(own_field(subject, name), key, value)
    return kept or None


def stored_pair(field: FieldDefinition | None, key: str, value: Any) -> dict[str, Any]:
    """What stands in the column for a value: itself, and normalised when filters ask for that."""
    if field is None or kinds.TYPES[field.kind].how != KEY:
        return {key: value}
    return {key: value, f"_{key}": normalise(value)[: kinds.LONGEST_KEPT]}


def stored(record: Any, field: FieldDefinition) -> Any:
    return (record.own or {}).get(field.key)


def plain_value(record: Any, field: FieldDefinition) -> Any:
    """One value as an event keeps it; clients and files by number and name, which is read."""
    value = kinds.plain(field, stored(record, field))
    if value is not None and field.kind in kinds.REFERENCES:
        return {"id": value, "name": names_of(field.kind, [value]).get(value, "")}
    return value


def seen_value(record: Any, field: FieldDefinition, actor: Any) -> Any:
    """The same as the actor may see it: a client whom he does not see has no name."""
    from orbita.clients.models import Client

    value = kinds.plain(field, stored(record, field))
    if value is None or field.kind != Kind.CLIENT:
        return plain_value(record, field)
    seen = Client.objects.visible_to(actor).filter(pk=value).values_list("name", flat=True)
    return {"id": value, "name": seen.first() or ""}


def plain(record: Any, subject: str) -> dict[str, Any]:
    """All values of fields in use, as an event keeps them, by name."""
    return {field.name: plain_value(record, field) for field in active(subject)}


def names_of(kind: str, ids: Collection[int]) -> dict[int, str]:
    """What clients or files of these numbers are called."""
    from orbita.clients.models import Attachment, Client

    if kind == Kind.FILE:
        return dict(Attachment.objects.filter(pk__in=ids).values_list("pk", "name"))
    return dict(Client.objects.filter(pk__in=ids).values_list("pk", "name"))


def require_references(subject: str, clean: Values, actor: Any, client_id: int | None) -> None:
    """Refuses links to clients that the actor does not see, and files of other cards."""
    from orbita.clients.models import Attachment, Client

    for name, value in clean.items():
        field = own_field(subject, name)
        if field is None or value is None or field.kind not in kinds.REFERENCES:
            continue
        known: QuerySet[Any]
        if field.kind == Kind.FILE:
            known = Attachment.objects.filter(pk=value, client=client_id or 0, deleted_at=None)
            sentence = _("There is no such file on this card.")
        else:
            known = Client.objects.visible_to(actor).filter(pk=value)
            sentence = _("There is no such client.")
        if not known.exists():
            raise ValidationError({name: [sentence]})


def defaults(subject: str, values: Values, kind: str = "") -> dict[str, Any]:
    """What new records get in fields that were not given."""
    return {
        field.name: field.default
        for field in active(subject, kind)
        if field.name not in values and not kinds.is_empty(field.default)
    }


def require_filled(
    record: Any, subject: str, actor: Any, *, kind: str = "", names: Collection[str] | None = None
) -> None:
    """Refuses a saved record that lacks what is required of it, in fields the actor may fill.

    `names` are the fields that were changed: an old card may lack a field that became required
    later, and its phone can be put right all the same. Runs after the save: a rule of a segment is
    asked of the row.
    """
    errors = {}
    for field in active(subject, kind):
        if not field.required or stored(record, field) is not None:
            continue
        if names is not None and field.name not in names:
            continue
        if field.is_changed_by(actor) and _is_required(field, record, actor):
            errors[field.name] = [_("Fill in “%(field)s”.") % {"field": field.label}]
    if errors:
        raise ValidationError(errors)


def _is_required(field: FieldDefinition, record: Any, actor: Any) -> bool:
    if field.required == FieldDefinition.Required.ALWAYS:
        return True
    segment = field.required_segment
    if segment is None:
        return False
    try:
        members = type(record).objects.matching(segment.rule, actor=actor)
    except RuleError:  # a segment that cannot be read any more asks for nothing
        return False
    return bool(members.filter(pk=record.pk).exists())


def require_distinct(record: Any, subject: str, names: Collection[str]) -> None:
    """Refuses a value that must be the only one and stands on another record already."""
    for field in active(subject):
        value = stored(record, field)
        if not field.is_unique or field.name not in names or value is None:
            continue
        if taken(type(record), field, [value], but=record.pk):
            shown = {"value": kinds.words(field, kinds.plain(field, value)), "field": field.label}
            words = _(
                "“%(value)s” stands on another card already, and “%(field)s” is never repeated."
            )
            raise ValidationError({field.name: conflict(words % shown)})


@contextmanager
def distinct_saves() -> Iterator[None]:
    """Around a transaction that sets own fields: whoever gives a value that must be the only one at the
    same moment as somebody else is refused by the index, and told so.
    """
    try:
        yield
    except IntegrityError as error:
        refuse_repeated(error)
        raise


def refuse_repeated(error: IntegrityError) -> None:
    """Raises `ValidationError` when the database has refused a repeated value of an own field."""
    broken = _ONCE.search(str(error))
    field = FieldDefinition.objects.filter(pk=broken[1]).first() if broken else None
    if field is not None:
        words = _("Another card has just been given this value, and “%(field)s” is never repeated.")
        sentence = conflict(words % {"field": field.label})
        raise ValidationError({field.name: sentence}) from None


def taken(
    model: Any, field: FieldDefinition, wanted: Collection[Any], but: int | None = None
) -> set[Any]:
    """Which of these values, as the index holds them, stand on some record already."""
    found = holders(model, field, [indexed(field, value) for value in wanted])
    return {value for value, owners in found.items() if owners - {but}}


def holders(model: Any, field: FieldDefinition, keys: Collection[Any]) -> dict[Any, set[int]]:
    """The records on which these values, as the index holds them, stand."""
    where = path(kinds.TYPES[field.kind].how, field.key)
    found: dict[Any, set[int]] = {}
    for value, pk in model.objects.filter(**{f"{where}__in": keys}).values_list(where, "pk"):
        found.setdefault(value, set()).add(pk)
    return found


def indexed(field: FieldDefinition, value: Any) -> Any:
    """A stored value as its index and filters hold it."""
    if kinds.TYPES[field.kind].how == KEY:
        return normalise(value)[: kinds.LONGEST_KEPT]
    return value


def write_marks(record: Any, subject: str, names: Collection[str]) -> None:
    """Brings the table of choices in line with the record, for the fields that changed."""
    for field in active(subject):
        if field.kind != Kind.CHOICES or field.name not in names:
            continue
        FieldMark.objects.filter(record_id=record.pk, field=field).delete()
        FieldMark.objects.bulk_create(
            FieldMark(field=field, option=key, record_id=record.pk)
            for key in stored(record, field) or ()
        )


def searched_words(subject: str, own: Values | None) -> list[str]:
    """The texts of fields that the search looks in."""
    if not own:
        return []
    return [
        text for field in active(subject) if field.is_searchable for text in text_in(field, own)
    ]


def text_in(field: FieldDefinition, own: Values) -> list[str]:
    """The text of a field as the search takes it; none when it is not filled."""
    if field.key not in own:
        return []
    return [str(kinds.plain(field, own[field.key]))[:SEARCHED_LENGTH]]


def is_closed_file(attachment: Any, actor: Any) -> bool:
    """Whether the file stands in a field of its card that is closed to the actor."""
    return any(
        field.kind == Kind.FILE
        and not field.is_seen_by(actor)
        and stored(attachment.client, field) == attachment.pk
        for field in active("client")
    )


# ---- for actions that save a record whole ----


def put(
    record: Any, subject: str, given: Values | None, actor: Any, *, fresh: bool
) -> frozenset[str]:
    """Puts what was given, and the defaults of a `fresh` record, into it before its save.

    Returns the names to `settle` after it. Raises `ValidationError` keyed by name.
    """
    clean = read(subject, given or {}, actor)
    if fresh:
        clean |= read(subject, defaults(subject, given or {}))
    changed = {
        name: value
        for name, value in clean.items()
        if (record.own or {}).get(name.removeprefix(PREFIX)) != value
    }
    assign(record, subject, changed)
    require_references(subject, changed, actor, None)
    require_distinct(record, subject, changed.keys())
    return frozenset(changed)


def settle(record: Any, subject: str, actor: Any, names: frozenset[str], *, fresh: bool) -> None:
    """What follows the save of the record: the marks, and what is required of it."""
    write_marks(record, subject, names)
    require_filled(record, subject, actor, names=None if fresh else names)


# ---- for programs ----


def from_outside(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values by key, as programs give them, under the names that actions take."""
    return {f"{PREFIX}{key}": value for key, value in (given or {}).items()}


def to_outside(subject: str, own: Values | None, actor: Any) -> dict[str, Any]:
    """The values that the actor may see, by key: plain ones, clients and files by number."""
    values = own or {}
    return {
        field.key: kinds.plain(field, values[field.key])
        for field in active(subject)
        if field.key in values and field.is_seen_by(actor)
    }
