"""No answer holds a value that its reader may not see: markers in every field, every address asked.
Nor does it hold anything of a client beyond the bounds of his role.

The requests are those of the access table, as a role that may everything but for the fields.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from orbita.accounts import field_rights
from orbita.accounts.field_rights import GUARDED, HIDDEN, MASKED, READ
from orbita.accounts.models import Role
from orbita.accounts.policy import ALL, PERMISSIONS
from orbita.accounts.testing import Row, World, make_world
from orbita.clients.actions import add_note, update_client
from orbita.clients.confining import SEGMENTS
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, Segment
from orbita.clients.quality.actions import mark_contact, mark_dead
from orbita.clients.work.stops import stop_contacting
from orbita.commerce.models import Order
from tests.test_access import ROWS, send, signed_in, tables

pytestmark = [pytest.mark.django_db, pytest.mark.no_database]

# What is typed into each field, twice: the second time the first stays in the history. Choices that
# everybody has in his forms tell nothing by their names.
WORDS = ("Щукинавтор", "Жаворонкина")
CHOSEN = {
    "sex": ("m", "f"),
    "preferred_channel": ("vk", "max"),
    "time_zone": ("Asia/Anadyr", "Asia/Kamchatka"),
}
PLAIN = {
    "inn": ("500100732259", "7707083893"),
    "kpp": ("770701001", "773601001"),
    "ogrn": ("1027700132195", "304500116000157"),
    "birthday": ("1951-04-17", "1952-05-18"),
}
PHONES = ("+79005554411", "+79006663322")
CITY = "Мышкинград"


def values(turn: int) -> dict[str, Any]:
    names = [field.name.removeprefix("client.") for field in GUARDED]
    columns = [name for name in names if name in {one.name for one in Client._meta.fields}]
    typed = {name: f"{WORDS[turn]}{name}" for name in columns}
    typed |= {name: two[turn] for name, two in (PLAIN | CHOSEN).items()}
    return typed


def parts(turn: int) -> dict[str, Any]:
    word = WORDS[turn].lower().encode().hex()[:12]
    contacts = [
        read_contact("phone", PHONES[turn]),
        read_contact("email", f"mail{word}@example.org"),
        read_contact("messenger", f"@chat{word}"),
        read_contact("link", f"link{word}.example.org"),
    ]
    account = {"bank": f"{WORDS[turn]}банк", "bik": "044525225", "account": "40702810310000000001"}
    return {
        "contacts": contacts,
        "addresses": [{"city": CITY, "text": f"{WORDS[turn]}улица"}],
        "bank_accounts": [account],
        "tags": [f"{WORDS[turn]}tags"],
    }


def say_troubles(world: World, client: Client) -> None:
    said = f"{WORDS[0]}troubles"
    add_note(actor=world.administrator, client=client, text=said, kind="trouble")
    stop_contacting(actor=world.administrator, client=client, reason=said)
    mark_dead(actor=world.administrator, client=client, reason=said, look_again_on=None)
    for contact in client.contacts.all():
        mark_contact(
            actor=world.administrator, client=client, contact=contact, mark="refused", reason=said
        )


def marks(name: str) -> list[str]:
    """What must not be read where the field is closed, as letters and digits without signs."""
    words = [word.lower().encode().hex()[:12] for word in WORDS]
    known = {
        "phone": [phone[1:] for phone in PHONES],
        "email": [f"mail{word}" for word in words],
        "messenger": [f"chat{word}" for word in words],
        "link": [f"link{word}" for word in words],
        "addresses": [f"{word}улица" for word in WORDS],
        "bank_accounts": ["40702810310000000001", *(f"{word}банк" for word in WORDS)],
        "birthday": ["19510417", "17041951", "17апреля1951", "17april1951", "19520518"],
    }
    if name in CHOSEN:
        return []
    found = known.get(name) or PLAIN.get(name) or [f"{word}{name}" for word in WORDS]
    return [squeezed(mark) for mark in found]


def squeezed(text: str) -> str:
    return re.sub(r"[^\w]|_", "", text).lower()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        for table in tables():
            if hasattr(table, "prepare"):
                table.prepare(world)
        for client in Client.objects.alive():
            for turn in (0, 1):
                update_client(
                    actor=world.administrator, client=client, values=values(turn), **parts(turn)
                )
            say_troubles(world, client)
        Order.objects.update(delivery_address=f"{WORDS[0]}улица")
        world.head.role = Role.objects.create(
            name="Keyhole", permissions={one.name: ALL for one in PERMISSIONS}
        )
        world.head.save()
        yield world
        transaction.set_rollback(True)


def ask(
    world: World, row: Row, rights: dict[str, str], confined: dict[str, list[int]] | None = None
) -> str:
    """The whole answer to the row's request, of an archive what is in it."""
    role = Role.objects.filter(pk=world.head.role_id)
    role.update(field_rights=rights, confined=confined or {})
    url = reverse(row.name, kwargs=dict(row.kwargs(world)))
    with transaction.atomic():
        world.head.refresh_from_db()
        client, headers = signed_in(url, "head", world)
        response = send(client, row, url, world, headers)
        body = b"".join(response) if response.streaming else response.content
        transaction.set_rollback(True)
    return unpacked(body) + str(response.headers)


