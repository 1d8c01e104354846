"""What goes wrong outside of the operations themselves is told as a problem too."""

import logging
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser

from orbita.accounts.models import User
from orbita.api.tests.test_api import caller
from orbita.core import context

pytestmark = pytest.mark.django_db


def problem_of(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = response.json()
    assert (told["status"], bool(told["title"]), bool(told["detail"])) == (status, True, True)
    return told


def test_an_unknown_address_is_a_problem(alice: User) -> None:
    for browser in (Browser(), caller(alice)):
        for path in ("/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/clients"):
            problem_of(browser.get(path), 404)


def test_a_method_that_an_address_does_not_take_is_a_problem(alice: User) -> None:
    response = caller(alice).delete("/api/v1/clients")
    problem_of(response, 405)
    assert set(response["Allow"].split(", ")) == {"GET", "POST"}


def test_a_wrong_host_is_a_problem() -> None:
    problem_of(Browser().get("/api/v1/me", headers={"host": "evil.example"}), 400)


def test_a_failure_says_nothing_but_the_id_that_the_log_has(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    browser = caller(alice)
    browser.raise_request_exception = False

    def broken(*_anything: Any) -> None:
        raise RuntimeError("the secret of the base")

    with connection.execute_wrapper(broken):
        response = browser.get("/api/v1/me")
    told = problem_of(response, 500)
    assert told["request_id"] == response["X-Request-Id"]
    assert b"secret" not in response.content
    assert "the secret of the base" in caplog.text


def test_a_line_of_the_log_begins_with_the_request_it_was_written_in() -> None:
    [handler] = [one for one in logging.getLogger().handlers if one.name == "stderr"]
    with context.request("5ca1ab1e"):
        record = logging.LogRecord("orbita", logging.ERROR, "", 0, "it broke", None, None)
        handler.filter(record)
    assert handler.format(record).endswith("ERROR [5ca1ab1e] orbita: it broke")


def test_pages_for_people_stay_pages() -> None:
    assert "text/html" in Browser().get("/nothing")["Content-Type"]
