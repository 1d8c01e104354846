"""Own fields through the API: in, out, filters, and what a role does not see."""

import json
from typing import Any

import pytest
from django.test import Client as Browser

from orbita.accounts.actions import create_token
from orbita.accounts.models import User
from orbita.clients.fields.actions import define_field

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields(admin: User, head: User) -> None:
    for kind, key, more in (
        ("text", "car", {"is_unique": True}),
        ("number", "mileage", {}),
        ("flag", "fleet", {}),
        ("money", "limit", {}),
        ("choices", "likes", {"options": [{"label": "Раз"}, {"label": "Два"}]}),
        ("text", "secret", {"see_roles": [head.role_id]}),
    ):
        define_field(actor=admin, subject="client", kind=kind, label=f"Поле {key}", key=key, **more)
    define_field(actor=admin, subject="order", kind="date", label="Гарантия", key="warranty")
    define_field(actor=admin, subject="product", kind="number", label="В коробке", key="pack")


class Api:
    def __init__(self, user: User) -> None:
        _token, secret = create_token(actor=user, user=user, name="t", scopes=["*"])
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._browser = Browser()

    def __call__(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        answer = self._browser.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else b"",
            content_type="application/json",
            headers=self._headers,
            query_params=query or None,
        )
        return answer.status_code, json.loads(answer.content or b"null")


VALUES = {
    "car": "Lada",
    "mileage": 1500.5,
    "fleet": False,
    "limit": "10.50",
    "likes": ["Два", "raz"],
}
PLAIN = {
    "car": "Lada",
    "mileage": "1500.5",
    "fleet": False,
    "limit": "10.50",
    "likes": ["raz", "dva"],
}


def test_values_go_in_and_come_out_in_one_form(alice: User, fields: None) -> None:
    api = Api(alice)
    status, made = api("POST", "/clients", {"name": "Соколова Ирина", "fields": VALUES})
    assert (status, made["fields"]) == (201, PLAIN)
    address = f"/clients/{made['id']}"
    assert api("PATCH", address, {"fields": PLAIN})[1]["version"] == made["version"]
    changed = api("PATCH", address, {"fields": {"car": None, "fleet": True}})[1]
    assert changed["fields"] == {name: value for name, value in PLAIN.items() if name != "car"} | {
        "fleet": True
    }
    listed = api("GET", "/clients")[1]["items"]
    assert listed[0]["fields"] == changed["fields"]


def test_what_does_not_fit_is_said_where_it_stood(alice: User, fields: None) -> None:
    api = Api(alice)
    wrong = {"mileage": "много", "likes": ["Три"], "nothing": 1, "secret": "x"}
    status, answer = api("POST", "/clients", {"name": "Соколова Ирина", "fields": wrong})
    assert status == 422
    assert set(answer["errors"]) == {f"fields.{name}" for name in wrong}
    api("POST", "/clients", {"name": "Соколова Ирина", "fields": {"car": "Lada"}})
    status, answer = api("POST", "/clients", {"name": "Другая", "fields": {"car": "LADA"}})
    assert status == 409
    assert list(answer["errors"]) == ["fields.car"]


def test_lists_are_filtered_by_own_fields_the_actor_sees(
    alice: User, head: User, fields: None
) -> None:
    api = Api(alice)
    for mileage in (10, 20):
        api("POST", "/clients", {"name": "Соколова Ирина", "fields": {"mileage": mileage}})
    rule = json.dumps({"fact": "own_mileage", "op": "gt", "value": 15})
    assert len(api("GET", "/clients", filter=rule)[1]["items"]) == 1
    closed = json.dumps({"fact": "own_secret", "op": "filled"})
    assert api("GET", "/clients", filter=closed)[0] == 422
    assert Api(head)("GET", "/clients", filter=closed)[0] == 200


def test_definitions_are_told_to_those_who_see_them(alice: User, head: User, fields: None) -> None:
    rows = Api(alice)("GET", "/fields")[1]
    assert [row["key"] for row in rows] == [
        "car",
        "mileage",
        "fleet",
        "limit",
        "likes",
        "warranty",
        "pack",
    ]
    assert rows[4]["options"][0] == {"key": "raz", "label": "Раз", "colour": ""}
    assert "secret" in [row["key"] for row in Api(head)("GET", "/fields")[1]]


def test_orders_and_products_have_theirs(admin: User, alice: User, fields: None) -> None:
    line = {"name": "Работа", "price": "100"}
    body = {"lines": [line], "fields": {"warranty": "2027-01-01"}}
    status, order = Api(alice)("POST", "/orders", body)
    assert (status, order["fields"]) == (201, {"warranty": "2027-01-01"})
    api = Api(admin)
    product = api("POST", "/products", {"name": "Зерно", "fields": {"pack": 12}})[1]
    assert product["fields"] == {"pack": "12"}
    kept = api("PATCH", f"/products/{product['id']}", {"unit": "кг"})[1]
    assert kept["fields"] == {"pack": "12"}
    emptied = api("PATCH", f"/products/{product['id']}", {"fields": {"pack": None}})[1]
    assert emptied["fields"] == {}
