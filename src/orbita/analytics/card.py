"""RFM on the card and in the list of clients."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orbita.analytics.models import RfmHistory, RfmScore
from orbita.analytics.rfm.groups import GROUPS, Group
from orbita.clients.extension import CardPanel, Figure, Shown, StripItem
from orbita.clients.models import Client
from orbita.core.models import Company
from orbita.ui import formats
from orbita.ui.lists import BuiltinView, Column, Look

PERMISSION = "analytics.view"
MOVES_SHOWN = 5


def badge(group: Group) -> SafeString:
    return format_html('<span class="o-rfm {}">{}</span>', group.css, group.label)


def score_of(client: Client) -> RfmScore | None:
    """The client's scores; None for those who have not bought. Joined with the card's client."""
    return getattr(client, "rfm", None)


# ---- the list ----


def _scores(ids: Sequence[int], actor: Any) -> Mapping[int, RfmScore]:
    return RfmScore.objects.in_bulk(ids)


def _group(client: Client, look: Look) -> SafeString | str:
    score = look.loaded_for("rfm", client)
    return badge(score.named) if score else ""


def _digits(client: Client, look: Look) -> str:
    score = look.loaded_for("rfm_scores", client)
    return score.digits if score else ""


GROUP = Column(
    "rfm",
    gettext_lazy("RFM group"),
    _group,
    css="c-rfm",
    short="RFM",
    permission=PERMISSION,
    load=_scores,
    value=lambda client, look: (
        str(score.named.label) if (score := look.loaded_for("rfm", client)) else None
    ),
)
SCORES = Column(
    "rfm_scores",
    gettext_lazy("R-F-M scores"),
    _digits,
    default=False,
    permission=PERMISSION,
    load=_scores,
)
TO_SAVE = BuiltinView(
    "rfm-save",
    gettext_lazy("To save"),
    {"all": [{"fact": "rfm_group", "op": "in", "value": ["cant_lose", "at_risk"]}]},
    sort="-gross",
    permission=PERMISSION,
)


# ---- the card ----


def _figure(card: Shown) -> Figure | None:
    score = score_of(card.client)
    if score is None:
        return None
    was = GROUPS.get(score.was)
    if was and was.name != score.group:
        return Figure(badge(score.named), _("was “%(group)s”") % {"group": was.label})
    return Figure(badge(score.named), score.digits)


def _panel(request: HttpRequest, client: Client) -> SafeString | str:
    score = score_of(client)
    if score is None:
        return ""
    moves = RfmHistory.objects.filter(client=client).order_by("-month")[:MOVES_SHOWN]
    context = {
        "group": score.named,
        "badge": badge(score.named),
        "measures": _measures(score),
        "moves": [(_month(move.month), _move(move)) for move in moves],
    }
    return SafeString(render_to_string("analytics/_rfm_panel.html", context))


def _measures(score: RfmScore) -> list[tuple[str, int | None, str]]:
    """(measure, score, what it was made from)."""
    orders = (
        _("the number of purchases is not known")
        if score.frequency is None
        else ngettext("%(n)s purchase", "%(n)s purchases", score.frequency)
        % {"n": formats.number(score.frequency)}
    )
    return [
        (_("Recency, R"), score.r, formats.ago(score.last_on)),
        (_("Frequency, F"), score.f, orders),
        (_("Money, M"), score.m, formats.money(score.monetary, Company.current().currency)),
    ]


def _month(month: date) -> str:
    return date_format(month, "F Y")


def _move(move: RfmHistory) -> str:
    was, now = GROUPS.get(move.was), GROUPS.get(move.group)
    if now is None:
        return _("no purchases in the period")
    return f"{was.label} → {now.label}" if was else str(now.label)


STRIP = StripItem(
    "rfm",
    gettext_lazy("RFM group"),
    _figure,
    order=50,
    permission=PERMISSION,
    join=lambda rows: rows.select_related("rfm"),
)
PANEL = CardPanel("rfm", _panel, order=60, permission=PERMISSION)
