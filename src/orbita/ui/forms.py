"""Forms that look like Orbita's: `{% form_errors form %}` and `{% field form.name %}` draw them.

Django links help and errors to their inputs and marks invalid ones; this adds the looks.
"""

from typing import Any

from django import forms

_PLAIN = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)


class UiFormMixin:
    """For any form: `class ClientForm(UiFormMixin, forms.ModelForm)`."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The browser's own colon and asterisks give way to ours.
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            dress(field)


class UiForm(UiFormMixin, forms.Form):
    """A plain form in our looks."""


def dress(field: forms.Field) -> None:
    """Gives a field's widget its class; dates get the browser's calendar."""
    widget = field.widget
    if isinstance(widget, forms.DateInput) and not isinstance(widget, forms.DateTimeInput):
        widget.input_type = "date"
        widget.format = "%Y-%m-%d"
    # Django's own default is a box of 10 × 40.
    box = (widget.attrs.get("rows"), widget.attrs.get("cols"))
    if isinstance(widget, forms.Textarea) and box == ("10", "40"):
        widget.attrs |= {"rows": 3, "cols": None}
    if not isinstance(widget, _PLAIN) and not widget.is_hidden:
        given = widget.attrs.get("class", "")
        if "form-control" not in given:
            widget.attrs["class"] = f"form-control {given}".strip()
