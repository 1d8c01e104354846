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
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.fields.actions import change_field, define_field
from orbita.clients.models import Client, FieldDefinition, FieldMark
from orbita.clients.search import indexed_words
from orbita.commerce.models import Order, Product
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.core.sentences import say
from orbita.gateways.actions import propose_mapping, receive_file
from orbita.gateways.exports.lists import plan_of
from orbita.gateways.tests.conftest import Bring, contents, outcome
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


# ---- orders and products ----

ORDERS = ("№ заказа", "Дата заказа", "ID клиента", "Товар", "Сумма", "Срочность", "Пометки", "Накладная")  # fmt: skip


@pytest.fixture
def order_fields(admin: User) -> None:
    urgency = [{"label": "Срочно"}, {"label": "Подождёт"}]
    define_field(
        actor=admin, subject="order", kind="choice", label="Срочность", key="urgency",
        options=urgency,
    )  # fmt: skip
    define_field(
        actor=admin, subject="order", kind="choices", label="Пометки", key="marks", options=LIKES
    )
    define_field(
        actor=admin, subject="order", kind="text", label="Накладная", key="bill", is_unique=True
    )


def test_orders_bring_their_own_fields_and_give_them_back(
    bring: Bring, sheet: Sheet, undo: Any, order_fields: None
) -> None:
    first = ("7", "01.02.2024", "17", "Стол", 100, "срочно", "", "Н-1")
    again = ("7", "01.02.2024", "17", "Стул", 50, "", "маникюр; стрижка", "")
    other = ("8", "02.02.2024", "17", "Стол", 100, "вчера", "", "н-1")
    row = bring(sheet([ORDERS, first, again, other]), kind="orders")
    assert outcome(row) == {"created": 3}
    one, two = Order.objects.order_by("external_id")
    assert one.own == {
        "urgency": "srochno",
        "marks": ["manikyur", "strizhka"],
        "bill": "Н-1",
        "_bill": "н-1",
    }
    assert FieldMark.objects.filter(record_id=one.pk).count() == 2
    assert two.own is None
    assert two.comment == "Срочность: вчера; Накладная: н-1"
    undo(row)
    assert not Order.objects.exists()
    assert not FieldMark.objects.exists()


@pytest.mark.parametrize("on_match", ["fill", "overwrite"])
def test_known_orders_are_filled_or_overwritten_and_put_back(
    bring: Bring, sheet: Sheet, undo: Any, order_fields: None, on_match: str
) -> None:
    before = ("7", "01.02.2024", "17", "Стол", 100, "срочно", "Маникюр", "")
    bring(sheet([ORDERS, before]), kind="orders")
    kept = Order.objects.get().own
    after = ("7", "01.02.2024", "17", "Стол", 100, "подождет", "Стрижка", "Н-1")
    row = bring(sheet([ORDERS, after], "b.csv"), kind="orders", on_match=on_match)
    assert outcome(row) == {"updated": 1}
    own = Order.objects.get().own or {}
    assert own["bill"] == "Н-1"
    filled = on_match == "fill"
    assert own["urgency"] == ("srochno" if filled else "podozhdet")
    assert FieldMark.objects.get().option == ("manikyur" if filled else "strizhka")
    assert outcome(bring(sheet([ORDERS, after], "c.csv"), kind="orders", on_match=on_match)) == {
        "unchanged": 1
    }
    undo(row)
    assert Order.objects.get().own == kept
    assert FieldMark.objects.get().option == "manikyur"


def test_a_sheet_of_sales_tells_fields_of_the_client_from_those_of_the_order(
    bring: Bring, sheet: Sheet, admin: User
) -> None:
    for subject, label in (("client", "Питомец"), ("order", "Повод")):
        define_field(actor=admin, subject=subject, kind="text", label=label, key="word")
    heads = ("Дата", "Клиент", "Телефон", "Услуга", "Сумма", "Питомец", "Повод")
    visit = ("01.02.2024", "Орлова Анна", "8 916 700-00-01", "Стрижка", 900, "Рекс", "Праздник")
    assert outcome(bring(sheet([heads, visit]), kind="sales")) == {"created": 1}
    assert (Client.objects.get().own or {})["word"] == "Рекс"
    assert (Order.objects.get().own or {})["word"] == "Праздник"


