"""Columns that Orbita has no field for become own fields; documents among them tell duplicates."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.duplicates import likely, record_of
from orbita.clients.fields.actions import archive_field, define_field
from orbita.clients.models import Client, FieldDefinition
from orbita.commerce.models import Order, Product
from orbita.core.models import Event
from orbita.gateways import actions
from orbita.gateways.imports import engine, undoing
from orbita.gateways.imports.new_fields import kind_of
from orbita.gateways.imports.preview import preview
from orbita.gateways.models import Import
from orbita.gateways.tests.conftest import Bring, contents, outcome

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
CARS = [
    ("Код", "ФИО", "Любимый цвет", "Пробег авто", "Техосмотр"),
    ("1", "Иванов Иван", "синий", "12500", "05.03.2027"),
    ("2", "Петров Пётр", "", "800,5", ""),
]
NEW = {"2": "new_field", "3": "new_field", "4": "new_field"}
PASSPORTS = [
    ("Код", "ФИО", "Паспорт"),
    ("1", "Иванов Иван", "45 09 123456"),
    ("2", "Петров Пётр", "4511 654321"),
]


def draft(path: Path, actor: User, columns: dict[str, str] | None = None) -> Import:
    row = actions.receive_file(actor=actor, chunks=[path.read_bytes()], name=path.name)
    found = actions.propose_mapping(actor=actor, row=row).to_json()
    if columns:
        mapping = found | {"columns": found["columns"] | columns}
        actions.configure_import(actor=actor, row=row, mapping=mapping)
    return row


def clients(**columns: str) -> dict[str, Any]:
    columns = {"A": "external_id", "B": "full_name"} | columns
    return {"kind": "clients", "columns": columns}


def test_unknown_columns_become_fields_of_the_type_of_their_values(
    bring: Bring, sheet: Sheet, admin: User
) -> None:
    row = bring(
        sheet(CARS), actor=admin, mapping=clients(C="new_field", D="new_field", E="new_field")
    )
    assert outcome(row) == {"created": 2}
    fields = FieldDefinition.objects.values_list("label", "kind", "is_compared")
    assert list(fields) == [
        ("Любимый цвет", "text", False),
        ("Пробег авто", "number", False),
        ("Техосмотр", "date", False),
    ]
    one, two = Client.objects.order_by("pk")
    assert one.own == {
        "lyubimyy_tsvet": "синий",
        "_lyubimyy_tsvet": "синий",
        "probeg_avto": 125000000,
        "tekhosmotr": "2027-03-05",
    }
    assert two.own == {"probeg_avto": 8005000}
    assert Event.objects.filter(kind="field.created", actor_id=admin.pk).count() == 3


def test_an_undo_archives_the_fields_and_an_export_is_as_before(
    bring: Bring, sheet: Sheet, undo: Any, admin: User, tmp_path: Path
) -> None:
    bring(sheet([("Код", "ФИО"), ("9", "Старый Пётр")], "old.xlsx"))
    before = exported(tmp_path, "before.csv")
    row = bring(sheet(CARS), actor=admin, mapping=clients(C="new_field", D="new_field"))
    assert exported(tmp_path, "between.csv") != before
    actions.undo_import(actor=admin, row=row, queue=False)
    undoing.run(row.pk, admin.pk)
    row.refresh_from_db()
    assert (row.undone, row.kept) == (4, 0)
    assert not FieldDefinition.objects.filter(archived_at=None).exists()
    assert exported(tmp_path, "after.csv") == before


def exported(folder: Path, name: str) -> bytes:
    call_command("export", "clients", format="csv", output=folder / name)
    return (folder / name).read_bytes()


def test_a_field_that_got_another_value_stays(
    bring: Bring, sheet: Sheet, admin: User, undo: Any
) -> None:
    row = bring(sheet(CARS), actor=admin, mapping=clients(C="new_field"))
    (field,) = FieldDefinition.objects.all()
    create_client(actor=admin, values={"name": "Сидоров Сидор", field.name: "белый"})
    undo(row)
    field.refresh_from_db()
    assert field.is_active
    assert row.changes.get(subject="field").kept
    assert Client.objects.get().own


def test_a_field_of_the_same_name_is_used_and_one_in_the_archive_is_not(
    bring: Bring, sheet: Sheet, admin: User
) -> None:
    known = define_field(actor=admin, subject="client", kind="text", label="любимый  Цвет")
    old = define_field(actor=admin, subject="client", kind="text", label="Пробег авто")
    archive_field(actor=admin, field=old)
    row = bring(sheet(CARS), actor=admin, mapping=clients(C="new_field", D="new_field"))
    assert (row.mapping or {})["columns"]["2"] == known.name
    assert FieldDefinition.objects.count() == 3
    assert [change.subject_id for change in row.changes.filter(subject="field")] == [
        FieldDefinition.objects.latest("pk").pk
    ]


def test_after_an_undo_the_same_file_makes_the_same_fields(
    bring: Bring, sheet: Sheet, admin: User
) -> None:
    columns = clients(C="new_field", D="new_field")
    made = []
    for _time in range(2):
        row = bring(sheet(CARS), actor=admin, mapping=columns)
        made.append((row.mapping or {})["columns"])
        assert FieldDefinition.objects.filter(archived_at=None).count() == 2
        actions.undo_import(actor=admin, row=row, queue=False)
        undoing.run(row.pk, admin.pk)
    assert made[0] == made[1]
    assert FieldDefinition.objects.exclude(archived_at=None).count() == 2


def test_columns_of_one_heading_become_one_field(bring: Bring, sheet: Sheet, admin: User) -> None:
    rows = [("Код", "ФИО", "Цвет", "Цвет"), ("1", "Иванов Иван", "синий", "красный")]
    row = draft(sheet(rows), admin, {"2": "new_field", "3": "new_field"})
    assert (row.mapping or {})["columns"].get("3") is None
    assert (row.mapping or {})["columns"]["2"] == "new_field"


def test_a_name_that_another_column_means_is_no_obstacle(sheet: Sheet, admin: User) -> None:
    rows = [("Код", "ФИО", "phone", "x"), ("1", "Иванов Иван", "да", "89161234567")]
    row = draft(sheet(rows), admin, {"2": "new_field", "3": "phone"})
    assert (row.mapping or {})["columns"]["2"] == "new_field"


def test_those_who_may_not_make_fields_are_not_offered_any(
    sheet: Sheet, head: User, admin: User, settings: Any, tmp_path: Path
) -> None:
    settings.ORBITA_DATA = tmp_path / "data"
    for actor, offered in ((head, False), (admin, True)):
        row = draft(sheet(CARS), actor, NEW)
        kept = (row.mapping or {})["columns"].get("2")
        assert kept == ("new_field" if offered else None)
        browser = Browser()
        browser.force_login(actor)
        page = browser.get(reverse("gateways:import-columns", args=[row.pk])).content.decode()
        assert ('value="new_field"' in page) is offered


def test_the_preview_shows_the_values_as_they_will_be_and_makes_nothing(
    sheet: Sheet, admin: User, settings: Any, tmp_path: Path
) -> None:
    settings.ORBITA_DATA = tmp_path / "data"
    row = draft(sheet(CARS), admin, NEW)
    before = contents()
    with translation.override("ru"):
        looked = preview(row, actor=admin)
    assert contents() == before
    assert not FieldDefinition.objects.exists()
    assert not Event.objects.filter(kind="field.created").exists()
    first = dict(looked.rows[0].read)
    assert first["Любимый цвет"] == "синий"
    assert first["Пробег авто"].replace("\N{NO-BREAK SPACE}", " ") == "12 500"
    assert first["Техосмотр"].replace("\N{NO-BREAK SPACE}", " ") == "5 марта 2027"
    assert [one.field for one in looked.columns[2:]] == ["new_field"] * 3
    assert not [note for note in looked.notes if "не распознан" in note]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["12", "3,5", 4.0], "number"),
        (["05.03.2027", "1 марта 2026"], "date"),
        (["20270305", "19991231"], "date"),
        (["20270305", "20271305"], "number"),
        (["45000", "45001,5"], "number"),
        (["12", "много"], "text"),
        (["0012", "0013"], "text"),
        (["79161234567"], "text"),
        ([], "text"),
    ],
)
def test_the_type_is_that_of_all_values(cells: list[Any], kind: str) -> None:
    assert kind_of(cells, "dmy") == kind


def test_orders_and_products_get_fields_too(bring: Bring, sheet: Sheet, admin: User) -> None:
    orders = [
        ("№ заказа", "Дата заказа", "ID клиента", "Товар", "Сумма", "Кто вёз"),
        ("7", "01.02.2024", "17", "Стол", 100, "Ира"),
    ]
    row = draft(sheet(orders), admin, {"5": "new_field"})
    assert row.kind == "orders"
    actions.start_import(actor=admin, row=row, queue=False)
    finish(row)
    assert (Order.objects.get().own or {})["kto_vez"] == "Ира"
    goods = [("Артикул", "Наименование", "Цена", "Высота полки"), ("1", "Стол", 100, 25)]
    row = draft(sheet(goods, "goods.xlsx"), admin, {"3": "new_field"})
    actions.start_import(actor=admin, row=row, queue=False)
    finish(row)
    assert Product.objects.get(sku="1").own == {"vysota_polki": 250000}


def finish(row: Import) -> None:
    engine.run(row.pk)


# ---- documents ----


def test_a_document_becomes_a_field_that_tells_duplicates(
    bring: Bring, sheet: Sheet, admin: User
) -> None:
    row = bring(sheet(PASSPORTS), actor=admin)
    assert outcome(row) == {"created": 2}
    (field,) = FieldDefinition.objects.all()
    assert (field.label, field.kind) == ("Паспорт", "text")
    assert field.is_compared
    assert field.is_searchable
    assert field.is_filterable
    other = create_client(actor=admin, values={"name": "Иванов Иван", field.name: "4509-123456"})
    (pair,) = [one for one in likely(record_of(other)) if one.score > 0.5]
    assert "number" in pair.evidence
    assert outcome(bring(sheet(PASSPORTS, "again.xlsx"), actor=admin)) == {"unchanged": 2}
    assert FieldDefinition.objects.count() == 1


def test_whoever_may_not_make_fields_is_told_that_a_document_is_left_out(
    sheet: Sheet, head: User, admin: User, settings: Any, tmp_path: Path
) -> None:
    settings.ORBITA_DATA = tmp_path / "data"
    with translation.override("en"):
        row = draft(sheet(PASSPORTS), head)
        assert "2" not in (row.mapping or {})["columns"]
        assert [note for note in preview(row, actor=head).notes if "Паспорт" in note] == [
            "“Паспорт” is not recognised: say what it is, or it is left out."
        ]
        notes = preview(draft(sheet(PASSPORTS), admin), actor=admin).notes
        assert notes == ["“Паспорт” becomes a new own field, and tells duplicates."]


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("Серия и номер паспорта", "45 09 123456"),
        ("СНИЛС", "112-233-445 95"),
        ("Водительское удостоверение", "77 АВ 123456"),
        ("Полис ОМС", "1234567890123456"),
        ("ИИН", "800101300123"),
        ("ssn", "123-45-6789"),
        ("soc_sec_id", "1804974"),
        ("Social Security Number", "123-45-6789"),
        ("Passport number", "C01X00T47"),
        ("Driver's license", "D1234567"),
        ("National ID", "AB123456C"),
    ],
)
def test_documents_are_known_by_their_headings(
    sheet: Sheet, admin: User, heading: str, value: str
) -> None:
    row = draft(sheet([("ФИО", heading), ("Иванов Иван", value)]), admin)
    assert (row.mapping or {})["columns"]["1"] == "new_document"


@pytest.mark.parametrize(
    ("heading", "value"),
    [("Кем выдан паспорт", "ОВД района"), ("Номер паспорта", "123456"), ("Паспорт", "есть")],
)
def test_what_is_no_number_of_one_person_is_no_document(
    sheet: Sheet, admin: User, heading: str, value: str
) -> None:
    row = draft(sheet([("ФИО", heading), ("Иванов Иван", value)]), admin)
    assert "1" not in (row.mapping or {})["columns"]


def test_the_command_makes_fields_of_documents_by_default(
    sheet: Sheet, settings: Any, tmp_path: Path
) -> None:
    settings.ORBITA_DATA = tmp_path / "data"
    call_command("import", str(sheet(PASSPORTS)), format="json")
    assert FieldDefinition.objects.get().is_compared
    assert Client.objects.filter(own__isnull=False).count() == 2


def test_a_field_that_holds_files_is_not_filled_from_a_column(sheet: Sheet, admin: User) -> None:
    define_field(actor=admin, subject="client", kind="file", label="Паспорт")
    row = draft(sheet(PASSPORTS), admin)
    assert "2" not in (row.mapping or {})["columns"]


# ---- a table of a program ----


def test_an_address_in_parts_and_compact_days_are_put_together(
    bring: Bring, sheet: Sheet, admin: User
) -> None:
    rows = [
        ("rec_id", "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "date_of_birth"),
        ("rec-1-org", "mitchell", "green", "7", "wallaby place", "delmar", "cleveland", "19560409"),
        ("rec-2-org", "harley", "mccarthy", "177", "pridham street", "", "marsden", "19081345"),
    ]  # fmt: skip
    row = bring(sheet(rows, "a.csv"), actor=admin)
    assert outcome(row) == {"created": 2}
    one, two = Client.objects.order_by("pk")
    assert one.addresses.get().text == "7 wallaby place, delmar"
    assert one.addresses.get().city == "cleveland"
    assert str(one.birthday) == "1956-04-09"
    assert two.birthday is None
    assert two.comment == "date_of_birth: 19081345"
