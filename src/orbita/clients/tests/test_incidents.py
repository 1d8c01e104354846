"""Incidents: the clocks run from the moment of finding, each reminder goes once, the log has it all."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import create_client
from orbita.clients.contacts import read_contact
from orbita.clients.models import Incident
from orbita.clients.privacy.erasing import erase_client
from orbita.clients.privacy.incidents import actions, words
from orbita.clients.privacy.incidents.clocks import hands_of
from orbita.core.backup import pause
from orbita.core.events import payload_of
from orbita.core.models import Event, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> None:
    translation.activate("en")


def values_of(who: User, hours_ago: float = 1, **other: Any) -> dict[str, Any]:
    return {
        "title": "Письмо ушло не тому",
        "found_at": timezone.now() - timedelta(hours=hours_ago),
        "happened": "Выгрузку отправили на чужой адрес",
        "data": "Имена и телефоны, 120 записей",
        "responsible": who,
        "in_russia": True,
        "in_union": True,
    } | other


@pytest.fixture
def incident(admin: User) -> Incident:
    return actions.save_incident(actor=admin, values=values_of(admin))


def moved(incident: Incident, hours_ago: float) -> Incident:
    found = timezone.now() - timedelta(hours=hours_ago)
    Incident.objects.filter(pk=incident.pk).update(found_at=found)
    return Incident.objects.get(pk=incident.pk)


def letters() -> list[str]:
    rows = OutgoingMail.objects.filter(key__startswith="incident:")
    return sorted(rows.values_list("key", flat=True))


def test_the_clocks_run_24_and_72_hours_from_the_moment_it_was_found(incident: Incident) -> None:
    due = {hand.clock.name: hand.due - incident.found_at for hand in hands_of(incident)}
    day = timedelta(hours=24)
    assert due == {"first": day, "inquiry": 3 * day, "union": 3 * day}
    incident.in_russia = False
    assert [hand.clock.name for hand in hands_of(incident)] == ["union"]


def test_a_notice_names_what_the_law_asks_and_what_is_not_known_yet(incident: Incident) -> None:
    first = words.lines(incident)[0]
    assert "120 записей" in first.text
    assert "Supposed causes: not known yet" in first.text
    assert "supposed harm" in first.lacks
    assert "what happened" not in first.lacks.split(", ")


def test_before_each_deadline_the_responsible_is_reminded_once(
    incident: Incident, admin: User
) -> None:
    assert actions.remind() == 0
    moved(incident, 18.5)
    assert [actions.remind(), actions.remind()] == [1, 0]
    assert letters() == [f"incident:{incident.pk}:first"]
    moved(incident, 61)
    assert [actions.remind(), actions.remind()] == [2, 0]
    assert len(letters()) == 3
    letter = OutgoingMail.objects.get(key=letters()[0])
    assert letter.to == admin.email
    assert "чужой адрес" not in letter.text + letter.subject
    assert Event.objects.filter(kind="incident.reminded").count() == 3


def test_nobody_is_reminded_of_what_was_sent_or_closed_or_in_a_restored_copy(
    incident: Incident, admin: User
) -> None:
    row = moved(incident, 23)
    for name in ("first", "inquiry", "union"):
        assert actions.note_sent(actor=admin, incident=row, clock=name, at=timezone.now())
    assert actions.remind() == 0
    other = actions.save_incident(actor=admin, values=values_of(admin, 23))
    pause.calm()
    assert actions.remind() == 0
    pause.resume(actor=admin)
    assert actions.remind() == 1
    assert letters() == [f"incident:{other.pk}:first"]


def test_an_overdue_notice_and_one_sent_late_say_so(incident: Incident, admin: User) -> None:
    row = moved(incident, 30)
    assert "overdue by" in words.standing(row)[0]
    actions.note_sent(actor=admin, incident=row, clock="first", at=timezone.now())
    assert words.lines(row)[0].state.startswith("sent late")


@pytest.mark.parametrize("hours", [-2, 3])
def test_a_notice_is_not_sent_before_the_incident_nor_in_the_future(
    incident: Incident, admin: User, hours: int
) -> None:
    at = incident.found_at + timedelta(hours=hours)
    with pytest.raises(ValidationError):
        actions.note_sent(actor=admin, incident=incident, clock="first", at=at)
    with pytest.raises(ValidationError):
        actions.note_sent(actor=admin, incident=incident, clock="wrong", at=timezone.now())


def test_an_incident_is_closed_once_all_was_sent_and_the_log_says_who_did_what(
    incident: Incident, admin: User
) -> None:
    with pytest.raises(ValidationError, match="Not all notices"):
        actions.close_incident(actor=admin, incident=incident)
    for name in ("first", "inquiry", "union"):
        actions.note_sent(actor=admin, incident=incident, clock=name, at=timezone.now())
    changed = values_of(admin, results="Ошибка в адресе") | {"found_at": incident.found_at}
    actions.save_incident(actor=admin, values=changed, incident=incident)
    assert actions.close_incident(actor=admin, incident=incident)
    assert not actions.close_incident(actor=admin, incident=incident)
    events = Event.objects.filter(subject_type="incident", subject_id=incident.pk).order_by("pk")
    assert [one.kind.partition(".")[2] for one in events] == [
        "opened",
        *["notice_sent"] * 3,
        "changed",
        "closed",
    ]
    assert payload_of(events[4])["fields"] == ["results"]
    assert not [one for one in events if "адрес" in str(payload_of(one))]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"happened": " "},
        {"in_russia": False, "in_union": False},
        {"found_at": None},
        {"found_at": timezone.now() + timedelta(days=1)},
        {"responsible": None},
    ],
)
def test_an_incident_that_says_too_little_is_refused(admin: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        actions.save_incident(actor=admin, values=values_of(admin, **wrong))


def test_without_the_right_nobody_writes(alice: User, incident: Incident) -> None:
    with pytest.raises(Denied):
        actions.save_incident(actor=alice, values=values_of(alice))
    with pytest.raises(Denied):
        actions.note_sent(actor=alice, incident=incident, clock="first", at=datetime.now())  # noqa: DTZ005


def test_a_client_named_in_an_incident_is_forgotten_there_too(
    admin: User, settings: Any, tmp_path: Any
) -> None:
    settings.ORBITA_DATA = tmp_path
    client = create_client(
        actor=admin,
        values={"name": "Маркерова Ульяна Ильинична"},
        contacts=[read_contact("phone", "89035557799")],
    )
    values = values_of(admin, people="Маркерова Ульяна Ильинична, 8 903 555-77-99")
    row = actions.save_incident(actor=admin, values=values)
    erase_client(actor=admin, client=client, reason="Просьба")
    row.refresh_from_db()
    assert "Маркерова" not in row.people
    assert row.happened


def test_from_the_form_to_the_notice_by_the_pages(admin: User) -> None:
    browser = Browser()
    browser.force_login(admin)
    found = timezone.localtime() - timedelta(hours=2)
    data = values_of(admin) | {
        "responsible": admin.pk,
        "found_at": f"{found:%Y-%m-%dT%H:%M}",
        "title": "<script>alert(1)</script>",
    }
    browser.post(reverse("clients:incident-new"), data)
    row = Incident.objects.get()
    page = browser.get(reverse("clients:incident", args=[row.pk])).content.decode()
    assert "<script>alert" not in page
    assert "120 записей" in page
    at = f"{timezone.localtime():%Y-%m-%dT%H:%M}"
    browser.post(reverse("clients:incident-sent", args=[row.pk, "first"]), {"at": at})
    row.refresh_from_db()
    assert "first" in row.sent
    assert browser.get(reverse("clients:incidents")).status_code == 200
    assert browser.get(reverse("clients:incident-edit", args=[row.pk])).status_code == 200
