"""Definitions of own fields: added, changed, put in order, archived and taken back."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import Role, User
from orbita.clients.fields import kinds
from orbita.clients.fields.column import LONGEST_KEY, is_key
from orbita.clients.fields.indexing import ask_for_index, ask_for_search
from orbita.clients.models import Segment
from orbita.clients.models.fields import FieldDefinition
from orbita.core.events import changes, emit
from orbita.core.models import Company
from orbita.core.text import clean_line, normalise

Kind = FieldDefinition.Kind
MOST_FIELDS = 200  # of a subject: more would not fit a card, nor a filter
MOST_OPTIONS = 200
_LONGEST = {"label": 80, "group": 60, "help": 200}
COLOURS = ("", "keep", "grow", "watch", "save", "wake")
# What may be set; `subject`, `kind` and `key` stay what they were, since values depend on them.
_SETTABLE = (
    "label",
    "group",
    "help",
    "holder",
    "required",
    "is_unique",
    "default",
    "options",
    "see_roles",
    "edit_roles",
    "is_searchable",
    "is_filterable",
    "is_compared",
    "on_card",
)


def define_field(
    *, actor: User, subject: str, kind: str, label: str, key: str = "", **values: Any
) -> FieldDefinition:
    """A new own field, the last of its subject. Without a `key` one is made of the label.

    Raises `ValidationError` keyed by field.
    """
    policy.require(actor, "fields.edit")
    if subject not in FieldDefinition.Subject.values:
        raise ValidationError({"subject": [_("There is no such choice.")]})
    if kind not in Kind.values or (kind == Kind.FILE and subject != "client"):
        raise ValidationError({"kind": [_("There is no such choice.")]})
    with transaction.atomic():
        stamp()
        others = FieldDefinition.objects.filter(subject=subject)
        if others.count() >= MOST_FIELDS:
            raise ValidationError(_("There are %(n)s fields already.") % {"n": MOST_FIELDS})
        field = FieldDefinition(subject=subject, kind=kind)
        field.key = _key(key, label, others)
        field.position = (others.aggregate(last=Max("position"))["last"] or 0) + 1
        _fill(field, {"label": label} | values)
        field.save()
        ask_for_index(field)
        emit(
            "field.created",
            actor=actor,
            subject_type="field",
            subject_id=field.pk,
            data={"label": field.label, "after": told(field)},
        )
    return field


def change_field(*, actor: User, field: FieldDefinition, **values: Any) -> bool:
    """Changes what is given and differs; False when nothing did. Raises `ValidationError`."""
    policy.require(actor, "fields.edit")
    with transaction.atomic():
        stamp()
        row = FieldDefinition.objects.select_for_update().get(pk=field.pk)
        before = told(row)
        _fill(row, values)
        difference = changes(before, told(row))
        if not difference["after"]:
            return False
        row.save()
        ask_for_index(row)
        if "is_searchable" in difference["after"]:
            ask_for_search(row)
        emit(
            "field.changed",
            actor=actor,
            subject_type="field",
            subject_id=row.pk,
            data={"label": row.label} | difference,
        )
    return True


def archive_field(*, actor: User, field: FieldDefinition, archived: bool = True) -> bool:
    """Takes the field out of use, or back into it; its values and its history stay."""
    policy.require(actor, "fields.edit")
    with transaction.atomic():
        stamp()
        row = FieldDefinition.objects.select_for_update().get(pk=field.pk)
        if (row.archived_at is not None) == archived:
            return False
        row.archived_at = timezone.now() if archived else None
        row.save(update_fields=["archived_at"])
        ask_for_index(row)
        if row.is_searchable:
            ask_for_search(row)
        emit(
            "field.archived" if archived else "field.restored",
            actor=actor,
            subject_type="field",
            subject_id=row.pk,
            data={"label": row.label},
        )
    return True


def move_field(*, actor: User, field: FieldDefinition, up: bool) -> bool:
    """Swaps the field with its neighbour; False at the edge."""
    policy.require(actor, "fields.edit")
    with transaction.atomic():
        stamp()
        rows = list(
            FieldDefinition.objects.select_for_update()
            .filter(subject=field.subject, archived_at=None)
            .order_by("position", "pk")
        )
        place = next((i for i, row in enumerate(rows) if row.pk == field.pk), None)
        if place is None:
            return False
        other = place - 1 if up else place + 1
        if not 0 <= other < len(rows):
            return False
        rows[place], rows[other] = rows[other], rows[place]
        for position, row in enumerate(rows, start=1):
            row.position = position
        FieldDefinition.objects.bulk_update(rows, ["position"])
        emit(
            "field.moved",
            actor=actor,
            subject_type="field",
            subject_id=field.pk,
            data={"label": field.label},
        )
    return True


def stamp() -> None:
    """Makes every process read the definitions anew. Inside the transaction of the change."""
    company = Company.objects.select_for_update().first() or Company()
    company.fields_stamp = secrets.token_hex(8)
    company.save()


def told(field: FieldDefinition) -> dict[str, Any]:
    """The definition as its history tells it."""
    names = ("subject", "key", "kind", *_SETTABLE)
    return {name: getattr(field, name) for name in names} | {
        "required_segment": field.required_segment_id
    }


# ---- reading what was given ----


def _key(given: str, label: str, others: Any) -> str:
    taken = set(others.values_list("key", flat=True))
    if given:
        if not is_key(given):
            raise ValidationError(
                {"key": [_("Small Latin letters, digits and “_” between them, a letter first.")]}
            )
        if given in taken:
            raise ValidationError({"key": [_("Another field has this key already.")]})
        return given
    base = latin(label) or "field"
    base = base if base[0].isalpha() else f"f_{base}"
    base = base[: LONGEST_KEY - 4].rstrip("_")
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key


_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "sch",
            "-",
            "y",
            "-",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)


def latin(text: str) -> str:
    """A name for programs made of one for people: «Длина волос» → dlina_volos."""
    letters = (_LATIN.get(char, char).replace("-", "") for char in normalise(text))
    kept = "".join(c if c.isascii() and c.isalnum() else " " for c in "".join(letters))
    return "_".join(kept.split())


def _fill(field: FieldDefinition, values: Mapping[str, Any]) -> None:
    """Puts the given settings into the field, each checked."""
    unknown = set(values) - {*_SETTABLE, "required_segment"}
    if unknown:
        raise ValidationError({name: [_("There is no such field.")] for name in unknown})
    errors: dict[str, list[str]] = {}
    _fill_texts(field, values, errors)
    for name in ("is_unique", "is_searchable", "is_filterable", "is_compared", "on_card"):
        if name in values:
            setattr(field, name, bool(values[name]))
    for name in ("see_roles", "edit_roles"):
        if name in values:
            setattr(field, name, _roles(values[name]))
    if "holder" in values:
        field.holder = str(values["holder"] or "") if field.subject == "client" else ""
    _fill_options(field, values, errors)
    _fill_required(field, values, errors)
    field.is_unique = field.is_unique and field.kind in kinds.DISTINCT
    field.is_searchable = field.is_searchable and field.kind in kinds.SEARCHED
    compared = field.subject == "client" and field.kind in kinds.COMPARED
    field.is_compared = field.is_compared and compared
    # Cards with the same value are asked for while one is typed: that takes the field's index.
    field.is_filterable = field.is_filterable or field.is_compared
    if not errors:
        _fill_default(field, values, errors)
    if errors:
        raise ValidationError(errors)


def _fill_texts(
    field: FieldDefinition, values: Mapping[str, Any], errors: dict[str, list[str]]
) -> None:
    for name in ("label", "group", "help"):
        if name in values:
            setattr(field, name, _line(field, name, values[name], errors))
    if not field.label:
        errors.setdefault("label", []).append(_("A field needs a name."))
    elif _is_taken(field):
        errors["label"] = [_("Another field is called so already.")]


def _fill_options(
    field: FieldDefinition, values: Mapping[str, Any], errors: dict[str, list[str]]
) -> None:
    if "options" in values:
        try:
            field.options = _options(field, values["options"])
        except ValueError as error:
            errors["options"] = [str(error)]
    if field.kind in (Kind.CHOICE, Kind.CHOICES) and not field.live_options:
        errors.setdefault("options", [_("Add at least one choice.")])


def _fill_default(
    field: FieldDefinition, values: Mapping[str, Any], errors: dict[str, list[str]]
) -> None:
    if field.is_unique or field.kind in kinds.REFERENCES:
        field.default = None
    elif "default" in values:
        try:
            field.default = kinds.plain(field, kinds.read(field, values["default"]))
        except ValueError as error:
            errors["default"] = [str(error)]


def _line(field: FieldDefinition, name: str, value: Any, errors: dict[str, list[str]]) -> str:
    text = clean_line(str(value or ""))
    longest = _LONGEST[name]
    if len(text) > longest:
        errors[name] = [_("At most %(n)s characters.") % {"n": longest}]
    return text[:longest]


def _is_taken(field: FieldDefinition) -> bool:
    """Whether another field in use of the subject has the same name: two columns nobody could tell apart."""
    others = FieldDefinition.objects.filter(subject=field.subject, archived_at=None)
    others = others.exclude(pk=field.pk)
    wanted = normalise(field.label)
    return any(normalise(label) == wanted for label in others.values_list("label", flat=True))


def _fill_required(
    field: FieldDefinition, values: Mapping[str, Any], errors: dict[str, list[str]]
) -> None:
    if "required" in values:
        field.required = str(values["required"] or "")
        if field.required not in FieldDefinition.Required.values:
            errors["required"] = [_("There is no such choice.")]
    if "required_segment" in values:
        given = values["required_segment"]
        pk = given.pk if isinstance(given, Segment) else given
        field.required_segment = Segment.objects.filter(pk=pk).first() if pk else None
    if field.required != FieldDefinition.Required.SEGMENT:
        field.required_segment = None
    elif field.subject != "client" or field.required_segment is None:
        errors["required_segment"] = [_("Choose the segment.")]


def _roles(value: Any) -> list[int]:
    wanted = {int(pk) for pk in value or ()}
    return list(Role.objects.filter(pk__in=wanted).order_by("pk").values_list("pk", flat=True))


def _options(field: FieldDefinition, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The choices in the order given. A known one that is left out is archived, since cards have it."""
    if field.kind not in (Kind.CHOICE, Kind.CHOICES):
        return []
    if len(given) > MOST_OPTIONS:
        raise ValueError(_("At most %(n)s choices.") % {"n": MOST_OPTIONS})
    known = {option["key"]: option for option in field.options}
    by_label = {normalise(option["label"]): option["key"] for option in field.options}
    found: dict[str, dict[str, Any]] = {}
    labels: set[str] = set()
    for one in given:
        label = clean_line(str(one.get("label") or ""))[:80]
        if not label:
            continue
        if normalise(label) in labels:
            raise ValueError(_("“%(name)s” stands there twice.") % {"name": label})
        labels.add(normalise(label))
        key = str(one.get("key") or "")
        if key not in known:
            key = by_label.get(normalise(label)) or _option_key(label, known.keys() | found.keys())
        colour = str(one.get("colour") or "")
        found[key] = {"key": key, "label": label, "colour": colour if colour in COLOURS else ""}
    gone = {key: option | {"archived": True} for key, option in known.items() if key not in found}
    return [*found.values(), *gone.values()]


def _option_key(label: str, taken: Any) -> str:
    base = latin(label)[:32].rstrip("_") or "choice"
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key
