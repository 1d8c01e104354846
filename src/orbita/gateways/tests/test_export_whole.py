"""`./orbita export`: everything of clients and orders, in a form that an import understands."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from python_calamine import CalamineWorkbook

from orbita.accounts.models import User
from orbita.clients import actions as clients
from orbita.clients.models import Client
from orbita.commerce import actions as commerce
from orbita.commerce.records import LineData, OrderData
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.gateways.exports.full import CLIENT_COLUMNS, ORDER_COLUMNS
from orbita.gateways.files.columns import guess
from orbita.gateways.files.source import sample

pytestmark = pytest.mark.django_db
Written = Callable[..., bytes]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(what: str, **options: Any) -> bytes:
        path = tmp_path / "out"
        call_command("export", what, output=path, **options)
        return path.read_bytes()

    return write


@pytest.fixture
def anna(admin: User) -> Client:
    client = clients.create_client(
        actor=admin,
        values={"last_name": "Иванова", "first_name": "Анна", "comment": "=1+1"},
        external_ids=[{"value": "K-7"}],
    )
    for kind, value in (
        ("phone", "8 900 000-14-27"),
        ("phone", "+7 900 000-14-28"),
        ("email", "a@example.org"),
    ):
        clients.add_contact(actor=admin, client=client, kind=kind, value=value)
    return client


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_a_client_is_written_with_everything_an_import_reads(
    anna: Client, written: Written
) -> None:
    (row,) = rows(written("clients"))
    assert row["external_id"] == "K-7"
    assert (row["last_name"], row["first_name"], row["full_name"]) == ("Иванова", "Анна", "")
    assert row["phone"] == "+79000001427; +79000001428"
    assert row["email"] == "a@example.org"
    assert row["note"] == "'=1+1"


def test_clients_stand_in_the_order_in_which_they_came_and_deleted_ones_are_left_out(
    anna: Client, admin: User, written: Written
) -> None:
    second = clients.create_client(actor=admin, values={"kind": "company", "name": "ООО Астра"})
    gone = clients.create_client(actor=admin, values={"kind": "company", "name": "ООО Было"})
    clients.delete_client(actor=admin, client=gone)
    found = rows(written("clients"))
    assert [row["company"] for row in found] == ["", second.name]


def test_equal_bases_give_equal_files(anna: Client, admin: User, written: Written) -> None:
    before = [written("clients", format=each) for each in ("csv", "xlsx", "json")]
    Client.objects.update(version=9, updated_at=datetime(2031, 1, 1, tzinfo=UTC))
    assert [written("clients", format=each) for each in ("csv", "xlsx", "json")] == before


def test_an_order_has_a_row_per_line_and_a_return_has_quantities_below_zero(
    anna: Client, admin: User, written: Written
) -> None:
    order = commerce.create_order(
        actor=admin,
        data=OrderData(
            client_id=anna.pk,
            ordered_at=datetime(2024, 3, 1, 9, 0, tzinfo=UTC),
            lines=[
                LineData(name="Маникюр", price=22_000_000),
                LineData(name="Дизайн", quantity=2500, price=1_505_000),
            ],
        ),
    )
    found = rows(written("orders"))
    assert [(row["order_id"], row["line"], row["product"]) for row in found] == [
        (order.number, "1", "Маникюр"),
        (order.number, "2", "Дизайн"),
    ]
    assert found[1]["quantity"] == "2.5"
    assert found[1]["unit_price"] == "150.5"
    assert found[0]["customer_id"] == "K-7"
    assert found[0]["ordered_at"] == "2024-03-01 12:00:00"


def test_json_and_workbook_hold_what_the_text_table_does(anna: Client, written: Written) -> None:
    (plain,) = rows(written("clients"))
    (parsed,) = json.loads(written("clients", format="json"))
    assert list(parsed) == list(CLIENT_COLUMNS)
    assert parsed["phone"] == plain["phone"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(written("clients", format="xlsx")))
    head, row = book.get_sheet_by_index(0).to_python()
    assert head == list(CLIENT_COLUMNS)
    assert row[head.index("phone")] == plain["phone"]


def test_a_filter_narrows_the_export_and_a_wrong_one_is_one_sentence(
    anna: Client, admin: User, written: Written
) -> None:
    clients.create_client(actor=admin, values={"kind": "company", "name": "ООО Астра"})
    rule = {"fact": "kind", "op": "in", "value": ["company"]}
    assert [row["client_kind"] for row in rows(written("clients", filter=json.dumps(rule)))] == ["company"]  # fmt: skip
    for wrong in ("{", "[]", '{"fact": "nope", "op": "eq", "value": 1}'):
        with pytest.raises(CommandError):
            written("clients", filter=wrong)


def test_an_export_is_on_record(anna: Client, written: Written) -> None:
    written("clients", format="json")
    said = payload_of(Event.objects.get(kind="export.made"))
    assert (said["list"], said["format"], said["count"]) == ("clients", "json", 1)
    assert said["columns"] == list(CLIENT_COLUMNS)


def test_an_export_that_fails_leaves_the_earlier_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("export", "clients", output=tmp_path / "no" / "out")
    assert list(tmp_path.iterdir()) == []


UNKNOWN = {"clients": set[str](), "orders": {"order_kind", "line"}}
OTHER_NAMES = {"customer_id": "external_id", "customer_name": "full_name"}


@pytest.mark.parametrize("what", ["clients", "orders"])
def test_an_import_recognises_every_column_of_an_export(
    what: str, anna: Client, admin: User, written: Written, tmp_path: Path
) -> None:
    commerce.create_order(
        actor=admin,
        data=OrderData(
            client_id=anna.pk, lines=[LineData(name="Маникюр", price=22_000_000, cost=500)]
        ),
    )
    path = tmp_path / "again.csv"
    path.write_bytes(written(what))
    mapping = guess(sample(path))
    assert mapping.kind == {"clients": "clients", "orders": "sales"}[what]
    columns = {"clients": CLIENT_COLUMNS, "orders": ORDER_COLUMNS}[what]
    read = {columns[place]: name for place, name in mapping.columns.items()}
    expected = {name: OTHER_NAMES.get(name, name) for name in columns if name not in UNKNOWN[what]}
    assert read == expected


def test_dates_are_plain_days(anna: Client, admin: User, written: Written) -> None:
    Client.objects.filter(pk=anna.pk).update(birthday=date(1985, 2, 3))
    (row,) = rows(written("clients"))
    assert row["birthday"] == "1985-02-03"
