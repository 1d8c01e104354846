"""Schemathesis throws what the document allows, and what it does not, at every operation."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from ninja import Schema

from orbita.accounts.actions import create_token
from orbita.accounts.testing import make_world
from orbita.api.tests import access

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
# A schema cannot say that an INN has check digits or that a filter names a known fact: 422 says so.
schema.config.checks.positive_data_acceptance.expected_statuses = [
    *schema.config.checks.positive_data_acceptance.expected_statuses,
    "422",
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A real WSGI request closes its database connection, which here is the test's own."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def authorization(one_connection: None) -> str:
    world = make_world()
    access.prepare(world)
    _token, secret = create_token(
        actor=None, user=world.administrator, name="schemathesis", scopes=["*"]
    )
    return f"Bearer {secret}"


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_operation_keeps_to_its_document(case: Any, authorization: str) -> None:
    case.call_and_validate(headers={"Authorization": authorization})


def test_no_two_shapes_share_a_name_in_the_document() -> None:
    names = [shape.__name__ for shape in _shapes(Schema) if shape.__module__.startswith("orbita.")]
    assert len(names) > 50
    assert sorted(name for name, count in Counter(names).items() if count > 1) == []


def _shapes(base: type[Schema]) -> Iterator[type[Schema]]:
    for shape in base.__subclasses__():
        yield shape
        yield from _shapes(shape)
