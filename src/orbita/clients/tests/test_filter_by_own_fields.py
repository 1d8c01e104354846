"""Every filter by an own field against the same question asked of each card in Python."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import create_client, create_segment
from orbita.clients.fields import kinds
from orbita.clients.fields.actions import define_field
from orbita.clients.fields.values import stored
from orbita.clients.lists import CLIENTS
from orbita.clients.models import Client, FieldDefinition
from orbita.clients.tests.own_fields import build
from orbita.core import context
from orbita.core.rules import FACTS, RuleError, compile_rule, describe
from orbita.core.text import normalise
from orbita.ui.lists import State

pytestmark = pytest.mark.django_db
OPTIONS = [{"label": "Раз"}, {"label": "Два"}, {"label": "Три", "colour": "keep"}]

# What the cards hold, and what is asked: values around every border, and nothing at all.
HELD: dict[str, list[Any]] = {
    "text": [None, "BMW X5", "bmw x5", "Ёлка", "елка 2", "a_b", "a%b", "'; --", "\\"],
    "link": [None, "https://example.org/a", "https://Example.org/b"],
    "long": [None, "Аллергия на ОРЕХИ", "нет аллергии", "100% хлопок"],
    "number": [None, "0", "-5", "2.5", "2", "3", "1000000000", "0.0001"],
    "money": [None, "0", "10.50", "10.51", "-3", "99999999"],
    "date": [None, "1999-12-31", "2000-01-01", "2026-11-20", "2026-11-24"],
    "flag": [None, True, False],
    "choice": [None, "raz", "dva", "tri"],
    "choices": [None, ["raz"], ["raz", "dva"], ["tri"], ["raz", "dva", "tri"]],
}
ASKED: dict[str, list[tuple[str, Any]]] = {
    "text": [
        *((op, value) for op in ("eq", "ne", "contains", "starts") for value in ("bmw x5", "ЕЛКА", "a_b", "%", "'", "\\", "нет")),
        ("in", ["BMW X5", "елка"]),
        ("not_in", ["BMW X5", "елка"]),
    ],
    "link": [("contains", "EXAMPLE"), ("starts", "https://example.org/b"), ("eq", "https://example.org/A"), ("ne", "https://example.org/A"), ("in", ["https://example.org/A"]), ("not_in", ["https://example.org/A"])],
    "long": [("contains", "аллерги"), ("contains", "%"), ("contains", "орехи")],
    "number": [
        *((op, value) for op in ("eq", "ne", "lt", "lte", "gt", "gte") for value in (0, 2, 2.5, "2,4", -5, 0.0001, "0.00001")),
        ("between", [2, 3]),
        ("between", ["2.1", "2.9"]),
    ],
    "money": [
        *((op, value) for op in ("eq", "ne", "lt", "lte", "gt", "gte") for value in (0, 10.5, "10,51")),
        ("between", [0, 11]),
    ],
    "date": [
        *((op, value) for op in ("on", "before", "after") for value in ("2000-01-01", "2026-11-20")),
        ("between", ["2000-01-01", "2026-11-20"]),
        ("last_days", 5),
        ("older_days", 5),
    ],
    "flag": [("eq", True), ("eq", False)],
    "choice": [("in", ["raz", "tri"]), ("not_in", ["raz", "tri"]), ("eq", "dva"), ("ne", "dva")],
    "choices": [("in", ["raz", "tri"]), ("not_in", ["raz", "tri"]), ("eq", "dva"), ("ne", "dva")],
}  # fmt: skip


@pytest.fixture
def define(admin: User) -> Callable[..., FieldDefinition]:
    def make(kind: str, **more: Any) -> FieldDefinition:
        if kind in ("choice", "choices"):
            more["options"] = OPTIONS
        return define_field(
            actor=admin, subject="client", kind=kind, label=f"Поле {kind}", key="one", **more
        )

    return make


def fits(kind: str, held: Any, op: str, asked: Any, today: date) -> bool:
    """The filter as its words say it."""
    if op in ("empty", "filled"):
        return (held is None) == (op == "empty")
    if kind == "choices":
        wanted = asked if isinstance(asked, list) else [asked]
        return bool(set(held or ()) & set(wanted)) != (op in ("ne", "not_in"))
    if held is None:
        return op in ("ne", "not_in")
    if kind in ("text", "link", "long"):
        held = normalise(held)
        asked = [normalise(one) for one in asked] if isinstance(asked, list) else normalise(asked)
    elif kind in ("number", "money"):
        held = Decimal(held)
        numbers = [
            Decimal(str(one).replace(",", "."))
            for one in (asked if isinstance(asked, list) else [asked])
        ]
        asked = numbers if isinstance(asked, list) else numbers[0]
    elif kind == "date" and op in ("last_days", "older_days"):
        recent = (today - date.fromisoformat(held)).days <= int(asked)
        return recent == (op == "last_days")
    answers: dict[str, Callable[[], bool]] = {
        "eq": lambda: held == asked,
        "on": lambda: held == asked,
        "ne": lambda: held != asked,
        "in": lambda: held in asked,
        "not_in": lambda: held not in asked,
        "contains": lambda: asked in held,
        "starts": lambda: held.startswith(asked),
        "lt": lambda: held < asked,
        "before": lambda: held < asked,
        "lte": lambda: held <= asked,
        "gt": lambda: held > asked,
        "after": lambda: held > asked,
        "gte": lambda: held >= asked,
        "between": lambda: asked[0] <= held <= asked[1],
    }
    return bool(answers[op]())


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("kind", list(HELD))
def test_a_filter_finds_just_what_its_words_say(
    admin: User, define: Callable[..., FieldDefinition], kind: str, indexed: bool
) -> None:
    from orbita.core.models import Company

    field = define(kind)
    if indexed:
        build(field)
    with context.request():
        cards = {
            create_client(actor=admin, values={"name": f"Клиент {n}", field.name: value}).pk: value
            for n, value in enumerate(HELD[kind])
        }
        today = Company.current().business_date()
        questions = [*ASKED[kind], ("empty", None), ("filled", None)]
        assert {op for op, _value in questions} >= set(FACTS.of("client")[field.name].operators)
        for op, asked in questions:
            rule = {"fact": field.name, "op": op, "value": asked}
            for turned in (False, True):
                condition = compile_rule("client", {"not": rule} if turned else rule, actor=admin)
                found = set(Client.objects.filter(condition).values_list("pk", flat=True))
                expected = {
                    pk
                    for pk, value in cards.items()
                    if fits(kind, value, op, asked, today) != turned
                }
                assert found == expected, (op, asked, turned)
            assert describe("client", rule, actor=admin)


@pytest.mark.parametrize("kind", ["text", "link", "number", "money", "date", "flag"])
def test_a_list_is_sorted_by_an_indexed_field_page_by_page(
    admin: User, define: Callable[..., FieldDefinition], kind: str
) -> None:
    field = define(kind)
    for _round in range(4):
        for n, value in enumerate(HELD[kind]):
            create_client(actor=admin, values={"name": f"Клиент {n}", field.name: value})
    assert CLIENTS.column(field.name).sort is None  # type: ignore[union-attr]
    build(field)
    with context.request():
        column = CLIENTS.column(field.name)
        assert column
        assert column.sort
        rows = {client.pk: stored(client, field) for client in Client.objects.all()}

        def key(pk: int) -> tuple[Any, int]:
            value = rows[pk]
            return (normalise(value) if kind in ("text", "link") else value, pk)

        filled = sorted((pk for pk in rows if rows[pk] is not None), key=key)
        blank = sorted(pk for pk in rows if rows[pk] is None)
        for sort, expected in (
            (field.name, [*filled, *blank]),
            (f"-{field.name}", [*reversed(filled), *reversed(blank)]),
        ):
            assert walk(admin, sort) == expected


def walk(actor: User, sort: str) -> list[int]:
    """The numbers of a list's rows, read by pages of seven."""
    from orbita.ui.lists.paging import page_of

    state = State(CLIENTS, actor, {"sort": sort})
    found: list[int] = []
    cursor = None
    while True:
        page = page_of(
            state.matching, state.key, descending=state.descending, size=7, cursor=cursor
        )
        found += [item.pk for item in page.items]
        if page.next is None:
            return found
        cursor = page.next


