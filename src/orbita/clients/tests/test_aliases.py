"""Work on a card while it is being merged."""

import threading

import pytest
from django.db import OperationalError, connection, transaction

from orbita.accounts.models import User
from orbita.clients.actions import add_note, create_client, merge_clients
from orbita.clients.aliases import hold
from orbita.clients.models import Client, Note

pytestmark = [
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite's test base lives in one connection"
    ),
    pytest.mark.django_db(transaction=True),
]


def chain(admin: User) -> list[Client]:
    """The third card is merged into the second, and that one into the first."""
    first, second, third = (
        create_client(actor=admin, values={"name": f"Соколова Ирина {number}"})
        for number in range(3)
    )
    merge_clients(actor=admin, keep=second, drop=third)
    merge_clients(actor=admin, keep=first, drop=second)
    return [first, second, third]


def free_cards() -> set[int]:
    """The cards that another connection may lock at once."""
    found: set[int] = set()

    def look() -> None:
        for pk in Client.objects.values_list("pk", flat=True):
            try:
                with transaction.atomic():
                    Client.objects.select_for_update(no_key=True, nowait=True).get(pk=pk)
                found.add(pk)
            except OperationalError:
                pass
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found


def test_the_lock_of_a_merged_card_takes_all_that_its_rows_go_on_to(admin: User) -> None:
    first, second, third = chain(admin)
    other = create_client(actor=admin, values={"name": "Белова Анна"})
    with transaction.atomic():
        hold([third.pk])
        assert free_cards() == {other.pk}
    with transaction.atomic():
        hold([first.pk, other.pk])
        assert free_cards() == {second.pk, third.pk}


def test_a_card_merged_while_it_was_waited_for_is_locked_with_its_survivor(admin: User) -> None:
    keep, drop = (
        create_client(actor=admin, values={"name": f"Соколова Ирина {number}"})
        for number in range(2)
    )
    held, free = threading.Event(), []

    def wait_for_it() -> None:
        with transaction.atomic():
            held.set()
            hold([drop.pk])
            free.append(free_cards())
        connection.close()

    thread = threading.Thread(target=wait_for_it)
    with transaction.atomic():
        merge_clients(actor=admin, keep=keep, drop=drop)
        thread.start()
        held.wait()
    thread.join()
    assert free == [set()]


def test_a_merge_waits_for_a_note_that_is_being_written(admin: User) -> None:
    keep, drop = (
        create_client(actor=admin, values={"name": f"Соколова Ирина {number}"})
        for number in range(2)
    )

    def merge() -> None:
        merge_clients(actor=admin, keep=keep, drop=drop)
        connection.close()

    thread = threading.Thread(target=merge)
    with transaction.atomic():
        add_note(actor=admin, client=drop, text="Просила перезвонить")
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()
    assert Note.objects.get().client_id == keep.pk
