import json
from typing import Any

import pytest
from django.test import Client as Browser

from orbita.accounts.actions import create_token
from orbita.accounts.models import User
from orbita.commerce.models import Order, Product

pytestmark = pytest.mark.django_db


def caller(user: User, *scopes: str) -> Browser:
    _token, secret = create_token(actor=None, user=user, name="test", scopes=scopes or ["*"])
    return Browser(headers={"authorization": f"Bearer {secret}"})


def post(browser: Browser, url: str, data: Any, **headers: str) -> Any:
    return browser.post(
        f"/api/v1{url}", json.dumps(data), content_type="application/json", headers=headers
    )


ORDER = {"lines": [{"name": "Зерно", "quantity": "2.5", "price": "100.10"}]}


def test_a_token_says_whom_it_acts_as(alice: User) -> None:
    answer = caller(alice, "read").get("/api/v1/me").json()
    assert answer["email"] == alice.email
    assert answer["permissions"]["orders.view"] == "team"
    assert answer["permissions"]["orders.edit"] == "none"


def test_without_a_valid_token_the_answer_is_a_problem() -> None:
    for headers in ({}, {"authorization": "Bearer orb_nothing"}):
        response = Browser(headers=headers).get("/api/v1/orders")
        assert response.status_code == 401
        assert response["Content-Type"] == "application/problem+json"
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_order_is_added_with_exact_sums(alice: User) -> None:
    response = post(caller(alice), "/orders", ORDER)
    assert response.status_code == 201
    order = response.json()
    assert (order["total"], order["lines"][0]["quantity"]) == ("250.25", "2.5")
    assert Order.objects.get().responsible == alice


