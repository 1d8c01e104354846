"""Deals and pipelines through the API."""

import json
from typing import Any

import pytest
from django.test import Client as Browser

from orbita.accounts.models import User
from orbita.api.tests.test_api import caller, post
from orbita.work.actions import begin_with
from orbita.work.models import Deal, LossReason, Stage

pytestmark = pytest.mark.django_db
DEAL = {"name": "Партия кофе", "amount": "120000.50", "expected_on": "2027-02-01"}


@pytest.fixture
def stages(db: None) -> list[Stage]:
    return list(begin_with(actor=None, names=["new"])[0].stages.order_by("position"))


def patch(browser: Browser, url: str, data: Any) -> Any:
    return browser.patch(f"/api/v1{url}", json.dumps(data), content_type="application/json")


def test_a_deal_is_added_in_the_first_stage_with_an_exact_sum(
    alice: User, stages: list[Stage]
) -> None:
    response = post(caller(alice), "/deals", DEAL)
    assert response.status_code == 201, response.content
    deal = response.json()
    assert (deal["amount"], deal["state"], deal["stage_id"]) == ("120000.50", "open", stages[0].pk)
    assert deal["responsible_id"] == alice.pk
    assert [stay["stage_id"] for stay in deal["stays"]] == [stages[0].pk]


def test_a_deal_is_added_once_under_one_key(alice: User, stages: list[Stage]) -> None:
    browser = caller(alice)
    first = post(browser, "/deals", DEAL, idempotency_key="k1")
    again = post(browser, "/deals", DEAL, idempotency_key="k1")
    assert first.json() == again.json()
    assert Deal.objects.count() == 1


def test_deals_are_filtered_and_paged(alice: User, stages: list[Stage]) -> None:
    browser = caller(alice)
    for amount in ("10", "2000", "3000"):
        post(browser, "/deals", DEAL | {"amount": amount})
    rule = json.dumps({"fact": "sum", "op": "gte", "value": 1000})
    first = browser.get("/api/v1/deals", {"filter": rule, "limit": "1"}).json()
    rest = browser.get("/api/v1/deals", {"filter": rule, "cursor": first["next"]}).json()
    assert [deal["amount"] for deal in first["items"] + rest["items"]] == ["2000.00", "3000.00"]
    assert rest["next"] is None


def test_a_change_touches_what_is_given_and_minds_the_version(
    alice: User, stages: list[Stage]
) -> None:
    browser = caller(alice)
    deal = post(browser, "/deals", DEAL | {"next_step": "Позвонить"}).json()
    url = f"/deals/{deal['id']}"
    changed = patch(browser, url, {"amount": "5", "expected_on": None, "version": 1}).json()
    assert (changed["amount"], changed["expected_on"], changed["next_step"]) == (
        *("5.00", None, "Позвонить"),
    )
    late = patch(browser, url, {"name": "Чай", "version": 1})
    assert late.status_code == 409
    assert late["Content-Type"] == "application/problem+json"
    assert Deal.objects.get().name == DEAL["name"]


def test_of_two_who_move_a_deal_the_later_is_told(alice: User, stages: list[Stage]) -> None:
    browser = caller(alice)
    deal = post(browser, "/deals", DEAL).json()
    url, seen = f"/deals/{deal['id']}/move", stages[0].pk
    assert post(browser, url, {"stage_id": stages[2].pk, "seen_stage_id": seen}).status_code == 200
    late = post(browser, url, {"stage_id": stages[3].pk, "seen_stage_id": seen})
    assert late.status_code == 409
    assert stages[2].name in late.json()["detail"]
    assert Deal.objects.get().stage == stages[2]


def test_a_lost_deal_needs_its_reason(alice: User, stages: list[Stage]) -> None:
    browser = caller(alice)
    deal = post(browser, "/deals", DEAL).json()
    url, lost = f"/deals/{deal['id']}/move", {"stage_id": stages[-1].pk}
    refused = post(browser, url, lost)
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == ["loss_reason_id"]
    reason = LossReason.objects.filter(parent__isnull=False)[0]
    moved = post(
        browser, url, lost | {"loss_reason_id": reason.pk, "come_back_on": "2027-06-01"}
    ).json()
    assert (moved["state"], moved["loss_reason_id"], moved["come_back_on"]) == (
        *("lost", reason.pk, "2027-06-01"),
    )


def test_what_a_stage_asks_for_is_told_by_field(alice: User, stages: list[Stage]) -> None:
    browser = caller(alice)
    deal = post(browser, "/deals", {"name": "Чай"}).json()
    refused = post(browser, f"/deals/{deal['id']}/move", {"stage_id": stages[2].pk})
    assert refused.status_code == 422
    assert {"amount", "expected_on"} <= set(refused.json()["errors"])


def test_a_deleted_deal_is_gone(head: User, stages: list[Stage]) -> None:
    browser = caller(head)
    deal = post(browser, "/deals", DEAL).json()
    assert browser.delete(f"/api/v1/deals/{deal['id']}").status_code == 204
    assert browser.get(f"/api/v1/deals/{deal['id']}").status_code == 404


def test_pipelines_are_told_with_stages_and_reasons(alice: User, stages: list[Stage]) -> None:
    answer = caller(alice, "read").get("/api/v1/pipelines").json()
    [pipeline] = answer["pipelines"]
    assert [stage["id"] for stage in pipeline["stages"]] == [stage.pk for stage in stages]
    assert [stage["kind"] for stage in pipeline["stages"]][-2:] == ["won", "lost"]
    assert {reason["parent_id"] for reason in answer["loss_reasons"]} > {None}