def test_the_list_shows_sorts_and_filters_by_own_fields(
    admin: User, alice: User, define: Callable[..., FieldDefinition]
) -> None:
    field = define("choices")
    create_client(actor=alice, values={"name": "Соколова Ирина", field.name: ["tri"]})
    create_client(actor=alice, values={"name": "Петров Пётр"})
    browser = Browser()
    browser.force_login(alice)
    url = reverse("clients:list")
    browser.post(url, {"do": "columns", "columns": ["status", field.name]})
    page = browser.get(url).content.decode()
    assert '<span class="o-rfm g-keep">Три</span>' in page
    asked = {"f": f'{{"fact":"{field.name}","op":"in","value":["tri"]}}'}
    page = browser.get(url, asked).content.decode()
    assert "Соколова" in page
    assert "Петров" not in page
    form = browser.get(url, {"add": field.name}).content.decode()
    assert "Поле choices" in form


def test_a_closed_field_is_no_condition_no_column_and_no_order(
    admin: User, alice: User, head: User, define: Callable[..., FieldDefinition]
) -> None:
    field = define("number", see_roles=[head.role_id])
    build(field)
    create_client(actor=admin, values={"name": "Соколова Ирина", "own_one": 7})
    rule = {"fact": field.name, "op": "gte", "value": 1}
    assert Client.objects.matching(rule, actor=head).count() == 1
    with pytest.raises(RuleError):
        compile_rule("client", rule, actor=alice)
    assert field.name in [column.name for column in CLIENTS.columns_for(head)]
    assert field.name not in [column.name for column in CLIENTS.columns_for(alice)]
    assert State(CLIENTS, alice, {"sort": field.name}).sort.name != field.name
    segment = create_segment(actor=head, name="Закрытый", rule=rule)
    with pytest.raises(RuleError):
        Client.objects.matching({"fact": "segment", "op": "in", "value": [segment.pk]}, actor=alice)


def test_a_number_asked_finer_than_it_is_kept_equals_nothing(
    admin: User, define: Callable[..., FieldDefinition]
) -> None:
    field = define("number")
    create_client(actor=admin, values={"name": "Соколова Ирина", field.name: "0.0001"})
    for op, count in (("eq", 0), ("ne", 1), ("gt", 1), ("lt", 0)):
        rule = {"fact": field.name, "op": op, "value": "0.00005"}
        assert Client.objects.matching(rule, actor=admin).count() == count
    assert kinds.SCALE == 4
