"""Events of work in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

Payload = Mapping[str, Any]
TAKEN = gettext_noop("taken from the free pool")
GIVEN = gettext_noop("given out by rule")
RELEASED = gettext_noop("the time limit without a result has passed")


def reason(data: Payload) -> str:
    """Why a client went to somebody: our own reasons translated, people's as they wrote them."""
    text = str(data.get("reason") or "")
    return _(text) if text in (TAKEN, GIVEN, RELEASED) else text


def warned(data: Payload) -> SafeString:
    days = ngettext("No result for %(n)s day", "No result for %(n)s days", data.get("days", 0)) % {
        "n": data.get("days", 0)
    }
    left = ngettext(
        "without one, the client goes to the free pool in %(n)s day",
        "without one, the client goes to the free pool in %(n)s days",
        data.get("warn_days", 0),
    ) % {"n": data.get("warn_days", 0)}
    return format_html("{}; {}", days, left)


def stopped(data: Payload) -> SafeString:
    words = format_html("<b>{}</b>", _("Not to be contacted any more"))
    return format_html("{}: {}", words, data["reason"]) if data.get("reason") else words


def allowed(data: Payload) -> str:
    return _("May be contacted again")
