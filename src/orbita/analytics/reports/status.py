"""`report status`: where every client stands on the ladder, and his base kind."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.models import OuterRef, Subquery

from orbita.analytics.reports import Report, Value
from orbita.clients.models import Client, ExternalId
from orbita.clients.status.ladder import KINDS, POTENTIAL, RECORDED, STEP

COLUMNS = (
    "external_id",
    "status",
    "base_kind",
    "since",
    "changes_on",
    "orders",
    "last_order_on",
)
FETCH = 5000


def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "--status", choices=list(STEP), metavar="NAME", help=f"only of: {', '.join(STEP)}"
    )
    parser.add_argument(
        "--kind", choices=list(KINDS), metavar="NAME", help=f"only of: {', '.join(KINDS)}"
    )


@contextmanager
def opened(options: dict[str, Any]) -> Iterator[Iterator[Sequence[Value]]]:
    yield rows(options["status"], options["kind"])


def rows(step: str | None, kind: str | None) -> Iterator[Sequence[Value]]:
    """One row per client, by the client's number. A client without an external id is `#number`."""
    named = ExternalId.objects.filter(client=OuterRef("pk"), is_primary=True).values("value")
    found = Client.objects.alive().order_by("pk")
    # A client without a row stands at the bottom of both.
    if step and step != RECORDED:
        found = found.filter(ladder__step=step)
    if kind and kind != POTENTIAL:
        found = found.filter(ladder__kind=kind)
    values = found.values_list(
        "pk",
        Subquery(named[:1]),
        "ladder__step",
        "ladder__kind",
        "ladder__since",
        "ladder__due_on",
        "facts__orders_count",
        "facts__orders_known",
        "facts__last_order_on",
    )
    for pk, external_id, stands, base, since, due_on, orders, known, last_on in values.iterator(
        chunk_size=FETCH
    ):
        if (step and (stands or RECORDED) != step) or (kind and (base or POTENTIAL) != kind):
            continue
        yield (
            f"#{pk}" if external_id is None else external_id,
            stands or RECORDED,
            base or POTENTIAL,
            _day(since),
            _day(due_on),
            orders if known is not False else None,
            _day(last_on),
        )


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


STATUS = Report(
    "status",
    "The status and the base kind of every client, since when, and when time alone changes them.",
    COLUMNS,
    add_arguments,
    opened,
)
