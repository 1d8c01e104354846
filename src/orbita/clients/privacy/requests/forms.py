"""Forms of requests: a new one, its client, a step, a letter; the rules and a day of the calendar."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.accounts.models import User
from orbita.clients.fields.picking import ClientField
from orbita.clients.models import Client, DataRequest, RequestRules, RequestStep
from orbita.clients.privacy.requests import letters
from orbita.clients.privacy.requests.actions import BY_HAND
from orbita.clients.privacy.requests.reminders import answerers
from orbita.ui.forms import UiForm

_NUMBER = re.compile(r"\d+")
# What an employee chooses from; the page of the client says its own.
_BY_EMPLOYEE = [one for one in DataRequest.Via.choices if one[0] != DataRequest.Via.PAGE]
ORBITA, OTHERWISE = "orbita", "otherwise"


class _WithClient(UiForm):
    """A form with a client to be found: `client` of the cleaned data is one that the actor sees."""

    def __init__(self, data: Any, *, actor: User, initial: Mapping[str, Any] | None = None) -> None:
        self._actor = actor
        super().__init__(data, initial=dict(initial or {}))

    def _with_client(self, label: str, *, required: bool) -> None:
        field = ClientField(actor=self._actor, required=required, label=label)
        field.help_text = _("Name, phone or number of the card.")
        self.fields["client"] = field

    def clean_client(self) -> Client | None:
        text = self.cleaned_data.get("client") or ""
        found = _NUMBER.search(str(text))
        if not found:
            return None
        rows = Client.objects.visible_to(self._actor).answering(int(found[0]))
        client = rows.first()
        if client is None:
            raise forms.ValidationError(_("Nobody was found."))
        return client


class RequestForm(_WithClient):
    """A request as it came."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is asked for"), choices=DataRequest.Kind.choices
    )
    via = forms.ChoiceField(label=pgettext_lazy("request", "How it came"), choices=_BY_EMPLOYEE)
    received_on = forms.DateField(
        label=gettext_lazy("Received on"),
        widget=forms.DateInput(),
        help_text=gettext_lazy("The term runs from the next day."),
    )
    who = forms.CharField(
        label=gettext_lazy("From whom"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("As it is signed. Empty: the name of the client."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Where to answer"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("E-mail, or an address of paper mail."),
    )
    text = forms.CharField(
        label=gettext_lazy("In his words"),
        widget=forms.Textarea(attrs={"rows": 5}),
        required=False,
        max_length=10_000,
    )
    responsible = forms.ChoiceField(label=gettext_lazy("Who answers"), required=False)
    regime = forms.ChoiceField(
        label=gettext_lazy("By which law"), choices=DataRequest.Regime.choices
    )

    def __init__(self, data: Any, *, actor: User, initial: Mapping[str, Any]) -> None:
        super().__init__(data, actor=actor, initial=initial)
        self._with_client(_("Client"), required=False)
        self._people = {str(user.pk): user for user in answerers()}
        self.fields["responsible"].choices = [  # type: ignore[attr-defined]
            ("", _("everybody who may")),
            *((key, user.display_name) for key, user in self._people.items()),
        ]
        order = ("kind", "via", "received_on", "client", "who", "contact", "text")
        self.order_fields([*order, "responsible", "regime"])

    def clean_responsible(self) -> User | None:
        return self._people.get(self.cleaned_data["responsible"])


class ClientOfRequestForm(_WithClient):
    """Whose request it is."""

    def __init__(self, data: Any, *, actor: User) -> None:
        super().__init__(data, actor=actor)
        self._with_client(_("Client"), required=True)


class StepForm(UiForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What was done"),
        choices=[(kind, RequestStep.Kind(kind).label) for kind in BY_HAND],
    )
    text = forms.CharField(
        label=gettext_lazy("How"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=10_000,
        help_text=gettext_lazy("Do not write down numbers of passports."),
    )


class ResponsibleForm(UiForm):
    responsible = forms.ChoiceField(label=gettext_lazy("Who answers"), required=False)

    def __init__(self, data: Any, *, row: DataRequest) -> None:
        super().__init__(data, initial={"responsible": str(row.responsible_id or "")})
        self._people = {str(user.pk): user for user in answerers()}
        self.fields["responsible"].choices = [  # type: ignore[attr-defined]
            ("", _("everybody who may")),
            *((key, user.display_name) for key, user in self._people.items()),
        ]

    def clean_responsible(self) -> User | None:
        return self._people.get(self.cleaned_data["responsible"])


class LetterForm(UiForm):
    """A letter before it leaves. What does not belong to its purpose is left out."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    until = forms.DateField(label=gettext_lazy("Prolong to"), widget=forms.DateInput())
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        help_text=gettext_lazy("It comes into the letter in place of ___."),
    )
    way = forms.ChoiceField(
        label=gettext_lazy("How it is sent"),
        choices=[
            (ORBITA, gettext_lazy("Send it from Orbita")),
            (OTHERWISE, gettext_lazy("I have sent or told it another way")),
        ],
        widget=forms.RadioSelect,
    )
    to = forms.EmailField(label=pgettext_lazy("letter", "To"), required=False)
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=300, required=False)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        widget=forms.Textarea(attrs={"rows": 14}),
        required=False,
        max_length=10_000,
    )

    def __init__(
        self, data: Any, *, purpose: str, can_send: bool, initial: Mapping[str, Any]
    ) -> None:
        super().__init__(data, initial=dict(initial))
        if purpose != letters.PROLONG:
            del self.fields["until"]
        if purpose not in (letters.PROLONG, letters.REFUSE):
            del self.fields["reason"]
        if not can_send:
            self.fields["way"].choices = [  # type: ignore[attr-defined]
                (OTHERWISE, _("I have sent or told it another way"))
            ]
            del self.fields["to"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("way") == ORBITA and not found.get("to") and "to" not in self.errors:
            self.add_error("to", _("Where to?"))
        return found

    def letter(self, purpose: str) -> letters.Letter:
        """What the form says, for the action."""
        found = self.cleaned_data
        return letters.Letter(
            purpose=purpose,
            subject=found["subject"],
            text=found["text"],
            key=found["key"],
            to=found["to"] if found["way"] == ORBITA else "",
            reason=found.get("reason", ""),
            until=found.get("until"),
        )


class RulesForm(UiForm):
    regime = forms.ChoiceField(
        label=gettext_lazy("By which law requests are answered"),
        choices=DataRequest.Regime.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Requests that are there already keep their law and term."),
    )
    remind_before = forms.IntegerField(
        label=gettext_lazy("Remind, working days before the term ends"),
        min_value=1,
        max_value=9,
    )
    corrections = forms.ChoiceField(
        label=gettext_lazy("What a client corrects on his own page is written to his card"),
        choices=RequestRules.Corrections.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "At once: names and birthday are replaced, a new phone, e-mail or address is added beside "
            "the old ones."
        ),
    )
    link_days = forms.IntegerField(
        label=gettext_lazy("Links to own pages work, days"), min_value=1, max_value=365
    )


class DayForm(UiForm):
    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput())
    works = forms.ChoiceField(
        label=gettext_lazy("What it is"),
        choices=[("yes", gettext_lazy("working day")), ("no", gettext_lazy("day off"))],
        widget=forms.RadioSelect,
        initial="no",
    )

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if not 2000 <= day.year <= 2100:
            raise forms.ValidationError(_("There is no such day in the calendar."))
        return day
