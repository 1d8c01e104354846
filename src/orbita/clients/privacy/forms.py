"""Forms of privacy: an answer of a client, a hold, an erasure, a text."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from orbita.clients.models import Client, Consent, ConsentText, Purpose
from orbita.clients.privacy.consents import CHANNELS, what
from orbita.ui.forms import UiForm

YES, NO = "yes", "no"
# What people choose from by hand; files and programs say theirs themselves.
_BY_HAND = ("paper", "form", "phone", "email", "messenger")


class ConsentForm(UiForm):
    """What the client said, about which purposes and channels, and how that can be shown later."""

    about = forms.MultipleChoiceField(
        label=gettext_lazy("About what"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose what the client was asked about.")},
    )
    given = forms.ChoiceField(
        label=gettext_lazy("What he said"),
        choices=[
            (YES, pgettext_lazy("consent", "Agreed")),
            (NO, pgettext_lazy("consent", "Refused")),
        ],
        widget=forms.RadioSelect,
    )
    source = forms.ChoiceField(
        label=gettext_lazy("How"),
        choices=[(name, Consent.Source(name).label) for name in _BY_HAND],
    )
    day = forms.DateField(label=gettext_lazy("When"), widget=forms.DateInput())
    proof = forms.CharField(
        label=pgettext_lazy("consent", "Proof"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "A link, the number of the paper, who heard it. The sender of advertising has to prove "
            "that the client agreed."
        ),
    )
    address = forms.GenericIPAddressField(
        label=gettext_lazy("Address (IP) of the form"), required=False
    )

    def __init__(
        self, data: Any, *, may_agree: bool = True, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(
            data, initial={"day": timezone.localdate(), "given": NO, **(initial or {})}
        )
        self.fields["about"].choices = [  # type: ignore[attr-defined]
            (f"{purpose}:{channel}", what(purpose, channel))
            for purpose, channels in CHANNELS.items()
            for channel in channels
        ]
        if not may_agree:
            self.fields["given"].choices = [(NO, pgettext("consent", "Refused"))]  # type: ignore[attr-defined]

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("This has not happened yet."))
        return day

    def moment(self) -> datetime:
        """When it was said: now for today, noon of a day before."""
        day = self.cleaned_data["day"]
        if day == timezone.localdate():
            return timezone.now()
        return timezone.make_aware(datetime.combine(day, time(12)))

    def purposes(self) -> dict[str, list[str]]:
        """Purpose → its channels, as chosen."""
        found: dict[str, list[str]] = {}
        for pair in self.cleaned_data["about"]:
            purpose, _colon, channel = pair.partition(":")
            found.setdefault(purpose, []).append(channel)
        return found


class HoldForm(UiForm):
    reason = forms.CharField(
        label=gettext_lazy("Why the data must be kept"),
        max_length=300,
        help_text=gettext_lazy("A lawsuit, a guarantee, a check by an authority."),
    )
    until = forms.DateField(label=gettext_lazy("Until, inclusive"), widget=forms.DateInput())


class ErasureForm(UiForm):
    reason = forms.CharField(
        label=gettext_lazy("Why the data are erased"),
        max_length=300,
        help_text=gettext_lazy("It stays in the act, so do not name the client in it."),
    )
    number = forms.CharField(
        label=gettext_lazy("Number of the card"),
        help_text=gettext_lazy("Type it once more: an erasure cannot be taken back."),
        max_length=20,
    )
    # The request that the client is erased because of, if it is one.
    request = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any, *, client: Client, initial: Mapping[str, Any] | None = None
    ) -> None:
        self._client = client
        super().__init__(data, initial=initial)

    def clean_number(self) -> str:
        typed = str(self.cleaned_data["number"]).replace("№", "").strip()
        if typed != str(self._client.pk):
            raise forms.ValidationError(_("This is not the number of the card."))
        return typed


class TextForm(UiForm):
    purpose = forms.ChoiceField(label=gettext_lazy("About what"), choices=Purpose.choices)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=gettext_lazy(
            "Whole, as the client reads it. Consent to advertising is a document of its own."
        ),
    )


def texts() -> list[ConsentText]:
    """Every version of every text, the newest of each purpose first."""
    return list(ConsentText.objects.select_related("author"))
