"""Consents to advertising come with files and leave with them; a file never overrides a refusal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orbita.accounts.actions import service_user
from orbita.clients.models import Client, Consent
from orbita.clients.privacy.consents import may_contact, record_consent
from orbita.core.models import Event
from orbita.gateways.models import Import
from orbita.gateways.tests.conftest import Bring, contents, outcome

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
Undo = Callable[[Import], Import]
HEAD = ("Код", "ФИО", "Телефон", "Согласие на рассылку", "Согласие на СМС")
ROWS = [
    HEAD,
    ("1", "Иванов Иван", "89161234567", "да", ""),
    ("2", "Петрова Анна", "89161234568", "нет", ""),
    ("3", "Сидоров Олег", "89161234569", "да", "нет"),
    ("4", "Новая Мария", "89161234570", "", ""),
    ("5", "Странный Пётр", "89161234571", "может быть", ""),
]


def client(number: str) -> Client:
    return Client.objects.get(external_ids__value=number)


def test_yes_and_no_become_answers_by_channel(bring: Bring, sheet: Sheet) -> None:
    row = bring(sheet(ROWS))
    assert outcome(row)["created"] == 5
    assert may_contact(client("1"), "advertising", "email")
    assert may_contact(client("1"), "advertising", "call")
    assert not may_contact(client("2"), "advertising", "email")
    assert may_contact(client("3"), "advertising", "messenger")
    assert not may_contact(client("3"), "advertising", "sms"), "the stricter of two columns"
    assert not Consent.objects.filter(client=client("4")).exists()
    assert not Consent.objects.filter(client=client("5")).exists()
    assert "может быть" in client("5").comment
    given = Event.objects.filter(kind="consent.given", origin="import")
    assert given.count() == 2


def test_the_undo_takes_them_back_with_the_cards(bring: Bring, sheet: Sheet, undo: Undo) -> None:
    before = contents()
    row = bring(sheet(ROWS))
    undone = undo(row)
    assert (undone.status, undone.kept) == ("undone", 0)
    assert contents() == before
    assert not Consent.objects.exists()


@pytest.mark.parametrize("on_match", ["skip", "fill", "overwrite"])
def test_a_file_never_turns_a_refusal_into_consent(
    bring: Bring, sheet: Sheet, on_match: str
) -> None:
    bring(sheet([HEAD, ("1", "Иванов Иван", "89161234567", "", "")]))
    known = client("1")
    record_consent(
        actor=service_user(),
        client=known,
        purpose="advertising",
        channels=["email"],
        given=False,
        source="phone",
    )
    bring(sheet(ROWS, "later.xlsx"), on_match=on_match)
    assert not may_contact(known, "advertising", "email")
    assert bool(may_contact(known, "advertising", "sms")) is (on_match != "skip")


def test_a_refusal_of_a_file_overrides_only_when_it_is_told_to_and_is_undone(
    bring: Bring, sheet: Sheet, undo: Undo
) -> None:
    bring(sheet([HEAD, ("1", "Иванов Иван", "89161234567", "да", "")]))
    refusal = [HEAD, ("1", "Иванов Иван", "89161234567", "нет", "")]
    bring(sheet(refusal, "fill.xlsx"), on_match="fill")
    assert may_contact(client("1"), "advertising", "email")
    row = bring(
        sheet([*refusal, ("9", "Лишний Олег", "", "", "")], "over.xlsx"), on_match="overwrite"
    )
    assert not may_contact(client("1"), "advertising", "email")
    undo(row)
    assert may_contact(client("1"), "advertising", "email")
