"""What deals look like in a cell, on lists and on pages alike."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.clients.guarding import sight
from orbita.ui import formats
from orbita.work.models import Deal, Stage


def deal_title(deal: Deal) -> str:
    """«Сделка «Партия кофе»»."""
    return _("Deal “%(name)s”") % {"name": deal.name or formats.DASH}


def sees_sources(actor: Any) -> bool:
    """Whether the actor may read where clients come from: of deals, as of clients."""
    return sight(actor).shows("source")


def sum_text(deal: Deal) -> str:
    return "" if deal.amount is None else formats.money(deal.amount, deal.currency)


def stage_cell(stage: Stage) -> str:
    """The stage with its colour; the name says it too, so the dot is for the eyes only."""
    return format_html('<span class="o-dot {}">{}</span>', stage.colour, stage.name)


def days_in_stage(deal: Deal, now: datetime) -> int:
    """Whole days since the deal came to its stage; of a closed one, since it was closed."""
    return max((now - deal.stage_since).days, 0)


def is_stuck(deal: Deal, now: datetime) -> bool:
    """Open, and longer in the stage than its limit."""
    limit: int | None = deal.stage.limit_days
    return deal.is_open and bool(limit) and now - deal.stage_since > timedelta(days=limit or 0)


def age_cell(deal: Deal, now: datetime) -> str:
    """How long an open deal has stood in its stage; too long stands out."""
    if not deal.is_open:
        return ""
    days = days_in_stage(deal, now)
    if not days:
        return _("today")
    words = ngettext("%(n)s day", "%(n)s days", days) % {"n": formats.number(days)}
    if is_stuck(deal, now):
        return format_html('<span class="warn">{}</span>', _("%(age)s, stuck") % {"age": words})
    return words


def step_cell(deal: Deal, today: date) -> str:
    """«27 ноя: позвонить»; a late one and a missing one stand out."""
    if not deal.is_open:
        return ""
    if not deal.next_step and deal.next_step_on is None:
        return format_html('<span class="warn">{}</span>', _("no next step"))
    day = formats.short_day(deal.next_step_on, today) if deal.next_step_on else ""
    words = ": ".join(part for part in (day, deal.next_step) if part)
    if deal.next_step_on and deal.next_step_on < today:
        return format_html('<span class="bad">{}</span>', words)
    return words


def expected_cell(deal: Deal, today: date) -> str:
    """The day the deal is expected to be won; a past one of an open deal stands out."""
    if deal.expected_on is None:
        return ""
    words = formats.short_day(deal.expected_on, today)
    if deal.is_open and deal.expected_on < today:
        return format_html('<span class="bad">{}</span>', words)
    return words
