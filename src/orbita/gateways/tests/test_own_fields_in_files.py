"""Own fields in files: learned headings, values put right, doubts kept, undone, exported, read back."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.fields.actions import define_field
from orbita.clients.models import Client, FieldMark
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.gateways.actions import propose_mapping, receive_file
from orbita.gateways.exports.lists import plan_of
from orbita.gateways.tests.conftest import Bring, outcome
from orbita.ui.lists import export_rows

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
LIKES = [{"label": "Маникюр"}, {"label": "Стрижка"}]
HEADINGS = ("Код", "ФИО", "Марка машины", "Пробег, км", "ТО", "Лимит", "Нравится", "Автопарк")
IVANOV = (
    "17",
    "Иванов Иван",
    "Lada",
    "12 500,5",
    "05.03.2027",
    "1000,50",
    "стрижка; Маникюр",
    "да",
)
OWN = {
    "car": "Lada",
    "_car": "lada",
    "mileage": 125005000,
    "next": "2027-03-05",
    "limit": 100050,
    "likes": ["manikyur", "strizhka"],
    "fleet": 1,
}
TOLD = {
    "own_car": "Lada",
    "own_mileage": "12500.5",
    "own_next": "2027-03-05",
    "own_limit": "1000.50",
    "own_likes": ["manikyur", "strizhka"],
    "own_fleet": True,
}


@pytest.fixture
def fields(admin: User) -> None:
    for kind, label, key, more in (
        ("text", "Марка машины", "car", {}),
        ("number", "Пробег, км", "mileage", {}),
        ("date", "ТО", "next", {}),
        ("money", "Лимит", "limit", {}),
        ("choices", "Нравится", "likes", {"options": LIKES}),
        ("flag", "Автопарк", "fleet", {}),
    ):
        define_field(actor=admin, subject="client", kind=kind, label=label, key=key, **more)


def test_columns_are_known_by_the_names_of_own_fields(
    bring: Bring, sheet: Sheet, fields: None
) -> None:
    row = bring(sheet([HEADINGS, IVANOV]))
    assert outcome(row) == {"created": 1}
    card = Client.objects.get()
    assert card.own == OWN
    assert card.comment == ""
    told = payload_of(Event.objects.get(kind="client.created"))["after"]
    assert {name: told[name] for name in TOLD} == TOLD
    assert FieldMark.objects.filter(record_id=card.pk).count() == 2


def test_what_does_not_fit_goes_to_the_comment(bring: Bring, sheet: Sheet, fields: None) -> None:
    bring(sheet([HEADINGS, ("17", "Иванов Иван", "", "много", "когда-то", "", "Массаж", "")]))
    card = Client.objects.get()
    assert card.own is None
    assert "Пробег, км: много" in card.comment
    assert "Нравится: Массаж" in card.comment


@pytest.mark.parametrize("on_match", ["fill", "overwrite"])
def test_known_clients_are_filled_or_overwritten_and_put_back(
    bring: Bring, sheet: Sheet, undo: Any, fields: None, admin: User, on_match: str
) -> None:
    client = create_client(
        actor=admin,
        values={
            "name": "Иванов Иван",
            "own_car": "Волга",
            "own_fleet": False,
            "own_likes": ["manikyur"],
        },
        external_ids=[{"source": "file", "value": "17", "is_primary": True}],
    )
    kept = dict(client.own or {})
    row = bring(sheet([HEADINGS, IVANOV]), on_match=on_match)
    assert outcome(row) == {"updated": 1}
    client.refresh_from_db()
    assert client.own == (OWN | kept if on_match == "fill" else OWN)
    assert FieldMark.objects.count() == len((client.own or {})["likes"])
    undo(row)
    client.refresh_from_db()
    assert client.own == kept
    assert FieldMark.objects.count() == 1


def test_an_import_taken_back_leaves_no_marks(
    bring: Bring, sheet: Sheet, undo: Any, fields: None
) -> None:
    row = bring(sheet([HEADINGS, IVANOV]))
    undo(row)
    assert not Client.objects.exists()
    assert not FieldMark.objects.exists()


def test_a_unique_value_is_taken_once(bring: Bring, sheet: Sheet, admin: User) -> None:
    define_field(actor=admin, subject="client", kind="text", label="VIN", key="vin", is_unique=True)
    create_client(actor=admin, values={"name": "Старый Пётр", "own_vin": "AAA"})
    bring(
        sheet(
            [
                ("Код", "ФИО", "VIN"),
                ("1", "Иванов Иван", "aaa"),
                ("2", "Петров Пётр", "BBB"),
                ("3", "Сидоров Сидор", "bbb"),
            ]
        )
    )
    found = {c.name: ((c.own or {}).get("vin"), c.comment) for c in Client.objects.order_by("pk")}
    assert found == {
        "Старый Пётр": ("AAA", ""),
        "Иванов Иван": (None, "VIN: aaa"),
        "Петров Пётр": ("BBB", ""),
        "Сидоров Сидор": (None, "VIN: bbb"),
    }


def test_the_page_of_columns_offers_own_fields(
    bring: Bring, sheet: Sheet, fields: None, admin: User
) -> None:
    text = "ФИО;Марка машины\nИванов Иван;Lada\n"
    row = receive_file(actor=admin, chunks=[text.encode()], name="a.csv")
    propose_mapping(actor=admin, row=row, kind="auto")
    browser = Browser()
    browser.force_login(admin)
    page = browser.get(reverse("gateways:import-columns", args=[row.pk])).content.decode()
    assert '<option value="own_car" selected>Марка машины</option>' in page
    assert "Lada" in page


def export(kind: str, path: Path) -> str:
    output = path / f"clients.{kind}"
    call_command("export", "clients", format=kind, output=output)
    return output.read_text(encoding="utf-8-sig")


def test_a_whole_export_has_them_and_finds_its_way_back(
    bring: Bring, sheet: Sheet, fields: None, admin: User, tmp_path: Path
) -> None:
    bring(sheet([HEADINGS, IVANOV]))
    (row,) = json.loads(export("json", tmp_path))
    assert row["own_car"] == "Lada"
    assert row["own_likes"] == "Маникюр; Стрижка"
    text = export("csv", tmp_path)
    (again,) = csv.DictReader(io.StringIO(text))
    assert again["own_fleet"] == "yes"
    Client.objects.update(own=None)
    path = tmp_path / "again.csv"
    path.write_text(text, encoding="utf-8")
    bring(path, on_match="overwrite")
    assert Client.objects.get().own == OWN


def test_a_list_is_exported_with_own_columns_the_actor_sees(
    admin: User, head: User, fields: None
) -> None:
    define_field(
        actor=admin, subject="client", kind="text", label="Закрыто", key="closed",
        see_roles=[admin.role_id],
    )  # fmt: skip
    create_client(
        actor=head, values={"name": "Иванов Иван", "own_mileage": "2.5", "own_fleet": True}
    )
    plan = plan_of(actor=head, name="clients", query={}, format="csv", every_column=True)
    titles = [str(column.label) for column in plan.columns]
    assert "Пробег, км" in titles
    assert "Закрыто" not in titles
    (row,) = export_rows(plan.state, plan.columns, plan.rows)
    values = dict(zip(titles, row, strict=True))
    assert values["Пробег, км"] == Decimal("2.5")
