"""The pages of orders and products, as people and browsers use them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.commerce import actions
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import Order, Product
from orbita.commerce.tests.conftest import line, sale

pytestmark = pytest.mark.django_db


@pytest.fixture
def browse() -> Callable[[User], Browser]:
    def signed_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return signed_in


def form(**fields: Any) -> dict[str, Any]:
    return {
        "date": "2026-01-15",
        "status": "new",
        "payment": "unpaid",
        "currency": "RUB",
        "line-1-what": "Coffee",
        "line-1-quantity": "2",
        "line-1-price": "10,50",
    } | fields


def text(response: Any) -> str:
    return str(response.content.decode().replace("\xa0", " "))


def test_an_order_is_written_without_scripts(
    browse: Callable[[User], Browser], alice: User, client_of_alice: Client, coffee: Product
) -> None:
    page = browse(alice)
    found = page.post("/orders/new/", form(do="count", client_name="смир"))
    assert client_of_alice.name in text(found)
    assert not Order.objects.exists()
    data = form(
        client_id=client_of_alice.pk,
        responsible=alice.pk,
        discount="10%",
        **{"line-2-what": coffee.name, "line-2-quantity": "", "line-2-price": ""},
    )
    more = page.post("/orders/new/", {**data, "do": "add"})
    assert "line-3-what" in text(more)
    assert "1,143.90 ₽" in text(more) or "1,143.90" in text(more)
    less = page.post("/orders/new/", {**data, "do": "remove-1"})
    assert "line-1-what" not in text(less)
    assert not Order.objects.exists()
    saved = page.post("/orders/new/", data)
    order = Order.objects.get()
    assert saved["Location"] == f"/orders/{order.pk}/"
    assert (order.total, order.client) == ((21_00 + 1250_00) * 9 // 10, client_of_alice)
    assert order.lines.get(ordinal=2).product == coffee
    assert (order.business_date, order.date_only) == (date(2026, 1, 15), True)
    shown = page.get(f"/orders/{order.pk}/")
    assert "1,143.90 ₽" in text(shown)


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    browse: Callable[[User], Browser], alice: User
) -> None:
    data = form(responsible=alice.pk, client_name="Nobody", **{"line-1-price": "many"})
    answer = browse(alice).post("/orders/new/", data)
    assert answer.status_code == 422
    assert "Enter a number." in text(answer)
    assert "Nobody like that was found" in text(answer)
    assert 'value="many"' in text(answer)
    assert not Order.objects.exists()


def test_an_order_that_changed_meanwhile_is_not_overwritten(
    browse: Callable[[User], Browser], alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(actor=alice, data=sale(client_of_alice))
    actions.set_status(actor=alice, order=order, status="confirmed")
    data = form(responsible=alice.pk, version="1", **{"line-1-ordinal": "1"})
    answer = browse(alice).post(f"/orders/{order.pk}/edit/", data)
    assert answer.status_code == 422
    assert "meanwhile" in text(answer)


def test_editing_an_order_keeps_its_moment_its_payment_and_its_delivery(
    browse: Callable[[User], Browser], alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(
        actor=alice, data=sale(client_of_alice, line("10", name="Coffee"), paid=5_00)
    )
    actions.set_delivery(actor=alice, order=order, state="sent", address="Lenina 1")
    order.refresh_from_db()
    data = form(
        responsible=alice.pk,
        version=order.version,
        date=order.business_date.isoformat(),
        client_id=client_of_alice.pk,
        **{"line-1-ordinal": "1"},
    )
    browse(alice).post(f"/orders/{order.pk}/edit/", data)
    after = Order.objects.get()
    assert (after.total, after.paid, after.payment) == (21_00, 5_00, "partly")
    assert (after.ordered_at, after.delivery_address) == (order.ordered_at, "Lenina 1")


def test_a_form_cannot_take_a_client_that_its_sender_does_not_see(
    browse: Callable[[User], Browser], charlie: User, client_of_alice: Client
) -> None:
    data = form(client_id=client_of_alice.pk, responsible=charlie.pk)
    browse(charlie).post("/orders/new/", data)
    assert not Order.objects.filter(client=client_of_alice).exists()
    answer = browse(charlie).get("/orders/clients/", {"client_name": "смир"})
    assert client_of_alice.name not in text(answer)


def test_a_payment_a_cancelling_and_a_deletion_can_be_taken_back(
    browse: Callable[[User], Browser], head: User, client_of_alice: Client
) -> None:
    order = actions.create_order(
        actor=head, data=sale(client_of_alice, line("100"), payment="unpaid")
    )
    page, here = browse(head), f"/orders/{order.pk}/"
    assert "100 ₽" in text(page.post(f"{here}payment/", {"amount": "100"}, follow=True))
    page.post(f"{here}payment/back/10000/")
    assert Order.objects.get().payment == "unpaid"
    page.post(f"{here}cancel/", {"reason": "changed his mind"})
    assert Order.objects.get().status == "cancelled"
    page.post(f"{here}status/new/")
    assert Order.objects.get().status == "new"
    deleted = page.post(f"{here}delete/", follow=True)
    assert f"{here}restore/" in text(deleted)
    assert page.get(here).status_code == 404
    page.post(f"{here}restore/")
    assert page.get(here).status_code == 200


def test_a_return_is_recorded_by_line(
    browse: Callable[[User], Browser], alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(actor=alice, data=sale(client_of_alice, line("10", "3")))
    page = browse(alice)
    wrong = page.post(f"/orders/{order.pk}/return/", {"back-1": "4"})
    assert wrong.status_code == 422
    page.post(f"/orders/{order.pk}/return/", {"back-1": "2"})
    assert Order.objects.get(kind="return").total == 20_00


def test_selected_orders_are_deleted_and_brought_back_at_once(
    browse: Callable[[User], Browser], head: User, client_of_alice: Client
) -> None:
    made = [actions.create_order(actor=head, data=sale(client_of_alice)) for _n in range(3)]
    actions.create_return(actor=head, order=made[0])
    page = browse(head)
    data = {"do": "bulk", "action": "delete", "ids": [order.pk for order in made]}
    answer = page.post("/orders/", data, follow=True)
    assert "2 orders deleted" in text(answer)
    undo = text(answer).split("/orders/undelete/")[1].split("/")[0]
    page.post(f"/orders/undelete/{undo}/")
    assert Order.objects.visible_to(head).filter(kind="sale").count() == 3
    assert all(order.is_counted for order in Order.objects.all())
    client_of_alice.refresh_from_db()
    assert client_of_alice.facts.orders_count == 3


def test_costs_are_shown_to_those_who_may_see_them_only(
    browse: Callable[[User], Browser],
    alice: User,
    head: User,
    client_of_alice: Client,
    coffee: Product,
) -> None:
    order = actions.create_order(
        actor=alice, data=sale(client_of_alice, line("1250", product_id=coffee.pk))
    )
    for address in (f"/orders/{order.pk}/", f"/products/{coffee.pk}/", "/products/"):
        assert "700" in text(browse(head).get(address)), address
        shown = text(browse(alice).get(address))
        assert "700" not in shown, address
        assert "Margin" not in shown, address
        assert "44%" not in shown, address
    sorted_by_cost = browse(alice).get("/products/", {"sort": "-cost"})
    assert sorted_by_cost.status_code == 200
    assert "Cost" not in text(sorted_by_cost)
    filtered = browse(alice).get("/orders/", {"f": '{"fact":"margin","op":"gt","value":1}'})
    assert filtered.status_code == 400


def test_who_does_not_see_a_cost_price_does_not_erase_it(
    browse: Callable[[User], Browser], make_user: Callable[..., User], coffee: Product
) -> None:
    keeper = make_user("Kate", "manager")
    keeper.role.permissions = keeper.role.permissions | {"products.edit": "all"}
    keeper.role.save()
    page = browse(keeper)
    assert 'name="cost"' not in text(page.get(f"/products/{coffee.pk}/edit/"))
    data = {"name": "Эфиопия", "kind": "good", "currency": "RUB", "price": "1300", "cost": "1"}
    page.post(f"/products/{coffee.pk}/edit/", data)
    coffee.refresh_from_db()
    assert (coffee.price, coffee.cost) == (1300_0000, 700_0000)


def test_a_product_page_shows_how_the_price_went(
    browse: Callable[[User], Browser], head: User
) -> None:
    product = actions.save_product(actor=head, data=ProductData(name="Tea", price=100_0000))
    actions.save_product(actor=head, product=product, data=ProductData(name="Tea", price=120_5000))
    shown = text(browse(head).get(f"/products/{product.pk}/"))
    assert "The price went from 100 ₽ to 120.50 ₽" in shown


def test_the_search_box_finds_orders_and_products(
    browse: Callable[[User], Browser],
    alice: User,
    charlie: User,
    client_of_alice: Client,
    coffee: Product,
) -> None:
    actions.create_order(actor=alice, data=sale(client_of_alice, number="A-4187"))
    assert "Order № A-4187" in text(browse(alice).get("/search/", {"q": "№ A-41"}))
    assert "A-4187" not in text(browse(charlie).get("/search/palette/", {"q": "A-41"}))
    assert coffee.name in text(browse(charlie).get("/search/palette/", {"q": "иргач"}))


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def test_hostile_names_are_shown_as_text(
    browse: Callable[[User], Browser], head: User, make_client: Callable[..., Client]
) -> None:
    client = make_client(HOSTILE)
    product = actions.save_product(actor=head, data=ProductData(name=HOSTILE, sku="<b>"))
    order = actions.create_order(
        actor=head,
        data=sale(client, line("5", name=HOSTILE, product_id=product.pk), comment=HOSTILE),
    )
    page = browse(head)
    for address in (
        "/orders/",
        "/products/",
        f"/orders/{order.pk}/",
        f"/orders/{order.pk}/edit/",
        f"/orders/{order.pk}/return/",
        f"/products/{product.pk}/",
        f"/products/{product.pk}/edit/",
        "/orders/products/?line-1-what=script",
        "/orders/clients/?client_name=%3Cscript",
        "/search/?q=script",
    ):
        shown = text(page.get(address))
        assert "<script>alert" not in shown, address
        assert "<img src=x" not in shown, address


@pytest.mark.parametrize(
    ("address", "most"),
    [("/orders/", 8), ("/products/", 9), ("order", 11), ("product", 8), ("/orders/new/", 6)],
)
def test_a_page_costs_a_few_queries_however_much_it_shows(
    browse: Callable[[User], Browser],
    head: User,
    make_client: Callable[..., Client],
    address: str,
    most: int,
) -> None:
    products = actions.load_products(
        [ProductData(name=f"Product {n}", price=10_0000) for n in range(30)], actor=head
    )
    for n in range(30):
        goods = [line("10", product_id=product.pk, name="x") for product in products]
        order = actions.create_order(actor=head, data=sale(make_client(f"Client {n}"), *goods))
    address = {"order": f"/orders/{order.pk}/", "product": f"/products/{products[0].pk}/"}.get(
        address, address
    )
    page = browse(head)
    page.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert page.get(address).status_code == 200
    assert len(queries) <= most, "\n".join(query["sql"] for query in queries)
