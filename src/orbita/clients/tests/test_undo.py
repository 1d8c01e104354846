import pytest
from django.core import signing
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    add_contact,
    add_note,
    add_tag,
    assign_responsible,
    create_client,
    delete_clients,
    link_person,
    remove_contact,
    undo_event,
    undo_last_change,
    undo_many,
    update_client,
)
from orbita.clients.actions.undo import OWN_WINDOW
from orbita.clients.facts import compare
from orbita.clients.models import Client, CompanyPerson
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(alice: User) -> Client:
    return create_client(actor=alice, values={"name": "Соколова Ирина", "position": "менеджер"})


def state(client: Client) -> dict[str, object]:
    client.refresh_from_db()
    return {
        "name": client.name,
        "position": client.position,
        "contacts": sorted(client.contacts.values_list("kind", "key", "label", "is_main")),
        "tags": sorted(client.tags.values_list("name", flat=True)),
        "responsible": client.responsible_id,
    }


def test_undo_puts_the_old_value_back(alice: User, row: Client) -> None:
    before = state(row)
    event = update_client(
        actor=alice, client=row, values={"position": "директор", "first_name": "Анна"}
    )
    assert event is not None
    undone = undo_event(actor=alice, event=event)
    assert undone.done
    assert undone.kept == []
    assert state(row) == before
    assert undone.event is not None
    assert payload_of(undone.event)["undoes"] == event.pk


def test_what_was_changed_since_stays_and_is_told(alice: User, head: User, row: Client) -> None:
    event = update_client(
        actor=alice, client=row, values={"position": "директор", "hobbies": "шахматы"}
    )
    update_client(actor=head, client=row, values={"position": "владелец"})
    assert event is not None
    undone = undo_event(actor=alice, event=event)
    assert (undone.restored, undone.kept) == (["hobbies"], ["position"])
    row.refresh_from_db()
    assert (row.position, row.hobbies) == ("владелец", "")


def test_an_added_contact_is_taken_back_while_later_ones_stay(alice: User, row: Client) -> None:
    event = add_contact(actor=alice, client=row, kind="phone", value="9161234567")
    add_contact(actor=alice, client=row, kind="phone", value="9161234568")
    assert event is not None
    undo_event(actor=alice, event=event)
    left = row.contacts.get()
    assert (left.key, left.is_main) == ("+79161234568", True)


def test_a_removed_main_contact_comes_back_as_the_main_one(alice: User, row: Client) -> None:
    add_contact(actor=alice, client=row, kind="phone", value="9161234567")
    add_contact(actor=alice, client=row, kind="phone", value="9161234568")
    before = state(row)
    event = remove_contact(actor=alice, client=row, contact=row.contacts.get(key="+79161234567"))
    assert event is not None
    undo_event(actor=alice, event=event)
    assert state(row) == before


def test_the_last_change_is_undone_step_by_step(alice: User, row: Client) -> None:
    first = state(row)
    update_client(actor=alice, client=row, values={"position": "директор"})
    second = state(row)
    update_client(actor=alice, client=row, values={"position": "владелец"})
    undo_last_change(actor=alice, client=row)
    assert state(row) == second
    undo_last_change(actor=alice, client=row)
    assert state(row) == first
    with pytest.raises(ValidationError):
        undo_last_change(actor=alice, client=row)


def test_making_a_card_is_undone_by_the_recycle_bin(alice: User, row: Client) -> None:
    event = Event.objects.get(client_id=row.pk)
    undo_event(actor=alice, event=event)
    assert not Client.objects.visible_to(alice).exists()


def test_a_note_is_undone_and_the_last_contact_with_it(alice: User, row: Client) -> None:
    add_note(actor=alice, client=row, text="Говорили", kind="call")
    row.facts.refresh_from_db()
    assert row.facts.last_contact_at is not None
    undo_event(actor=alice, event=Event.objects.get(kind="note.added"))
    row.facts.refresh_from_db()
    assert row.facts.last_contact_at is None
    assert list(compare()) == []


def test_a_link_between_person_and_company_is_undone(alice: User, row: Client) -> None:
    company = create_client(actor=alice, values={"name": "ООО Ромашка", "kind": "company"})
    event = link_person(actor=alice, company=company, person=row, role="decides")
    assert event is not None
    undo_event(actor=alice, event=event)
    assert not CompanyPerson.objects.exists()


def test_a_client_given_away_by_mistake_is_taken_back_by_the_giver(
    alice: User, bob: User, row: Client
) -> None:
    event = update_client(actor=alice, client=row, values={"responsible": bob})
    assert event is not None
    undo_event(actor=alice, event=event)
    row.refresh_from_db()
    assert row.responsible == alice


def test_an_old_change_is_undone_only_with_the_right_to_edit(
    alice: User, bob: User, row: Client
) -> None:
    event = update_client(actor=alice, client=row, values={"responsible": bob})
    assert event is not None
    event.recorded_at -= OWN_WINDOW * 2
    with pytest.raises(Denied):
        undo_event(actor=alice, event=event)


def test_nobody_undoes_changes_of_cards_that_are_not_his_to_edit(
    alice: User, bob: User, charlie: User, viewer: User, row: Client
) -> None:
    event = update_client(actor=alice, client=row, values={"position": "директор"})
    assert event is not None
    for actor in (bob, charlie, viewer):
        with pytest.raises(Denied):
            undo_event(actor=actor, event=event)
    row.refresh_from_db()
    assert row.position == "директор"


def test_mass_changes_are_taken_back_whole(alice: User, bob: User, head: User) -> None:
    rows = [
        create_client(actor=alice, values={"name": f"Клиент {n}", "kind": "company"})
        for n in range(5)
    ]
    ids = [row.pk for row in rows]
    before = [state(row) for row in rows]
    results = [
        assign_responsible(actor=head, client_ids=ids, responsible=bob),
        add_tag(actor=head, client_ids=ids, tag="Опт"),
        delete_clients(actor=head, client_ids=ids),
    ]
    assert [result.changed for result in results] == [5, 5, 5]
    assert Client.objects.alive().count() == 0
    for result in reversed(results):
        undone = undo_many(actor=head, token=result.undo_token)
        assert (undone.restored, undone.kept) == (5, 0)
    assert [state(row) for row in rows] == before


def test_a_mass_change_is_undone_only_where_nothing_changed_since(
    alice: User, bob: User, charlie: User, head: User
) -> None:
    rows = [create_client(actor=alice, values={"name": f"Иванов Иван{n}"}) for n in range(3)]
    result = assign_responsible(actor=head, client_ids=[row.pk for row in rows], responsible=bob)
    update_client(actor=head, client=rows[0], values={"responsible": charlie})
    undone = undo_many(actor=head, token=result.undo_token)
    assert (undone.restored, undone.kept) == (2, 1)
    assert state(rows[0])["responsible"] == charlie.pk
    assert state(rows[1])["responsible"] == alice.pk


def test_a_mass_change_is_undone_by_nobody_else_and_not_by_a_forged_token(
    alice: User, bob: User, head: User, row: Client
) -> None:
    result = assign_responsible(actor=head, client_ids=[row.pk], responsible=bob)
    assert undo_many(actor=alice, token=result.undo_token).restored == 0
    for token in ("", "x", signing.dumps([1, 2, "a"], salt="another")):
        with pytest.raises(ValidationError):
            undo_many(actor=head, token=token)
    assert state(row)["responsible"] == bob.pk
