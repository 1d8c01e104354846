from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.clients.status.ladder import PRECEDENCE, Rules
from orbita.clients.status.settings import LIMITS
from orbita.clients.status.words import label
from orbita.ui.forms import UiForm, dress

LABELS = {
    "regular_from": gettext_lazy("Platinum and “regular” from, orders"),
    "long_from": gettext_lazy("Long work: from, orders"),
    "long_days": gettext_lazy("Long work: or from the first order to the last, days"),
    "intervals": gettext_lazy("Stopped after silence of, own intervals"),
    "usual_days": gettext_lazy("Own interval while there is one order, days"),
    "least_days": gettext_lazy("Own interval is never less than, days"),
    "working_days": gettext_lazy("“Being worked with” after a contact, days"),
    "vip_from": gettext_lazy("VIP from"),
    "key_from": gettext_lazy("Key account (a company) from"),
}
GROUPS = (
    (gettext_lazy("Orders"), ("regular_from", "long_from", "long_days")),
    (gettext_lazy("When a client has stopped"), ("intervals", "usual_days", "least_days")),
    (gettext_lazy("Base kinds"), ("working_days", "vip_from", "key_from")),
)
MONEY = ("vip_from", "key_from")


class RulesForm(UiForm):
    """The numbers of the rules, and the place of every step in the order of precedence."""

    def __init__(self, data: Mapping[str, Any] | None, *, rules: Rules, sign: str) -> None:
        super().__init__(data)
        for name, text in LABELS.items():
            low, high = LIMITS[name]
            shown = f"{text}, {sign}" if name in MONEY else text
            self.fields[name] = forms.IntegerField(
                label=shown,
                min_value=low,
                max_value=high,
                initial=getattr(rules.numbers, name),
            )
        for place, name in enumerate(rules.precedence, 1):
            self.fields[f"place_{name}"] = forms.TypedChoiceField(
                label=_("Place: %(status)s") % {"status": label(name, rules)},
                coerce=int,
                choices=[(n, str(n)) for n in range(1, len(PRECEDENCE) + 1)],
                initial=place,
            )
        for field in self.fields.values():
            dress(field)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        places = [data.get(f"place_{name}") for name in PRECEDENCE]
        if None not in places and len(set(places)) < len(places):
            self.add_error(None, _("Each status needs a place of its own."))
        return data

    @property
    def numbers(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in LABELS}

    @property
    def precedence(self) -> list[str]:
        return sorted(PRECEDENCE, key=lambda name: self.cleaned_data[f"place_{name}"])

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """The numbers by what they are about."""
        return [(title, [self[name] for name in names]) for title, names in GROUPS]
