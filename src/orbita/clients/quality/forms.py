"""Forms of quality: weights and limits, putting a client aside."""

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.clients.guarding import TROUBLES, Sight
from orbita.clients.models import ContactPoint, DeadMark
from orbita.clients.models.quality import USUAL_LIMITS
from orbita.clients.quality.actions.settings import LONGEST_LIMIT, settings_as_given
from orbita.clients.quality.completeness import COMPANY, MOST_WEIGHT, PERSON, Item, all_items
from orbita.ui.forms import UiForm, dress


class DeadForm(UiForm):
    """Why the client is put aside, and until when; without a day it is for good."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text=gettext_lazy("Closed down, moved away, asked to wait until spring…"),
    )
    how = forms.ChoiceField(
        label=gettext_lazy("For how long"),
        choices=[("now", gettext_lazy("For now")), ("good", gettext_lazy("For good"))],
        initial="now",
        widget=forms.RadioSelect,
    )
    look_again_on = forms.DateField(
        label=gettext_lazy("Look again on"),
        required=False,
        widget=forms.DateInput(),
        help_text=gettext_lazy("On this day the client comes up in the list “To look at again”."),
    )

    def __init__(
        self, data: QueryDict | None, *, known: DeadMark | None, usual: date, seen: Sight
    ) -> None:
        initial: dict[str, Any] = {"look_again_on": usual}
        if known:
            initial = {
                "reason": "" if seen.hides(TROUBLES) else known.reason,
                "how": "good" if known.for_good else "now",
                "look_again_on": known.look_again_on or usual,
            }
        super().__init__(data, initial=initial)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("how") == "good":
            data["look_again_on"] = None
        elif not data.get("look_again_on") and "look_again_on" not in self.errors:
            self.add_error("look_again_on", _("Choose the day to look again."))
        return data


def _asked_of(kind: str) -> list[Item]:
    return [item for item in all_items() if item.usual(kind) is not None]


class SettingsForm(UiForm):
    """A weight for each item and kind, an age limit for each kind of contact."""

    incomplete_below = forms.IntegerField(
        label=gettext_lazy("Filled in by less than, %"), min_value=0, max_value=100
    )

    def __init__(self, data: QueryDict | None) -> None:
        given = settings_as_given()
        initial = {"incomplete_below": given["incomplete_below"]}
        weights, limits = {}, {}
        for kind in (PERSON, COMPANY):
            for item in _asked_of(kind):
                name = f"{kind}_{item.name}"
                weights[name] = forms.IntegerField(
                    label=str(item.label), min_value=0, max_value=MOST_WEIGHT
                )
                initial[name] = given["weights"][kind][item.name]
        labels = dict(ContactPoint.Kind.choices)
        for kind in USUAL_LIMITS:
            limits[f"limit_{kind}"] = forms.IntegerField(
                label=str(labels[kind]), min_value=0, max_value=LONGEST_LIMIT
            )
            initial[f"limit_{kind}"] = given["limits"][kind]
        super().__init__(data, initial=initial)
        for name, made in (weights | limits).items():
            dress(made)
            self.fields[name] = made

    @property
    def tables(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """For each kind: its key, its title, its weights."""
        titles = {PERSON: _("A person"), COMPANY: _("A company")}
        return [
            (
                kind,
                titles[kind],
                [self[f"{kind}_{item.name}"] for item in _asked_of(kind)],
            )
            for kind in (PERSON, COMPANY)
        ]

    @property
    def limits(self) -> list[forms.BoundField]:
        return [self[f"limit_{kind}"] for kind in USUAL_LIMITS]

    def given(self) -> dict[str, Any]:
        """What the action takes."""
        data = self.cleaned_data
        return {
            "weights": {
                kind: {item.name: data[f"{kind}_{item.name}"] for item in _asked_of(kind)}
                for kind in (PERSON, COMPANY)
            },
            "limits": {kind: data[f"limit_{kind}"] for kind in USUAL_LIMITS},
            "incomplete_below": data["incomplete_below"],
        }
