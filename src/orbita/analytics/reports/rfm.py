"""`report rfm`: the scores of every client who has bought, as of any day."""

from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection

from orbita.analytics.models import RfmSettings
from orbita.analytics.reports import Number, Report, Value
from orbita.analytics.rfm.compute import Summary, summarise
from orbita.analytics.rfm.measure import Measured, measured
from orbita.analytics.rfm.scoring import FEWEST_BANDS, MOST_BANDS, USUAL_BANDS, Params, score
from orbita.clients.models import ExternalId
from orbita.core.models import Company
from orbita.core.money import exponent, from_minor

COLUMNS = ("external_id", "recency_days", "frequency", "monetary", "r", "f", "m", "group")
FETCH = 5000


def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "--as-of",
        type=_day,
        metavar="YYYY-MM-DD",
        help="the day to look from, in the company's business days; later purchases are ignored"
        " (default: today)",
    )
    parser.add_argument("--net", action="store_true", help="money after returns (default: gross)")
    parser.add_argument(
        "--months", type=int, metavar="N", help="purchases of the last N months (default: all)"
    )
    parser.add_argument(
        "--bands",
        type=int,
        default=USUAL_BANDS,
        choices=range(FEWEST_BANDS, MOST_BANDS + 1),
        help=f"how many scores (default: {USUAL_BANDS})",
    )
    parser.add_argument(
        "--as-set",
        action="store_true",
        help="period, bands, returns and cut points as set on the RFM page",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"not a day like 2026-11-23: {text}") from None


@contextmanager
def opened(options: dict[str, Any]) -> Iterator[Iterator[Sequence[Value]]]:
    as_of = options["as_of"] or Company.current().business_date()
    params = (
        RfmSettings.current().params
        if options["as_set"]
        else Params(options["bands"], options["months"], options["net"])
    )
    with measured(as_of, params) as base:
        yield rows(base, summarise(base, params))


def rows(base: Measured, summary: Summary) -> Iterator[Sequence[Value]]:
    """One row per client, by the client's number. A client without an external id is `#number`."""
    currency = Company.current().currency
    places = exponent(currency)
    ids = ExternalId._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT base.client_id, named.value, last_on, frequency, monetary"  # noqa: S608
            f" FROM ({base.sql}) AS base LEFT JOIN {ids} AS named"
            " ON named.client_id = base.client_id AND named.is_primary"
            " ORDER BY base.client_id",
            base.params,
        )
        while fetched := cursor.fetchmany(FETCH):
            for pk, external_id, last_on, frequency, monetary in fetched:
                days, money = base.days(last_on), int(monetary)
                scores = score(days, frequency, money, summary.edges)
                yield (
                    f"#{pk}" if external_id is None else external_id,
                    days,
                    frequency,
                    Number(f"{from_minor(money, currency):.{places}f}"),
                    scores.r,
                    scores.f,
                    scores.m,
                    scores.group.name,
                )


RFM = Report(
    "rfm",
    "Recency, frequency and money of every client who has bought, their scores and group.",
    COLUMNS,
    add_arguments,
    opened,
)
