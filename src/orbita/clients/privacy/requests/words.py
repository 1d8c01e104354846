"""Events of requests in words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from orbita.clients.models import DataRequest, RequestStep
from orbita.ui import formats

Payload = Mapping[str, Any]


def received(data: Payload) -> str:
    """«Запрос № 4: копия данных; ответить до 7 декабря 2026»."""
    return _("Request № %(number)s: %(what)s; to be answered by %(day)s") % {
        "number": data["number"],
        "what": _kind(data),
        "day": formats.day(date.fromisoformat(data["due"]), date(1, 1, 1)),
    }


def step(data: Payload) -> str:
    """«Запрос № 4: личность проверена»."""
    name = data["step"]
    label = RequestStep.Kind(name).label if name in RequestStep.Kind.values else _("Other person")
    return _("Request № %(number)s: %(what)s") % {"number": data["number"], "what": label}


def closed(data: Payload) -> str:
    return _("Request № %(number)s: %(what)s") % {
        "number": data["number"],
        "what": DataRequest.Status(data["status"]).label,
    }


def _kind(data: Payload) -> str:
    return str(DataRequest.Kind(data["kind"]).label)
