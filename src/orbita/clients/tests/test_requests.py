"""The register of requests: terms, steps, letters, reminders, and what an erasure leaves of one."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from orbita.accounts import policy
from orbita.accounts.testing import World, make_world
from orbita.clients.actions import create_client, merge_clients, undo_merge
from orbita.clients.contacts import read_contact
from orbita.clients.days import months_after
from orbita.clients.models import (
    CalendarDay,
    Client,
    Consent,
    DataRequest,
    Erasure,
    RequestRules,
    RequestStep,
)
from orbita.clients.privacy.consents import may_contact
from orbita.clients.privacy.erasing import erase_asked, erase_client
from orbita.clients.privacy.requests import actions, calendar, letters, terms
from orbita.clients.privacy.requests.letters import Letter
from orbita.clients.privacy.requests.reminders import remind
from orbita.clients.privacy.requests.rules import change_rules
from orbita.clients.privacy.requests.shown import left_words
from orbita.core.events import payload_of
from orbita.core.models import Event, OutgoingMail

pytestmark = pytest.mark.django_db
ERASES = {"kind": "erase", "via": "letter"}


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.ORBITA_DATA = tmp_path
    settings.ORBITA_SMTP_URL = "smtp://localhost:1"
    translation.activate("en")
    return make_world()


def make(world: World, name: str = "Маркерова Ульяна Ильинична") -> Client:
    email = read_contact("email", "markerova@example.org")
    return create_client(actor=world.owner, values={"name": name}, contacts=[email])


def ask(world: World, client: Client | None = None, **other: Any) -> DataRequest:
    told: dict[str, Any] = {"kind": "access", "via": "letter", "received_on": timezone.localdate()}
    if client is None:
        told["who"] = "Неведомый Пётр"
    return actions.receive(actor=world.head, client=client, **(told | other))


def letter(purpose: str, **other: Any) -> Letter:
    told = {"subject": "About your request", "text": "Dear client", "key": "k1"} | other
    return Letter(purpose=purpose, **told)


# ---- terms ----


@pytest.mark.parametrize(
    ("kind", "received", "due"),
    [
        # 2026 as decreed: 1–11 January off with 9 January moved, 9 March and 11 May off.
        ("access", date(2026, 11, 23), date(2026, 12, 7)),
        ("access", date(2026, 11, 21), date(2026, 12, 4)),
        ("access", date(2025, 12, 30), date(2026, 1, 23)),
        ("access", date(2026, 3, 2), date(2026, 3, 17)),
        ("access", date(2026, 4, 29), date(2026, 5, 15)),
        ("correct", date(2026, 11, 23), date(2026, 12, 2)),
        ("erase", date(2026, 11, 23), date(2026, 12, 2)),
        ("unlawful", date(2026, 12, 29), date(2027, 1, 12)),
        ("withdraw", date(2026, 11, 23), date(2026, 12, 23)),
        ("advertising", date(2026, 11, 22), date(2026, 11, 22)),
        ("restrict", date(2026, 11, 23), date(2026, 11, 23)),
    ],
)
def test_russian_terms_are_counted_by_the_production_calendar(
    kind: str, received: date, due: date
) -> None:
    assert terms.term_of(kind, "ru").end(received) == due


@pytest.mark.parametrize(
    ("received", "due", "latest"),
    [
        (date(2026, 3, 5), date(2026, 4, 5), date(2026, 6, 5)),
        (date(2026, 8, 31), date(2026, 9, 30), date(2026, 11, 30)),
        (date(2027, 1, 31), date(2027, 2, 28), date(2027, 4, 28)),
        (date(2026, 12, 15), date(2027, 1, 15), date(2027, 3, 15)),
    ],
)
def test_european_terms_are_months_of_the_calendar(received: date, due: date, latest: date) -> None:
    term = terms.term_of("access", "eu")
    assert term.end(received) == due
    assert term.latest(due) == latest


def test_every_kind_of_request_has_a_term_by_both_laws() -> None:
    for regime in DataRequest.Regime.values:
        assert set(terms.TERMS[regime]) == set(DataRequest.Kind.values)


def test_the_calendar_has_moved_days_of_these_years_and_says_of_which_it_knows_nothing() -> None:
    for year, working in ((2024, 248), (2025, 247), (2026, 247), (2027, 247)):
        assert calendar.between(date(year - 1, 12, 31), date(year, 12, 31)) == working
    assert calendar.works(date(2025, 11, 1))  # a Saturday that was worked
    assert not calendar.works(date(2026, 12, 31))
    assert 2027 <= calendar.last_known_year() < 2040


def test_a_day_the_company_corrects_counts_before_the_calendar(world: World) -> None:
    boss, day = world.administrator, date(2026, 11, 24)
    assert calendar.set_day(actor=boss, day=day, is_working=False)
    assert not calendar.set_day(actor=boss, day=day, is_working=False)
    assert terms.term_of("access", "ru").end(date(2026, 11, 23)) == date(2026, 12, 8)
    assert calendar.forget_day(actor=boss, day=day)
    assert terms.term_of("access", "ru").end(date(2026, 11, 23)) == date(2026, 12, 7)
    kinds = Event.objects.filter(kind="calendar.changed").count()
    assert kinds == 2
    with pytest.raises(policy.Denied):
        calendar.set_day(actor=world.head, day=day, is_working=False)
    assert not CalendarDay.objects.exists()


def test_time_left_is_told_in_words_and_not_by_colour_alone(world: World) -> None:
    row = ask(world, received_on=date(2026, 11, 16))
    assert row.due_on == date(2026, 11, 30)
    told = [left_words(row, date(2026, 11, day)) for day in (23, 25, 30)]
    assert [(one.text, one.css) for one in told] == [
        ("5 working days left", ""),
        ("3 working days left", "warn"),
        ("the last day", "bad"),
    ]
    assert left_words(row, date(2026, 12, 2)).text == "late by 2 working days"
    friday = ask(world, kind="unlawful", received_on=date(2026, 11, 17))
    assert friday.due_on == date(2026, 11, 20)
    assert left_words(friday, date(2026, 11, 21)).text == "late by 1 working day"


# ---- steps ----


def test_a_request_keeps_who_did_what_and_ends_with_its_answer(world: World) -> None:
    client = make(world)
    row = ask(world, client)
    assert row.who == client.name
    actions.write_step(actor=world.head, request=row, kind="identity", text="Called back")
    answer = letter(letters.ANSWER, to="markerova@example.org")
    step = actions.write_letter(actor=world.head, request=row, letter=answer)
    row.refresh_from_db()
    assert row.status == DataRequest.Status.ANSWERED
    assert step.mail is not None
    assert step.mail.to == "markerova@example.org"
    told = list(row.steps.values_list("kind", "actor"))
    assert told == [(kind, world.head.pk) for kind in ("received", "identity", "answered")]
    with pytest.raises(ValidationError, match="ended already"):
        actions.write_step(actor=world.head, request=row, kind="note", text="Late")
    kinds = Event.objects.filter(client_id=client.pk, kind__startswith="request.")
    assert list(kinds.order_by("pk").values_list("kind", flat=True)) == [
        "request.received",
        "request.step",
        "request.closed",
    ]


def test_events_never_tell_of_whom_a_request_is(world: World) -> None:
    row = ask(world, text="Меня зовут Неведомый", contact="p@example.org")
    event = Event.objects.select_related("payload").get(kind="request.received")
    assert event.client_id is None
    assert set(payload_of(event)) == {"number", "kind", "due", "regime"}
    assert event.subject_id == row.pk


def test_a_term_is_prolonged_once_with_a_reason_and_no_further_than_the_law(world: World) -> None:
    row = ask(world)
    latest = terms.latest_of(row)
    assert calendar.between(row.due_on, latest) == 5
    first = row.due_on
    far = letter(letters.PROLONG, reason="Archives", until=latest + timedelta(days=1))
    with pytest.raises(ValidationError, match="at the latest"):
        actions.write_letter(actor=world.head, request=row, letter=far)
    with pytest.raises(ValidationError, match="reason"):
        actions.write_letter(
            actor=world.head, request=row, letter=letter(letters.PROLONG, until=latest)
        )
    good = letter(letters.PROLONG, reason="Archives", until=latest)
    actions.write_letter(actor=world.head, request=row, letter=good)
    row.refresh_from_db()
    assert (row.first_due_on, row.due_on, row.is_open) == (first, latest, True)
    with pytest.raises(ValidationError, match="already"):
        actions.write_letter(actor=world.head, request=row, letter=good)
    fixed = ask(world, kind="correct")
    with pytest.raises(ValidationError, match="does not let"):
        actions.write_letter(actor=world.head, request=fixed, letter=good)


def test_a_term_that_is_over_is_not_prolonged(world: World) -> None:
    row = ask(world, received_on=timezone.localdate() - timedelta(days=40))
    late = letter(letters.PROLONG, reason="Archives", until=row.due_on + timedelta(days=3))
    with pytest.raises(ValidationError, match="is over"):
        actions.write_letter(actor=world.head, request=row, letter=late)


def test_who_refuses_says_why_and_the_letter_has_the_reason_in_its_place(world: World) -> None:
    row = ask(world)
    subject, text = letters.draft(row, letters.REFUSE, "ru")
    assert letters.GAP in text
    refusal = letter(letters.REFUSE, to="p@example.org", subject=subject, text=text)
    with pytest.raises(ValidationError):
        actions.write_letter(actor=world.head, request=row, letter=refusal)
    whole = letter(
        letters.REFUSE, to="p@example.org", subject=subject, text=text, reason="Личность не ясна"
    )
    step = actions.write_letter(actor=world.head, request=row, letter=whole)
    assert step.mail is not None
    assert letters.GAP not in step.mail.text
    assert "Личность не ясна" in step.mail.text
    row.refresh_from_db()
    assert row.status == DataRequest.Status.REFUSED


def test_the_same_letter_is_sent_once_however_often_the_button_is_pressed(world: World) -> None:
    row = ask(world)
    first = letter(letters.RECEIVED, to="p@example.org")
    actions.write_letter(actor=world.head, request=row, letter=first)
    with pytest.raises(ValidationError, match="already"):
        actions.write_letter(actor=world.head, request=row, letter=first)
    assert OutgoingMail.objects.count() == 1


def test_without_a_mail_server_a_letter_is_only_written_down(world: World, settings: Any) -> None:
    settings.ORBITA_SMTP_URL = ""
    row = ask(world)
    with pytest.raises(ValidationError, match="No mail server"):
        actions.write_letter(
            actor=world.head, request=row, letter=letter(letters.RECEIVED, to="p@example.org")
        )
    step = actions.write_letter(actor=world.head, request=row, letter=letter(letters.RECEIVED))
    assert (step.mail, step.letter) == (None, "Dear client")


@pytest.mark.parametrize("language", letters.LANGUAGES)
@pytest.mark.parametrize("purpose", letters.PURPOSES)
def test_every_letter_has_a_draft_for_every_kind_in_both_languages(
    world: World, purpose: str, language: str
) -> None:
    for kind in DataRequest.Kind.values:
        row = ask(world, kind=kind)
        subject, text = letters.draft(row, purpose, language, row.due_on)
        assert str(row.pk) in subject
        assert "%(" not in text
        assert ("Здравствуйте" in text) is (language == "ru")


def test_what_a_client_writes_never_becomes_part_of_a_template(world: World) -> None:
    row = ask(world, who="%(company)s {{7*7}}", text="%s %(gap)s ___")
    _subject, text = letters.draft(row, letters.ANSWER, "en")
    assert "{{7*7}}" not in text


def test_advertising_is_stopped_from_its_request_at_once(world: World) -> None:
    client = make(world)
    row = ask(world, client, kind="advertising", via="phone")
    assert actions.stop_at_once(actor=world.head, request=row) == 4
    assert not may_contact(client, "advertising", "email")
    assert may_contact(client, "service")
    answers = Consent.objects.filter(client=client)
    assert {(one.source, one.proof) for one in answers} == {("phone", f"Request № {row.pk}")}
    with pytest.raises(ValidationError):
        actions.stop_at_once(actor=world.head, request=ask(world, client))


def test_a_request_of_nobody_known_finds_its_client_later(world: World) -> None:
    row = ask(world, kind="advertising")
    with pytest.raises(ValidationError, match="Find the client"):
        actions.stop_at_once(actor=world.head, request=row)
    client = make(world)
    actions.attach_client(actor=world.head, request=row, client=client)
    row.refresh_from_db()
    assert row.client == client


def test_only_those_with_the_right_may_enter_and_answer(world: World) -> None:
    row = ask(world)
    for user in (world.owner, world.viewer, world.stranger):
        with pytest.raises(policy.Denied):
            actions.receive(
                actor=user, kind="access", via="paper", received_on=timezone.localdate(), who="X"
            )
        with pytest.raises(policy.Denied):
            actions.write_step(actor=user, request=row, kind="note", text="x")
    with pytest.raises(ValidationError):
        actions.name_responsible(actor=world.head, request=row, user=world.owner)


def test_a_request_follows_its_client_into_a_merge_and_back(world: World) -> None:
    keep, drop = make(world), make(world, "Маркерова Уля")
    row = ask(world, drop)
    merge = merge_clients(actor=world.administrator, keep=keep, drop=drop)
    row.refresh_from_db()
    assert row.client_id == keep.pk
    undo_merge(actor=world.administrator, merge=merge)
    row.refresh_from_db()
    assert row.client_id == drop.pk


# ---- the erasure ----


def test_an_erasure_from_a_request_ends_it_and_leaves_a_row_of_nobody(world: World) -> None:
    client = make(world)
    row = ask(world, client, text="Удалите Маркерову", contact="markerova@example.org", **ERASES)
    actions.write_step(actor=world.head, request=row, kind="identity", text="Маркерова пришла")
    sent = actions.write_letter(
        actor=world.head,
        request=row,
        letter=letter(letters.RECEIVED, to="shared@example.org", text="Маркеровой"),
    )
    boss, name = world.administrator, client.name
    with pytest.raises(ValidationError, match="has not left"):
        actions.ask_erasure(actor=boss, request=row, client=client, reason="Request")
    OutgoingMail.objects.update(status=OutgoingMail.Status.SENT)
    act = actions.ask_erasure(actor=boss, request=row, client=client, reason="Request")
    assert erase_asked(act.pk).status == Erasure.Status.DONE
    row.refresh_from_db()
    assert (row.client_id, row.who, row.contact, row.text) == (None, "", "", "")
    assert (row.status, row.erasure_id) == (DataRequest.Status.ANSWERED, act.pk)
    steps = list(row.steps.values_list("kind", "text", "letter"))
    assert steps[-1] == ("erased", "", "")
    assert not [one for one in steps if one[1] or one[2]]
    assert sent.mail is not None
    mail = OutgoingMail.objects.get(pk=sent.mail.pk)
    assert (mail.to, mail.text) == ("erased@example.invalid", "")
    page = Browser()
    page.force_login(world.head)
    for url in (reverse("clients:request", args=[row.pk]), reverse("clients:requests")):
        assert name not in page.get(f"{url}?show=ended").content.decode()


def test_a_request_without_a_client_is_found_by_the_values_of_the_erased(world: World) -> None:
    client = make(world)
    row = ask(world, who="кто-то", contact="Markerova@example.org")
    other = ask(world, who="Иной", contact="other@example.org")
    erase_client(actor=world.administrator, client=client, reason="Asked")
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.who, row.contact) == ("", "")
    assert other.contact == "other@example.org"


# ---- reminders ----


def test_who_answers_is_reminded_before_the_end_on_the_last_day_and_after_once_each(
    world: World,
) -> None:
    row = ask(world, received_on=date(2026, 11, 16), responsible=world.head)
    assert row.due_on == date(2026, 11, 30)
    days = [date(2026, 11, day) for day in range(20, 31)]
    days += [date(2026, 12, day) for day in range(1, 5)]
    told = {day: remind(day) + remind(day) for day in days}
    assert {day for day, count in told.items() if count} == {
        date(2026, 11, 25),
        date(2026, 11, 30),
        date(2026, 12, 1),
    }
    assert set(told.values()) == {0, 1}
    mail = OutgoingMail.objects.filter(key__startswith="request-due").order_by("pk")
    assert [one.to for one in mail] == [world.head.email] * 3
    assert "late by" in mail[2].subject


def test_when_nobody_answers_everybody_who_may_is_reminded_and_no_letter_names_the_client(
    world: World,
) -> None:
    ask(world, make(world), received_on=timezone.localdate() - timedelta(days=60))
    assert remind() == 2
    mails = OutgoingMail.objects.all()
    assert {one.to for one in mails} == {world.head.email, world.administrator.email}
    assert not [one for one in mails if "Маркеров" in one.subject + one.text]


def test_ended_requests_remind_nobody(world: World) -> None:
    row = ask(world, received_on=timezone.localdate() - timedelta(days=60))
    actions.write_letter(actor=world.head, request=row, letter=letter(letters.ANSWER))
    assert remind() == 0
    assert actions.take_up_again(actor=world.head, request=row)
    assert remind() == 2


# ---- rules and pages ----


def test_the_law_is_a_setting_and_requests_keep_theirs(world: World) -> None:
    old = ask(world)
    change_rules(
        actor=world.administrator,
        regime="eu",
        remind_before=2,
        corrections="reviewed",
        link_days=10,
    )
    fresh = ask(world)
    old.refresh_from_db()
    assert (old.regime, fresh.regime) == ("ru", "eu")
    assert fresh.due_on == months_after(fresh.received_on, 1)
    assert RequestRules.current().remind_before == 2
    with pytest.raises(policy.Denied):
        change_rules(
            actor=world.head, regime="ru", remind_before=2, corrections="reviewed", link_days=10
        )


def test_the_register_shows_those_first_whose_term_ends_first(world: World) -> None:
    today = timezone.localdate()
    late = ask(world, who="Опоздавшая", received_on=today - timedelta(days=60))
    calm = ask(world, who="Спокойный", received_on=today)
    browser = Browser()
    browser.force_login(world.head)
    page = browser.get(reverse("clients:requests")).content.decode()
    assert page.index("Опоздавшая") < page.index("Спокойный")
    assert "late by" in page
    assert str(calm.pk) in page
    assert str(late.pk) in page


def test_the_register_costs_a_handful_of_reads(
    world: World, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        ask(world, make(world, f"Клиент {n}"))
    browser = Browser()
    browser.force_login(world.head)
    browser.get(reverse("clients:requests"))
    with django_assert_max_num_queries(10):
        browser.get(reverse("clients:requests"))


def test_a_request_is_entered_from_the_card_with_what_is_known(world: World) -> None:
    client = make(world)
    browser = Browser()
    browser.force_login(world.head)
    page = browser.get(reverse("clients:request-new"), {"client": client.pk}).content.decode()
    assert "markerova@example.org" in page
    answer = browser.post(
        reverse("clients:request-new"),
        {
            "kind": "access",
            "via": "letter",
            "received_on": str(timezone.localdate()),
            "client": f"№ {client.pk} {client.name}",
            "regime": "ru",
        },
    )
    row = DataRequest.objects.get()
    assert answer["Location"] == reverse("clients:request", args=[row.pk])
    assert (row.client, row.who) == (client, client.name)
    privacy = browser.get(reverse("clients:privacy", args=[client.pk])).content.decode()
    assert reverse("clients:request", args=[row.pk]) in privacy


def test_a_card_that_the_reader_may_not_see_is_told_by_its_number_only(world: World) -> None:
    client = create_client(
        actor=world.administrator, values={"name": "Тайнова Зоя", "responsible": world.stranger.pk}
    )
    row = ask(world, client, who="Подписано З.")
    role = world.head.role
    role.permissions = role.permissions | {"clients.view": "own"}
    role.save()
    browser = Browser()
    browser.force_login(world.head)
    page = browser.get(reverse("clients:request", args=[row.pk])).content.decode()
    assert "Тайнова" not in page
    assert "a card you cannot see" in page


def test_the_steps_of_a_request_are_the_ones_that_were_taken(world: World) -> None:
    row = ask(world)
    with pytest.raises(ValidationError):
        actions.write_step(actor=world.head, request=row, kind="erased", text="forged")
    assert list(RequestStep.objects.values_list("kind", flat=True)) == ["received"]
