"""What the events of this room say on the timeline, in plain words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from orbita.clients.fields.shown import changes_in_words
from orbita.ui import formats

Payload = Mapping[str, Any]


def _named(data: Payload) -> str:
    return _("Deal “%(name)s”") % {"name": data.get("name", "")}


def _sum(data: Payload) -> str:
    amount = data.get("amount")
    return "" if amount is None else formats.money(amount, data.get("currency") or "RUB")


def deal_made(data: Payload) -> str:
    """«Сделка «Партия кофе» на 120 000 ₽: Новая заявка»."""
    said = _named(data)
    if worth := _sum(data):
        said = _("%(deal)s for %(sum)s") % {"deal": said, "sum": worth}
    return f"{said}: {data['stage']}" if data.get("stage") else said


def deal_changed(data: Payload) -> str:
    before, after = data.get("before", {}), data.get("after", {})
    parts = []
    if "amount" in after or "currency" in after:
        old, new = _sum({**data, **before}), _sum({**data, **after})
        parts.append(_("sum %(old)s → %(new)s") % {"old": old or "—", "new": new or "—"})
    if "responsible" in after:
        parts.append(_("responsible: %(name)s") % {"name": after["responsible"] or "—"})
    if "expected_on" in after:
        parts.append(_("expected on %(day)s") % {"day": _day(after["expected_on"])})
    if after.get("next_step"):
        parts.append(_("next step: %(step)s") % {"step": after["next_step"]})
    if "client" in after:
        parts.append(_("client changed"))
    parts += changes_in_words(data, "deal")
    said = _("%(deal)s changed") % {"deal": _named(data)}
    return f"{said}: {', '.join(parts)}" if parts else said


def deal_moved(data: Payload) -> str:
    return _("%(deal)s: %(old)s → %(new)s") % {
        "deal": _named(data),
        "old": data.get("before", {}).get("stage", ""),
        "new": data.get("after", {}).get("stage", ""),
    }


def deal_won(data: Payload) -> str:
    said = _("%(deal)s is won") % {"deal": _named(data)}
    return f"{said}: {_sum(data)}" if _sum(data) else said


def deal_lost(data: Payload) -> str:
    parts = [part for part in (data.get("reason"), data.get("words")) if part]
    if data.get("come_back_on"):
        parts.append(_("come back on %(day)s") % {"day": _day(data["come_back_on"])})
    said = _("%(deal)s is lost") % {"deal": _named(data)}
    return f"{said}: {', '.join(parts)}" if parts else said


def deal_reopened(data: Payload) -> str:
    return _("%(deal)s is at work again: %(stage)s") % {
        "deal": _named(data),
        "stage": data.get("after", {}).get("stage", ""),
    }


def deal_deleted(data: Payload) -> str:
    return _("%(deal)s moved to the bin") % {"deal": _named(data)}


def deal_restored(data: Payload) -> str:
    return _("%(deal)s restored") % {"deal": _named(data)}


def _day(value: Any) -> str:
    if not value:
        return "—"
    return formats.day(date.fromisoformat(value) if isinstance(value, str) else value)
