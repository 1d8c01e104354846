"""Events of privacy in words."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from orbita.clients.models import Consent
from orbita.clients.privacy.consents import what
from orbita.ui import formats

Payload = Mapping[str, Any]


def held(data: Payload) -> str:
    return _("The data must be kept until %(day)s: %(reason)s") % {
        "day": formats.day(date.fromisoformat(data["until"]), date(1, 1, 1)),
        "reason": data["reason"],
    }


def given(data: Payload) -> SafeString:
    return _answer(pgettext("consent", "Agreed"), data)


def withdrawn(data: Payload) -> SafeString:
    return _answer(pgettext("consent", "Refused"), data)


def _answer(verb: str, data: Payload) -> SafeString:
    asked = ", ".join(what(data["purpose"], channel) for channel in data["channels"])
    how = Consent.Source(data["source"]).label
    details = [str(how)]
    if data.get("text"):
        details.append(_("text %(n)s") % {"n": data["text"]})
    if data.get("proof"):
        details.append(data["proof"])
    return format_html("<b>{}</b>: {} ({})", verb, asked, ", ".join(details))


def asked(data: Payload) -> str:
    """«Запрошено удаление данных: карточка № 39»."""
    return _("Erasure asked for: %(cards)s") % {"cards": cards_of(data["cards"])}


def erased(data: Payload) -> str:
    """«Данные удалены навсегда: карточка № 39; строк удалено 51, очищено 32, файлов 0»."""
    counts = list(data["tables"].values())
    return _(
        "Erased for good: %(cards)s; rows deleted: %(gone)s, emptied: %(emptied)s, files: %(files)s"
    ) % {
        "cards": cards_of(data["cards"]),
        "gone": formats.number(sum(deleted for deleted, _emptied in counts)),
        "emptied": formats.number(sum(emptied for _deleted, emptied in counts)),
        "files": data["files"],
    }


def copied(data: Payload) -> str:
    return _("Copy of all data made, files in it: %(n)s") % {"n": data["files"]}


def text_added(data: Payload) -> str:
    return _("New text of a consent: %(what)s, version %(n)s") % {
        "what": what(data["purpose"], ""),
        "n": data["version"],
    }


def cards_of(numbers: Sequence[int]) -> str:
    """«карточка № 39»."""
    cards = ", ".join(f"№ {card}" for card in numbers)
    return ngettext("card %(cards)s", "cards %(cards)s", len(numbers)) % {"cards": cards}
