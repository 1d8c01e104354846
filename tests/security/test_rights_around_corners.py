"""Other people's records by undo, bulk, export, filters, sorting, extra fields of forms."""

import json
from typing import Any

import pytest
from django.urls import reverse

from orbita.accounts.models import Role, User
from orbita.clients.actions import (
    add_contact,
    add_file,
    add_tag,
    create_client,
    link_person,
    update_client,
)
from orbita.clients.models import Client, ContactPoint
from orbita.commerce.actions import create_order
from orbita.commerce.actions.catalogue import ProductData, save_product
from orbita.commerce.models import Order
from orbita.commerce.records import LineData, OrderData
from orbita.core.models import Event
from orbita.ui.actions import save_view
from orbita.ui.models import SavedView
from tests.security.hostile import caller, signed_in

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def card(alice: User) -> Client:
    return create_client(actor=alice, values={"last_name": "Hidden", "first_name": "Person"})


@pytest.fixture
def order(alice: User, card: Client) -> Order:
    return create_order(
        actor=alice,
        data=OrderData(client_id=card.pk, lines=[LineData(name="x", price=10_000, cost=50)]),
    )


def rows(*models: Any) -> list[Any]:
    return [list(model._base_manager.order_by("pk").values_list()) for model in models]


def test_a_stranger_undoes_nothing_of_others(alice: User, charlie: User, card: Client) -> None:
    change = update_client(actor=alice, client=card, values={"occupation": "spy"})
    assert change
    before = rows(Client)
    browser = signed_in(charlie)
    for event in Event.objects.filter(client_id=card.pk):
        assert browser.post(reverse("clients:undo", args=[event.pk])).status_code == 404
    assert browser.post(reverse("clients:undo-last", args=[card.pk])).status_code == 404
    bulk = add_tag(actor=alice, client_ids=[card.pk], tag="vip")
    browser.post(f"{reverse('clients:undo-many')}?token={bulk.undo_token}")
    browser.post(f"{reverse('clients:undo-many')}?token=made-up")
    assert card.tags.count() == 1
    assert [row[:3] for row in before[0]] == [row[:3] for row in rows(Client)[0]]


def test_a_role_taken_away_takes_the_undo_away(alice: User, card: Client) -> None:
    event = update_client(actor=alice, client=card, values={"occupation": "spy"})
    bulk = add_tag(actor=alice, client_ids=[card.pk], tag="vip")
    User.objects.filter(pk=alice.pk).update(role=Role.objects.get(key="viewer"))
    browser = signed_in(User.objects.get(pk=alice.pk))
    assert event
    assert browser.post(reverse("clients:undo", args=[event.pk])).status_code == 403
    url = f"{reverse('clients:undo-many')}?token={bulk.undo_token}"
    assert browser.post(url).status_code == 403
    card.refresh_from_db()
    assert (card.occupation, card.tags.count()) == ("spy", 1)


@pytest.mark.parametrize("whole", [True, False])
def test_work_on_a_selection_reaches_only_ones_own(
    alice: User, charlie: User, card: Client, order: Order, whole: bool
) -> None:
    before = rows(Client, Order)
    browser = signed_in(charlie)
    chosen: dict[str, Any] = {"all": "1"} if whole else {"ids": [str(card.pk)]}
    ordered: dict[str, Any] = {"all": "1"} if whole else {"ids": [str(order.pk)]}
    for name, form in (
        ("bulk-assign", {"responsible": str(charlie.pk)}),
        ("bulk-tag", {"tag": "mine"}),
        ("bulk-segment", {"name": "mine"}),
    ):
        url = reverse(f"clients:{name}")
        assert browser.post(url, {**chosen, **form, "go": "1"}).status_code in (302, 422)
    for url in ("/clients/", "/orders/"):
        for action in ("delete", "done", "restore"):
            given = ordered if url == "/orders/" else chosen
            answer = browser.post(url, {**given, "do": "bulk", "action": action})
            assert answer.status_code in (302, 400, 403)
    assert rows(Client, Order) == before


def test_an_export_leaves_only_with_the_right_and_only_what_one_sees(
    alice: User, charlie: User, head: User, card: Client
) -> None:
    url = "/export/clients/csv/all/"
    assert signed_in(alice).post(url).status_code == 403
    assert signed_in(alice).post(url, {"all": "", "ids": [str(card.pk)]}).status_code == 403
    assert b"Hidden Person" in b"".join(signed_in(head).post(url))
    role = Role.objects.create(
        name="Exporter", permissions={"clients.view": "own", "clients.export": "all"}
    )
    User.objects.filter(pk=charlie.pk).update(role=role)
    answer = signed_in(User.objects.get(pk=charlie.pk)).post(
        url, {"all": "", "ids": [str(card.pk)]}
    )
    content = b"".join(answer) if answer.streaming else answer.content
    assert b"Hidden" not in content


