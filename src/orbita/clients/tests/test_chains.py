"""Chains of recommendations and of head offices go in no circle, whoever links them at once."""

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.actions import create_client, merge_clients, relate
from orbita.clients.actions.recommending import load_recommendations
from orbita.clients.chains import above, leads_to
from orbita.clients.models import Client, Relation

postgres = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite's test base lives in one connection"
)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def people(admin: User, count: int) -> list[Client]:
    return [create_client(actor=admin, values={"name": f"Клиент {n}"}) for n in range(count)]


def came_from(admin: User, client: Client, other: Client) -> None:
    relate(actor=admin, client=client, other=other, side="recommended_by")


def circles() -> list[int]:
    """The clients who stand above themselves."""
    links = dict(Relation.objects.filter(kind="recommended").values_list("client_id", "other_id"))
    return [pk for pk, other in links.items() if leads_to("recommended", other, pk)]


def waits() -> bool:
    """Whether a connection of this base waits for a lock of another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def at_once(first: Callable[[], Any], second: Callable[[], Any]) -> list[str]:
    """Does the second on a connection of its own while the first is done and not committed yet; what
    the second was told.
    """
    told: list[str] = []

    def run() -> None:
        try:
            with translation.override("en"):
                second()
        except ValidationError as error:
            told.extend(error.messages)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        while thread.is_alive() and not waits():
            thread.join(0.01)
    thread.join()
    return told


@postgres
@pytest.mark.django_db(transaction=True)
def test_two_links_written_at_once_close_no_circle(admin: User) -> None:
    a, b, c, d = people(admin, 4)
    came_from(admin, b, c)
    came_from(admin, d, a)
    told = at_once(lambda: came_from(admin, a, b), lambda: came_from(admin, c, d))
    assert told == ["They would stand in a circle, each above the other."]
    assert circles() == []


@postgres
@pytest.mark.django_db(transaction=True)
def test_an_import_and_a_person_close_no_circle(admin: User) -> None:
    a, b, c, d = people(admin, 4)
    came_from(admin, b, c)
    came_from(admin, d, a)
    told = at_once(
        lambda: load_recommendations([(a.pk, b.pk)], actor=admin), lambda: came_from(admin, c, d)
    )
    assert told == ["They would stand in a circle, each above the other."]
    assert circles() == []


@postgres
@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_close_no_circle(admin: User) -> None:
    """Each alone is well; both would put the first above the second and the second above the first."""
    one, one_again, two, two_again, third, fourth = people(admin, 6)
    for client, other in ((one, third), (third, two), (two_again, fourth), (fourth, one_again)):
        came_from(admin, client, other)
    told = at_once(
        lambda: merge_clients(actor=admin, keep=one, drop=one_again),
        lambda: merge_clients(actor=admin, keep=two, drop=two_again),
    )
    assert told == []
    assert circles() == []


@pytest.mark.django_db
def test_a_chain_is_followed_to_its_end_and_a_circle_once_round(admin: User) -> None:
    row = people(admin, 150)
    Relation.objects.bulk_create(
        Relation(kind="recommended", client=one, other=other) for one, other in pairwise(row)
    )
    assert leads_to("recommended", row[0].pk, row[-1].pk)
    assert not leads_to("recommended", row[-1].pk, row[0].pk)
    # As it could come to be before chains were held.
    Relation.objects.create(kind="recommended", client=row[-1], other=row[0])
    assert len(above("recommended", [row[70].pk])) == 150
    assert not leads_to("recommended", row[0].pk, 0)


@pytest.mark.django_db
def test_a_chain_in_one_file_goes_in_no_circle(admin: User) -> None:
    a, b, c = people(admin, 3)
    pairs = [(a.pk, b.pk), (b.pk, c.pk), (c.pk, a.pk)]
    loaded = load_recommendations(pairs, actor=admin)
    assert [bool(one.relation_id) for one in loaded] == [True, True, False]
    assert circles() == []
