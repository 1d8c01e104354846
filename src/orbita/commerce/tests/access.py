"""What every address of the room answers to whom."""

from datetime import date
from decimal import Decimal

from orbita.accounts.testing import Kwargs, Row, World, answers, only
from orbita.clients.models import Client
from orbita.commerce import actions
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.records import LineData, OrderData

LINE = {"line-1-what": "Coffee", "line-1-quantity": "2", "line-1-price": "10"}


def prepare(world: World) -> None:
    client = Client.objects.create(
        name="Buyer of Alice", name_key="buyer of alice", responsible=world.owner
    )
    data = OrderData(
        client_id=client.pk,
        lines=[LineData(name="Coffee", price=100_0000, quantity=2000)],
        paid=50_00,
    )
    world["buyer"] = client
    world["order"] = actions.create_order(actor=world.owner, data=data)
    gone = actions.create_order(actor=world.owner, data=data)
    world["deleted order"] = actions.delete_order(actor=world.head, order=gone)
    world["product"] = actions.save_product(
        actor=world.head, data=ProductData(name="Coffee", price=100_0000, cost=40_0000)
    )
    dropped = actions.save_product(actor=world.head, data=ProductData(name="Chicory"))
    world["deleted product"] = actions.delete_product(actor=world.head, product=dropped)
    world["rate"] = actions.set_rate(
        actor=world.administrator, currency="USD", since=date(2026, 1, 1), rate=Decimal(90)
    )


def _order(world: World) -> Kwargs:
    return {"pk": world["order"].pk}


def _deleted(world: World) -> Kwargs:
    return {"pk": world["deleted order"].pk}


def _product(world: World) -> Kwargs:
    return {"pk": world["product"].pk}


def _dropped(world: World) -> Kwargs:
    return {"pk": world["deleted product"].pk}


def _form(world: World) -> Kwargs:
    return {
        "date": "2026-01-15",
        "status": "new",
        "payment": "unpaid",
        "responsible": world["order"].responsible_id,
        "currency": "RUB",
        "version": "",
        **LINE,
    }


def _new_form(world: World) -> Kwargs:
    # Nobody's order but one's own: left out, it is the actor's, and the form asks for it.
    return {**_form(world), "responsible": ""}


SEEN = answers(200, stranger=404)
CHANGED = answers(302, viewer=403, teammate=403, stranger=404)
OPENED = answers(200, viewer=403, teammate=403, stranger=404)
DELETED = answers(403, head=302, administrator=302, stranger=404)
BINNED = only("head", "administrator", status=302)
CATALOGUE = only("head", "administrator")

ROWS = [
    Row("commerce:orders", answers(200)),
    Row("commerce:orders-bin", only("head", "administrator")),
    Row("commerce:orders-undelete", BINNED, method="POST", kwargs=lambda w: {"moment": 1}),
    Row("commerce:order-new", answers(200, viewer=403)),
    Row("commerce:order-new", answers(422, viewer=403), method="POST", data=_new_form),
    Row("commerce:product-options", answers(200), query=lambda w: {"line-1-what": "cof"}),
    Row("commerce:client-options", answers(200), query=lambda w: {"client_name": "buy"}),
    Row("commerce:order", SEEN, kwargs=_order),
    Row("commerce:order-edit", OPENED, kwargs=_order),
    Row("commerce:order-edit", CHANGED, method="POST", kwargs=_order, data=_form),
    Row(
        "commerce:order-status",
        CHANGED,
        method="POST",
        kwargs=lambda w: {**_order(w), "status": "done"},
    ),
    Row("commerce:order-cancel", OPENED, kwargs=_order),
    Row(
        "commerce:order-cancel",
        CHANGED,
        method="POST",
        kwargs=_order,
        data=lambda w: {"reason": "x"},
    ),
    Row("commerce:order-payment", OPENED, kwargs=_order),
    Row(
        "commerce:order-payment",
        CHANGED,
        method="POST",
        kwargs=_order,
        data=lambda w: {"amount": "10"},
    ),
    Row(
        "commerce:order-payment-undo",
        CHANGED,
        method="POST",
        kwargs=lambda w: {**_order(w), "way": "back", "amount": 1000},
    ),
    Row("commerce:order-delivery", OPENED, kwargs=_order),
    Row(
        "commerce:order-delivery",
        CHANGED,
        method="POST",
        kwargs=_order,
        data=lambda w: {"state": "sent"},
    ),
    Row("commerce:order-return", OPENED, kwargs=_order),
    Row(
        "commerce:order-return",
        CHANGED,
        method="POST",
        kwargs=_order,
        data=lambda w: {"back-1": "1"},
    ),
    Row("commerce:order-delete", DELETED, method="POST", kwargs=_order),
    Row("commerce:order-restore", BINNED, method="POST", kwargs=_deleted),
    Row("commerce:products", answers(200)),
    Row("commerce:products-bin", CATALOGUE),
    Row("commerce:products-undelete", BINNED, method="POST", kwargs=lambda w: {"moment": 1}),
    Row("commerce:product", answers(200), kwargs=_product),
    Row("commerce:product-new", CATALOGUE),
    Row(
        "commerce:product-new",
        BINNED,
        method="POST",
        data=lambda w: {"name": "Tea", "kind": "good", "currency": "RUB"},
    ),
    Row("commerce:product-edit", CATALOGUE, kwargs=_product),
    Row(
        "commerce:product-edit",
        BINNED,
        method="POST",
        kwargs=_product,
        data=lambda w: {"name": "Coffee", "kind": "good", "currency": "RUB", "price": "120"},
    ),
    Row(
        "commerce:product-sale",
        BINNED,
        method="POST",
        kwargs=lambda w: {**_product(w), "way": "off"},
    ),
    Row("commerce:product-delete", BINNED, method="POST", kwargs=_product),
    Row("commerce:product-restore", BINNED, method="POST", kwargs=_dropped),
    Row("commerce:rates", only("administrator")),
    Row(
        "commerce:rates",
        only("administrator", status=302),
        method="POST",
        data=lambda w: {"currency": "EUR", "since": "2026-01-01", "rate": "100"},
    ),
    Row(
        "commerce:rate-remove",
        only("administrator", status=302),
        method="POST",
        kwargs=lambda w: {"pk": w["rate"].pk},
    ),
]
