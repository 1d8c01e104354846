"""Tampering with the log by SQL, as somebody at the database would, is found and named."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils.translation import override

from orbita.core import events
from orbita.core.events import EventKind, NewEvent, emit, emit_many
from orbita.core.models import Event, EventGap, EventPayload, EventSeal
from orbita.core.seals import checkpoints, protection, seal_all, sealing, state, verify

pytestmark = pytest.mark.django_db(transaction=True)
CHUNK = 10


@pytest.fixture(autouse=True)
def _small_links(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(sealing, "MOST", CHUNK)
    settings.ORBITA_DATA = tmp_path
    events.KINDS.register(EventKind("test.said", "Said"))
    with override("en"):
        yield
    del events.KINDS._items["test.said"]


def say(count: int) -> list[int]:
    with transaction.atomic():
        rows = [NewEvent("test.said", client_id=1, data={"word": n}) for n in range(count)]
        return [event.pk for event in emit_many(rows, actor=None)]


def settle() -> None:
    """Seals until no gap is open. The tests of another process hold gaps too: a cluster numbers the
    transactions of all its databases together.
    """
    deadline = time.monotonic() + 60
    while seal_all() or EventGap.objects.exists():
        assert time.monotonic() < deadline, "a gap stayed open"
        time.sleep(0.05)


def tamper(query: str, *values: Any) -> None:
    """As somebody at the database would: SQLite keeps to foreign keys only for those who ask."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute(query, values)
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys = ON")


def problem(*given: checkpoints.Checkpoint) -> str:
    done = verify(given)
    assert not done.ok
    return str(done.problem)


@pytest.fixture
def log() -> list[int]:
    """25 sealed events in three links; the ids of the events."""
    ids = say(25)
    seal_all()
    return ids


def test_an_untouched_log_verifies_to_its_last_event(log: list[int]) -> None:
    done = verify()
    assert (done.ok, done.count, done.unsealed, done.seals) == (True, 25, 0, 3)


def test_what_came_since_the_last_seal_is_reported(log: list[int]) -> None:
    say(4)
    done = verify()
    assert (done.ok, done.count, done.unsealed) == (True, 25, 4)


def test_sealing_twice_adds_nothing(log: list[int]) -> None:
    assert seal_all() == 0
    assert EventSeal.objects.count() == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "test.other"),
        ("actor_id", 77),
        ("client_id", None),
        ("subject_type", "order"),
        ("subject_id", 5),
        ("origin", "import"),
        ("request_id", "other"),
        ("happened_at", "2020-01-01 00:00:00+00:00"),
        ("recorded_at", "2020-01-01 00:00:00+00:00"),
        ("commitment", b"\x00" * 32),
    ],
)
@pytest.mark.parametrize("place", [0, 12, 24])
def test_a_changed_row_is_named(log: list[int], column: str, value: Any, place: int) -> None:
    tamper(f"UPDATE core_event SET {column} = %s WHERE id = %s", value, log[place])
    said = problem()
    assert f"vent {log[place]} " in said
    assert "changed" in said


@pytest.mark.parametrize("place", [0, 12, 24])
def test_a_deleted_row_is_named(log: list[int], place: int) -> None:
    tamper("DELETE FROM core_eventpayload WHERE event_id = %s", log[place])
    tamper("DELETE FROM core_event WHERE id = %s", log[place])
    assert f"Event {log[place]} was deleted" in problem()


def test_rows_that_changed_places_are_named(log: list[int]) -> None:
    one, two = log[3], log[6]
    tamper("UPDATE core_event SET client_id = 5 WHERE id = %s", one)
    tamper("DELETE FROM core_eventseal")
    seal_all()
    for table, key in (("core_eventpayload", "event_id"), ("core_event", "id")):
        for old, new in ((one, -1), (two, one), (-1, two)):
            if table == "core_event":
                _renumber(old, new)
            elif connection.vendor == "sqlite":
                tamper(f"UPDATE {table} SET {key} = %s WHERE {key} = %s", new, old)
    said = problem()
    assert f"in the place of event {one} stands what was event {two}" in said


def _renumber(old: int, new: int) -> None:
    if connection.vendor == "sqlite":
        tamper("UPDATE core_event SET id = %s WHERE id = %s", new, old)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE core_event SET id = %s WHERE id = %s", [new, old])
        cursor.execute("UPDATE core_eventpayload SET event_id = %s WHERE event_id = %s", [new, old])


@pytest.mark.parametrize("key", [0, -7])
def test_a_row_inserted_before_all_others_is_named(log: list[int], key: int) -> None:
    _insert_copy(log[0], key)
    assert f"Event {key} was inserted" in problem()


def test_a_row_inserted_where_a_transaction_rolled_back_is_named() -> None:
    say(3)
    hole = _leave_a_hole()
    last = say(3)
    settle()
    assert verify().ok
    _insert_copy(last[0], hole)
    assert f"Event {hole} was inserted" in problem()


