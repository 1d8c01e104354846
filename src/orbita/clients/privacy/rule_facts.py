"""What rules may ask of consents."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy

from orbita.clients.models import By, Consent, Purpose
from orbita.clients.privacy.consents import CHANNELS
from orbita.core.rules import Choices, Fact

CONSENTS = gettext_lazy("Consents")


def _advertising(given: bool) -> Callable[[str, Any], Q]:
    def condition(op: str, value: Any) -> Q:
        rows = Consent.objects.filter(purpose=Purpose.ADVERTISING, is_current=True, given=given)
        if op not in ("empty", "filled"):
            rows = rows.filter(channel__in=value if isinstance(value, list) else [value])
        having = Q(pk__in=rows.values("client_id"))
        return ~having if op in ("empty", "ne", "not_in") else having

    return condition


def _refused(purpose: str) -> Callable[[str, Any], Q]:
    def condition(op: str, value: Any) -> Q:
        rows = Consent.objects.filter(purpose=purpose, is_current=True, given=False)
        having = Q(pk__in=rows.values("client_id"))
        return having if value else ~having

    return condition


def _channels(actor: Any) -> Choices:
    return [(str(one), By(one).label) for one in CHANNELS[Purpose.ADVERTISING]]


FACTS = (
    Fact(
        "advertising_by",
        gettext_lazy("Agreed to advertising"),
        "choice",
        _advertising(True),
        CONSENTS,
        _channels,
    ),
    Fact(
        "advertising_refused",
        gettext_lazy("Refused advertising"),
        "choice",
        _advertising(False),
        CONSENTS,
        _channels,
    ),
    Fact(
        "service_refused",
        gettext_lazy("Refused messages about orders and service"),
        "bool",
        _refused(Purpose.SERVICE),
        CONSENTS,
    ),
    Fact(
        "profiling_refused",
        gettext_lazy("Refused the study of purchases and habits"),
        "bool",
        _refused(Purpose.PROFILING),
        CONSENTS,
    ),
)
