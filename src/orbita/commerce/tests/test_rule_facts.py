from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.commerce import actions
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import Order, Product
from orbita.commerce.tests.conftest import line, sale
from orbita.core.models import Company
from orbita.core.rules import RuleError, compile_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(make_client: Callable[..., Client]) -> Client:
    return make_client("Анна")


@pytest.fixture
def oleg(make_client: Callable[..., Client]) -> Client:
    return make_client("Олег")


def ago(days: int) -> date:
    return Company.current().business_date() - timedelta(days=days)


def found(subject: str, actor: User, fact: str, op: str, value: Any = None) -> list[str]:
    model: Any = {"client": Client, "order": Order, "product": Product}[subject]
    rule = {"fact": fact, "op": op, "value": value}
    rows = model.objects.filter(compile_rule(subject, rule, actor=actor)).order_by("pk")
    return [str(row) for row in rows]


def test_clients_are_found_by_what_they_bought(
    admin: User, anna: Client, oleg: Client, coffee: Product
) -> None:
    actions.create_order(actor=admin, data=sale(anna, line("5", product_id=coffee.pk)))
    cancelled = actions.create_order(actor=admin, data=sale(oleg, line("5", product_id=coffee.pk)))
    actions.cancel_order(actor=admin, order=cancelled)
    assert found("client", admin, "bought_product", "in", [coffee.pk]) == ["Анна"]
    assert found("client", admin, "bought_product", "not_in", [coffee.pk]) == ["Олег"]
    coffee = actions.save_product(
        actor=admin, product=coffee, data=ProductData(name="Кофе", group="Зерно")
    )
    assert coffee.group
    assert found("client", admin, "bought_group", "in", [coffee.group.pk]) == ["Анна"]
    assert found("client", admin, "cancelled_order", "eq", True) == ["Олег"]


def test_orders_of_a_period_count_and_those_who_bought_nothing_count_as_zero(
    admin: User, anna: Client, oleg: Client
) -> None:
    for days in (5, 10, 60):
        actions.create_order(actor=admin, data=sale(anna, line("100"), ordered_on=ago(days)))
    assert found("client", admin, "orders_30", "eq", 2) == ["Анна"]
    assert found("client", admin, "orders_90", "gte", 3) == ["Анна"]
    assert found("client", admin, "orders_30", "lt", 2) == ["Олег"]
    assert found("client", admin, "spent_30", "between", [150, 200]) == ["Анна"]
    assert found("client", admin, "spent_30", "eq", 0) == ["Олег"]


def test_clients_are_found_by_debts_returns_late_deliveries_and_forgotten_carts(
    admin: User, anna: Client, oleg: Client, coffee: Product
) -> None:
    order = actions.create_order(actor=admin, data=sale(anna, line("9"), payment="unpaid"))
    actions.set_delivery(actor=admin, order=order, state="planned", promised_on=ago(1))
    actions.create_return(actor=admin, order=order)
    actions.create_or_update_cart(
        actor=admin,
        client=anna,
        external_id="c",
        lines=[line("9")],
        changed_at=timezone.now() - timedelta(days=1),
    )
    assert found("client", admin, "abandoned_cart", "eq", True) == []
    actions.mark_abandoned_carts(actor=None)
    actions.add_product_view(actor=admin, client=anna, product=coffee)
    for fact in ("unpaid_order", "returned_something", "late_delivery", "abandoned_cart"):
        assert found("client", admin, fact, "eq", True) == ["Анна"], fact
        assert found("client", admin, fact, "eq", False) == ["Олег"], fact
    assert found("client", admin, "viewed_product", "in", [coffee.pk]) == ["Анна"]


def test_orders_are_found_by_their_facts(
    admin: User, alice: User, anna: Client, coffee: Product
) -> None:
    def make(**fields: Any) -> None:
        actions.create_order(actor=admin, data=sale(anna, line("100"), **fields))

    make(number="A", payment="paid", ordered_on=ago(3))
    make(number="B", payment="unpaid", discount=10_00, promised_on=ago(2))
    make(number="C", promised_on=ago(2), delivered_on=ago(2), delivery="delivered")
    make(number="D", promised_on=ago(2), delivered_on=ago(1), delivery="delivered")
    assert found("order", admin, "late", "eq", True) == ["B", "D"]
    assert found("order", admin, "late", "eq", False) == ["A", "C"]
    assert found("order", admin, "discounted", "eq", True) == ["B"]
    assert found("order", admin, "payment", "in", ["paid", "unpaid"]) == ["A", "B"]
    assert found("order", admin, "payment", "empty") == ["C", "D"]
    assert found("order", admin, "date", "last_days", 2) == ["B", "C", "D"]
    assert found("order", admin, "sum", "lt", 95) == ["B"]
    assert found("order", admin, "client", "starts", "АНН") == ["A", "B", "C", "D"]
    assert found("order", admin, "without_client", "eq", True) == []
    assert found("order", admin, "responsible", "eq", alice.pk) == []


def test_costs_cannot_be_asked_about_without_the_right(
    admin: User, alice: User, anna: Client, coffee: Product
) -> None:
    actions.create_order(actor=admin, data=sale(anna, line("1250", product_id=coffee.pk)))
    assert found("order", admin, "margin", "gt", 500) != []
    assert found("product", admin, "cost", "eq", 700) == [coffee.name]
    for subject, fact in (("order", "margin"), ("product", "cost")):
        with pytest.raises(RuleError):
            found(subject, alice, fact, "gt", 1)


def test_products_are_found_by_article_price_and_sales(
    admin: User, anna: Client, coffee: Product
) -> None:
    tea = actions.save_product(
        actor=admin, data=ProductData(name="Чай", sku="TE-1a", price=99_5000)
    )
    actions.create_order(
        actor=admin, data=sale(anna, line("5", product_id=coffee.pk), ordered_on=ago(20))
    )
    assert found("product", admin, "sku", "starts", "te-1A") == [tea.name]
    assert found("product", admin, "price", "eq", "99.5") == [tea.name]
    assert found("product", admin, "sold", "last_days", 30) == [coffee.name]
    assert found("product", admin, "sold", "older_days", 10) == [coffee.name, tea.name]
