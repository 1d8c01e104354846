"""Forms of a client's own page. What they do not have cannot be sent."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.clients.models import Client, DataRequest
from orbita.clients.privacy.consents import Line
from orbita.clients.privacy.own_page.actions import ASKED, LONGEST
from orbita.ui.forms import UiForm


class ChoicesForm(UiForm):
    """Each purpose and channel with a tick."""

    def __init__(self, data: Any, *, lines: list[Line]) -> None:
        super().__init__(data)
        self._lines = {f"{line.purpose}-{line.channel or 'any'}": line for line in lines}
        for name, line in self._lines.items():
            self.fields[name] = forms.BooleanField(
                label=line.label, required=False, initial=line.is_open
            )

    def answers(self) -> dict[tuple[str, str], bool]:
        """Purpose and channel → what was ticked."""
        return {
            (line.purpose, line.channel): bool(self.cleaned_data[name])
            for name, line in self._lines.items()
        }


class CorrectionForm(UiForm):
    """What is wrong, as it should be. It begins empty: what is kept is shown masked only."""

    last_name = forms.CharField(label=gettext_lazy("Last name"), max_length=LONGEST, required=False)
    first_name = forms.CharField(
        label=gettext_lazy("First name"), max_length=LONGEST, required=False
    )
    middle_name = forms.CharField(
        label=gettext_lazy("Middle name"), max_length=LONGEST, required=False
    )
    birthday = forms.DateField(
        label=gettext_lazy("Birthday"), widget=forms.DateInput(), required=False
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=LONGEST,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    city = forms.CharField(label=gettext_lazy("City"), max_length=LONGEST, required=False)
    address = forms.CharField(
        label=pgettext_lazy("of delivery", "Street, house"), max_length=LONGEST, required=False
    )

    def __init__(self, data: Any, *, client: Client) -> None:
        super().__init__(data)
        if client.is_company:
            for name in ("first_name", "middle_name", "birthday"):
                del self.fields[name]
            self.fields["last_name"].label = _("Name")

    def clean_birthday(self) -> date | None:
        day: date | None = self.cleaned_data["birthday"]
        if day and not 1900 <= day.year <= timezone.localdate().year:
            raise forms.ValidationError(_("Please check the year."))
        return day


class AskForm(UiForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What you ask for"),
        choices=[(kind, DataRequest.Kind(kind).label) for kind in ASKED],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("Anything to add"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        required=False,
    )
