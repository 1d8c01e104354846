from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from django.core.exceptions import ValidationError

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.work import actions
from orbita.work.models import Deal, LossReason, Stage
from orbita.work.records import Closing, DealData

pytestmark = pytest.mark.django_db
Make = Callable[..., Deal]
Stages = dict[str, Stage]


def data_of(deal: Deal) -> DealData:
    return DealData(
        name=deal.name,
        client_id=deal.client_id,
        amount=deal.amount,
        currency=deal.currency,
        expected_on=deal.expected_on,
        responsible_id=deal.responsible_id,
        next_step=deal.next_step,
        next_step_on=deal.next_step_on,
    )


def said_of(deal: Deal) -> list[str]:
    events = Event.objects.filter(subject_type="deal", subject_id=deal.pk).order_by("pk")
    return [event.kind for event in events]


def test_a_new_deal_stands_in_the_first_stage_of_the_first_pipeline(
    make_deal: Make, stages: Stages, alice: User, roaster: Client
) -> None:
    deal = make_deal()
    assert deal.stage == stages["request"]
    assert deal.responsible == alice
    assert (deal.amount, deal.amount_base, deal.state) == (120_000_00, 120_000_00, "open")
    [stay] = deal.stays.all()
    assert (stay.stage, stay.left_at) == (stages["request"], None)
    event = Event.objects.get(kind="deal.created")
    assert (event.client_id, event.subject_id) == (roaster.pk, deal.pk)


def test_a_deal_without_a_name_is_called_after_its_client(make_deal: Make) -> None:
    assert make_deal(name=" ").name == "ООО «Обжарка»"


def test_a_deal_of_nobody_without_a_name_is_refused(make_deal: Make) -> None:
    with pytest.raises(ValidationError) as refused:
        make_deal(name="", client_id=None)
    assert list(refused.value.message_dict) == ["name"]


@pytest.mark.parametrize("amount", [-1, 10**15])
def test_a_sum_beyond_sense_is_refused(make_deal: Make, amount: int) -> None:
    with pytest.raises(ValidationError) as refused:
        make_deal(amount=amount)
    assert list(refused.value.message_dict) == ["amount"]


def test_a_deal_in_a_currency_without_a_rate_is_refused(make_deal: Make) -> None:
    with pytest.raises(ValidationError) as refused:
        make_deal(currency="USD")
    assert list(refused.value.message_dict) == ["currency"]


def test_a_client_whom_the_actor_does_not_see_is_not_there_for_a_deal(
    make_deal: Make, charlie: User
) -> None:
    with pytest.raises(ValidationError) as refused:
        make_deal(actor=charlie)
    assert list(refused.value.message_dict) == ["client"]


def test_a_change_is_told_with_old_and_new(make_deal: Make, alice: User) -> None:
    deal = make_deal()
    data = replace(data_of(deal), amount=90_000_00, next_step="Позвонить")
    actions.update_deal(actor=alice, deal=deal, data=data)
    event = Event.objects.get(kind="deal.changed")
    assert payload_of(event)["before"] == {"amount": 120_000_00, "next_step": ""}
    assert payload_of(event)["after"] == {"amount": 90_000_00, "next_step": "Позвонить"}


def test_a_change_that_changes_nothing_is_not_told(make_deal: Make, alice: User) -> None:
    deal = make_deal()
    actions.update_deal(actor=alice, deal=deal, data=data_of(deal))
    assert said_of(deal) == ["deal.created"]


def test_whoever_changes_what_has_changed_meanwhile_is_told(make_deal: Make, alice: User) -> None:
    deal = make_deal()
    actions.update_deal(actor=alice, deal=deal, data=replace(data_of(deal), name="Чай"))
    with pytest.raises(ValidationError) as refused:
        actions.update_deal(
            actor=alice, deal=deal, data=replace(data_of(deal), name="Какао"), version=deal.version
        )
    assert refused.value.code == "conflict"
    assert Deal.objects.get().name == "Чай"


# ---- moving ----


def test_a_deal_moves_on_and_its_stays_are_kept(
    make_deal: Make, stages: Stages, alice: User
) -> None:
    deal = actions.move_deal(actor=alice, deal=make_deal(), stage=stages["needs"])
    assert deal.stage == stages["needs"]
    first, second = deal.stays.all()
    assert (first.stage, first.left_at) == (stages["request"], second.entered_at)
    assert (second.stage, second.left_at, deal.stage_since) == (
        stages["needs"],
        None,
        second.entered_at,
    )
    assert said_of(deal) == ["deal.created", "deal.moved"]


def test_of_two_who_move_one_deal_the_later_is_told_and_it_stays(
    make_deal: Make, stages: Stages, alice: User, head: User
) -> None:
    deal = make_deal(expected_on=date(2027, 1, 15))
    actions.move_deal(actor=alice, deal=deal, stage=stages["needs"], seen=stages["request"].pk)
    with pytest.raises(ValidationError) as refused:
        actions.move_deal(actor=head, deal=deal, stage=stages["offer"], seen=stages["request"].pk)
    assert refused.value.code == "conflict"
    assert "Needs found out" in refused.value.messages[0]
    assert Deal.objects.get().stage == stages["needs"]


