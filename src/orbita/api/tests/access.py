"""Who may call what. The owner is a manager: he sees his team's records and changes his own."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from orbita.accounts.testing import Row, World, api_answers
from orbita.clients.actions import add_contact, create_client, link_person, relate
from orbita.clients.models import ContactPoint, Relation
from orbita.commerce.actions import create_order
from orbita.commerce.actions.catalogue import ProductData, save_product
from orbita.commerce.records import LineData, OrderData
from orbita.gateways.actions import receive_file
from orbita.work.actions import begin_with, create_deal
from orbita.work.models import Pipeline, Stage
from orbita.work.records import DealData


def prepare(world: World) -> None:
    client = create_client(actor=world.owner, values={"name": "Иванов Пётр"})
    add_contact(actor=world.owner, client=client, kind="phone", value="+79160000001")
    friend = create_client(actor=world.owner, values={"name": "Сидорова Ольга"})
    relate(actor=world.owner, client=client, other=friend, side="friend")
    company = create_client(actor=world.owner, values={"name": "ООО Север", "kind": "company"})
    link_person(actor=world.owner, company=company, person=client)
    world["api_client"], world["api_friend"], world["api_company"] = client, friend, company
    world["api_relation"] = Relation.objects.get(client=client)
    world["api_contact"] = ContactPoint.objects.get(client=client)
    line = LineData(name="Зерно", price=1_000_000)
    world["api_order"] = create_order(
        actor=world.owner, data=OrderData(client_id=client.pk, lines=[line])
    )
    world["api_product"] = save_product(
        actor=world.administrator, data=ProductData(name="Зерно «Север»")
    )
    if not Pipeline.objects.exists():
        begin_with(actor=None, names=["new"])
    world["api_deal"] = create_deal(actor=world.owner, data=DealData(client_id=client.pk))
    world["api_import"] = receive_file(
        actor=world.administrator, chunks=["Имя;Телефон\nАнна;89160000002\n".encode()], name="a.csv"
    )


def of(name: str, key: str) -> Any:
    return lambda world: {key: world[name].pk}


def _contact(world: World) -> dict[str, int]:
    return {"client_id": world["api_client"].pk, "contact_id": world["api_contact"].pk}


def _relation(world: World) -> dict[str, int]:
    return {"client_id": world["api_client"].pk, "relation_id": world["api_relation"].pk}


def _place(world: World) -> dict[str, int]:
    return {"client_id": world["api_company"].pk, "person_id": world["api_client"].pk}


def _mark(world: World) -> dict[str, Any]:
    return {"client_id": world["api_client"].pk, "mark": "offer"}


def _next_stage(world: World) -> dict[str, int]:
    deal = world["api_deal"]
    return {
        "stage_id": Stage.objects.get(pipeline=deal.pipeline_id, position=1).pk,
        "seen_stage_id": deal.stage_id,
    }


def _file(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("b.csv", "Имя;Телефон\nОльга;89160000003\n".encode())}


LINES = [{"name": "Зерно", "price": "100"}]
# A manager of another team does not see the record at all.
OWN = {"viewer": 403, "teammate": 403, "stranger": 404, "token": 403}

ROWS = [
    Row("api:openapi-json", api_answers(200, anonymous=200)),
    Row("api:openapi-view", api_answers(302, anonymous=302)),
    Row("api:api-root", api_answers(404, anonymous=404)),
    Row("api:me", api_answers(200)),
    Row("api:list_fields", api_answers(200)),
    Row("api:list_clients", api_answers(200)),
    Row(
        "api:add_client",
        api_answers(201, viewer=403, token=403),
        method="POST",
        data=lambda world: {"name": "Сидорова Анна"},
    ),
    Row("api:get_client", api_answers(200, stranger=404), kwargs=of("api_client", "client_id")),
    Row(
        "api:change_client",
        api_answers(200, **OWN),
        method="PATCH",
        kwargs=of("api_client", "client_id"),
        data=lambda world: {"occupation": "врач"},
    ),
    Row(
        "api:delete_client",
        api_answers(204, **OWN | {"owner": 403}),
        method="DELETE",
        kwargs=of("api_client", "client_id"),
    ),
    Row("api:list_contacts", api_answers(200, stranger=404), kwargs=of("api_client", "client_id")),
    Row(
        "api:add_contact",
        api_answers(201, **OWN),
        method="POST",
        kwargs=of("api_client", "client_id"),
        data=lambda world: {"kind": "email", "value": "anna@example.org"},
    ),
    Row("api:remove_contact", api_answers(204, **OWN), method="DELETE", kwargs=_contact),
    Row("api:list_relations", api_answers(200, stranger=404), kwargs=of("api_client", "client_id")),
    Row(
        "api:add_relation",
        api_answers(201, **OWN),
        method="POST",
        kwargs=of("api_client", "client_id"),
        data=lambda world: {"relation": "brought", "client_id": world["api_friend"].pk},
    ),
    Row("api:remove_relation", api_answers(204, **OWN), method="DELETE", kwargs=_relation),
    Row("api:list_people", api_answers(200, stranger=404), kwargs=of("api_company", "client_id")),
    Row(
        "api:put_person",
        api_answers(200, **OWN),
        method="PUT",
        kwargs=_place,
        data=lambda world: {"role": "decides"},
    ),
    Row("api:remove_person", api_answers(204, **OWN), method="DELETE", kwargs=_place),
    Row("api:get_consents", api_answers(200, stranger=404), kwargs=of("api_client", "client_id")),
    Row(
        "api:add_consent",
        api_answers(201, viewer=403, stranger=404, token=403),
        method="POST",
        kwargs=of("api_client", "client_id"),
        data=lambda world: {"purpose": "advertising", "channels": ["email"], "given": False},
    ),
    Row("api:get_status", api_answers(200, stranger=404), kwargs=of("api_client", "client_id")),
    Row("api:put_mark", api_answers(200, **OWN), method="PUT", kwargs=_mark),
    Row("api:remove_mark", api_answers(200, **OWN), method="DELETE", kwargs=_mark),
    Row("api:list_orders", api_answers(200)),
    Row(
        "api:add_order",
        api_answers(201, viewer=403, token=403),
        method="POST",
        data=lambda world: {"lines": LINES},
    ),
    Row("api:get_order", api_answers(200, stranger=404), kwargs=of("api_order", "order_id")),
    Row(
        "api:delete_order",
        api_answers(204, **OWN | {"owner": 403}),
        method="DELETE",
        kwargs=of("api_order", "order_id"),
    ),
    Row(
        "api:set_status",
        api_answers(200, **OWN),
        method="POST",
        kwargs=of("api_order", "order_id"),
        data=lambda world: {"status": "done"},
    ),
    Row(
        "api:record_payment",
        api_answers(200, **OWN),
        method="POST",
        kwargs=of("api_order", "order_id"),
        data=lambda world: {"amount": "100"},
    ),
    Row(
        "api:add_return",
        api_answers(201, **OWN),
        method="POST",
        kwargs=of("api_order", "order_id"),
        data=lambda world: {},
    ),
    Row("api:list_pipelines", api_answers(200)),
    Row("api:list_deals", api_answers(200)),
    Row(
        "api:add_deal",
        api_answers(201, viewer=403, token=403),
        method="POST",
        data=lambda world: {"name": "Зерно на год"},
    ),
    Row("api:get_deal", api_answers(200, stranger=404), kwargs=of("api_deal", "deal_id")),
    Row(
        "api:change_deal",
        api_answers(200, **OWN),
        method="PATCH",
        kwargs=of("api_deal", "deal_id"),
        data=lambda world: {"amount": "1000"},
    ),
    Row(
        "api:move_deal",
        api_answers(200, **OWN),
        method="POST",
        kwargs=of("api_deal", "deal_id"),
        data=_next_stage,
    ),
    Row(
        "api:delete_deal",
        api_answers(204, **OWN | {"owner": 403}),
        method="DELETE",
        kwargs=of("api_deal", "deal_id"),
    ),
    Row("api:list_products", api_answers(200)),
    Row(
        "api:add_product",
        api_answers(201, viewer=403, owner=403, teammate=403, stranger=403, token=403),
        method="POST",
        data=lambda world: {"name": "Чай"},
    ),
    Row("api:get_product", api_answers(200), kwargs=of("api_product", "product_id")),
    Row(
        "api:change_product",
        api_answers(200, viewer=403, owner=403, teammate=403, stranger=403, token=403),
        method="PATCH",
        kwargs=of("api_product", "product_id"),
        data=lambda world: {"price": "10"},
    ),
    Row(
        "api:put_cart",
        api_answers(200, **OWN),
        method="PUT",
        data=lambda world: {
            "external_id": "c1",
            "client_id": world["api_client"].pk,
            "lines": LINES,
        },
    ),
    Row(
        "api:add_product_view",
        api_answers(201, **OWN),
        method="POST",
        data=lambda world: {
            "client_id": world["api_client"].pk,
            "product_id": world["api_product"].pk,
        },
    ),
    Row("api:list_imports", api_answers(403, head=200, administrator=200)),
    Row(
        "api:add_import",
        api_answers(403, head=202, administrator=202),
        method="POST",
        data=_file,
        content_type=MULTIPART_CONTENT,
    ),
    Row(
        "api:get_import",
        api_answers(404, head=200, administrator=200),
        kwargs=of("api_import", "import_id"),
    ),
    Row(
        "api:undo_import",
        api_answers(404, head=422, administrator=422),
        method="POST",
        kwargs=of("api_import", "import_id"),
        data=lambda world: {},
    ),
    Row("api:overview", api_answers(200)),
    Row("api:scores", api_answers(200)),
    Row("api:search", api_answers(200), query=lambda world: {"q": "иванов"}),
]
