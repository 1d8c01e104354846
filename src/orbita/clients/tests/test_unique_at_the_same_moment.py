"""Two people give the same value of a field that is never repeated, at the same moment."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import close_old_connections, connection
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.actions import create_client, update_client
from orbita.clients.fields import values
from orbita.clients.fields.actions import define_field
from orbita.clients.fields.indexing import build_index, index_name
from orbita.clients.models import Client, FieldDefinition

SAID = "Another card has just been given this value, and “VIN” is never repeated."


@pytest.fixture
def vin(admin: User) -> Iterator[FieldDefinition]:
    field = define_field(
        actor=admin, subject="client", kind="text", label="VIN", key="vin", is_unique=True
    )
    build_index.func(field.pk)
    yield field
    with connection.cursor() as cursor:  # emptying the tables between tests leaves indexes there
        cursor.execute(f"DROP INDEX {index_name(field)}")


def in_threads(*works: Callable[[], Any]) -> list[str]:
    """Runs the works at once, each on a connection of its own; what those that failed were told."""
    told: list[str] = []

    def run(work: Callable[[], Any]) -> None:
        try:
            work()
        except ValidationError as error:
            with translation.override("en"):
                told.append(" ".join(error.messages))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    return told


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite's test base lives in one connection"
)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fresh", [True, False])
def test_one_is_saved_and_the_others_are_told_why_not(
    admin: User, vin: FieldDefinition, monkeypatch: pytest.MonkeyPatch, fresh: bool
) -> None:
    clients = [create_client(actor=admin, values={"name": f"Клиент {n}"}) for n in range(3)]
    looked = threading.Barrier(3)
    found = values.taken

    def look(*args: Any, **kwargs: Any) -> set[Any]:
        taken = found(*args, **kwargs)
        looked.wait(10)  # all have seen that the value is free before any of them writes it
        return taken

    monkeypatch.setattr(values, "taken", look)

    def save(client: Client) -> Callable[[], Any]:
        if fresh:
            return lambda: create_client(
                actor=admin, values={"name": "Новый клиент", "own_vin": "XTA 21"}
            )
        return lambda: update_client(actor=admin, client=client, values={"own_vin": "xta 21"})

    assert in_threads(*map(save, clients)) == [SAID, SAID]
    assert Client.objects.exclude(own=None).count() == 1


@pytest.mark.django_db
def test_what_the_index_refuses_is_told_in_words(
    admin: User, vin: FieldDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both databases: the check has seen nothing, the index refuses."""
    create_client(actor=admin, values={"name": "Клиент", "own_vin": "XTA 21"})
    monkeypatch.setattr(values, "taken", lambda *args, **kwargs: set())
    with pytest.raises(ValidationError) as refused:
        create_client(actor=admin, values={"name": "Другой", "own_vin": "xta 21"})
    with translation.override("en"):
        assert refused.value.message_dict == {"own_vin": [SAID]}
