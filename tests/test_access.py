"""Every address × seven actors. An address without a row fails; so does a write before a refusal."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils.http import urlencode

from orbita.accounts.actions import create_token
from orbita.accounts.testing import ACTORS, API_ACTORS, Row, World, answers, make_world
from orbita.core.apps import rooms

pytestmark = pytest.mark.django_db

# What an answer may leave behind even when it only reads or refuses: who was here, and the log.
TRACES = (
    "accounts_usersession",
    "accounts_apitoken",
    "core_event",
    "core_eventpayload",
    "axes_",
)


def tables() -> list[ModuleType]:
    """`tests/access.py` of every room that has one, lowest room first."""
    return [
        import_module(f"{room.name}.tests.access")
        for room in rooms()
        if find_spec(f"{room.name}.tests.access")
    ]


ROWS = [Row("healthz", answers(200, anonymous=200)), Row("home", answers(302))] + [
    row for table in tables() for row in table.ROWS
]


def names(
    patterns: Sequence[URLPattern | URLResolver] | None = None, space: str = ""
) -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from names(pattern.url_patterns, inner)
        else:
            yield f"{space}{pattern.name}"


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for the whole table; every row works in a transaction that is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        for table in tables():
            if hasattr(table, "prepare"):
                table.prepare(world)
        yield world
        transaction.set_rollback(True)


def test_every_address_has_a_row_in_the_access_table() -> None:
    assert sorted(set(names()) - {row.name for row in ROWS}) == []


def test_every_row_of_the_access_table_names_an_address_that_exists() -> None:
    assert sorted({row.name for row in ROWS} - set(names())) == []


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_address_answers_each_actor_as_its_row_says(row: Row, world: World) -> None:
    url = reverse(row.name, kwargs=dict(row.kwargs(world)))
    expected = API_ACTORS if url.startswith("/api/") else ACTORS
    assert set(row.answers) == set(expected), "the row must speak of every actor"
    answered = {actor: _answer(row, url, actor, world) for actor in expected}
    assert answered == dict(row.answers)


def _answer(row: Row, url: str, actor: str, world: World) -> int:
    with transaction.atomic():
        client, headers = signed_in(url, actor, world)
        with CaptureQueriesContext(connection) as queries:
            response = send(client, row, url, world, headers)
        status = int(response.status_code)
        if row.method in ("GET", "HEAD") or status in (401, 403, 404):
            assert _writes(queries) == [], f"{row} wrote although it answered {status} to {actor}"
        if actor == "anonymous" and status == 302 and not _is_public(url):
            assert response["Location"].startswith(reverse(settings.LOGIN_URL))
        transaction.set_rollback(True)
    return status


def signed_in(url: str, actor: str, world: World) -> tuple[Client, dict[str, str]]:
    client, headers = Client(), {}
    user = world.actor(actor)
    if user and url.startswith("/api/"):
        scopes = ["read"] if actor == "token" else ["*"]
        _token, secret = create_token(actor=None, user=user, name="test", scopes=scopes)
        headers = {"Authorization": f"Bearer {secret}"}
    elif user:
        client.force_login(user)
    return client, headers


def send(client: Client, row: Row, url: str, world: World, headers: dict[str, str]) -> Any:
    if query := row.query(world):
        url = f"{url}?{urlencode(query, doseq=True)}"
    options: dict[str, Any] = {"headers": {**row.headers, **headers}}
    if row.method not in ("GET", "HEAD"):
        options["data"] = row.data(world)
        kind = row.content_type or ("application/json" if url.startswith("/api/") else "")
        if kind:
            options["content_type"] = kind
    return getattr(client, row.method.lower())(url, **options)


def _writes(queries: CaptureQueriesContext) -> list[str]:
    return [
        sql
        for query in queries
        if (sql := query["sql"]).startswith(("INSERT", "UPDATE", "DELETE"))
        and not any(f'"{table}' in sql.split("SET")[0].split("VALUES")[0][:80] for table in TRACES)
    ]


def _is_public(url: str) -> bool:
    return bool(getattr(resolve(url).func, "is_public", False))


POSTS = [row for row in ROWS if row.method == "POST"]


@pytest.mark.parametrize("row", POSTS, ids=str)
def test_a_form_without_its_csrf_token_is_refused(row: Row, world: World) -> None:
    url = reverse(row.name, kwargs=dict(row.kwargs(world)))
    if url.startswith("/api/"):
        pytest.skip("the API takes no cookies")
    with transaction.atomic():
        client = Client(enforce_csrf_checks=True)
        client.force_login(world.administrator)
        assert send(client, row, url, world, {}).status_code == 403
        transaction.set_rollback(True)