def test_orders_are_exported_whole_and_find_their_way_back(
    bring: Bring, sheet: Sheet, order_fields: None, tmp_path: Path
) -> None:
    row = ("7", "01.02.2024", "17", "Стол", 100, "срочно", "маникюр; стрижка", "Н-1")
    bring(sheet([ORDERS, row]), kind="orders")
    own = Order.objects.get().own
    output = tmp_path / "orders.csv"
    call_command("export", "orders", format="csv", output=output)
    Order.objects.update(own=None)
    bring(output, kind="orders", source="file", on_match="overwrite")
    assert Order.objects.get().own == own


@pytest.fixture
def product_fields(admin: User) -> None:
    define_field(actor=admin, subject="product", kind="number", label="Вес", key="weight")
    define_field(
        actor=admin, subject="product", kind="choices", label="Сезон", key="season", options=LIKES
    )
    define_field(
        actor=admin, subject="product", kind="text", label="Штамп", key="stamp", is_unique=True
    )


def test_products_bring_their_own_fields_and_give_them_back(
    bring: Bring, sheet: Sheet, undo: Any, product_fields: None
) -> None:
    heads = ("Артикул", "Товар", "Цена", "Вес", "Сезон", "Штамп")
    rows = [
        heads,
        ("1", "Стол", 100, "2,5", "Маникюр", "A"),
        ("2", "Стул", 50, "лёгкий", "", "a"),
    ]
    row = bring(sheet(rows), kind="products")
    assert outcome(row) == {"created": 2}
    table, chair = Product.objects.order_by("sku")
    assert table.own == {"weight": 25000, "season": ["manikyur"], "stamp": "A", "_stamp": "a"}
    assert (chair.own, chair.description) == (None, "Вес: лёгкий\nШтамп: a")
    undo(row)
    assert not Product.objects.exists()
    assert not FieldMark.objects.exists()


@pytest.mark.parametrize("on_match", ["fill", "overwrite"])
def test_known_products_are_filled_or_overwritten_and_put_back(
    bring: Bring, sheet: Sheet, undo: Any, product_fields: None, on_match: str
) -> None:
    heads = ("Артикул", "Товар", "Вес", "Сезон", "Штамп")
    bring(sheet([heads, ("1", "Стол", "2,5", "Маникюр", "")]), kind="products")
    kept = Product.objects.get().own
    row = bring(
        sheet([heads, ("1", "Стол", "3", "Стрижка", "A")], "b.csv"),
        kind="products",
        on_match=on_match,
    )
    own = Product.objects.get().own or {}
    assert own["stamp"] == "A"
    assert own["weight"] == (25000 if on_match == "fill" else 30000)
    assert FieldMark.objects.get().option == ("manikyur" if on_match == "fill" else "strizhka")
    undo(row)
    assert Product.objects.get().own == kept
    assert FieldMark.objects.get().option == "manikyur"


def test_a_product_is_put_back_though_its_field_is_required_and_closed_by_now(
    bring: Bring, sheet: Sheet, undo: Any, product_fields: None, admin: User
) -> None:
    heads = ("Артикул", "Товар", "Вес")
    bring(sheet([heads[:2], ("1", "Стол")]), kind="products")
    row = bring(sheet([heads, ("1", "Стол", "3")], "b.csv"), kind="products")
    assert (Product.objects.get().own or {}) == {"weight": 30000}
    field = FieldDefinition.objects.get(key="weight")
    change_field(actor=admin, field=field, required="always", edit_roles=[admin.role_id])
    undo(row)
    assert Product.objects.get().own is None


