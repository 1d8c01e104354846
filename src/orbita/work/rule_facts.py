"""What rules may ask of deals, and of clients because of their deals."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.accounts.models import User
from orbita.clients.guarding import sight
from orbita.clients.models import AcquisitionSource
from orbita.clients.rule_facts import key_column
from orbita.core.models import Company
from orbita.core.rules import Choices, Fact, column, date_column, moment_column
from orbita.work.confining import open_pipelines
from orbita.work.models import Deal, DealHelper, LossReason, Pipeline, Stage
from orbita.work.querysets import helps

Condition = Callable[[str, Any], Q]
DEAL, DATES, LOSS, DEALS = _("Deal"), _("Dates"), _("Loss"), _("Deals")
MOST_CHOICES = 500


def _pipelines(actor: Any) -> Choices:
    rows = Pipeline.objects.filter(open_pipelines(actor))
    return list(rows.values_list("pk", "name")[:MOST_CHOICES])


def _stages(actor: Any) -> Choices:
    pipelines = Pipeline.objects.filter(open_pipelines(actor), archived_at=None)
    stages = Stage.objects.filter(removed_at=None, pipeline__in=pipelines)
    rows = stages.order_by("pipeline__position", "position").values_list(
        "pk", "pipeline__name", "name"
    )
    return [(pk, f"{pipeline}: {name}") for pk, pipeline, name in rows[:MOST_CHOICES]]


def _reasons(actor: Any) -> Choices:
    rows = LossReason.objects.select_related("parent")[:MOST_CHOICES]
    return [(reason.pk, str(reason)) for reason in rows]


def _people(actor: Any) -> Choices:
    return [(user.pk, user.display_name) for user in User.objects.people().order_by("name")]


def _sources(actor: Any) -> Choices:
    return list(AcquisitionSource.objects.values_list("pk", "name")[:MOST_CHOICES])


def stuck_since(stages: list[Stage]) -> Q:
    """Open deals that have stood in their stage longer than its limit."""
    now, condition = timezone.now(), Q(pk__in=[])
    for stage in stages:
        if stage.limit_days and stage.is_open:
            condition |= Q(stage=stage.pk, stage_since__lt=now - timedelta(days=stage.limit_days))
    return condition


def _stuck(op: str, value: Any) -> Q:
    condition = stuck_since(list(Stage.objects.filter(limit_days__isnull=False)))
    return condition if value else ~condition


def _without_step(op: str, value: Any) -> Q:
    lacking = Q(state=Deal.State.OPEN, next_step_on=None, next_step="")
    return lacking if value else ~lacking


def _step_is_late(op: str, value: Any) -> Q:
    late = Q(state=Deal.State.OPEN, next_step_on__lt=Company.current().business_date())
    return late if value else ~late


def _helped(op: str, value: Any) -> Q:
    wanted = value if isinstance(value, list) else [value]
    found = Exists(DealHelper.objects.filter(deal=OuterRef("pk"), user__in=wanted))
    return ~Q(found) if op in ("not_in", "ne") else Q(found)


def _mine(op: str, value: Any, actor: Any) -> Q:
    own = Q(responsible=actor.pk) | Q(helps(actor))
    return own if value else ~own


def _closed_this_month(op: str, value: Any) -> Q:
    company = Company.current()
    first = company.business_date().replace(day=1)
    inside = Q(closed_at__gte=datetime.combine(first, time(0), tzinfo=company.zone))
    return inside if value else ~inside | Q(closed_at=None)


DEAL_FACTS = (
    Fact("name", _("Name of the deal"), "text", key_column("name_key"), DEAL),
    Fact("pipeline", _("Pipeline"), "ref", column("pipeline_id"), DEAL, _pipelines),
    Fact("stage", _("Stage"), "ref", column("stage_id"), DEAL, _stages),
    Fact(
        "state",
        _("State"),
        "choice",
        column("state"),
        DEAL,
        lambda actor: Deal.State.choices,
        ops=("in", "not_in"),
    ),
    Fact("sum", _("Sum"), "money", column("amount_base"), DEAL),
    Fact("responsible", _("Responsible"), "ref", column("responsible_id"), DEAL, _people),
    Fact("mine", _("Mine, or I help with it"), "bool", _mine, DEAL, by_actor=True),
    Fact("helper", _("Helper"), "ref", _helped, DEAL, _people, ops=("in", "not_in")),
    Fact(
        "source",
        _("Source"),
        "ref",
        column("source_id"),
        DEAL,
        _sources,
        open_to=lambda actor: sight(actor).shows("source"),
    ),
    Fact(
        "client",
        _("Client"),
        "text",
        key_column("client__name_key"),
        DEAL,
        ops=("contains", "starts"),
    ),
    Fact(
        "client_number",
        _("Number of the client"),
        "number",
        column("client_id"),
        DEAL,
        ops=("eq", "between"),
    ),
    Fact("expected", _("Expected on"), "date", date_column("expected_on"), DATES),
    Fact("next_step", _("Next step on"), "date", date_column("next_step_on"), DATES),
    Fact("without_step", _("Without a next step"), "bool", _without_step, DATES),
    Fact("late", _("The next step is late"), "bool", _step_is_late, DATES),
    Fact("stuck", _("Stuck in its stage"), "bool", _stuck, DATES),
    Fact("stage_since", _("In the stage since"), "datetime", moment_column("stage_since"), DATES),
    Fact("created", pgettext_lazy("deal", "Added"), "datetime", moment_column("created_at"), DATES),
    Fact("closed", _("Closed"), "datetime", moment_column("closed_at"), DATES),
    Fact("closed_this_month", _("Closed this month"), "bool", _closed_this_month, DATES),
    Fact("loss_reason", _("Reason of loss"), "ref", column("loss_reason_id"), LOSS, _reasons),
    Fact("come_back", _("Come back on"), "date", date_column("come_back_on"), LOSS),
)


def _has_deal(**where: Any) -> Condition:
    def condition(op: str, value: Any) -> Q:
        found = Exists(Deal.objects.filter(client=OuterRef("pk"), deleted_at=None, **where))
        return Q(found) if value else ~Q(found)

    return condition


def _deal_in_stage(op: str, value: Any) -> Q:
    wanted = value if isinstance(value, list) else [value]
    rows = Deal.objects.filter(client=OuterRef("pk"), deleted_at=None, stage__in=wanted)
    return ~Q(Exists(rows)) if op in ("not_in", "ne") else Q(Exists(rows))


CLIENT_FACTS = (
    Fact(
        "open_deal",
        _("Has an open deal"),
        "bool",
        _has_deal(state=Deal.State.OPEN),
        DEALS,
        permission="deals.view",
    ),
    Fact(
        "lost_deal",
        _("Has a lost deal"),
        "bool",
        _has_deal(state=Deal.State.LOST),
        DEALS,
        permission="deals.view",
    ),
    Fact(
        "deal_stage",
        _("Has a deal in the stage"),
        "ref",
        _deal_in_stage,
        DEALS,
        _stages,
        permission="deals.view",
        ops=("in", "not_in"),
    ),
)
