"""What clients agreed to: newest answer counts at once, the stricter one survives a merge."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from orbita.accounts import policy
from orbita.accounts.testing import World, make_world
from orbita.clients.actions import create_client, merge_clients, undo_merge
from orbita.clients.models import Client, Consent
from orbita.clients.privacy.consents import (
    CHANNELS,
    add_text,
    channel_of,
    lines_of,
    may_contact,
    may_contact_all,
    record_consent,
    text_in_force,
)
from orbita.clients.work.stops import stop_contacting
from orbita.core.models import Event
from orbita.core.rules import compile_rule

pytestmark = pytest.mark.django_db
CHOICES = [(purpose, channel) for purpose, channels in CHANNELS.items() for channel in channels]


@pytest.fixture
def world() -> World:
    translation.activate("en")
    return make_world()


def make(world: World, name: str = "Соколова Ирина") -> Client:
    return create_client(actor=world.owner, values={"name": name})


def say(world: World, client: Client, given: bool, **other: Any) -> list[Consent]:
    told = {"purpose": "advertising", "channels": ["email"], "source": "paper"} | other
    return record_consent(actor=world.owner, client=client, given=given, **told)


def test_advertising_needs_consent_by_its_own_channel(world: World) -> None:
    client = make(world)
    assert not may_contact(client, "advertising", "email")
    say(world, client, True)
    assert may_contact(client, "advertising", "email")
    refused = may_contact(client, "advertising", "sms")
    assert not refused
    assert "Has not agreed: Advertising by SMS" in refused.reason


def test_messages_about_orders_and_profiling_go_until_they_are_refused(world: World) -> None:
    client = make(world)
    for purpose in ("service", "profiling"):
        assert may_contact(client, purpose)
        say(world, client, False, purpose=purpose, channels=[""])
        assert not may_contact(client, purpose)


def test_a_withdrawal_counts_at_once_and_the_history_keeps_both(world: World) -> None:
    client = make(world)
    say(world, client, True, at=timezone.now() - timedelta(days=2), proof="form 17")
    say(world, client, False)
    decision = may_contact(client, "advertising", "email")
    assert not decision
    assert decision.reason.startswith("Refused on ")
    rows = list(Consent.objects.filter(client=client))
    assert [(row.given, row.is_current, row.proof) for row in rows] == [
        (False, True, ""),
        (True, False, "form 17"),
    ]


def test_an_older_answer_that_comes_late_changes_nothing(world: World) -> None:
    client = make(world)
    say(world, client, False)
    say(world, client, True, at=timezone.now() - timedelta(days=30))
    assert not may_contact(client, "advertising", "email")


def test_a_stop_of_contacts_forbids_what_was_agreed_to(world: World) -> None:
    client = make(world)
    say(world, client, True)
    stop_contacting(actor=world.owner, client=client, reason="Complained")
    decision = may_contact(client, "advertising", "email")
    assert not decision
    assert "not to be contacted" in decision.reason


def test_channels_of_contacts_are_known_by_their_kind() -> None:
    assert channel_of("advertising", "telegram") == "messenger"
    assert channel_of("advertising", "phone") == "call"
    assert channel_of("service", "email") == ""
    with pytest.raises(ValueError, match="no channel"):
        channel_of("advertising", "pigeon")


def test_many_clients_are_asked_with_two_reads(
    world: World, django_assert_num_queries: Any
) -> None:
    clients = [make(world, f"Клиент {n}") for n in range(5)]
    say(world, clients[0], True)
    with django_assert_num_queries(2):
        answers = may_contact_all([one.pk for one in clients], "advertising", "email")
    assert [bool(answers[one.pk]) for one in clients] == [True, False, False, False, False]


def test_consent_to_advertising_cannot_hide_in_another_text(world: World) -> None:
    client = make(world)
    boss = world.administrator
    other = add_text(actor=boss, purpose="service", text="We write to you about orders")
    with pytest.raises(ValidationError, match="another purpose"):
        say(world, client, True, text=other)
    own = add_text(actor=boss, purpose="advertising", text="I agree to advertising")
    row = say(world, client, True, text=own)[0]
    assert row.text == own


def test_texts_are_versions_and_the_old_ones_stay(world: World) -> None:
    boss = world.administrator
    first = add_text(actor=boss, purpose="advertising", text="One")
    with pytest.raises(ValidationError, match="in force already"):
        add_text(actor=boss, purpose="advertising", text="One")
    second = add_text(actor=boss, purpose="advertising", text="Two")
    assert (first.version, second.version) == (1, 2)
    assert text_in_force("advertising") == second
    with pytest.raises(policy.Denied):
        add_text(actor=world.head, purpose="advertising", text="Three")


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "anything"},
        {"channels": []},
        {"channels": ["pigeon"]},
        {"source": "dream"},
        {"at": timezone.now() + timedelta(days=400)},
        {"proof": "x" * 301},
    ],
)
def test_what_cannot_be_is_refused(world: World, wrong: dict[str, Any]) -> None:
    client = make(world)
    with pytest.raises(ValidationError):
        say(world, client, True, **wrong)
    assert not Consent.objects.exists()


def test_whoever_may_write_a_note_writes_a_refusal_and_no_consent(world: World) -> None:
    client = make(world)
    told: dict[str, Any] = {"client": client, "purpose": "advertising", "source": "phone"}
    told["channels"] = ["email"]
    record_consent(actor=world.teammate, given=False, **told)
    with pytest.raises(policy.Denied):
        record_consent(actor=world.teammate, given=True, **told)


def test_consent_without_proof_is_shown_as_such(world: World) -> None:
    client = make(world)
    say(world, client, True)
    (line,) = [one for one in lines_of(client) if one.channel == "email"]
    assert line.is_unproved
    say(world, client, True, proof="https://example.org/form/17")
    (line,) = [one for one in lines_of(client) if one.channel == "email"]
    assert not line.is_unproved


@pytest.mark.parametrize("kept_first", [True, False])
def test_a_merge_takes_the_refusal_of_either_card_and_gives_it_back(
    world: World, kept_first: bool
) -> None:
    agreed, refused = make(world), make(world)
    say(world, refused, False, at=timezone.now() - timedelta(days=9))
    say(world, agreed, True)
    say(world, agreed, True, channels=["sms"])
    keep, drop = (agreed, refused) if kept_first else (refused, agreed)
    before = state()
    merge = merge_clients(actor=world.administrator, keep=keep, drop=drop)
    assert not may_contact(keep, "advertising", "email")
    assert may_contact(keep, "advertising", "sms")
    assert Consent.objects.filter(client=keep).count() == 3
    undo_merge(actor=world.administrator, merge=merge)
    assert state() == before
    assert may_contact(agreed, "advertising", "email")
    assert not may_contact(refused, "advertising", "email")


def state() -> list[Any]:
    return list(Consent.objects.order_by("pk").values("pk", "client_id", "given", "is_current"))


def test_a_new_answer_after_a_merge_counts_and_survives_its_undo(world: World) -> None:
    keep, drop = make(world), make(world)
    say(world, keep, True)
    say(world, drop, False)
    merge = merge_clients(actor=world.administrator, keep=keep, drop=drop)
    say(world, keep, True)
    assert may_contact(keep, "advertising", "email")
    undo_merge(actor=world.administrator, merge=merge)
    assert may_contact(keep, "advertising", "email")
    assert not may_contact(drop, "advertising", "email")


def test_segments_ask_for_consents(world: World) -> None:
    yes, no, unknown = make(world, "Да"), make(world, "Нет"), make(world, "Неизвестно")
    say(world, yes, True, channels=["email", "sms"])
    say(world, no, False)
    say(world, unknown, False, purpose="profiling", channels=[""])

    def found(fact: str, op: str, value: Any = None) -> list[int]:
        rule = compile_rule(
            "client", {"fact": fact, "op": op, "value": value}, actor=world.administrator
        )
        return list(Client.objects.filter(rule).order_by("pk").values_list("pk", flat=True))

    assert found("advertising_by", "eq", "sms") == [yes.pk]
    assert found("advertising_by", "in", ["sms", "email"]) == [yes.pk]
    assert found("advertising_by", "empty") == [no.pk, unknown.pk]
    assert found("advertising_refused", "eq", "email") == [no.pk]
    assert found("profiling_refused", "eq", True) == [unknown.pk]
    assert found("service_refused", "eq", True) == []


def test_the_card_and_the_page_show_the_answers(world: World) -> None:
    client = make(world)
    say(world, client, True, proof="<b>paper 5</b>")
    browser = Browser()
    browser.force_login(world.owner)
    card = browser.get(reverse("clients:card", args=[client.pk])).content.decode()
    assert "Advertising by e-mail" in card
    page = browser.get(reverse("clients:privacy", args=[client.pk])).content.decode()
    assert "&lt;b&gt;paper 5" in page
    assert "Agreed: Advertising by e-mail" in page


def test_the_form_writes_several_answers_with_the_texts_in_force(world: World) -> None:
    client = make(world)
    add_text(actor=world.administrator, purpose="advertising", text="I agree")
    browser = Browser()
    browser.force_login(world.owner)
    address = reverse("clients:consent-new", args=[client.pk])
    sent = {
        "about": ["advertising:email", "advertising:sms", "profiling:"],
        "given": "yes",
        "source": "paper",
        "day": str(timezone.localdate() - timedelta(days=1)),
        "proof": "paper 5",
    }
    assert browser.post(address, sent).status_code == 302
    rows = Consent.objects.order_by("pk").values_list("purpose", "channel", "text__version")
    assert list(rows) == [
        ("advertising", "email", 1),
        ("advertising", "sms", 1),
        ("profiling", "", None),
    ]
    assert Event.objects.filter(kind="consent.given", client_id=client.pk).count() == 2
    late = sent | {"day": str(timezone.localdate() + timedelta(days=3))}
    assert browser.post(address, late).status_code == 422


def test_the_list_and_its_export_tell_what_was_agreed_to(
    world: World, django_assert_max_num_queries: Any
) -> None:
    clients = [make(world, f"Клиент {n}") for n in range(3)]
    for client in clients:
        say(world, client, True, channels=["sms", "call"])
    browser = Browser()
    browser.force_login(world.administrator)
    chosen = {"do": "columns", "columns": ["name", "advertising"]}
    assert browser.post(reverse("clients:list"), chosen).status_code == 302
    with django_assert_max_num_queries(14):
        page = browser.get(reverse("clients:list")).content.decode()
    assert page.count("by SMS and by calls") + page.count("by SMS, by calls") == 3