def test_both_who_move_one_deal_to_the_same_stage_are_content(
    make_deal: Make, stages: Stages, alice: User, head: User
) -> None:
    deal = make_deal()
    for actor in (alice, head):
        actions.move_deal(actor=actor, deal=deal, stage=stages["needs"], seen=stages["request"].pk)
    assert said_of(deal) == ["deal.created", "deal.moved"]


def test_a_stage_takes_no_deal_that_lacks_what_it_asks_for(
    make_deal: Make, stages: Stages, alice: User
) -> None:
    deal = make_deal(amount=None)
    with pytest.raises(ValidationError) as refused:
        actions.move_deal(actor=alice, deal=deal, stage=stages["offer"])
    assert set(refused.value.message_dict) == {"amount", "expected_on"}
    assert Deal.objects.get().stage == stages["request"]


def test_a_stage_takes_only_deals_that_fit_its_conditions(
    make_deal: Make, stages: Stages, alice: User, head: User
) -> None:
    rule = {"fact": "sum", "op": "gte", "value": 100_000}
    actions.save_stage(
        actor=head, pipeline=stages["needs"].pipeline, stage=stages["needs"], values={"entry": rule}
    )
    assert actions.move_deal(actor=alice, deal=make_deal(), stage=stages["needs"])
    with pytest.raises(ValidationError, match="Sum at least 100"):
        actions.move_deal(actor=alice, deal=make_deal(amount=1), stage=stages["needs"])


def test_a_lost_deal_says_why_and_when_to_come_back(
    make_deal: Make, stages: Stages, reason: LossReason, alice: User
) -> None:
    deal = make_deal(next_step="Позвонить", next_step_on=date(2026, 12, 1))
    with pytest.raises(ValidationError) as refused:
        actions.move_deal(actor=alice, deal=deal, stage=stages["lost"])
    assert list(refused.value.message_dict) == ["reason"]
    closing = Closing(reason_id=reason.pk, comment="ушли к соседям", come_back_on=date(2027, 6, 1))
    deal = actions.move_deal(actor=alice, deal=deal, stage=stages["lost"], closing=closing)
    assert (deal.state, deal.loss_reason, deal.come_back_on) == ("lost", reason, date(2027, 6, 1))
    assert deal.closed_at is not None
    assert (deal.next_step, deal.next_step_on) == ("", None)
    event = Event.objects.get(kind="deal.lost")
    assert payload_of(event)["words"] == "ушли к соседям"


def test_a_closed_deal_may_be_taken_up_again(make_deal: Make, stages: Stages, alice: User) -> None:
    deal = actions.move_deal(actor=alice, deal=make_deal(), stage=stages["won"])
    assert deal.state == "won"
    assert deal.closed_at
    deal = actions.move_deal(actor=alice, deal=deal, stage=stages["needs"])
    assert (deal.state, deal.closed_at) == ("open", None)
    assert said_of(deal) == ["deal.created", "deal.won", "deal.reopened"]


def test_a_stage_that_was_taken_off_takes_nothing(
    make_deal: Make, stages: Stages, alice: User, head: User
) -> None:
    actions.remove_stage(actor=head, stage=stages["agreeing"])
    with pytest.raises(ValidationError):
        actions.move_deal(actor=alice, deal=make_deal(), stage=stages["agreeing"])


# ---- whose ----


def test_managers_see_the_deals_of_their_team_and_change_their_own(
    make_deal: Make, alice: User, bob: User, charlie: User, head: User
) -> None:
    deal = make_deal()
    seen = {
        user.name: Deal.objects.visible_to(user).count() for user in (alice, bob, charlie, head)
    }
    assert seen == {"Alice": 1, "Bob": 1, "Charlie": 0, "Helen": 1}
    assert [policy.allows(user, "deals.edit", deal) for user in (alice, bob, charlie, head)] == [
        *(True, False, False, True)
    ]


def test_a_helper_from_another_team_sees_the_deal_and_moves_it(
    make_deal: Make, stages: Stages, charlie: User
) -> None:
    deal = make_deal(helper_ids=[charlie.pk])
    assert list(Deal.objects.visible_to(charlie)) == [deal]
    moved = actions.move_deal(actor=charlie, deal=deal, stage=stages["needs"])
    assert moved.stage == stages["needs"]


def test_a_stranger_moves_nothing(make_deal: Make, stages: Stages, charlie: User) -> None:
    with pytest.raises(policy.Denied):
        actions.move_deal(actor=charlie, deal=make_deal(), stage=stages["needs"])


def test_a_deleted_deal_is_out_of_sight_and_comes_back(
    make_deal: Make, stages: Stages, head: User
) -> None:
    deal = actions.delete_deal(actor=head, deal=make_deal())
    assert not Deal.objects.visible_to(head).exists()
    assert list(Deal.objects.binned(head)) == [deal]
    with pytest.raises(ValidationError):
        actions.move_deal(actor=head, deal=deal, stage=stages["needs"])
    actions.restore_deal(actor=head, deal=deal)
    assert list(Deal.objects.visible_to(head)) == [deal]
