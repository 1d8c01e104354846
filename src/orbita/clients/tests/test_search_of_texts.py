"""The search in what is written on cards: own fields by name, comments, terms, reasons."""

from typing import Any

import pytest
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.actions import (
    assign_responsible,
    create_client,
    delete_client,
    update_client,
)
from orbita.clients.actions.undo import undo_event
from orbita.clients.fields.actions import change_field, define_field
from orbita.clients.models import Client, FieldDefinition, Posting, SearchedText, TextPosting, Word
from orbita.clients.quality.actions import mark_dead, revive
from orbita.clients.search import find_clients, index_clients, index_missing, indexed_words
from orbita.clients.search.index import OWNER_BITS, PLACE, word_ids
from orbita.clients.work.stops import allow_contacting, stop_contacting

pytestmark = pytest.mark.django_db
LONG = "Живёт за городом, звонить только после обеда: утром смена на заводе «Прогресс»."


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with translation.override("en"):
        yield


def person(actor: User, name: str = "Соколова Ирина", **values: Any) -> Client:
    return create_client(actor=actor, values={"name": name} | values)


def found(actor: User, text: str) -> list[tuple[int, str]]:
    return [(one.client.pk, one.reason) for one in find_clients(actor, text, 10)]


# ---- own fields ----


@pytest.fixture
def car(admin: User) -> FieldDefinition:
    return define_field(
        actor=admin, subject="client", kind="text", label="Марка", key="car", is_searchable=True
    )


def test_a_word_of_an_own_field_is_told_with_the_name_of_the_field(
    alice: User, car: FieldDefinition
) -> None:
    client = person(alice, own_car="Волга чёрная")
    assert found(alice, "волга") == [(client.pk, "own field: Марка")]
    assert found(alice, "соколова волг") == [(client.pk, "as typed, own field: Марка")]


def test_nobody_is_found_by_a_field_that_is_closed_to_the_reader(
    admin: User, alice: User, car: FieldDefinition
) -> None:
    client = person(alice, own_car="Волга")
    change_field(actor=admin, field=car, see_roles=[admin.role_id])
    assert found(alice, "волга") == []
    assert found(admin, "волга") == [(client.pk, "own field: Марка")]


def test_a_base_that_kept_own_words_as_places_is_brought_up_to_date(
    alice: User, car: FieldDefinition
) -> None:
    client = person(alice, own_car="Волга")
    as_now = indexed_words(client.pk), Posting.objects.count()
    FieldDefinition.objects.update(is_indexed=False, is_searchable=False)
    FieldDefinition.objects.filter(pk=car.pk).update(is_searchable=True)
    (old,) = word_ids([(PLACE, "волга")]).values()
    (new,) = Word.objects.filter(text="волга", kind=Word.Kind.OWN).values_list("pk", flat=True)
    Posting.objects.filter(pk=new << OWNER_BITS | client.pk).update(
        id=old << OWNER_BITS | client.pk
    )
    list(index_missing())
    assert found(alice, "волга") == [(client.pk, "own field: Марка")]
    assert (indexed_words(client.pk), Posting.objects.count() - 1) == as_now
    assert FieldDefinition.objects.get().is_indexed


# ---- texts ----


@pytest.mark.parametrize("name", ["comment", "difficulties", "special_terms"])
def test_a_client_is_found_by_what_is_written_about_him(alice: User, name: str) -> None:
    client = person(alice, **{name: LONG})
    for typed in ("завод прогресс", "обедом", "смены"):
        ((pk, why),) = found(alice, typed)
        assert pk == client.pk
        assert why.startswith("text on the card: ")
    assert "утром смена на заводе" in why
    assert found(alice, "завод ромашка") == []
    event = update_client(actor=alice, client=client, values={name: "Переехала"})
    assert found(alice, "завод") == []
    assert event is not None
    undo_event(actor=alice, event=event)
    assert [pk for pk, _why in found(alice, "завод")] == [client.pk]


def test_names_come_before_texts_and_nobody_twice(alice: User) -> None:
    told_of = person(alice, "Петров Пётр", comment="Привела Соколова")
    named = person(alice, comment="Соколова – девичья фамилия")
    assert [pk for pk, _why in found(alice, "соколова")] == [named.pk, told_of.pk]


def test_nobody_finds_texts_of_cards_he_may_not_see(
    admin: User, alice: User, charlie: User
) -> None:
    client = person(alice, comment=LONG)
    assert found(charlie, "прогресс") == []
    delete_client(actor=admin, client=client)
    assert found(alice, "прогресс") == []


def test_the_reasons_why_somebody_is_left_alone_are_found(alice: User, head: User) -> None:
    stopped, dead = person(alice), person(alice, "Петров Пётр")
    stop_contacting(actor=head, client=stopped, reason="Просила не беспокоить")
    mark_dead(actor=alice, client=dead, reason="Закрыл мастерскую")
    assert found(alice, "беспокоит") == [
        (stopped.pk, "text on the card: why nobody contacts him: Просила не беспокоить")
    ]
    assert found(alice, "мастерская") == [
        (dead.pk, "text on the card: put aside: Закрыл мастерскую")
    ]
    allow_contacting(actor=head, client=stopped)
    revive(actor=alice, client=dead)
    assert found(alice, "беспокоить") == found(alice, "мастерскую") == []
    assert not TextPosting.objects.exists()


def test_the_reason_of_a_hand_over_is_found_until_the_next_one(alice: User, head: User) -> None:
    row = person(alice)
    for responsible, reason in ((head, "Переехала в Казань"), (alice, "")):
        assign_responsible(actor=head, client_ids=[row.pk], responsible=responsible, reason=reason)
        told = [(row.pk, f"text on the card: why handed over: {reason}")] if reason else []
        assert found(head, "казань") == told


def test_texts_of_a_base_older_than_their_index_are_brought_in(alice: User) -> None:
    with_text, without = person(alice, comment=LONG), person(alice)
    postings = set(TextPosting.objects.values_list("pk", flat=True))
    assert not SearchedText.objects.filter(client=without).exists()
    SearchedText.objects.all().delete()
    TextPosting.objects.all().delete()
    list(index_missing())
    assert [pk for pk, _why in found(alice, "прогресс")] == [with_text.pk]
    assert set(TextPosting.objects.values_list("pk", flat=True)) == postings
    assert [done.texts for done in index_missing()] == []


def test_indexing_again_changes_nothing(alice: User) -> None:
    client = person(alice, comment=LONG)
    postings = set(TextPosting.objects.values_list("pk", flat=True))
    index_clients([client.pk])
    assert set(TextPosting.objects.values_list("pk", flat=True)) == postings


def test_on_the_other_layout_surnames_come_before_patronymics_too(alice: User) -> None:
    patronymic = person(alice, "Алексеева Лариса Ивановна")
    surname = person(alice, "Иванов Тимофей")
    for typed in ("иванов", "bdfyjd"):
        assert [pk for pk, _why in found(alice, typed)] == [surname.pk, patronymic.pk]