def _leave_a_hole() -> int:
    """An id that no event has."""
    [key] = say(1)
    tamper("DELETE FROM core_eventpayload WHERE event_id = %s", key)
    tamper("DELETE FROM core_event WHERE id = %s", key)
    return key


def _insert_copy(source: int, key: int) -> None:
    names = ", ".join(str(f.column) for f in Event._meta.concrete_fields if f.column != "id")
    tamper(
        f"INSERT INTO core_event (id, {names}) SELECT %s, {names} FROM core_event WHERE id = %s",
        key,
        source,
    )


@pytest.mark.parametrize("place", [0, 24])
def test_a_changed_payload_is_named(log: list[int], place: int) -> None:
    tamper("UPDATE core_eventpayload SET data = '{}' WHERE event_id = %s", log[place])
    assert f"What event {log[place]} says was changed" in problem()


def test_a_changed_payload_is_found_in_the_unsealed_tail_too(log: list[int]) -> None:
    [key] = say(1)
    tamper("UPDATE core_eventpayload SET data = '{}' WHERE event_id = %s", key)
    assert f"What event {key} says was changed" in problem()


def test_erasing_what_events_say_keeps_the_chain(log: list[int]) -> None:
    events.erase_payloads(log[:7])
    done = verify()
    assert (done.ok, done.count, done.erased) == (True, 25, 7)


def test_a_payload_put_back_after_it_was_erased_is_named(log: list[int]) -> None:
    events.erase_payloads([log[2]])
    EventPayload.objects.create(event_id=log[2], salt=b"0" * 16, data='{"word":2}')
    assert f"What event {log[2]} says was changed" in problem()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("last_id", 1000),
        ("first_id", 0),
        ("count", 1),
        ("total", 3),
        ("missing", "[[1,2]]"),
        ("late", "[3]"),
        ("marks", b""),
        ("content", b"\x01" * 32),
        ("digest", b"\x01" * 32),
        ("sealed_at", "2020-01-01 00:00:00+00:00"),
    ],
)
def test_a_changed_seal_is_named(log: list[int], column: str, value: Any) -> None:
    tamper(f'UPDATE core_eventseal SET "{column}" = %s WHERE number = 2', value)
    assert "Seal 2" in problem()


@pytest.mark.parametrize("number", [1, 2])
def test_a_deleted_seal_is_named(log: list[int], number: int) -> None:
    tamper("DELETE FROM core_eventseal WHERE number = %s", number)
    assert f"Seal {number} is missing" in problem()


def _cut(log: list[int], keep: int) -> None:
    tamper("DELETE FROM core_eventpayload WHERE event_id > %s", log[keep - 1])
    tamper("DELETE FROM core_event WHERE id > %s", log[keep - 1])
    tamper("DELETE FROM core_eventseal WHERE last_id > %s", log[keep - 1])


def test_a_cut_tail_is_seen_against_a_checkpoint_only(log: list[int]) -> None:
    _cut(log, 20)
    assert verify().ok
    said = problem(*checkpoints.own())
    assert "end of the log was cut off" in said
    assert str(log[-1]) in said


def test_a_cut_tail_stays_seen_while_the_log_grows_over_it(log: list[int]) -> None:
    _cut(log, 20)
    for _ in range(3):
        say(9)
        seal_all()
    assert "written anew" in problem(*checkpoints.own())


def test_a_chain_written_anew_is_seen_against_a_checkpoint(log: list[int]) -> None:
    tamper("UPDATE core_event SET actor_id = 9 WHERE id = %s", log[4])
    tamper("DELETE FROM core_eventseal")
    while sealing.seal_next() == sealing.MORE:
        pass
    assert verify().ok
    assert "written anew" in problem(*checkpoints.own())


