"""Events written in bulk are as whole as those written one by one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from orbita.core.events import NewEvent, commitment, emit_many, payload_of
from orbita.core.models import Event, Origin

LONG_AGO = datetime(2024, 2, 29, 7, 30, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 2, 500])
def test_many_events_keep_their_order_time_and_payload(count: int) -> None:
    rows = [
        NewEvent("user.created", n, "user", n, {"n": n}, LONG_AGO + timedelta(minutes=n))
        for n in range(count)
    ]
    with transaction.atomic():
        written = emit_many(rows, actor=None, origin=Origin.BACKFILL)
    kept = list(Event.objects.select_related("payload").order_by("pk"))
    assert [event.pk for event in kept] == [event.pk for event in written]
    for n, event in enumerate(kept):
        assert payload_of(event) == {"n": n}
        assert (event.client_id, event.subject_id) == (n, n)
        assert event.happened_at == LONG_AGO + timedelta(minutes=n)
        assert event.origin == Origin.BACKFILL
        assert bytes(event.commitment) == commitment(bytes(event.payload.salt), event.payload.data)


@pytest.mark.django_db
def test_keys_taken_in_bulk_do_not_meet_those_given_singly() -> None:
    one = NewEvent("user.created", data={})
    with transaction.atomic():
        emit_many([one] * 60, actor=None)
        emit_many([one], actor=None)
        emit_many([one] * 60, actor=None)
    assert Event.objects.count() == 121
