from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.accounts.models import User
from orbita.clients.models import RetentionRule, Segment
from orbita.clients.privacy.retention.actions import (
    LEAST_NOTICE,
    MOST_CLIENTS,
    MOST_MONTHS,
    MOST_NOTICE,
)
from orbita.ui.forms import UiForm


class RuleForm(UiForm):
    """Which clients, how long, who is told and how much at once."""

    name = forms.CharField(label=pgettext_lazy("rule", "Name"), max_length=100)
    segment = forms.ModelChoiceField(
        Segment.objects.none(),
        label=gettext_lazy("Clients of the segment"),
        help_text=gettext_lazy("Only its members are erased, each when his own time is over."),
    )
    since = forms.ChoiceField(
        label=gettext_lazy("Counted from"), choices=RetentionRule.Since.choices
    )
    months = forms.IntegerField(
        label=gettext_lazy("Kept for, months"), min_value=1, max_value=MOST_MONTHS
    )
    most = forms.IntegerField(
        label=gettext_lazy("Clients in one run, at most"), min_value=1, max_value=MOST_CLIENTS
    )
    responsible = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("Who is told before a run")
    )
    notice_days = forms.IntegerField(
        label=gettext_lazy("Days between the letter and the run"),
        min_value=LEAST_NOTICE,
        max_value=MOST_NOTICE,
    )

    def __init__(self, data: Any, *, actor: User, rule: RetentionRule | None = None) -> None:
        initial: dict[str, Any] = {"most": 200, "notice_days": 3, "months": 12}
        initial |= {"responsible": actor.pk, "since": RetentionRule.Since.ACTIVITY}
        if rule:
            initial = {name: getattr(rule, name) for name in self.base_fields}
        super().__init__(data, initial=initial)
        self.fields["segment"].queryset = Segment.objects.visible_to(actor)  # type: ignore[attr-defined]
        people = User.objects.people().filter(is_active=True)
        self.fields["responsible"].queryset = people  # type: ignore[attr-defined]