def test_a_repeated_idempotency_key_repeats_the_answer_and_not_the_effect(alice: User) -> None:
    browser = caller(alice)
    first = post(browser, "/orders", ORDER, idempotency_key="k1")
    again = post(browser, "/orders", ORDER, idempotency_key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 1
    other = post(browser, "/orders", {**ORDER, "number": "7"}, idempotency_key="k1")
    assert other.status_code == 409


def test_a_key_of_one_user_says_nothing_to_another(alice: User, bob: User) -> None:
    post(caller(alice), "/orders", ORDER, idempotency_key="k1")
    assert post(caller(bob), "/orders", ORDER, idempotency_key="k1").status_code == 201
    assert Order.objects.count() == 2


def test_pages_follow_each_other_without_gaps(head: User) -> None:
    browser = caller(head)
    for number in range(7):
        post(browser, "/orders", {**ORDER, "number": str(number)})
    seen, cursor = [], None
    while True:
        query = f"?limit=3&cursor={cursor}" if cursor else "?limit=3"
        page = browser.get(f"/api/v1/orders{query}").json()
        seen += [item["number"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [str(number) for number in range(7)]


def test_a_stranger_sees_neither_the_order_nor_that_it_exists(alice: User, charlie: User) -> None:
    order = post(caller(alice), "/orders", ORDER).json()
    browser = caller(charlie)
    assert browser.get("/api/v1/orders").json()["items"] == []
    assert browser.get(f"/api/v1/orders/{order['id']}").status_code == 404
    assert browser.delete(f"/api/v1/orders/{order['id']}").status_code == 404


def test_a_reading_token_writes_nothing(alice: User) -> None:
    response = post(caller(alice, "read"), "/orders", ORDER)
    assert response.status_code == 403
    assert response.json()["detail"]
    assert not Order.objects.exists()


def test_costs_are_shown_only_with_their_right(head: User, alice: User) -> None:
    product = post(caller(head), "/products", {"name": "Зерно", "price": "900", "cost": "410.5"})
    assert product.json()["cost"] == "410.5"
    assert caller(alice).get(f"/api/v1/products/{product.json()['id']}").json()["cost"] is None


def test_a_taken_article_is_a_conflict(head: User) -> None:
    browser = caller(head)
    post(browser, "/products", {"name": "Зерно", "sku": "A1"})
    assert post(browser, "/products", {"name": "Чай", "sku": "A1"}).status_code == 409
    assert Product.objects.count() == 1


def test_a_change_on_top_of_an_unseen_one_is_a_conflict(head: User) -> None:
    browser = caller(head)
    product = post(browser, "/products", {"name": "Зерно"}).json()
    url = f"/api/v1/products/{product['id']}"

    def patch(data: dict[str, Any]) -> Any:
        return browser.patch(url, json.dumps(data), content_type="application/json")

    assert patch({"price": "10", "version": product["version"]}).status_code == 200
    assert patch({"price": "20", "version": product["version"]}).status_code == 409
    assert browser.get(url).json()["price"] == "10"


def test_unknown_fields_and_unreadable_filters_are_refused(head: User) -> None:
    browser = caller(head)
    assert post(browser, "/products", {"name": "Зерно", "prize": 1}).status_code == 422
    for text in ("{", "[]", '{"fact": "no such", "op": "eq", "value": 1}'):
        response = browser.get("/api/v1/orders", {"filter": text})
        assert response.status_code == 422, text
        assert response["Content-Type"] == "application/problem+json"


def test_the_document_is_openapi_3_1_and_declares_every_refusal(admin: User) -> None:
    document = Browser().get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            missing = {"401", "403", "404", "422", "429"} - set(operation["responses"])
            assert not missing, f"{method} {path}"


def test_the_reference_is_a_page_without_scripts_from_elsewhere(admin: User) -> None:
    browser = Browser()
    assert browser.get("/api/v1/docs").status_code == 302
    browser.force_login(admin)
    page = browser.get("/api/v1/docs").content.decode()
    assert "/api/v1/orders" in page
    assert "https://" not in page


CLIENT = {
    "name": "Иванов Пётр Сергеевич",
    "external_id": "A-17",
    "contacts": [{"kind": "phone", "value": "8 (916) 123-45-67"}],
    "tags": ["опт"],
}


def test_a_client_is_added_and_understood(alice: User) -> None:
    response = post(caller(alice), "/clients", CLIENT)
    assert response.status_code == 201, response.content
    client = response.json()
    assert (client["last_name"], client["first_name"]) == ("Иванов", "Пётр")
    assert client["external_id"] == "A-17"
    assert client["contacts"][0]["key"] == "+79161234567"
    assert client["tags"] == ["опт"]
    assert client["responsible_id"] == alice.pk


def test_an_external_id_belongs_to_one_client(alice: User) -> None:
    browser = caller(alice)
    post(browser, "/clients", CLIENT)
    assert post(browser, "/clients", CLIENT).status_code == 409


def test_wrong_check_digits_are_told_by_field(alice: User) -> None:
    response = post(
        caller(alice), "/clients", {"kind": "company", "name": "ООО Север", "inn": "7707083894"}
    )
    assert response.status_code == 422
    assert "inn" in response.json()["errors"]


def test_a_client_is_changed_and_put_into_the_bin(head: User) -> None:
    browser = caller(head)
    client = post(browser, "/clients", CLIENT).json()
    url = f"/api/v1/clients/{client['id']}"
    changed = browser.patch(
        url, json.dumps({"occupation": "врач"}), content_type="application/json"
    )
    assert changed.json()["occupation"] == "врач"
    assert changed.json()["contacts"] == client["contacts"]
    assert browser.delete(url).status_code == 204
    assert browser.get(url).status_code == 404


def test_contacts_are_added_and_removed(alice: User) -> None:
    browser = caller(alice)
    client = post(browser, "/clients", CLIENT).json()
    url = f"/clients/{client['id']}/contacts"
    added = post(browser, url, {"kind": "email", "value": "Petr@Example.org"})
    assert added.status_code == 201, added.content
    assert len(browser.get(f"/api/v1{url}").json()) == 2
    assert browser.delete(f"/api/v1{url}/{added.json()['id']}").status_code == 204
    assert len(browser.get(f"/api/v1{url}").json()) == 1


def test_relations_are_added_read_from_both_sides_and_removed(alice: User) -> None:
    browser = caller(alice)
    mother = post(browser, "/clients", {"name": "Иванова Анна", "sex": "f"}).json()["id"]
    son = post(browser, "/clients", {"name": "Иванов Пётр"}).json()["id"]
    data = {"relation": "parent", "client_id": mother, "note": "живут рядом"}
    added = post(browser, f"/clients/{son}/relations", data)
    assert added.status_code == 201, added.content
    url = f"/api/v1/clients/{mother}/relations"
    (seen,) = browser.get(url).json()
    assert browser.get(f"/api/v1/clients/{mother}").json()["relations"] == [seen]
    assert (seen["relation"], seen["client_id"], seen["note"]) == ("child", son, "живут рядом")
    assert post(browser, f"/clients/{son}/relations", data | {"client_id": son}).status_code == 422
    assert browser.delete(f"{url}/{seen['id']}").status_code == 204
    assert browser.get(url).json() == []


def test_people_come_to_companies_and_leave(alice: User) -> None:
    browser = caller(alice)
    company = post(browser, "/clients", {"name": "ООО Север", "kind": "company"}).json()["id"]
    person = post(browser, "/clients", {"name": "Иванов Пётр"}).json()["id"]
    url = f"/api/v1/clients/{company}/people/{person}"
    body = {"role": "pays", "since": "2021-03-01", "until": "2025-05-20"}
    put = browser.put(url, json.dumps(body), content_type="application/json")
    assert put.status_code == 200, put.content
    (place,) = browser.get(f"/api/v1/clients/{person}/people").json()
    assert (place["client_id"], place["role"], place["until"]) == (company, "pays", "2025-05-20")
    assert browser.delete(url).status_code == 204
    assert browser.get(f"/api/v1/clients/{company}/people").json() == []


def test_lists_take_the_filters_of_the_pages(alice: User) -> None:
    browser = caller(alice)
    post(browser, "/clients", CLIENT)
    post(browser, "/clients", {"name": "Сидорова Анна"})
    rule = {"fact": "name", "op": "contains", "value": "сидор"}
    page = browser.get("/api/v1/clients", {"filter": json.dumps(rule)}).json()
    assert [item["name"] for item in page["items"]] == ["Сидорова Анна"]


def test_a_client_tells_how_good_its_data_are(alice: User) -> None:
    browser = caller(alice)
    contacts = [{"kind": "email", "value": "i@gmial.com"}]
    data = {"last_name": "ИВАНОВ", "first_name": "Иван", "contacts": contacts}
    client = post(browser, "/clients", data).json()
    assert (client["completeness"], client["problems"]) == (40, ["capitals", "domain"])
    assert client["check_on"] is not None
    assert (client["contacts"][0]["mark"], client["contacts"][0]["confirmed_at"]) == ("", None)
    rule = json.dumps({"fact": "problem", "op": "in", "value": ["capitals"]})
    found = browser.get("/api/v1/clients", {"filter": rule}).json()
    assert [row["id"] for row in found["items"]] == [client["id"]]
