"""The page of the event log: who may read it, what it finds, what leaves by export."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import Role, User
from orbita.clients.actions import create_client, update_client
from orbita.clients.audit.facts import of_client, of_user
from orbita.clients.audit.lists import AUDIT
from orbita.clients.models import Client
from orbita.core import context, events
from orbita.core.events import payload_of
from orbita.core.models import Event, Job
from orbita.core.seals import checkpoints, seal_all, state
from orbita.ui.lists import address_of

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.ORBITA_DATA = tmp_path


@pytest.fixture
def browse() -> Callable[[User], Browser]:
    def sign_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return sign_in


@pytest.fixture
def card(alice: User) -> Client:
    client = create_client(actor=alice, values={"name": "Соколова Марина", "position": "повар"})
    with context.request("req-of-change"):
        update_client(actor=alice, client=client, values={"position": "шеф-повар"})
    return client


def page(browser: Browser, rule: dict[str, object] | None = None, **query: str) -> str:
    url = address_of(AUDIT, rule) if rule else reverse("clients:audit")
    answer = browser.get(url, query or None) if query else browser.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_old_and_new_values_are_told_in_words(
    admin: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    html = page(browse(admin), of_client(card.pk))
    assert "повар" in html
    assert "шеф-повар" in html
    assert "Alice" in html


def test_the_log_is_narrowed_to_a_user_and_to_a_client(
    admin: User, bob: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    other = create_client(actor=bob, values={"name": "Другой Клиент"})
    of_alice = page(browse(admin), of_user(card.responsible_id or 0))
    assert "Соколова Марина" in of_alice
    assert "Другой Клиент" not in of_alice
    assert "Соколова Марина" not in page(browse(admin), of_client(other.pk))


@pytest.mark.parametrize(
    ("fact", "op", "value"),
    [
        ("kind", "in", ["client.changed"]),
        ("group", "in", ["clients"]),
        ("origin", "in", ["live"]),
        ("request", "eq", "req-of-change"),
        ("recorded", "last_days", 1),
    ],
)
def test_the_log_is_filtered(
    admin: User, card: Client, browse: Callable[[User], Browser], fact: str, op: str, value: Any
) -> None:
    assert "шеф-повар" in page(browse(admin), {"fact": fact, "op": op, "value": value})


def test_what_others_did_is_filtered_away(
    admin: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    html = page(browse(admin), {"fact": "group", "op": "in", "value": ["security"]})
    assert "шеф-повар" not in html


def test_an_event_is_found_by_its_number_and_request(
    admin: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    event = Event.objects.get(kind="client.changed", client_id=card.pk)
    for text in (str(event.pk), f"№ {event.pk}", "req-of-change"):
        assert "шеф-повар" in page(browse(admin), q=text)


def test_a_sign_in_its_failure_and_its_end_are_on_record_with_the_address(admin: User) -> None:
    browser = Browser(REMOTE_ADDR="203.0.113.7")
    form = {"username": admin.email, "password": "wrong"}
    browser.post(reverse("accounts:sign-in"), form)
    browser.post(reverse("accounts:sign-in"), form | {"username": "nobody@example.org"})
    browser.post(reverse("accounts:sign-in"), form | {"password": PASSWORD})
    browser.post(reverse("accounts:sign-out"))
    told = Event.objects.select_related("payload").order_by("pk")
    assert [(one.kind, one.subject_id, payload_of(one)["address"]) for one in told] == [
        ("user.sign_in_failed", admin.pk, "203.0.113.7"),
        ("user.sign_in_failed", None, "203.0.113.7"),
        ("user.signed_in", admin.pk, "203.0.113.7"),
        ("user.signed_out", admin.pk, "203.0.113.7"),
    ]
    assert "wrong" not in "".join(one.payload.data for one in told)
    assert "nobody" not in "".join(one.payload.data for one in told)


def test_a_changed_right_is_on_record_with_actor_address_old_and_new(
    admin: User, bob: User
) -> None:
    browser = Browser(REMOTE_ADDR="203.0.113.8")
    browser.force_login(admin)
    viewer = Role.objects.get(key="viewer")
    browser.post(
        reverse("accounts:user", args=[bob.pk]),
        {"name": "Bob", "role": viewer.pk, "team": "", "is_active": "on"},
    )
    event = Event.objects.get(kind="user.changed")
    told = payload_of(event)
    assert event.actor_id == admin.pk
    assert told["address"] == "203.0.113.8"
    assert (told["before"]["role"], told["after"]["role"]) == ("Sales manager", "Viewer")


def test_events_are_found_by_address(
    admin: User, bob: User, browse: Callable[[User], Browser]
) -> None:
    with context.request("a", "203.0.113.9"), transaction.atomic():
        events.emit("user.signed_out", actor=bob, subject_type="user", subject_id=bob.pk)
    with context.request("b", "203.0.113.99"), transaction.atomic():
        events.emit("session.ended", actor=bob, subject_type="user", subject_id=bob.pk)
    browser = browse(admin)
    html = page(browser, q="203.0.113.9")
    assert "Signed out" in html
    assert "Session ended" not in html
    both = page(browser, {"fact": "address", "op": "starts", "value": "203.0.113."})
    assert "Session ended" in both


def test_what_is_about_clients_carries_no_address(alice: User) -> None:
    with context.request("a", "203.0.113.9"):
        create_client(actor=alice, values={"name": "Марина"})
    assert "address" not in payload_of(Event.objects.get(kind="client.created"))


def test_a_reader_who_may_not_see_a_client_reads_neither_name_nor_values(
    charlie: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    charlie.role = Role.objects.create(
        name="Watcher", permissions={"audit.view": "all", "clients.view": "own"}
    )
    charlie.save()
    html = page(browse(charlie), of_client(card.pk))
    event = Event.objects.get(kind="client.changed", client_id=card.pk)
    whole = browse(charlie).get(reverse("clients:audit-event", args=[event.pk])).content.decode()
    export = browse(charlie).post(reverse("gateways:export-csv", args=["audit"]), {"q": ""})
    for text in (html, whole, export.content.decode() if not export.streaming else ""):
        assert "повар" not in text
        assert "Соколова" not in text
    assert "Card changed" in html


def test_an_event_shows_all_of_itself(
    admin: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    event = Event.objects.get(kind="client.changed", client_id=card.pk)
    seal_all()
    html = browse(admin).get(reverse("clients:audit-event", args=[event.pk])).content.decode()
    for words in ("шеф-повар", "req-of-change", "client.changed", "№ 1"):
        assert words in html


def test_an_erased_event_says_so(
    admin: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    event = Event.objects.get(kind="client.changed", client_id=card.pk)
    events.erase_payloads([event.pk])
    browser = browse(admin)
    assert "шеф-повар" not in page(browser, of_client(card.pk))
    html = browser.get(reverse("clients:audit-event", args=[event.pk])).content.decode()
    assert "was erased" in html


def test_the_page_tells_how_far_the_log_is_sealed_and_what_the_last_check_found(
    admin: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    browser = browse(admin)
    assert "Download, to keep elsewhere" not in page(browser)
    seal_all()
    state.check_now()
    html = page(browser)
    assert "unbroken" in html
    assert "Download, to keep elsewhere" in html
    downloaded = json.loads(browser.get(reverse("clients:audit-checkpoint")).content)
    signed = checkpoints.latest()
    assert signed is not None
    assert downloaded == json.loads(signed.line())


def test_a_broken_log_is_shown_as_such(
    admin: User, card: Client, browse: Callable[[User], Browser]
) -> None:
    from django.db import connection

    seal_all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_event SET actor_id = 99 WHERE kind = 'client.changed'")
    state.check_now()
    assert "The log is broken." in page(browse(admin))


def test_a_check_runs_in_the_background(admin: User, browse: Callable[[User], Browser]) -> None:
    browse(admin).post(reverse("clients:audit-check"))
    assert Job.objects.filter(task__endswith="check_log").count() == 1


def test_the_log_costs_few_queries(
    admin: User, card: Client, browse: Callable[[User], Browser], django_assert_max_num_queries: Any
) -> None:
    browser = browse(admin)
    page(browser)
    with django_assert_max_num_queries(16):
        page(browser)
