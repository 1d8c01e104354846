"""The short forms of the page of pipelines."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.ui.forms import UiForm
from orbita.work.models import LossReason, Stage
from orbita.work.required import choices


class PipelineForm(UiForm):
    name = forms.CharField(label=pgettext_lazy("pipeline", "Name"), max_length=100)


class StageForm(UiForm):
    name = forms.CharField(label=pgettext_lazy("pipeline", "Name"), max_length=60)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Stage.Kind.choices)
    colour = forms.ChoiceField(label=gettext_lazy("Colour"), choices=Stage.Colour.choices)
    probability = forms.IntegerField(
        label=gettext_lazy("Probability, %"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("With it the forecast counts the deals of the stage."),
    )
    limit_days = forms.IntegerField(
        label=gettext_lazy("Time limit, days"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=gettext_lazy("A deal that stands here longer is marked as stuck."),
    )
    required = forms.MultipleChoiceField(
        label=gettext_lazy("Fields that must be filled in"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    instruction = forms.CharField(
        label=gettext_lazy("What to do here"),
        required=False,
        max_length=5000,
        widget=forms.Textarea,
    )
    script = forms.CharField(
        label=gettext_lazy("Script of the talk"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea,
    )

    def __init__(self, *args: Any, stage: Stage | None, **kwargs: Any) -> None:
        names = tuple(self.base_fields)
        initial = {name: getattr(stage, name) for name in names} if stage else {"probability": 50}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["required"].choices = choices()  # type: ignore[attr-defined]


class ReasonForm(UiForm):
    name = forms.CharField(label=pgettext_lazy("pipeline", "Name"), max_length=100)
    parent = forms.ModelChoiceField(
        label=gettext_lazy("Group"),
        required=False,
        queryset=LossReason.objects.none(),
        empty_label=gettext_lazy("a group itself"),
    )

    def __init__(self, *args: Any, reason: LossReason | None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {}
        if reason:
            initial = {
                "name": reason.name,
                "parent": reason.parent_id,
                "archived": reason.archived_at is not None,
            }
        super().__init__(*args, initial=initial, **kwargs)
        groups = LossReason.objects.filter(parent=None, archived_at=None)
        if reason:
            groups = groups.exclude(pk=reason.pk)
            self.fields["archived"] = forms.BooleanField(
                label=gettext_lazy("not offered any more"), required=False
            )
        self.fields["parent"].queryset = groups  # type: ignore[attr-defined]
