"""Own fields in forms of records."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.clients.fields import kinds
from orbita.clients.fields.known import changed_by, seen
from orbita.clients.fields.picking import ClientField, written
from orbita.clients.fields.values import seen_value
from orbita.clients.models.fields import FieldDefinition
from orbita.ui.forms import dress

Kind = FieldDefinition.Kind
YES, NO = "yes", "no"


def input_of(
    field: FieldDefinition, actor: Any, *, whole: bool = False, value: Any = None
) -> forms.Field:
    """The field of a form. In a `whole` form what is always required must be filled in.

    `value` is what stands there now: a choice that is not offered any more stays while it is there.
    """
    required = whole and field.required == FieldDefinition.Required.ALWAYS
    common: dict[str, Any] = {
        "label": field.label,
        "required": required,
        "help_text": field.help or _HINTS.get(Kind(field.kind), ""),
    }
    if field.kind == Kind.LONG:
        widget = forms.Textarea(attrs={"rows": 3})
        return forms.CharField(widget=widget, max_length=kinds.LONGEST_LONG, **common)
    if field.kind == Kind.DATE:
        widget_of_date = forms.DateInput(attrs={"type": "date", "max": "2199-12-31"})
        return forms.CharField(widget=widget_of_date, max_length=20, **common)
    if field.kind == Kind.FLAG:
        choices = [("", "—"), (YES, _("yes")), (NO, _("no"))]
        return forms.ChoiceField(choices=choices, **common)
    if field.kind == Kind.CHOICE:
        return forms.ChoiceField(choices=[("", "—"), *_offered(field, [value])], **common)
    if field.kind == Kind.CHOICES:
        return forms.MultipleChoiceField(
            choices=_offered(field, value or []), widget=forms.CheckboxSelectMultiple, **common
        )
    if field.kind == Kind.CLIENT:
        return ClientField(actor=actor, **common)
    if field.kind == Kind.FILE:
        return forms.FileField(widget=forms.FileInput, **common)
    made = forms.CharField(max_length=kinds.LONGEST_TEXT, **common)
    if field.kind in (Kind.NUMBER, Kind.MONEY):
        made.widget.attrs["inputmode"] = "decimal"
    elif field.kind == Kind.LINK:
        made.widget.attrs["inputmode"] = "url"
    return made


_HINTS = {
    Kind.CLIENT: gettext_lazy("A name, a phone or the number of the card."),
    Kind.FILE: gettext_lazy("Saved without a file, the field is emptied."),
    Kind.LINK: gettext_lazy("Such as https://example.org/page."),
}


def _offered(field: FieldDefinition, present: Sequence[Any]) -> list[tuple[str, str]]:
    return [
        (option["key"], option["label"])
        for option in field.options
        if not option.get("archived") or option["key"] in present
    ]


def initial_of(record: Any, field: FieldDefinition, actor: Any) -> Any:
    """The present value as the form's field shows it to the actor."""
    return _as_typed(field, seen_value(record, field, actor))


def _as_typed(field: FieldDefinition, value: Any) -> Any:
    if field.kind == Kind.FLAG and value is not None:
        return YES if value else NO
    if field.kind == Kind.CHOICES:
        return value or []
    if field.kind == Kind.FILE:
        return None  # a browser shows no file that was chosen before
    if field.kind == Kind.CLIENT and value:
        return written(value["id"], value["name"])
    return "" if value is None else value


def own_initial(fields: Sequence[FieldDefinition]) -> dict[str, Any]:
    """What the form of a new record begins with: the defaults."""
    return {field.name: _as_typed(field, field.default) for field in fields}


def add_inputs(
    form: forms.Form, subject: str, actor: Any, record: Any = None
) -> list[FieldDefinition]:
    """Puts the own fields that the actor may change into the form of a whole record."""
    fields = changed_by(seen(subject, actor), actor)
    for field in fields:
        value = initial_of(record, field, actor) if record else _as_typed(field, field.default)
        made = input_of(field, actor, whole=True, value=value)
        dress(made)
        form.fields[field.name] = made
        form.initial[field.name] = value
    return fields


def given_in(form: forms.Form, fields: Sequence[FieldDefinition]) -> dict[str, Any]:
    """What was typed into them."""
    return {field.name: form.cleaned_data.get(field.name) or None for field in fields}
