"""The form of a deal, whole."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields.inputs import add_inputs, given_in
from orbita.clients.guarding import sight
from orbita.clients.models import AcquisitionSource, Client
from orbita.clients.search import clients_like
from orbita.commerce.forms.fields import DecimalTextField, money_input
from orbita.core.models import Company
from orbita.core.money import exponent
from orbita.ui.forms import UiForm
from orbita.work.confining import open_pipelines
from orbita.work.models import Deal, Pipeline, Stage
from orbita.work.records import DealData


class DealForm(UiForm):
    client_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    client_name = forms.CharField(
        label=gettext_lazy("Client"), required=False, max_length=200, strip=True
    )
    name = forms.CharField(
        label=gettext_lazy("What the deal is about"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Left empty, it is called after the client."),
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    expected_on = forms.DateField(
        label=gettext_lazy("Expected on"), required=False, widget=forms.DateInput
    )
    next_step = forms.CharField(
        label=gettext_lazy("Next step"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    next_step_on = forms.DateField(
        label=gettext_lazy("When"), required=False, widget=forms.DateInput
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"), required=False, max_length=5000, widget=forms.Textarea
    )

    def __init__(
        self,
        *args: Any,
        actor: User,
        deal: Deal | None = None,
        stage: Stage | None = None,
        client: Client | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("initial", _initial(deal, stage, client))
        super().__init__(*args, **kwargs)
        self._actor, self._deal = actor, deal
        currency = deal.currency if deal else Company.current().currency
        self._currency = currency
        self.fields["amount"] = DecimalTextField(
            label=gettext_lazy("Sum"),
            scale=10 ** exponent(currency),
            required=False,
            widget=forms.TextInput(attrs={"class": "form-control"}),
        )
        if deal is None:
            self.fields["stage"] = forms.TypedChoiceField(
                label=gettext_lazy("Stage"),
                coerce=int,
                choices=beginnings(actor),
                widget=forms.Select(attrs={"class": "form-control"}),
            )
        people = list(workers(actor, deal))
        self.fields["responsible"] = _choice(gettext_lazy("Responsible"), people)
        self.fields["helpers"] = forms.TypedMultipleChoiceField(
            label=gettext_lazy("Helpers"),
            coerce=int,
            required=False,
            choices=list(everybody()),
            widget=forms.SelectMultiple(attrs={"class": "form-control", "size": 4}),
        )
        # Whom the sources of clients are closed to, is not told their names here either.
        if sight(actor).shows("source"):
            self.fields["source"] = _choice(
                gettext_lazy("Source"),
                [("", "—"), *AcquisitionSource.objects.values_list("pk", "name")[:500]],
            )
        self.own = add_inputs(self, "deal", actor, deal)

    @property
    def own_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self.own]

    @cached_property
    def chosen_client(self) -> Client | None:
        pk = str(self["client_id"].value() or "")
        if not (pk.isascii() and pk.isdecimal() and len(pk) < 18):
            return None
        if self._deal and self._deal.client_id == int(pk):
            return self._deal.client
        return Client.objects.visible_to(self._actor).filter(pk=int(pk)).first()

    @cached_property
    def found_clients(self) -> Sequence[Client]:
        """Clients that fit what was typed, to choose from."""
        typed = str(self["client_name"].value() or "").strip()
        return clients_like(self._actor, typed) if typed and not self.chosen_client else []

    def clean_client_name(self) -> str:
        typed: str = self.cleaned_data["client_name"]
        if typed and not self.chosen_client:
            raise forms.ValidationError(
                gettext_lazy("Choose the client among those found, or leave the field empty.")
            )
        return typed

    @property
    def _kept_source(self) -> int | None:
        return self._deal.source_id if self._deal else None

    def record(self) -> DealData:
        """What the form says, once it is valid."""
        values = self.cleaned_data
        return DealData(
            name=values["name"],
            client_id=self.chosen_client.pk if self.chosen_client else None,
            stage_id=values.get("stage"),
            amount=values["amount"],
            currency=self._currency,
            expected_on=values["expected_on"],
            source_id=values.get("source", self._kept_source),
            responsible_id=values["responsible"],
            helper_ids=values["helpers"],
            next_step=values["next_step"],
            next_step_on=values["next_step_on"],
            comment=values["comment"],
            own=given_in(self, self.own),
        )


def _choice(label: Any, choices: Sequence[tuple[Any, str]]) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        coerce=int,
        empty_value=None,
        required=False,
        choices=choices,
        widget=forms.Select(attrs={"class": "form-control"}),
    )


def _initial(deal: Deal | None, stage: Stage | None, client: Client | None) -> dict[str, Any]:
    if deal is None:
        return {
            "client_id": client.pk if client else None,
            "stage": stage.pk if stage else None,
        }
    plain = ("client_id", "name", "expected_on", "next_step", "next_step_on", "comment")
    return {
        **{name: getattr(deal, name) for name in plain},
        "amount": money_input(deal.amount or 0, deal.currency),
        "responsible": deal.responsible_id,
        "source": deal.source_id,
        "helpers": list(deal.helpers.values_list("pk", flat=True)),
    }


def beginnings(actor: User) -> list[tuple[str, list[tuple[int, str]]]]:
    """The stages where a deal may begin, by pipeline."""
    pipelines = Pipeline.objects.filter(open_pipelines(actor), archived_at=None)
    stages = Stage.objects.filter(
        removed_at=None, kind=Stage.Kind.OPEN, pipeline__in=pipelines
    ).order_by("pipeline__position", "position")
    groups: dict[str, list[tuple[int, str]]] = {}
    for pk, name, pipeline in stages.values_list("pk", "name", "pipeline__name"):
        groups.setdefault(pipeline, []).append((pk, name))
    return list(groups.items())


def workers(actor: User, deal: Deal | None = None) -> list[tuple[Any, str]]:
    """Those to whom the actor may give deals, himself first, and whoever has this one."""
    granted = policy.level(actor, "deals.edit")
    people = User.objects.people().filter(is_active=True)
    if granted == policy.TEAM:
        people = people.filter(pk__in=[actor.pk, *policy.team_member_ids(actor)])
    elif granted != policy.ALL:
        people = people.filter(Q(pk=actor.pk))
    known = {user.pk: user.display_name for user in people.order_by("name")}
    if deal and deal.responsible:
        known.setdefault(deal.responsible.pk, deal.responsible.display_name)
    own = {actor.pk: known[actor.pk]} if actor.pk in known else {}
    blank = [("", "—")] if deal and deal.responsible_id is None else []
    return [*blank, *(own | known).items()]


def everybody() -> list[tuple[int, str]]:
    people = User.objects.people().filter(is_active=True).order_by("name")
    return [(user.pk, user.display_name) for user in people]