def test_costs_are_told_neither_by_filter_nor_sort_nor_column_nor_api(
    alice: User, admin: User, order: Order
) -> None:
    product = save_product(actor=admin, data=ProductData(name="Tea", price=20_000, cost=7_777))
    browser = signed_in(alice)
    for fact in ("margin", "cost", "margin_share"):
        rule = json.dumps({"fact": fact, "op": "gt", "value": 0})
        for url in ("/orders/", "/products/"):
            assert browser.get(url, {"f": rule}).status_code == 400
        answer = caller(alice).get("/api/v1/orders", {"filter": rule})
        assert answer.status_code == 422
    for sort in ("cost", "-cost", "margin"):
        assert browser.get("/products/", {"sort": sort}).status_code == 200
    browser.post("/products/", {"do": "columns", "columns": ["cost", "margin"]})
    for url in ("/products/", f"/products/{product.pk}/", f"/orders/{order.pk}/", "/orders/"):
        text = browser.get(url).content.decode()
        assert "7,777" not in text.replace("0.7777", "7,777"), url
    shown = caller(alice).get(f"/api/v1/products/{product.pk}").json()
    assert shown["cost"] is None


def test_people_of_a_company_who_are_hidden_do_not_show_through_it(
    alice: User, charlie: User, admin: User
) -> None:
    company = create_client(actor=alice, values={"kind": "company", "name": "ООО Ромашка"})
    person = create_client(actor=charlie, values={"name": "Secret Person"})
    add_contact(actor=charlie, client=person, kind="phone", value="+79161112233")
    link_person(actor=admin, company=company, person=person, role="", position="boss")
    page = signed_in(alice).get(reverse("clients:card", args=[company.pk])).content.decode()
    assert "+79161112233" not in page
    url = reverse("clients:person", args=[company.pk, person.pk])
    assert signed_in(alice).get(url).status_code == 404
    assert signed_in(alice).post(url, {"do": "unlink"}).status_code == 404
    seen = signed_in(admin).get(reverse("clients:card", args=[company.pk])).content.decode()
    assert "+79161112233" in seen


def test_a_client_of_others_cannot_be_put_into_ones_own_records(
    charlie: User, card: Client, order: Order
) -> None:
    lines = [{"name": "x", "price": "1"}]
    api = caller(charlie)
    for url, body in (
        ("/api/v1/orders", {"client_id": card.pk, "lines": lines}),
        ("/api/v1/product-views", {"client_id": card.pk, "product_id": 1}),
    ):
        assert api.post(url, json.dumps(body), content_type=JSON).status_code == 404
    cart = {"external_id": "1", "client_id": card.pk, "lines": lines}
    assert api.put("/api/v1/carts", json.dumps(cart), content_type=JSON).status_code == 404
    form = {
        "client_id": str(card.pk), "date": "2026-01-01", "status": "new", "payment": "unpaid",
        "responsible": str(charlie.pk), "currency": "RUB", "line-1-what": "x", "line-1-price": "1",
    }  # fmt: skip
    signed_in(charlie).post("/orders/new/", form)
    assert not Order.objects.filter(client=card, responsible=charlie).exists()


def test_a_contact_is_removed_only_from_the_card_it_is_on(
    alice: User, charlie: User, card: Client
) -> None:
    add_contact(actor=alice, client=card, kind="phone", value="+79161112233")
    point = ContactPoint.objects.get(client=card)
    own = create_client(actor=charlie, values={"name": "Own Person"})
    url = f"/api/v1/clients/{own.pk}/contacts/{point.pk}"
    assert caller(charlie).delete(url).status_code == 404
    page = reverse("clients:contact", args=[own.pk, point.pk])
    assert signed_in(charlie).post(page, {"do": "remove"}).status_code == 404
    assert ContactPoint.objects.filter(pk=point.pk).exists()


