"""Bodies, filters and addresses that no honest program sends: a clean refusal, never a 500."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import create_segment
from orbita.core.rules import RuleError, compile_rule
from tests.security.hostile import ONE_QUERY, caller, signed_in

pytestmark = pytest.mark.django_db
JSON = "application/json"
# Deep, half a character, a zero byte, not UTF-8, no number, no object.
BODIES = [
    '{"name":' + "[" * 100_000 + "]" * 100_000 + "}", '{"a":' * 50_000 + "1" + "}" * 50_000,
    '{"name": "a\\ud800b"}', '{"name": "a\\u0000b"}', '{"name": "ab", "comment": "x\\ud800"}',
    '{"name": "ab", "comment": "x\\u0000"}', '{"name": "ab", "tags": ["\\ud800"]}',
    '{"name": "ab", "time_zone": "\\ud800"}', '{"name": "ab", "external_id": "\\ud800"}',
    '{"name": NaN}', "[1]", '"x"', "null", b'{"name": "\xff\xfe"}',
    '{"name": "ab", "birthday": "0000-00-00"}', '{"name": "ab", "sex": "\\u0000"}',
]  # fmt: skip
LINES = '"lines": [{"name": "a", "price": "1"}]'
ORDERS = [
    '{"lines": [{"name": "a\\ud800", "price": "1"}]}', '{"comment": "\\u0000", ' + LINES + "}",
    '{"lines": [{"name": "a", "price": 1e400}]}', '{"lines": [{"name": "a", "price": "NaN"}]}',
    '{"lines": [{"name": "a", "price": "Infinity"}]}',
    '{"lines": [{"name": "a", "price": "99999999999", "quantity": "999999999"}]}',
    '{"ordered_at": "0001-01-01T00:00:00+14:00", ' + LINES + "}",
    '{"ordered_at": "9999-12-31T23:59:59-14:00", ' + LINES + "}",
    '{"lines": [{"product_id": 9223372036854775807, "price": "1"}]}',
    '{"client_id": 9223372036854775808, ' + LINES + "}", '{"currency": "XXX", ' + LINES + "}",
]  # fmt: skip
FILTERS = [
    '{"fact":"city","op":"eq","value":"\\ud800"}', '{"fact":"city","op":"eq","value":"\\u0000"}',
    '{"fact":"email","op":"contains","value":"\\u0000"}', '{"fact":"sex","op":"eq","value":"\\u0000"}',
    '{"fact":"tag","op":"in","value":["\\u0000"]}', '{"fact":"segment","op":"in","value":[1.5]}',
    '{"fact":"external_id","op":"eq","value":"\\u0000"}',
    '{"fact":"number","op":"eq","value":99999999999999999999999}',
    '{"fact":"number","op":"in","value":[999999999999999]}',
    '{"fact":"gross","op":"eq","value":99999999999999}', '{"fact":"gross","op":"eq","value":1e308}',
    '{"fact":"average","op":"gte","value":99999999999999}', '{"fact":"age","op":"eq","value":1e14}',
    '{"fact":"age","op":"between","value":[-5,1e9]}', '{"fact":"age","op":"eq","value":NaN}',
    '{"fact":"birthday_within","op":"lte","value":-1e14}',
    '{"fact":"birthday_within","op":"lte","value":1e14}',
    '{"fact":"last_order","op":"last_days","value":36600}',
    '{"fact":"created","op":"on","value":"0001-01-01"}',
    '{"fact":"created","op":"on","value":"9999-12-31"}',
    '{"fact":"city","op":"empty","value":NaN}', '{"fact":"city","op":"empty","junk":"\\ud800"}',
    '{"fact":"city","op":"empty","value":1e999}', '{"fact":"city","op":"empty","junk":"\\u0000"}',
    '{"not":' * 900 + "{}" + "}" * 900, '{"all":' + "[" * 3000 + "]" * 3000 + "}", "[" * 7000,
    '{"fact":"responsible","op":"eq","value":"٣"}', '{"fact":"__class__","op":"eq","value":1}',
    '{"fact":"name__startswith","op":"eq","value":"a"}',
    '{"fact":"name","op":"__regex","value":"(a+)+$"}', '{"fact":{"a":1},"op":[],"value":{}}',
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_hostile_client_is_refused(admin: User, body: Any) -> None:
    answer = caller(admin).post("/api/v1/clients", body, content_type=JSON)
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", ORDERS, ids=range(len(ORDERS)))
def test_a_hostile_order_is_refused(admin: User, body: str) -> None:
    answer = caller(admin).post("/api/v1/orders", body, content_type=JSON)
    assert answer.status_code in (400, 404, 422)


@pytest.mark.parametrize("rule", FILTERS, ids=range(len(FILTERS)))
def test_a_hostile_filter_breaks_neither_the_api_nor_the_lists(admin: User, rule: str) -> None:
    assert caller(admin).get("/api/v1/clients", {"filter": rule}).status_code in (200, 422)
    browser = signed_in(admin)
    for url in ("/clients/", "/orders/"):
        for more in ({}, {"part": "counts"}, {"edit": "0"}, {"add": "name", "part": "condition"}):
            assert browser.get(url, {"f": rule, **more}).status_code in (200, 400)
        saved = browser.post(f"{url}?{urlencode({'f': rule})}", {"do": "save", "name": "a\0b"})
        assert saved.status_code == 302
    form = {"name": "s", "rule": rule}
    assert browser.post(reverse("clients:segment-new"), form).status_code in (200, 302, 422)


@pytest.mark.parametrize(
    "value",
    ["\0", "-", "--number", "number__x", "'", ONE_QUERY, "9" * 400, "9" * 5000, "1e9", "٣", "²", "%00", "[]",
     "null", "../..", "pk", "-pk", "client__responsible__password", "9223372036854775808"],
)  # fmt: skip
def test_hostile_words_in_an_address_are_only_words(admin: User, value: str) -> None:
    browser = signed_in(admin)
    for name in ("sort", "view", "q", "after", "before", "edit", "add", "op", "value", "from", "part"):  # fmt: skip
        for url in ("/clients/", "/orders/", "/products/"):
            assert browser.get(url, {name: value}).status_code in (200, 302, 400), (url, name)
    for url in ("/rfm/", "/search/", "/search/palette/", "/settings/users/", "/settings/jobs/",
                "/settings/mail/", "/clients/options/", "/segments/", "/import/"):  # fmt: skip
        for name in ("q", "group", "after", "before", "status", "name", "count"):
            assert browser.get(url, {name: value}).status_code in (200, 302, 400, 404), (url, name)


@pytest.mark.parametrize("number", ["0", "9223372036854775807", "9" * 20, "9" * 400, "9" * 5000])
def test_numbers_beyond_every_row_are_not_found(admin: User, number: str) -> None:
    browser = signed_in(admin)
    for url in ("/clients/%s/", "/orders/%s/", "/products/%s/", "/settings/users/%s/",
                "/settings/teams/%s/", "/import/%s/", "/segments/%s/", "/clients/files/%s/",
                "/exports/%s/"):  # fmt: skip
        assert browser.get(url % number).status_code == 404, url
    for url in ("/orders/undelete/%s/", "/products/undelete/%s/", "/clients/undo/%s/",
                "/settings/rfm/undo/%s/", "/ui/views/%s/restore/", "/settings/jobs/%s/retry/",
                "/settings/mail/%s/send-again/", "/segments/restore/%s/",
                "/orders/1/payment/back/%s/"):  # fmt: skip
        assert browser.post(url % number).status_code in (302, 404), url
    for url in ("/api/v1/clients/%s", "/api/v1/orders/%s", "/api/v1/imports/%s"):
        assert caller(admin).get(url % number).status_code in (404, 422), url


def test_an_undo_of_a_payment_takes_no_endless_sum(admin: User) -> None:
    order = caller(admin).post("/api/v1/orders", "{" + LINES + "}", content_type=JSON).json()
    for amount in ("9" * 18, "9" * 20, "9" * 400):
        url = f"/orders/{order['id']}/payment/again/{amount}/"
        assert signed_in(admin).post(url).status_code in (302, 404)


def test_segments_of_segments_do_not_multiply_without_end(admin: User) -> None:
    rule: dict[str, Any] = {"fact": "city", "op": "eq", "value": "a"}
    many: dict[str, Any] = {"any": [rule] * 150}
    segment = create_segment(actor=admin, name="s", rule=many)
    rule = {"fact": "segment", "op": "in", "value": [segment.pk]}
    compile_rule("client", {"any": [rule] * 3}, actor=admin)
    with pytest.raises(RuleError):
        compile_rule("client", {"any": [rule] * 150}, actor=admin)
    with pytest.raises(ValidationError):
        create_segment(actor=admin, name="t", rule={"any": [rule] * 150})


def test_a_replayed_key_answers_no_token_of_fewer_rights(admin: User) -> None:
    headers = {"idempotency-key": "k"}
    body = '{"name": "Secret Person"}'
    first = caller(admin).post("/api/v1/clients", body, content_type=JSON, headers=headers)
    assert first.status_code == 201
    other = caller(admin, "orders.*").post(
        "/api/v1/clients", body, content_type=JSON, headers=headers
    )
    assert other.status_code in (403, 409)
    assert b"Secret" not in other.content


@pytest.mark.parametrize("key", ["a\0b", "k" * 5000, "ключ", "'; --"])
def test_a_hostile_idempotency_key_is_only_a_key(admin: User, key: str) -> None:
    headers = {"idempotency-key": key}
    answer = caller(admin).post(
        "/api/v1/products", '{"name": "q"}', content_type=JSON, headers=headers
    )
    assert answer.status_code in (201, 409)
