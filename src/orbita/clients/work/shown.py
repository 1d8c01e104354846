"""Work on the card: whether one may call, whose the client is and until when."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.accounts.models import Absence
from orbita.clients.extension import MAIN, CardButton, CardPanel
from orbita.clients.guarding import sight
from orbita.clients.models import Client, ContactStop, WorkRules
from orbita.clients.work.contacting import rules_row, stopped, too_soon
from orbita.clients.work.rules import CONTACT, Rules
from orbita.ui import formats


def _warning(request: HttpRequest, client: Client) -> SafeString | str:
    """What stands above everything when the client is not to be called now."""
    stop: ContactStop | None = getattr(client, "contact_stop", None)
    refusal = None if stop else too_soon([client.pk], "phone").get(client.pk)
    if stop is None and refusal is None:
        return ""
    context = {
        "client": client,
        "reason": stopped(stop, sight(request.user)) if stop else getattr(refusal, "reason", ""),
        "may_allow": stop and policy.allows(request.user, "clients.edit", client),
    }
    return SafeString(render_to_string("clients/_contact_warning.html", context, request))


def _panel(request: HttpRequest, client: Client) -> SafeString | str:
    context = {
        "client": client,
        "lines": _lines(client) if client.responsible else (),
        "may_edit": policy.allows(request.user, "clients.edit", client),
    }
    return SafeString(render_to_string("clients/_work.html", context))


def _lines(client: Client) -> list[Mapping[str, Any]]:
    """Since when the client has been with his responsible, why, and what is due of him."""
    row = rules_row()
    work = getattr(client, "work", None)
    given_on = (work and work.assigned_on) or timezone.localtime(client.created_at).date()
    away = policy.away_today()
    absence = next((one for one in away if one.user_id == client.responsible_id), None)
    lines = [_line(_("Since"), formats.day(given_on))]
    if work and work.reason:
        lines.append(_line(_("Why handed over"), work.reason))
    if absence:
        lines.append(_line(_("Away"), _away(absence), "warn"))
    if limit := _limit(client, row, given_on):
        text = _("%(day)s, then to the free pool") % {"day": formats.day(limit)}
        lines.append(_line(_("Result by"), text, "bad" if work and work.warned_on else ""))
    return lines


def _line(label: str, text: str, css: str = "") -> Mapping[str, Any]:
    return {"label": label, "text": text, "css": css}


def _away(absence: Absence) -> str:
    until = _("until %(day)s") % {"day": formats.day(absence.last_on)}
    if absence.deputy is None:
        return until
    return _("%(until)s, %(name)s stands in") % {
        "until": until,
        "name": absence.deputy.display_name,
    }


def _limit(client: Client, row: WorkRules, given_on: date) -> date | None:
    """The day by which a result is due; None without the rule."""
    rules: Rules = row.rules
    if rules.result_days is None or row.limited_on is None:
        return None
    seen = [given_on, row.limited_on]
    if client.facts.last_order_on:
        seen.append(client.facts.last_order_on)
    if rules.result == CONTACT and client.facts.last_contact_at:
        seen.append(timezone.localtime(client.facts.last_contact_at).date())
    work = getattr(client, "work", None)
    due = max(seen) + timedelta(days=rules.result_days + rules.warn_days)
    if work and work.warned_on:
        due = max(due, work.warned_on + timedelta(days=rules.warn_days))
    return due


WARNING = CardPanel("contact_warning", _warning, place=MAIN, order=1)
PANEL = CardPanel("work", _panel, order=25)
HAND_OVER = CardButton(
    "hand_over",
    gettext_lazy("Hand over"),
    lambda client: reverse("clients:hand-over", args=[client.pk]),
    icon="users",
    permission="clients.edit",
    order=60,
)
STOP = CardButton(
    "stop_contacting",
    gettext_lazy("Stop contacting"),
    lambda client: reverse("clients:stop", args=[client.pk]),
    icon="x",
    permission="clients.note",
    order=70,
)