def test_files_and_notes_of_a_hidden_client_stay_hidden(
    alice: User, charlie: User, card: Client, settings: Any, tmp_path: Any
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    file = add_file(actor=alice, client=card, file=SimpleUploadedFile("a.txt", b"secret"))
    assert signed_in(alice).get(reverse("clients:file", args=[file.pk])).status_code == 200
    browser = signed_in(charlie)
    assert browser.get(reverse("clients:file", args=[file.pk])).status_code == 404
    for name in ("card", "history", "edit"):
        assert browser.get(reverse(f"clients:{name}", args=[card.pk])).status_code == 404
    assert browser.post(reverse("clients:note", args=[card.pk]), {"text": "x"}).status_code == 404
    found = (
        browser.get("/search/palette/?q=Hidden").content + browser.get("/clients/?q=Hidden").content
    )
    assert b"Hidden Person" not in found


def test_a_private_view_is_nobody_elses(alice: User, bob: User, charlie: User) -> None:
    view = save_view(actor=alice, list_name="orders", name="Mine", rule={})
    browser = signed_in(bob)
    assert b"Mine" not in browser.get(f"/orders/?view={view.pk}").content
    for doing in ("update", "delete"):
        assert browser.post(f"/orders/?view={view.pk}", {"do": doing}).status_code in (403, 404)
    assert browser.post(f"/ui/views/{view.pk}/restore/").status_code == 404
    browser.post("/orders/", {"do": "save", "name": "All of us", "shared": "on"})
    assert not SavedView.objects.filter(owner=bob, is_shared=True).exists()


def test_fields_that_a_form_does_not_have_are_not_written(
    alice: User, charlie: User, admin: User, card: Client
) -> None:
    top = Role.objects.get(key="administrator")
    browser = signed_in(alice)
    form = {"name": "Alice", "language": "en", "theme": "auto", "time_zone": "UTC"}
    extra = {
        "role": top.pk, "role_id": top.pk, "is_active": "", "is_service": "on", "password": "x",
        "email": "evil@example.org", "team": charlie.team_id, "is_administrator": "on",
    }  # fmt: skip
    browser.post("/profile/", {**form, **extra})
    kept = User.objects.get(pk=alice.pk)
    assert (kept.role_id, kept.email, kept.is_active, kept.is_service, kept.team_id) == (
        alice.role_id, alice.email, True, False, alice.team_id,
    )  # fmt: skip
    url = reverse("clients:edit", args=[card.pk])
    browser.post(
        url,
        {"kind": "person", "last_name": "New", "version": "1", "deleted_at": "2020-01-01",
         "created_at": "2001-01-01", "pk": "99", "id": "99", "updated_at": "x", "city": "X"},
    )  # fmt: skip
    fresh = Client.objects.get(pk=card.pk)
    assert (fresh.deleted_at, fresh.created_at, fresh.city) == (None, card.created_at, "")
    for field in ("deleted_at", "version", "created_at", "name_key", "pk", "password"):
        at = reverse("clients:field", args=[card.pk, field])
        assert browser.post(at, {field: "1"}).status_code == 404
    api = caller(alice)
    for extra_field in ("deleted_at", "responsible", "responsible_id", "id", "version_", "origin"):
        body = json.dumps({"name": "x", extra_field: 1})
        assert api.post("/api/v1/clients", body, content_type=JSON).status_code == 422
        at = f"/api/v1/clients/{card.pk}"
        answer = api.patch(at, json.dumps({extra_field: 1}), content_type=JSON)
        assert answer.status_code == 422


def test_a_manager_gives_new_records_to_nobody_else(alice: User, charlie: User) -> None:
    browser = signed_in(alice)
    browser.post(
        reverse("clients:new"),
        {"kind": "person", "last_name": "X", "responsible": str(charlie.pk)},
    )
    assert not Client.objects.filter(responsible=charlie).exists()
    form = {
        "date": "2026-01-01", "status": "new", "payment": "unpaid", "currency": "RUB",
        "responsible": str(charlie.pk), "line-1-what": "x", "line-1-price": "1",
    }  # fmt: skip
    assert browser.post("/orders/new/", form).status_code == 422
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("read", {"get"}), ("orders.*", set()), ("clients.view", {"get"}), ("clients.*", {"get", "post"})],
)  # fmt: skip
def test_a_token_does_no_more_than_its_scopes(
    head: User, card: Client, scope: str, allowed: set[str]
) -> None:
    api = caller(head, scope)
    got = api.get("/api/v1/clients").status_code
    made = api.post("/api/v1/clients", '{"name": "New Person"}', content_type=JSON).status_code
    assert (got == 200) == ("get" in allowed)
    assert (made == 201) == ("post" in allowed)
    assert {got, made} <= {200, 201, 403}


def test_a_token_opens_no_page_and_a_session_no_api(alice: User) -> None:
    assert caller(alice).get("/profile/").status_code == 302
    assert signed_in(alice).get("/api/v1/me").status_code == 401
