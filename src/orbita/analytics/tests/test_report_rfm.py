import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from orbita.analytics.tests.shop import buy, client, give_back, total
from orbita.clients.models import ExternalId

pytestmark = pytest.mark.django_db
HEADING = "external_id,recency_days,frequency,monetary,r,f,m,group"


def report(*arguments: str) -> str:
    out = io.StringIO()
    call_command("report", "rfm", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def shop(db: None) -> None:
    client("Never")
    anna, boris, clara = client(), client("Boris"), client("Clara")
    ExternalId.objects.create(client=anna, value="A-1")
    ExternalId.objects.create(client=anna, value="other", source="shop", is_primary=False)
    buy(anna, date(2026, 1, 5), 100)
    buy(anna, date(2026, 1, 8), 50.5)
    give_back(anna, date(2026, 1, 9), 20)
    buy(boris, date(2026, 1, 2), 10)
    buy(boris, date(2026, 2, 2), 10_000)
    total(clara, 70, first=None, last=date(2025, 12, 31))


def test_the_csv_has_a_row_per_buyer_by_the_client_s_number(shop: None) -> None:
    lines = report("--as-of", "2026-01-10", "--format", "csv").splitlines()
    assert lines[0] == HEADING
    rows = list(csv.DictReader(lines))
    assert [row["external_id"][0] for row in rows] == ["A", "#", "#"]
    assert rows[0] | {"r": "", "f": "", "m": "", "group": ""} == {
        "external_id": "A-1",
        "recency_days": "2",
        "frequency": "2",
        "monetary": "150.50",
        "r": "",
        "f": "",
        "m": "",
        "group": "",
    }
    assert (rows[1]["recency_days"], rows[1]["monetary"]) == ("8", "10.00")
    assert (rows[2]["frequency"], rows[2]["f"], rows[2]["monetary"]) == ("", "", "70.00")


def test_net_is_after_returns_and_the_period_narrows(shop: None) -> None:
    net = list(csv.DictReader(report("--as-of", "2026-01-10", "--format", "csv", "--net").split()))
    assert net[0]["monetary"] == "130.50"
    short = report("--as-of", "2026-02-05", "--format", "csv", "--months", "1").split()
    assert [row["monetary"] for row in csv.DictReader(short)] == ["50.50", "10000.00"]


def test_json_holds_the_same_with_numbers_as_numbers(shop: None) -> None:
    rows = json.loads(report("--as-of", "2026-01-10", "--format", "json"), parse_float=str)
    assert rows[0]["monetary"] == "150.50"
    assert rows[2]["frequency"] is None
    assert list(rows[0]) == HEADING.split(",")


def test_an_empty_base_gives_a_heading_and_an_empty_array() -> None:
    assert report("--format", "csv") == HEADING + "\n"
    assert json.loads(report("--format", "json")) == []
    assert report("--format", "table").split() == HEADING.split(",")


def test_the_report_goes_to_a_file(shop: None, tmp_path: Path) -> None:
    file = tmp_path / "rfm.csv"
    assert report("--as-of", "2026-01-10", "--format", "csv", "--output", str(file)) == ""
    assert file.read_text() == report("--as-of", "2026-01-10", "--format", "csv")


def test_options_that_make_no_sense_are_one_clear_line(shop: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="600"):
        report("--months", "0")
    with pytest.raises(CommandError, match="No such file"):
        report("--output", str(tmp_path / "no" / "file.csv"))
