from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from orbita.clients.models import ProcessingPurpose
from orbita.clients.privacy.purposes.actions import NEEDED, TEXTS
from orbita.ui.forms import UiForm


class PurposeForm(UiForm):
    """A row of the register."""

    name = forms.CharField(label=_("Purpose"), max_length=200)

    def __init__(self, data: Any, *, purpose: ProcessingPurpose | None = None) -> None:
        names = ("name", *TEXTS)
        initial = {name: getattr(purpose, name) for name in names} if purpose else None
        super().__init__(data, initial=initial)
        for name in TEXTS:
            model_field: Any = ProcessingPurpose._meta.get_field(name)
            widget = forms.Textarea(attrs={"rows": 2, "class": "form-control"})
            self.fields[name] = forms.CharField(
                label=capfirst(str(model_field.verbose_name)),
                required=name in NEEDED,
                widget=widget,
                initial=(initial or {}).get(name, ""),
            )
