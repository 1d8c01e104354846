from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.accounts.models import User
from orbita.clients.models import Incident
from orbita.clients.privacy.incidents.actions import TEXTS
from orbita.ui.forms import UiForm


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    return forms.DateTimeField(
        label=label, widget=widget, input_formats=formats, help_text=help_text
    )


def _text(label: Any, *, required: bool = False, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, required=required, widget=widget, help_text=help_text)


class IncidentForm(UiForm):
    """What the notices ask for; what is not known yet is filled in later."""

    title = forms.CharField(label=_("What happened, in short"), max_length=200)
    found_at = _moment(_("When it was found"), _("The clocks run from this moment."))
    responsible = forms.ModelChoiceField(User.objects.none(), label=_("Responsible"))
    in_russia = forms.BooleanField(
        label=_("Roskomnadzor has to be told: 24 and 72 hours"), required=False
    )
    in_union = forms.BooleanField(
        label=_("The authority of the EU has to be told: 72 hours"), required=False
    )
    happened = _text(
        pgettext_lazy("incident", "What happened"),
        required=True,
        help_text=_("Do not name clients here."),
    )
    data = _text(_("Which data, and how many records"))  # type: ignore[assignment] # a field here
    people = _text(_("Whose data, and how many people"))
    causes = _text(_("Supposed causes"))
    harm = _text(_("Supposed harm to the people"))
    measures = _text(_("What was done against the consequences"))
    contact = _text(_("Who speaks with the authority: name, phone, e-mail"))
    results = _text(_("Results of the inner inquiry"))
    culprits = _text(_("Whose actions were the cause, if known"))

    def __init__(self, data: Any, *, actor: User, incident: Incident | None = None) -> None:
        initial: dict[str, Any] = {"in_russia": True, "responsible": actor.pk}
        initial["found_at"] = timezone.localtime().replace(second=0, microsecond=0)
        if incident:
            names = ("title", "found_at", "in_russia", "in_union", "responsible", *TEXTS)
            initial = {name: getattr(incident, name) for name in names}
        super().__init__(data, initial=initial)
        people = User.objects.people().filter(is_active=True)
        self.fields["responsible"].queryset = people  # type: ignore[attr-defined]


class SentForm(UiForm):
    at = _moment(_("When it was sent"))

    def __init__(self, data: Any) -> None:
        now = timezone.localtime().replace(second=0, microsecond=0)
        super().__init__(data, initial={"at": now})
