"""The ladder in the list and on the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.clients.extension import CardPanel, Figure, Shown, StripItem
from orbita.clients.models import Client, ClientMark, StatusMove
from orbita.clients.status import words
from orbita.clients.status.keeping import rules_now
from orbita.clients.status.ladder import STEP, WAY_UP
from orbita.ui import formats
from orbita.ui.lists import Column, Look

MOVES_SHOWN = 5


# ---- the list ----


def disc(css: str, label: str) -> SafeString:
    return format_html('<span class="o-lad {}">{}</span>', css, label)


def _with_standing(rows: Any) -> Any:
    return rows.select_related("facts", "ladder")


def _step(client: Client, look: Look) -> SafeString:
    return disc(words.standing(client)[0].css, words.label_of(client))


def _kind(client: Client, look: Look) -> str:
    return words.kind_label(words.standing(client)[1])


def _since(client: Client, look: Look) -> str:
    row = getattr(client, "ladder", None)
    return formats.short_day(row.since, look.today) if row and row.since else ""


STATUS = Column(
    "status",
    gettext_lazy("Status"),
    _step,
    css="c-st",
    prepare=_with_standing,
    value=lambda client, look: words.label_of(client),
)
KIND = Column(
    "base_kind",
    gettext_lazy("Base kind"),
    _kind,
    default=False,
    prepare=_with_standing,
)
SINCE = Column(
    "status_since",
    gettext_lazy("Status since"),
    _since,
    default=False,
    prepare=_with_standing,
    value=lambda client, look: row.since if (row := getattr(client, "ladder", None)) else None,
)


# ---- the card ----


def _figure(card: Shown) -> Figure:
    step, _kind_name = words.standing(card.client)
    place = WAY_UP.index(step.name) if step.name in WAY_UP else None
    below = [STEP[name] for name in WAY_UP[:place]] if place is not None else []
    discs = format_html_join(
        "",
        '<li class="{}"><span class="sr">{}</span></li>',
        ((one.css, words.label(one.name, rules_now())) for one in below),
    )
    title = (
        _("Step %(n)s of %(all)s") % {"n": place + 1, "all": len(WAY_UP)}
        if place is not None
        else _("Off the way up")
    )
    ladder = format_html(
        '<ol class="o-steps" aria-label="{}">{}<li class="{}" aria-current="step">{}</li></ol>',
        title,
        discs,
        step.css,
        words.label_of(card.client),
    )
    row = getattr(card.client, "ladder", None)
    since = (
        _("by rule, since %(day)s") % {"day": formats.day(row.since)}
        if row and row.since
        else _("by rule")
    )
    note = format_html('<a href="{}">{}</a>', reverse("clients:statuses"), since)
    return Figure(ladder, note)


STRIP = StripItem(
    "status",
    gettext_lazy("Status"),
    _figure,
    order=10,
    join=lambda rows: rows.select_related("ladder", "work", "contact_stop"),
)


def _panel(request: HttpRequest, client: Client) -> SafeString:
    put = {row.mark: row for row in ClientMark.objects.filter(client=client)}
    context = {
        "client": client,
        "kind": words.kind_label(words.standing(client)[1]),
        "why": words.why(client),
        "marks": [
            {
                "name": name,
                "label": label,
                "at": formats.day(put[name].at.date()) if name in put else "",
            }
            for name, label in ClientMark.Mark.choices
        ],
        "may_edit": policy.allows(request.user, "clients.edit", client),
        "any": bool(put),
    }
    return SafeString(render_to_string("clients/_status.html", context, request))


def _moves(request: HttpRequest, client: Client) -> SafeString | str:
    rows = StatusMove.objects.filter(client=client).order_by("-pk")[:MOVES_SHOWN]
    rules = rules_now()
    moves: Sequence[Mapping[str, Any]] = [
        {
            "css": STEP[row.step].css,
            "label": words.label(row.step, rules),
            "was": words.label(row.was, rules),
            "at": formats.day(row.at.date()),
            "why": words.cause(row.cause, row.orders, row.silent),
        }
        for row in rows
    ]
    if not moves:
        return ""
    return SafeString(render_to_string("clients/_status_moves.html", {"moves": moves}))


PANEL = CardPanel("status", _panel, order=20)
MOVES = CardPanel("status_moves", _moves, order=70)
