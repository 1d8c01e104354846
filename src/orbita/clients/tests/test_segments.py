import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    add_to_segment,
    change_segment,
    create_client,
    create_segment,
    delete_segment,
    restore_segment,
)
from orbita.clients.models import Client, Segment
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
BUYERS = {"fact": "orders", "op": "gte", "value": 1}


def test_a_segment_keeps_its_rule_and_tells_who_made_it(alice: User) -> None:
    segment = create_segment(actor=alice, name="  Покупали ", rule=BUYERS)
    assert (segment.name, segment.rule, segment.author) == ("Покупали", BUYERS, alice)
    event = Event.objects.get(kind="segment.created")
    assert (event.subject_id, payload_of(event)["after"]["rule"]) == (segment.pk, BUYERS)


def test_two_segments_cannot_have_one_name(alice: User) -> None:
    create_segment(actor=alice, name="Покупали", rule=BUYERS)
    with pytest.raises(ValidationError):
        create_segment(actor=alice, name="покупали", rule={})


@pytest.mark.parametrize(
    "rule", [{"fact": "nothing", "op": "eq", "value": 1}, {"all": 5}, {"x": []}, {"not": 1}]
)
def test_a_rule_that_cannot_be_read_is_refused(alice: User, rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        create_segment(actor=alice, name="Странный", rule=rule)
    assert not Segment.objects.exists()


def test_a_segment_cannot_lean_on_itself_through_others(alice: User) -> None:
    one = create_segment(actor=alice, name="Один", rule=BUYERS)
    two = create_segment(
        actor=alice, name="Два", rule={"fact": "segment", "op": "in", "value": [one.pk]}
    )
    for target in (one, two):
        with pytest.raises(ValidationError):
            change_segment(
                actor=alice,
                segment=one,
                rule={"not": {"fact": "segment", "op": "eq", "value": target.pk}},
            )


def test_a_manager_changes_his_own_segments_only(alice: User, bob: User, head: User) -> None:
    segment = create_segment(actor=alice, name="Покупали", rule=BUYERS)
    with pytest.raises(Denied):
        change_segment(actor=bob, segment=segment, name="Моё")
    assert change_segment(actor=head, segment=segment, name="Купили") is not None
    assert change_segment(actor=head, segment=segment, name="Купили") is None


def test_a_private_segment_is_seen_by_its_author_only(alice: User, bob: User) -> None:
    segment = create_segment(actor=alice, name="Моё", rule=BUYERS, is_shared=False)
    assert list(Segment.objects.visible_to(alice)) == [segment]
    assert list(Segment.objects.visible_to(bob)) == []


def test_a_deleted_segment_comes_back_under_its_number(alice: User, bob: User) -> None:
    segment = create_segment(actor=alice, name="Покупали", rule=BUYERS)
    pk = segment.pk
    event = delete_segment(actor=alice, segment=segment)
    assert not Segment.objects.exists()
    with pytest.raises(Denied):
        restore_segment(actor=bob, event=event)
    restored = restore_segment(actor=alice, event=event)
    assert (restored.pk, restored.name, restored.rule, restored.author) == (
        pk,
        "Покупали",
        BUYERS,
        alice,
    )


def test_chosen_clients_join_a_segment_beside_its_rule(alice: User, charlie: User) -> None:
    rows = [create_client(actor=alice, values={"name": f"Иванов Иван{n}"}) for n in range(3)]
    foreign = create_client(actor=charlie, values={"name": "Чужой Пётр"})
    segment = create_segment(actor=alice, name="Покупали", rule=BUYERS)
    add_to_segment(actor=alice, segment=segment, client_ids=[rows[0].pk, foreign.pk])
    add_to_segment(actor=alice, segment=segment, client_ids=[rows[1].pk])
    members = Client.objects.visible_to(alice).matching(segment.rule, actor=alice)
    assert set(members) == set(rows[:2])
    assert segment.rule["any"][0] == BUYERS
    assert foreign.pk not in segment.rule["any"][1]["value"]
