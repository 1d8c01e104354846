import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    add_tag,
    assign_responsible,
    create_client,
    delete_clients,
    remove_tag,
)
from orbita.clients.models import Client, ClientTag, Tag
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


def test_clients_of_others_are_skipped_and_counted(alice: User, charlie: User) -> None:
    mine = create_client(actor=alice, values={"name": "Иванов Иван"})
    foreign = create_client(actor=charlie, values={"name": "Петров Пётр"})
    result = add_tag(actor=alice, client_ids=[mine.pk, foreign.pk, 10**9], tag="Опт")
    assert (result.changed, result.unchanged, result.skipped) == (1, 0, 2)
    assert ClientTag.objects.get().client_id == mine.pk
    assert Event.objects.filter(kind="client.changed").count() == 1


def test_what_is_so_already_gets_no_event(alice: User) -> None:
    row = create_client(actor=alice, values={"name": "Иванов Иван"}, tags=["Опт"])
    assert add_tag(actor=alice, client_ids=[row.pk], tag=" опт").unchanged == 1
    result = assign_responsible(actor=alice, client_ids=[row.pk], responsible=alice)
    assert (result.unchanged, result.undo_token) == (1, "")


def test_a_tag_is_taken_off_many(alice: User) -> None:
    row = create_client(actor=alice, values={"name": "Иванов Иван"}, tags=["Опт", "VIP"])
    assert remove_tag(actor=alice, client_ids=[row.pk], tag="опт").changed == 1
    assert row.tags.get().name == "VIP"


def test_an_odd_tag_is_refused_before_anything_is_written(alice: User) -> None:
    row = create_client(actor=alice, values={"name": "Иванов Иван"})
    for tag in ("", " # ", "я" * 61):
        with pytest.raises(ValidationError):
            add_tag(actor=alice, client_ids=[row.pk], tag=tag)
    assert not Tag.objects.exists()


def test_a_closed_account_gets_no_clients(alice: User, bob: User, head: User) -> None:
    row = create_client(actor=alice, values={"name": "Иванов Иван"})
    bob.is_active = False
    with pytest.raises(ValidationError):
        assign_responsible(actor=head, client_ids=[row.pk], responsible=bob)


def test_without_the_right_nothing_is_deleted(alice: User, viewer: User) -> None:
    row = create_client(actor=alice, values={"name": "Иванов Иван"})
    for actor in (alice, viewer):
        with pytest.raises(Denied):
            delete_clients(actor=actor, client_ids=[row.pk])
    assert Client.objects.alive().count() == 1


def test_thousands_are_changed_with_a_few_queries_each_thousand(
    alice: User, head: User, django_assert_max_num_queries: object
) -> None:
    Client.objects.bulk_create(
        Client(name=f"К{n}", name_key=f"к{n}", kind="company", responsible=alice)
        for n in range(1500)
    )
    ids = list(Client.objects.values_list("pk", flat=True))
    with django_assert_max_num_queries(50):  # type: ignore[operator]
        result = assign_responsible(actor=head, client_ids=ids, responsible=head)
    assert result.changed == 1500