def unpacked(body: bytes) -> str:
    if body[:2] == b"PK":
        archive = zipfile.ZipFile(io.BytesIO(body))
        body = b"".join(archive.read(name) for name in archive.namelist())
    return body.decode(errors="replace")


def leaks(world: World, row: Row, rights: dict[str, str]) -> list[str]:
    closed = [name for name, level in rights.items() if level in (HIDDEN, MASKED)]
    said = squeezed(ask(world, row, rights))
    return [
        f"{name} ({rights[name]}): {mark}"
        for name in closed
        for mark in marks(name.removeprefix("client."))
        if mark in said
    ]


def test_the_markers_are_seen_by_whoever_may(world: World) -> None:
    row = next(row for row in ROWS if row.name == "clients:card" and row.method == "GET")
    said = squeezed(ask(world, row, {}))
    for name in ("phone", "email", "messenger", "link", "addresses", "birthday", "position"):
        assert any(mark in said for mark in marks(name)), name


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_answer_holds_nothing_of_a_closed_field(row: Row, world: World) -> None:
    rng = Random(str(row))
    drawn = {field.name: rng.choice([HIDDEN, MASKED, READ, ""]) for field in GUARDED}
    some = {field.name: drawn[field.name] for field in GUARDED if drawn[field.name] in field.levels}
    hidden = {field.name: HIDDEN for field in GUARDED}
    masked = {field.name: MASKED if field.maskable else HIDDEN for field in GUARDED}
    for rights in (hidden, masked, some):
        assert leaks(world, row, rights) == []


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_answer_holds_nothing_of_clients_beyond_the_bounds(row: Row, world: World) -> None:
    with transaction.atomic():
        nobody = Segment.objects.create(
            name="Nobody", rule={"fact": "number", "op": "in", "value": [999_999_999]}
        )
        said = squeezed(ask(world, row, {}, {SEGMENTS: [nobody.pk]}))
        transaction.set_rollback(True)
    # The words for tags and sources are of the company, not of one client.
    names = {field.name.removeprefix("client.") for field in GUARDED} - {"tags", "source"}
    found = {mark for name in names for mark in marks(name)}
    assert [mark for mark in sorted(found) if mark in said] == []


def test_what_is_not_understood_is_closed(world: World) -> None:
    role = Role(name="Odd", field_rights={"client.phone": "sometimes", "client.sex": MASKED})
    assert field_rights.granted_to(role, GUARDED["client.phone"]) == HIDDEN
    assert field_rights.granted_to(role, GUARDED["client.sex"]) == HIDDEN
