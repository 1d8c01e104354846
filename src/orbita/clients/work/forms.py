from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts.models import User
from orbita.clients.models import Segment
from orbita.clients.work.rules import CHANNELS, MODES, RESULTS, Rules
from orbita.ui.forms import UiForm, dress

CADENCE = tuple((f"cadence_{name}", name) for name in CHANNELS)


class WorkRulesForm(UiForm):
    """The rules of work. Regions and segments are lines "what: to whom"."""

    mode = forms.ChoiceField(
        label=gettext_lazy("New clients without a responsible are given"),
        choices=list(MODES.items()),
    )
    members = forms.MultipleChoiceField(
        label=gettext_lazy("Who gets them"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Those who are away are passed over."),
    )
    regions = forms.CharField(
        label=gettext_lazy("Regions"),
        required=False,
        widget=forms.Textarea,
        help_text=gettext_lazy("One a line: “Region: name of the person”."),
    )
    segments = forms.CharField(
        label=gettext_lazy("Segments"),
        required=False,
        widget=forms.Textarea,
        help_text=gettext_lazy("One a line: “Segment: name of the person”. The first wins."),
    )
    most = forms.IntegerField(
        label=gettext_lazy("At most clients of one person"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Empty: no limit."),
    )
    result_days = forms.IntegerField(
        label=gettext_lazy("Days to work a client without a result"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Empty: for ever. Then comes a warning."),
    )
    warn_days = forms.IntegerField(
        label=gettext_lazy("From the warning to the free pool, days"), min_value=1
    )
    result = forms.ChoiceField(label=gettext_lazy("A result is"), choices=list(RESULTS.items()))

    def __init__(self, data: Any, *, rules: Rules) -> None:
        self._people = dict(
            User.objects.people().filter(is_active=True).order_by("name").values_list("pk", "name")
        )
        super().__init__(data, initial=self._initial(rules))
        self.fields["members"].choices = [  # type: ignore[attr-defined]
            (str(pk), name) for pk, name in self._people.items()
        ]
        for field, channel in CADENCE:
            self.fields[field] = forms.IntegerField(
                label=str(CHANNELS[channel]),
                required=False,
                min_value=1,
                initial=rules.cadence.get(channel),
            )
            dress(self.fields[field])

    def _initial(self, rules: Rules) -> dict[str, Any]:
        segments = dict(Segment.objects.values_list("pk", "name"))
        return {
            "mode": rules.mode,
            "members": [str(pk) for pk in rules.members],
            "regions": self._lines(rules.regions, {}),
            "segments": self._lines(rules.segments, segments),
            "most": rules.most,
            "result_days": rules.result_days,
            "warn_days": rules.warn_days,
            "result": rules.result,
        }

    def _lines(self, pairs: Any, names: Mapping[Any, str]) -> str:
        return "\n".join(
            f"{names.get(what, what)}: {self._people.get(user, user)}" for what, user in pairs
        )

    def _pairs(self, name: str, known: Mapping[str, Any] | None) -> list[list[Any]]:
        """The lines as pairs, each name looked up; what is not known goes to the errors."""
        people = {text.casefold(): pk for pk, text in self._people.items()}
        found: list[list[Any]] = []
        for line in self.cleaned_data.get(name, "").splitlines():
            if not line.strip():
                continue
            what, _colon, who = (part.strip() for part in line.rpartition(":"))
            user = people.get(who.casefold())
            thing = known.get(what.casefold()) if known is not None else what
            if not what or user is None or thing is None:
                self.add_error(name, _("This line is not clear: %(line)s") % {"line": line})
            else:
                found.append([thing, user])
        return found

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        segments = {name.casefold(): pk for pk, name in Segment.objects.values_list("pk", "name")}
        data["region_pairs"] = self._pairs("regions", None)
        data["segment_pairs"] = self._pairs("segments", segments)
        return data

    def values(self) -> dict[str, Any]:
        """What a valid form asks for, as the action takes it."""
        data = self.cleaned_data
        cadence = {channel: data[field] for field, channel in CADENCE if data.get(field)}
        return {
            "mode": data["mode"],
            "members": [int(pk) for pk in data["members"]],
            "regions": data["region_pairs"],
            "segments": data["segment_pairs"],
            "most": data["most"],
            "result_days": data["result_days"],
            "warn_days": data["warn_days"],
            "result": data["result"],
            "cadence": cadence,
        }

    def cadence(self) -> list[Any]:
        return [self[field] for field, _channel in CADENCE]


class StopForm(UiForm):
    reason = forms.CharField(
        label=gettext_lazy("What did he say?"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("It is shown to everybody who opens the card."),
    )
