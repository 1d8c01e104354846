"""Events of quality in words, as safe HTML for the timeline."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from orbita.clients.models import ContactState
from orbita.clients.quality.problems import BY_NAME
from orbita.clients.wording import entry_text
from orbita.ui import formats

Payload = Mapping[str, Any]


def marked(data: Payload) -> SafeString:
    """«+7 900 000-14-27: не отвечает (три дня подряд)»."""
    return _joined(_mark_words(one) for one in data.get("contacts", []))


def _mark_words(one: Payload) -> SafeString:
    mark, reason = one["after"]["mark"], one["after"]["reason"]
    words = str(dict(ContactState.Mark.choices).get(mark, mark))
    text = f"{words} ({reason})" if reason else words
    return format_html("{}: <b>{}</b>", entry_text("contacts", one["contact"]), text)


def confirmed(data: Payload) -> SafeString:
    """«Подтверждено: +7 900 000-14-27, i@example.org»."""
    if "undoes" in data:
        return SafeString(_("Confirmation taken back"))
    shown = ", ".join(str(entry_text("contacts", one["contact"])) for one in data["contacts"])
    return format_html("{} <b>{}</b>", _("Confirmed:"), shown)


def died(data: Payload) -> SafeString:
    """«Не работаем до 1 марта 2027: закрылись на ремонт»."""
    after = data.get("after") or {}
    again = after.get("look_again_on")
    head = (
        _("Dead for now, look again on %(day)s:")
        % {"day": formats.day(date.fromisoformat(again), date(1, 1, 1))}
        if again
        else _("Dead for good:")
    )
    return format_html("{} {}", head, after.get("reason", ""))


def look_again(data: Payload) -> SafeString:
    return format_html("{} {}", _("Time to look again. It was put aside:"), data.get("reason", ""))


def accepted(data: Payload) -> SafeString:
    trouble = BY_NAME.get(data.get("problem", ""))
    return format_html(
        "{} <b>{}</b>{}",
        _("Found right as it is:"),
        data.get("value", ""),
        f" ({trouble.label})" if trouble else "",
    )


def _joined(parts: Any) -> SafeString:
    return format_html_join(mark_safe("; "), "{}", ((part,) for part in parts))
