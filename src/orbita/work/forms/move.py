"""What a stage asks of a deal that comes to it: fields that are empty yet, and why it is lost."""

from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts.models import User
from orbita.clients.fields.inputs import given_in
from orbita.ui.forms import UiForm
from orbita.work.actions.deals import data_of
from orbita.work.forms.deal import DealForm
from orbita.work.models import Deal, LossReason, Stage
from orbita.work.records import Closing, DealData
from orbita.work.required import missing

# A client is chosen on the deal's own form, among those found.
_ELSEWHERE = ("client",)
_COLUMNS = {"source": "source_id", "responsible": "responsible_id"}


class MoveForm(UiForm):
    """Closing fields for a lost deal, and the fields of the deal that the stage lacks."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: User, deal: Deal, stage: Stage, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"seen": deal.stage_id})
        super().__init__(*args, **kwargs)
        self.lost = stage.kind == Stage.Kind.LOST
        lacking = missing(deal, stage)
        self.elsewhere = [name for name in lacking if name in _ELSEWHERE]
        whole = DealForm(actor=actor, deal=deal)
        self._deal = deal
        self._own = [field for field in whole.own if field.name in lacking]
        self.asked = [name for name in lacking if name in whole.fields]
        for name in self.asked:
            field = whole.fields[name]
            field.required = True
            field.initial = whole.get_initial_for_field(field, name)
            self.fields[name] = field
        if self.lost:
            self.fields["reason"] = forms.TypedChoiceField(
                label=gettext_lazy("Why it is lost"),
                coerce=int,
                choices=[("", "—"), *reasons()],
                widget=forms.Select(attrs={"class": "form-control", "autofocus": True}),
            )
            self.fields["words"] = forms.CharField(
                label=gettext_lazy("In a few words"),
                required=False,
                max_length=500,
                widget=forms.TextInput(attrs={"class": "form-control"}),
            )
            self.fields["come_back_on"] = forms.DateField(
                label=gettext_lazy("Come back on"),
                required=False,
                widget=forms.DateInput(
                    format="%Y-%m-%d", attrs={"class": "form-control", "type": "date"}
                ),
                help_text=gettext_lazy("On that day the client is worth a call."),
            )

    @property
    def asks(self) -> bool:
        """Whether anything has to be said before the deal may move."""
        return self.lost or bool(self.asked) or bool(self.elsewhere)

    def filled(self) -> DealData | None:
        """The deal with what was filled in; None when nothing had to be."""
        if not self.asked:
            return None
        own = {field.name for field in self._own}
        plain = {
            _COLUMNS.get(name, name): self.cleaned_data[name]
            for name in self.asked
            if name not in own
        }
        return replace(data_of(self._deal), **plain, own=given_in(self, self._own))

    def closing(self) -> Closing | None:
        if not self.lost:
            return None
        values = self.cleaned_data
        return Closing(
            reason_id=values["reason"],
            comment=values["words"],
            come_back_on=values["come_back_on"],
        )


def reasons() -> list[tuple[Any, Any]]:
    """The reasons on offer, by group; a group without parts is a reason itself."""
    rows = list(LossReason.objects.filter(archived_at=None))
    parts: dict[int, list[tuple[int, str]]] = {}
    for row in rows:
        if row.parent_id:
            parts.setdefault(row.parent_id, []).append((row.pk, row.name))
    found: list[tuple[Any, Any]] = []
    for row in rows:
        if row.parent_id is None:
            inside = parts.get(row.pk)
            found.append(
                (row.name, [*inside, (row.pk, _("another reason"))])
                if inside
                else (row.pk, row.name)
            )
    return found
