"""A pipeline as a board: a column for each stage, the newest arrivals on top."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from orbita.core.models import Company
from orbita.ui import formats
from orbita.work.models import Deal, Pipeline, Stage

IN_COLUMN = 30
# Won and lost deals stand on the board for so many days after they were closed.
CLOSED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Mark:
    """What is wrong with a card, in words; `css` is "bad" or "warn"."""

    words: str
    css: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A deal on the board."""

    deal: Deal
    url: str
    sum: str
    client: str
    step: str
    marks: Sequence[Mark]
    age: str


@dataclass(slots=True)
class Column:
    """A stage with its first deals. `count` and `sum` are of all that fit the filter."""

    stage: Stage
    count: int = 0
    sum: str = ""
    tiles: list[Tile] = field(default_factory=list)
    more_url: str = ""

    @property
    def left(self) -> int:
        return self.count - len(self.tiles)


def board(
    rows: QuerySet[Deal],
    pipeline: Pipeline,
    *,
    stage: Stage | None = None,
    shown: int = IN_COLUMN,
) -> list[Column]:
    """The columns of the pipeline over `rows`, the deals that are visible and fit the filter: of one
    stage only, when it is named. Five queries, however many deals there are.
    """
    stages = [stage] if stage else list(pipeline.stages.filter(removed_at=None))
    rows = rows.filter(_standing(stages))
    totals = _totals(rows)
    company = Company.current()
    columns = []
    tiles = _tiles(rows, shown, company)
    for one in stages:
        count, worth = _head(totals.get(one.pk, (0, 0)), company.currency)
        columns.append(
            Column(
                one,
                count,
                worth,
                tiles.get(one.pk, []),
                f"{reverse('work:board', args=[pipeline.pk])}?stage={one.pk}",
            )
        )
    return columns


def heads(rows: QuerySet[Deal], stages: Sequence[Stage]) -> dict[int, tuple[int, str]]:
    """What the heads of these columns say: stage → count and sum."""
    totals = _totals(rows.filter(_standing(stages)))
    currency = Company.current().currency
    return {stage.pk: _head(totals.get(stage.pk, (0, 0)), currency) for stage in stages}


def _head(total: tuple[int, int], currency: str) -> tuple[int, str]:
    count, worth = total
    return count, formats.short_money(worth, currency) if worth else ""


def _standing(stages: Sequence[Stage]) -> Q:
    """The deals of the columns: all open ones, and those closed lately."""
    since = timezone.now() - timedelta(days=CLOSED_DAYS)
    open_ones = [stage.pk for stage in stages if stage.is_open]
    closed = [stage.pk for stage in stages if not stage.is_open]
    return Q(stage__in=open_ones) | Q(stage__in=closed, stage_since__gte=since)


def _totals(rows: QuerySet[Deal]) -> dict[int, tuple[int, int]]:
    sums = rows.order_by().values_list("stage").annotate(Count("pk"), Sum("amount_base"))
    return {stage: (count, worth or 0) for stage, count, worth in sums}


def _tiles(rows: QuerySet[Deal], shown: int, company: Company) -> Mapping[int, list[Tile]]:
    place = Window(
        RowNumber(),
        partition_by=F("stage_id"),
        order_by=(F("stage_since").desc(), F("pk").desc()),
    )
    first = rows.annotate(place=place).filter(place__lte=shown).values_list("pk", flat=True)
    deals = (
        Deal.objects.filter(pk__in=list(first))
        .select_related("client", "responsible", "stage")
        .order_by("-stage_since", "-pk")
    )
    now, today = timezone.now(), company.business_date()
    found: dict[int, list[Tile]] = {}
    for deal in deals:
        found.setdefault(deal.stage_id, []).append(_tile(deal, now, today))
    return found


def _tile(deal: Deal, now: datetime, today: date) -> Tile:
    return Tile(
        deal,
        reverse("work:deal", args=[deal.pk]),
        formats.money(deal.amount, deal.currency) if deal.amount is not None else "",
        deal.client.name if deal.client and deal.client.name != deal.name else "",
        step_words(deal, today),
        marks_of(deal, now, today),
        age_words(deal, now),
    )


def step_words(deal: Deal, today: date) -> str:
    """«27 ноя: позвонить»."""
    day = formats.short_day(deal.next_step_on, today) if deal.next_step_on else ""
    return ": ".join(part for part in (day, deal.next_step) if part)


def age_words(deal: Deal, now: datetime) -> str:
    """How long the deal has stood in its stage."""
    days = (now - deal.stage_since).days
    if not days:
        return _("today")
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def marks_of(deal: Deal, now: datetime, today: date) -> list[Mark]:
    """What asks for attention: late, without a next step, stuck in the stage."""
    if not deal.is_open:
        return []
    found = []
    if not deal.next_step and not deal.next_step_on:
        found.append(Mark(_("no next step"), "warn"))
    elif deal.next_step_on and deal.next_step_on < today:
        found.append(Mark(pgettext("step", "late"), "bad"))
    limit: int | None = deal.stage.limit_days
    if limit and now - deal.stage_since > timedelta(days=limit):
        found.append(Mark(_("stuck: %(age)s") % {"age": age_words(deal, now)}, "warn"))
    return found


def choose_pipeline(pipelines: Sequence[Pipeline], wanted: Any) -> Pipeline | None:
    """The pipeline of this number, else the first one."""
    return next((one for one in pipelines if str(one.pk) == str(wanted)), None) or next(
        iter(pipelines), None
    )
