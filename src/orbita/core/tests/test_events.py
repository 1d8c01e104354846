from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks import task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbita.core import context, events
from orbita.core.events import EventKind, NewEvent, Subscription, emit, emit_many
from orbita.core.models import Event, EventPayload, Job, Origin

pytestmark = pytest.mark.django_db(transaction=True)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
PAYLOADS = st.dictionaries(st.text(max_size=20), ANYTHING, max_size=5)
slow = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@task()
def hear(event_id: int) -> None:
    Event.objects.get(pk=event_id)


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    events.KINDS.register(EventKind("test.said", "Said"), EventKind("test.other", "Other"))
    events.SUBSCRIPTIONS.register(
        Subscription("test-live", frozenset({"test.said"}), hear),
        Subscription(
            "test-imports",
            frozenset({"test.said"}),
            hear,
            origins=frozenset({Origin.IMPORT}),
            max_age=timedelta(days=1),
        ),
    )
    yield
    for name in ("test.said", "test.other"):
        del events.KINDS._items[name]
    for name in ("test-live", "test-imports"):
        del events.SUBSCRIPTIONS._items[name]


def heard() -> list[int]:
    jobs = Job.objects.filter(task__contains="test_events").order_by("pk")
    return [args[0] for args in jobs.values_list("args", flat=True)]


@slow
@given(data=PAYLOADS)
def test_an_event_is_refused_outside_a_transaction_whatever_it_says(data: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError):
        emit("test.said", actor=None, data=data)
    assert not Event.objects.exists()


@slow
@given(data=PAYLOADS)
def test_a_commitment_verifies_until_the_payload_is_touched(data: dict[str, Any]) -> None:
    with transaction.atomic():
        pk = emit("test.said", actor=None, data=data).pk
    assert events.verify(Event.objects.get(pk=pk)) is True
    assert events.payload_of(Event.objects.get(pk=pk)) == data
    EventPayload.objects.filter(pk=pk).update(data='{"changed":true}')
    assert events.verify(Event.objects.get(pk=pk)) is False


def test_equal_payloads_have_different_commitments() -> None:
    with transaction.atomic():
        one, two = emit_many(
            [NewEvent("test.other", data={"phone": "1"})] * 2, actor=None, origin=Origin.LIVE
        )
    assert bytes(one.commitment) != bytes(two.commitment)


def test_an_undeclared_kind_is_refused() -> None:
    with transaction.atomic(), pytest.raises(LookupError):
        emit("test.unheard", actor=None)


def test_subscribers_get_their_jobs_in_the_transaction_of_the_event() -> None:
    with transaction.atomic():
        event = emit("test.said", actor=None)
        emit("test.other", actor=None)
        assert heard() == [event.pk]
    assert heard() == [event.pk]


def test_event_payload_and_jobs_roll_back_with_their_cause() -> None:
    with transaction.atomic():
        emit("test.said", actor=None, data={"a": 1})
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not EventPayload.objects.exists()
    assert heard() == []


@pytest.mark.parametrize("origin", [o for o in Origin.values if o not in ("live", "import")])
def test_subscribers_of_live_events_hear_nothing_of_other_origins(origin: str) -> None:
    with transaction.atomic():
        emit("test.said", actor=None, origin=origin)
    assert heard() == []


def test_imports_reach_only_those_who_asked_and_only_while_they_are_fresh() -> None:
    now = timezone.now()
    with transaction.atomic():
        rows = [
            NewEvent("test.said", happened_at=now - timedelta(hours=1)),
            NewEvent("test.said", happened_at=now - timedelta(days=2)),
        ]
        fresh, _old = emit_many(rows, actor=None, origin=Origin.IMPORT)
    assert heard() == [fresh.pk]


def test_erasing_what_an_event_says_leaves_that_it_happened() -> None:
    with transaction.atomic():
        event = emit("test.said", actor=None, client_id=7, data={"phone": "+79161234567"})
    assert events.erase_payloads([event.pk]) == 1
    kept = Event.objects.get(pk=event.pk)
    assert (kept.kind, kept.client_id, bytes(kept.commitment)) == (
        "test.said",
        7,
        event.commitment,
    )
    assert events.payload_of(kept) == {}
    assert events.verify(kept) is None


def test_the_log_is_append_only() -> None:
    with transaction.atomic():
        event = emit("test.other", actor=None)
    for forbidden in (
        event.delete,
        event.save,
        Event.objects.all().delete,
        lambda: Event.objects.update(kind="x"),
        lambda: Event.objects.filter(pk=event.pk).update(actor_id=1),
    ):
        with pytest.raises(RuntimeError):
            forbidden()
    assert Event.objects.get().kind == "test.other"


def test_many_events_cost_few_statements(django_assert_max_num_queries: Any) -> None:
    with transaction.atomic(), django_assert_max_num_queries(30):
        emit_many([NewEvent("test.said") for _ in range(500)], actor=None)
    assert len(heard()) == 500


def test_an_event_carries_the_request_it_happened_in() -> None:
    with context.request("abc"), transaction.atomic():
        event = emit("test.other", actor=None)
    assert Event.objects.get(pk=event.pk).request_id == "abc"


def test_changes_name_only_what_differs() -> None:
    before, after = {"a": 1, "b": 2}, {"a": 1, "b": 3, "c": Decimal(1)}
    assert events.changes(before, after) == {
        "before": {"b": 2, "c": None},
        "after": {"b": 3, "c": Decimal(1)},
    }
