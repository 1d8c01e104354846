"""The report against an independent computation over public data (UCI Online Retail)."""

import csv
import gzip
import io
import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from orbita.accounts.actions import service_user
from orbita.clients.models import Client, ExternalId
from orbita.commerce import actions
from orbita.commerce.records import LineData, OrderData
from orbita.core.models import Company

pytestmark = [pytest.mark.dataset, pytest.mark.django_db]
AS_OF = "2011-12-10"


@pytest.fixture
def folder() -> Path:
    if not os.environ.get("ORBITA_TEST_DATA"):
        pytest.skip("NOT RUN: ORBITA_TEST_DATA does not name the folder with the public data sets")
    return Path(os.environ["ORBITA_TEST_DATA"])


@pytest.fixture
def retail_base(folder: Path) -> None:
    with gzip.open(folder / "uci_online_retail.csv.gz", "rt", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    numbers = sorted({line["CustomerID"] for line in lines} - {""})
    clients = Client.objects.bulk_create([Client(name=n, name_key=n) for n in numbers])
    ExternalId.objects.bulk_create([ExternalId(client=c, value=c.name) for c in clients])
    orders = list(_orders(lines, {client.name: client.pk for client in clients}))
    Company.objects.create()
    for start in range(0, len(orders), 5000):
        actions.load_orders(orders[start : start + 5000], actor=service_user(), origin="file")


def _orders(lines: list[dict[str, str]], clients: dict[str, int]) -> Iterator[OrderData]:
    invoices: dict[str, list[dict[str, str]]] = {}
    for line in lines:
        invoices.setdefault(line["InvoiceNo"], []).append(line)
    for number, of_invoice in invoices.items():
        yield OrderData(
            external_id=number,
            kind="return" if number.startswith("C") else "sale",
            client_id=clients.get(of_invoice[0]["CustomerID"]),
            ordered_on=datetime.fromisoformat(of_invoice[0]["InvoiceDate"]).date(),
            lines=[
                LineData(
                    quantity=int(line["Quantity"]) * 1000,
                    price=int(Decimal(line["UnitPrice"]) * 10_000),
                )
                for line in of_invoice
            ],
        )


def report(*arguments: str) -> dict[str, dict[str, str]]:
    out = io.StringIO()
    call_command("report", "rfm", "--as-of", AS_OF, "--format", "csv", *arguments, stdout=out)
    return {row["external_id"]: row for row in csv.DictReader(out.getvalue().splitlines())}


def strictly_worse(values: dict[str, Decimal], bands: int) -> dict[str, int]:
    """Scores by the definition of docs/rfm.md: 1 + whole bands of the base strictly below."""
    below, before = {}, 0
    ordered = sorted(values.values())
    for place, value in enumerate(ordered):
        if not place or value != ordered[place - 1]:
            before = place
        below[value] = before
    return {number: 1 + bands * below[value] // len(values) for number, value in values.items()}


def test_every_customer_agrees_to_the_penny_and_the_day(retail_base: None, folder: Path) -> None:
    with (folder / "uci_rfm_reference.csv").open(encoding="utf-8") as file:
        reference = {row["customer_id"]: row for row in csv.DictReader(file)}
    gross, net = report(), report("--net")
    assert set(gross) == set(net) == set(reference)
    assert len(reference) == 4_338
    for number, row in reference.items():
        mine = gross[number]
        assert mine["frequency"] == row["orders"], number
        assert mine["monetary"] == row["gross"], number
        assert mine["recency_days"] == row["recency_days"], number
        returned = Decimal(mine["monetary"]) - Decimal(net[number]["monetary"])
        assert returned == Decimal(row["returned"]), number
    for column, measure, sign in (("r", "recency_days", -1), ("f", "orders", 1), ("m", "gross", 1)):
        by_definition = strictly_worse(
            {number: sign * Decimal(row[measure]) for number, row in reference.items()}, 5
        )
        assert {number: int(row[column]) for number, row in gross.items()} == by_definition