def test_a_checkpoint_kept_elsewhere_speaks_when_the_own_ones_are_gone(
    log: list[int], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(checkpoints.latest_file().read_text())
    key = checkpoints.public_key()
    for path in (checkpoints.latest_file(), checkpoints.daily_file()):
        path.unlink()
    _cut(log, 10)
    assert verify(checkpoints.own()).ok
    assert "cut off" in problem(*checkpoints.read(kept, key))


@pytest.mark.parametrize("change", ["seal", "key"])
def test_a_forged_checkpoint_is_named(log: list[int], change: str) -> None:
    said = json.loads(checkpoints.latest_file().read_text())
    said[change] = 2 if change == "seal" else said["digest"]
    checkpoints.latest_file().write_text(json.dumps(said))
    done = verify(checkpoints.own())
    assert "not signed by the key" in str(done.problem)


def test_the_key_is_closed_to_others_and_outside_the_database(log: list[int]) -> None:
    assert checkpoints.key_file().stat().st_mode & 0o777 == 0o600
    assert checkpoints.folder().stat().st_mode & 0o777 == 0o700


def test_checkpoints_begin_anew_after_a_base_was_brought_back(log: list[int]) -> None:
    _cut(log, 20)
    checkpoints.set_aside()
    say(2)
    seal_all()
    done = verify(checkpoints.own())
    assert (done.ok, done.checkpoints) == (True, 1)


def test_a_base_full_of_old_events_is_sealed_in_chunks(
    django_assert_max_num_queries: Any,
) -> None:
    ids = say(CHUNK * 4 + 3)
    assert verify().unsealed == len(ids)
    with django_assert_max_num_queries(12):
        assert sealing.seal_next() == sealing.MORE
    assert verify().count == CHUNK
    seal_all()
    done = verify()
    assert (done.ok, done.count, done.unsealed, done.seals) == (True, len(ids), 0, 5)


def test_of_two_who_seal_at_once_one_leaves_it_to_the_other(
    log: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(3)
    before = sealing._last()
    seal_all()
    monkeypatch.setattr(sealing, "_last", lambda: before)
    assert sealing.seal_next() == sealing.DONE
    assert verify().count == 28


def test_what_the_last_check_found_is_kept_and_said_in_both_languages(log: list[int]) -> None:
    assert state.check_now().ok
    assert state.last_check() is not None
    tamper("DELETE FROM core_eventseal WHERE number = 2")
    state.check_now()
    last = state.last_check()
    assert last is not None
    assert not last.ok
    assert "Seal" in last.problem


# ---- PostgreSQL: ids are taken in order and committed in any ----


class Held:
    """A transaction of another connection that has emitted an event and waits."""

    def __init__(self, *, commit: bool) -> None:
        self._ready, self._go = threading.Event(), threading.Event()
        self.key = 0
        self._commit = commit
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(20)

    def _run(self) -> None:
        with transaction.atomic():
            self.key = emit("test.said", actor=None, data={"late": True}).pk
            self._ready.set()
            self._go.wait(20)
            transaction.set_rollback(not self._commit)
        connection.close()

    def end(self) -> None:
        self._go.set()
        self._thread.join(20)


def _skip_on_sqlite() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one at a time: nobody comes late")


def test_an_event_committed_late_is_sealed_by_its_id() -> None:
    _skip_on_sqlite()
    held = Held(commit=True)
    say(3)
    seal_all()
    assert EventGap.objects.exists()
    done = verify()
    assert (done.ok, done.count, done.unsealed) == (True, 3, 0)
    held.end()
    done = verify()
    assert (done.ok, done.count, done.unsealed) == (True, 3, 1)
    seal_all()
    done = verify()
    assert (done.ok, done.count, done.unsealed) == (True, 4, 0)
    assert json.loads(EventSeal.objects.latest("number").late) == [held.key]
    tamper("UPDATE core_event SET actor_id = 3 WHERE id = %s", held.key)
    assert f"vent {held.key} was changed" in problem()


def test_a_gap_is_kept_while_its_transaction_runs_and_forgotten_after_it() -> None:
    _skip_on_sqlite()
    held = Held(commit=False)
    for _ in range(3):
        say(2)
        seal_all()
        assert EventGap.objects.filter(first_id__lte=held.key, last_id__gte=held.key).exists()
    held.end()
    settle()
    assert verify().ok


def test_a_transaction_has_its_number_before_its_first_id() -> None:
    _skip_on_sqlite()
    from orbita.core.bulk import reserve_ids

    with transaction.atomic(), connection.cursor() as cursor:
        reserve_ids(Event, 1)
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        assert cursor.fetchone() == (True,)


def test_a_deleted_latecomer_is_named() -> None:
    _skip_on_sqlite()
    held = Held(commit=True)
    say(2)
    seal_all()
    held.end()
    seal_all()
    tamper("DELETE FROM core_eventpayload WHERE event_id = %s", held.key)
    tamper("DELETE FROM core_event WHERE id = %s", held.key)
    assert f"Event {held.key} was deleted" in problem()


def test_gaps_of_a_base_brought_to_another_cluster_are_over(log: list[int]) -> None:
    _skip_on_sqlite()
    EventGap.objects.create(first_id=1, last_id=2, horizon=2**60)
    sealing.seal_next()
    assert not EventGap.objects.filter(horizon=2**60).exists()


# ---- refusal by the database ----


def test_postgresql_refuses_to_change_what_is_protected(log: list[int]) -> None:
    if connection.vendor != "postgresql":
        with pytest.raises(protection.UnsupportedError):
            protection.protect()
        return
    from django.db import DatabaseError

    protection.protect()
    try:
        assert protection.is_protected()
        for query in (
            "UPDATE core_event SET actor_id = 1",
            "DELETE FROM core_event",
            "UPDATE core_eventseal SET total = 1",
            "DELETE FROM core_eventseal",
            "UPDATE core_eventpayload SET data = ''",
            "TRUNCATE core_event CASCADE",
        ):
            with pytest.raises(DatabaseError, match="append-only"):
                tamper(query)
        events.erase_payloads(log[:1])
        say(2)
        seal_all()
        assert verify().ok
    finally:
        protection.unprotect()
    assert not protection.is_protected()
