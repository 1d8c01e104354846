"""Files as businesses keep them: the messy ten thousand, the salon's workbook, the receipts."""

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command

from orbita.clients import facts
from orbita.clients.models import Client, ContactPoint
from orbita.commerce.models import OpeningBalance, Order
from orbita.demo.messy import Salon, write_sales_csv
from orbita.gateways.models import Import
from orbita.gateways.tests.conftest import Bring, contents, outcome

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 5)
Undo = Callable[[Import], Import]
Exported = Callable[[str], str]


@pytest.fixture
def exported(tmp_path: Path) -> Callable[[str], str]:
    def export(what: str) -> str:
        path = tmp_path / f"{what}.csv"
        path.unlink(missing_ok=True)
        call_command("export", what, "--format", "csv", "--output", str(path))
        return path.read_text(encoding="utf-8-sig")

    return export


def test_the_salons_workbook_comes_in_with_its_totals_and_then_its_visits(
    bring: Bring, tmp_path: Path, undo: Undo, exported: Exported
) -> None:
    path = tmp_path / "salon.xlsx"
    salon = Salon(TODAY)
    salon.write_workbook(path)
    row = bring(path)
    counts = outcome(row)
    assert row.kind == "clients"
    assert sum(counts.values()) == 211  # 210 guests, and what they come to
    assert counts["created"] >= 200
    assert OpeningBalance.objects.count() > 100
    assert list(facts.compare()) == []
    before = exported("clients"), exported("orders")
    visits = bring(path, mapping={"kind": "sales", "sheet": "Визиты"}, match=["phone"])
    assert sum(outcome(visits).values()) == sum(len(guest.visits) for guest in salon.guests)
    assert Order.objects.count() == visits.created
    assert undo(visits).kept == 0
    assert (exported("clients"), exported("orders")) == before


def test_receipts_in_cp1251_make_clients_and_orders(
    bring: Bring, tmp_path: Path, undo: Undo, exported: Exported
) -> None:
    before = exported("clients"), exported("orders")
    path = tmp_path / "sales.csv"
    lines = write_sales_csv(path, TODAY)
    row = bring(path)
    assert outcome(row) == {"created": lines}
    assert row.kind == "sales"
    assert Client.objects.count() <= 140
    assert outcome(bring(path)) == {"unchanged": lines}
    assert list(facts.compare()) == []
    assert undo(row).kept == 0
    assert (exported("clients"), exported("orders")) == before


@pytest.mark.dataset
def test_the_messy_ten_thousand_are_the_same_from_workbook_and_text(
    bring: Bring, data_sets: Path, tmp_path: Path, undo: Undo, exported: Exported
) -> None:
    row = bring(data_sets / "ru_import_10k.xlsx")
    assert sum(outcome(row).values()) == 10_000
    assert row.created > 9_900
    assert ContactPoint.objects.filter(kind="phone").exclude(key="").count() > 10_000
    assert list(facts.compare()) == []
    first = exported("clients")
    undo(row)
    assert len(exported("clients").splitlines()) == 1
    text = tmp_path / "ru.csv"
    with gzip.open(data_sets / "ru_import_10k_cp1251.csv.gz") as packed:
        text.write_bytes(packed.read())
    again = bring(text)
    assert outcome(again) == outcome_of(row)
    assert exported("clients") == first
    assert contents()["OrderLine"] == []


def outcome_of(row: Import) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "rejected")
    return {name: getattr(row, name) for name in names if getattr(row, name)}