def said(read: Callable[[], str]) -> tuple[str, str]:
    """A stored sentence in English and in Russian."""
    with translation.override("en"):
        english = read()
    with translation.override("ru"):
        return english, read()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_why_a_product_is_left_out_is_told_in_the_language_of_the_reader(
    bring: Bring, sheet: Sheet, undo: Any, product_fields: None, head: User, language: str
) -> None:
    head.language = language
    head.save(update_fields=["language"])
    heads = ("Артикул", "Товар", "Штамп")
    bring(sheet([heads, ("1", "Стол", "A"), ("2", "Стул", "B")]), kind="products")
    refused = bring(
        sheet([heads, ("2", "Стул", "a")], "b.csv"), kind="products", on_match="overwrite"
    )
    assert outcome(refused) == {"rejected": 1}
    row = refused.rows.get()
    assert said(lambda: row.why) == (
        "“a” stands on another card already, and “Штамп” is never repeated.",
        "«a» уже стоит в другой карточке, а поле «Штамп» не повторяется.",
    )
    changed = bring(
        sheet([heads, ("2", "Стул", "C")], "c.csv"), kind="products", on_match="overwrite"
    )
    bring(sheet([heads, ("1", "Стол", "B")], "d.csv"), kind="products", on_match="overwrite")
    undo(changed)
    change = changed.changes.get(subject="product")
    assert said(lambda: say(change.kept)) == (
        "“B” stands on another card already, and “Штамп” is never repeated.",
        "«B» уже стоит в другой карточке, а поле «Штамп» не повторяется.",
    )


# ---- defaults ----


def define_default(admin: User, subject: str, **more: Any) -> None:
    define_field(
        actor=admin, subject=subject, kind="text", label="Откуда", key="from", default="файл", **more
    )  # fmt: skip


def test_new_clients_get_defaults_of_fields_that_the_file_has_no_column_for(
    bring: Bring, sheet: Sheet, undo: Any, admin: User
) -> None:
    define_default(admin, "client", holder="person", is_searchable=True)
    known = create_client(
        actor=admin,
        values={"name": "Иванов Иван", "own_from": None},
        external_ids=[{"source": "file", "value": "1", "is_primary": True}],
    )
    before = contents()
    rows = [
        ("Код", "ФИО", "Компания"),
        ("1", "Иванов Иван", ""),
        ("2", "Петров Пётр", "ООО Ромашка"),
    ]
    row = bring(sheet(rows))
    known.refresh_from_db()
    assert known.own is None
    new = Client.objects.get(name="Петров Пётр")
    assert new.own == {"from": "файл", "_from": "файл"}
    assert payload_of(Event.objects.get(kind="client.created", client_id=new.pk))["after"][
        "own_from"
    ] == ("файл")
    assert Client.objects.get(kind="company").own is None
    assert "файл" in indexed_words(new.pk)
    undo(row)
    assert contents() == before


def test_an_empty_cell_of_a_column_stays_empty(bring: Bring, sheet: Sheet, admin: User) -> None:
    define_default(admin, "client")
    bring(sheet([("Код", "ФИО", "Откуда"), ("1", "Иванов Иван", ""), ("2", "Петров Пётр", "сайт")]))
    own = dict(Client.objects.values_list("name", "own"))
    assert own["Иванов Иван"] is None
    assert (own["Петров Пётр"] or {})["from"] == "сайт"


def test_new_orders_and_their_products_get_defaults(
    bring: Bring, sheet: Sheet, admin: User
) -> None:
    define_default(admin, "order")
    define_default(admin, "product")
    heads = ("№ заказа", "Дата заказа", "ID клиента", "Артикул", "Товар", "Сумма")
    bring(sheet([heads, ("7", "01.02.2024", "17", "A-1", "Стол", 100)]), kind="orders")
    assert (Order.objects.get().own or {})["from"] == "файл"
    assert (Product.objects.get().own or {})["from"] == "файл"
