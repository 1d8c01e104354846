"""Own fields of orders and products: set in their forms and actions, shown, filtered, told."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.fields.actions import define_field
from orbita.clients.models import FieldDefinition, FieldMark
from orbita.clients.tests.own_fields import build
from orbita.commerce.actions import create_order, save_product, update_order
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import Order, Product
from orbita.commerce.records import LineData, OrderData
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.core.rules import compile_rule

pytestmark = pytest.mark.django_db
LINES = [LineData(name="Работа", price=1_000_000)]


@pytest.fixture
def warranty(admin: User) -> FieldDefinition:
    return define_field(
        actor=admin, subject="order", kind="date", label="Гарантия до", key="warranty"
    )


def text(response: Any) -> str:
    return str(response.content.decode())


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_an_order_keeps_what_is_not_named_and_tells_what_changed(
    alice: User, warranty: FieldDefinition
) -> None:
    order = create_order(
        actor=alice,
        data=OrderData(lines=LINES, responsible_id=alice.pk, own={"own_warranty": "24.11.2027"}),
    )
    assert order.own == {"warranty": "2027-11-24"}
    order = update_order(
        actor=alice, order=order, data=OrderData(lines=LINES, responsible_id=alice.pk, comment="х")
    )
    assert order.own == {"warranty": "2027-11-24"}
    update_order(
        actor=alice,
        order=order,
        data=OrderData(lines=LINES, responsible_id=alice.pk, own={"own_warranty": None}),
    )
    event = Event.objects.filter(kind="order.changed").latest("pk")
    assert payload_of(event)["before"]["own_warranty"] == "2027-11-24"
    page = text(browser_of(alice).get(reverse("commerce:order", args=[order.pk])))
    assert "Гарантия до: " in page
    with pytest.raises(ValidationError) as error:
        create_order(actor=alice, data=OrderData(lines=LINES, own={"own_warranty": "завтра"}))
    assert list(error.value.message_dict) == ["own_warranty"]


def test_what_an_order_must_have_is_asked_for(admin: User, alice: User) -> None:
    define_field(
        actor=admin, subject="order", kind="text", label="Мастер", key="m", required="always"
    )
    with pytest.raises(ValidationError):
        create_order(actor=alice, data=OrderData(lines=LINES))
    assert not Order.objects.exists()


def test_the_form_and_the_page_of_an_order_have_its_fields(
    alice: User, warranty: FieldDefinition
) -> None:
    browser = browser_of(alice)
    new = reverse("commerce:order-new")
    assert "Гарантия до" in text(browser.get(new))
    typed = {
        "date": "2026-11-20",
        "status": "new",
        "payment": "unpaid",
        "responsible": str(alice.pk),
        "currency": "RUB",
        "line-1-what": "Работа",
        "line-1-quantity": "1",
        "line-1-price": "100",
        "own_warranty": "2027-11-24",
    }
    answer = browser.post(new, typed)
    assert answer.status_code == 302, text(answer)
    order = Order.objects.get()
    assert order.own == {"warranty": "2027-11-24"}
    page = text(browser.get(reverse("commerce:order", args=[order.pk])))
    assert "Гарантия до" in page
    edit = reverse("commerce:order-edit", args=[order.pk])
    assert 'value="2027-11-24"' in text(browser.get(edit))
    wrong = browser.post(edit, typed | {"own_warranty": "1500-01-01", "line-1-ordinal": "1"})
    assert wrong.status_code == 422


def test_orders_are_filtered_and_sorted_by_their_fields(
    alice: User, warranty: FieldDefinition
) -> None:
    build(warranty)
    for day in ("2027-01-01", "2026-01-01"):
        create_order(actor=alice, data=OrderData(lines=LINES, own={"own_warranty": day}))
    create_order(actor=alice, data=OrderData(lines=LINES))
    rule = {"fact": "own_warranty", "op": "before", "value": "2027-01-01"}
    assert Order.objects.filter(compile_rule("order", rule, actor=alice)).count() == 1
    page = text(browser_of(alice).get(reverse("commerce:orders"), {"sort": "-own_warranty"}))
    assert page.count('<tr role="row"><td') == 3


def test_a_product_has_its_own_fields_too(admin: User) -> None:
    field = define_field(
        actor=admin,
        subject="product",
        kind="choices",
        label="Сезон",
        key="season",
        options=[{"label": "Лето", "colour": "keep"}, {"label": "Зима"}],
    )
    product = save_product(actor=admin, data=ProductData(name="Плащ", own={"own_season": ["Лето"]}))
    assert FieldMark.objects.filter(field=field, record_id=product.pk).count() == 1
    browser = browser_of(admin)
    edit = reverse("commerce:product-edit", args=[product.pk])
    assert "Сезон" in text(browser.get(edit))
    answer = browser.post(
        edit, {"name": "Плащ", "kind": "good", "currency": "RUB", "own_season": ["zima", "leto"]}
    )
    assert answer.status_code == 302
    product = Product.objects.get()
    assert product.own == {"season": ["leto", "zima"]}
    page = text(browser.get(reverse("commerce:product", args=[product.pk])))
    assert '<span class="o-rfm g-keep">Лето</span>' in page
    rule = {"fact": "own_season", "op": "in", "value": ["zima"]}
    assert Product.objects.filter(compile_rule("product", rule, actor=admin)).count() == 1


def test_a_closed_field_of_an_order_is_not_told_by_its_history(
    admin: User, alice: User, head: User
) -> None:
    define_field(
        actor=admin, subject="order", kind="text", label="Откат", key="x", see_roles=[head.role_id]
    )
    order = create_order(actor=alice, data=OrderData(lines=LINES))
    update_order(
        actor=head,
        order=order,
        data=OrderData(lines=LINES, responsible_id=alice.pk, own={"own_x": "пять"}),
    )
    page = reverse("commerce:order", args=[order.pk])
    assert "пять" in text(browser_of(head).get(page))
    assert "пять" not in text(browser_of(alice).get(page))
    assert "Откат" not in text(browser_of(alice).get(page))
