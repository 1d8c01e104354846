"""Whose clients are: handed over, taken, given out by rule, released by the time limit."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from orbita.accounts.actions import set_absence
from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    add_note,
    assign_responsible,
    create_client,
    create_segment,
    undo_event,
    undo_many,
    update_client,
)
from orbita.clients.models import Client, ClientFacts, ClientWork, ContactStop, WorkRules
from orbita.clients.work import giving
from orbita.clients.work.contacting import may_contact, may_contact_all
from orbita.clients.work.giving import give_out, take_clients
from orbita.clients.work.settings import change_work_rules, restore_work_rules
from orbita.clients.work.stops import allow_contacting, stop_contacting
from orbita.core import context
from orbita.core.events import payload_of
from orbita.core.models import Company, Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def today() -> date:
    return Company.current().business_date()


def free(head: User, name: str = "Ничья Анна", **more: Any) -> Client:
    return create_client(actor=head, values={"name": name, "responsible": None}, **more)


def owner(client: Client) -> User | None:
    return Client.objects.select_related("responsible").get(pk=client.pk).responsible


@pytest.fixture
def client_of_alice(alice: User) -> Client:
    return create_client(actor=alice, values={"name": "Иванова Анна"})


# ---- handing over ----


def test_a_hand_over_keeps_its_reason_and_starts_the_clock(
    alice: User, head: User, client_of_alice: Client
) -> None:
    assign_responsible(
        actor=head, client_ids=[client_of_alice.pk], responsible=head, reason="отпуск"
    )
    event = Event.objects.select_related("payload").filter(kind="client.changed").latest("pk")
    assert payload_of(event)["reason"] == "отпуск"
    assert ClientWork.objects.get().assigned_on == today()
    undo_event(actor=head, event=event)
    assert owner(client_of_alice) == alice


def test_nobody_gets_more_clients_than_the_limit(
    alice: User, bob: User, head: User, admin: User, client_of_alice: Client
) -> None:
    create_client(actor=bob, values={"name": "Петров Пётр"})
    change_work_rules(actor=admin, values={"most": 1})
    with pytest.raises(ValidationError, match="the limit is 1"):
        assign_responsible(actor=head, client_ids=[client_of_alice.pk], responsible=bob)
    with pytest.raises(ValidationError, match="the limit is 1"):
        update_client(actor=head, client=client_of_alice, values={"responsible": bob})
    with pytest.raises(ValidationError, match="the limit is 1"):
        take_clients(actor=bob, client_ids=[free(head).pk])
    assert owner(client_of_alice) == alice


# ---- the free pool ----


def test_a_manager_sees_free_clients_in_the_pool_and_takes_them(
    alice: User, charlie: User, head: User, client_of_alice: Client
) -> None:
    lonely = free(head)
    assert not Client.objects.visible_to(charlie).filter(pk=lonely.pk).exists()
    page = signed_in(charlie).get(reverse("clients:pool")).content.decode()
    assert "Ничья Анна" in page
    assert "Иванова Анна" not in page
    assert reverse("clients:card", args=[lonely.pk]) not in page
    with context.request("a click"):
        result = take_clients(actor=charlie, client_ids=[lonely.pk, client_of_alice.pk])
        token = result.undo_token
    assert (result.changed, result.skipped) == (1, 1)
    assert owner(lonely) == charlie
    undo_many(actor=charlie, token=token)
    assert owner(lonely) is None


def test_who_may_not_take_takes_nothing(viewer: User, head: User) -> None:
    lonely = free(head)
    with pytest.raises(Denied):
        take_clients(actor=viewer, client_ids=[lonely.pk])
    assert owner(lonely) is None


# ---- giving out ----


def rules(admin: User, **values: Any) -> None:
    change_work_rules(actor=admin, values=values)


def test_by_turn_everybody_gets_one_after_another_and_the_absent_none(
    alice: User, bob: User, charlie: User, admin: User, head: User
) -> None:
    rules(admin, mode="turn", members=[alice.pk, bob.pk, charlie.pk])
    set_absence(actor=head, user=bob, deputy=None, first_on=today(), last_on=today())
    clients = [free(head, f"Клиент {n}") for n in range(3)]
    assert giving.give_out_new() == 3
    assert [owner(client) for client in clients] == [alice, charlie, alice]
    again = free(head, "Ещё один")
    giving.give_out_new()
    assert owner(again) == charlie


def test_by_load_the_one_with_the_fewest_gets_the_next(
    alice: User, bob: User, admin: User, head: User, client_of_alice: Client
) -> None:
    rules(admin, mode="load", members=[alice.pk, bob.pk])
    clients = [free(head, f"Клиент {n}") for n in range(3)]
    giving.give_out_new()
    assert [owner(client) for client in clients] == [bob, alice, bob]


def test_by_region_and_the_rest_by_load(alice: User, bob: User, admin: User, head: User) -> None:
    rules(admin, mode="region", members=[alice.pk], regions=[["Респ. Татарстан", bob.pk]])
    here = free(head, addresses=[{"region": "татарстан", "city": "Казань"}])
    there = free(head, addresses=[{"region": "Самарская область"}])
    giving.give_out_new()
    assert (owner(here), owner(there)) == (bob, alice)


def test_by_segment_the_first_that_holds_wins(
    alice: User, bob: User, charlie: User, admin: User, head: User
) -> None:
    wide = create_segment(actor=head, name="Все", rule={})
    narrow = create_segment(
        actor=head, name="Компании", rule={"fact": "kind", "op": "eq", "value": "company"}
    )
    rules(
        admin,
        mode="segment",
        members=[alice.pk],
        segments=[[narrow.pk, bob.pk], [wide.pk, charlie.pk]],
    )
    person = free(head)
    company = create_client(
        actor=head, values={"name": "ООО Ромашка", "kind": "company", "responsible": None}
    )
    giving.give_out_new()
    assert (owner(person), owner(company)) == (charlie, bob)


def test_nobody_with_room_leaves_clients_in_the_pool(alice: User, admin: User, head: User) -> None:
    rules(admin, mode="turn", members=[alice.pk], most=1)
    clients = [free(head, f"Клиент {n}") for n in range(2)]
    assert giving.give_out_new() == 1
    assert [owner(client) for client in clients] == [alice, None]


def test_switching_it_on_does_not_give_the_old_base_away(
    alice: User, admin: User, head: User
) -> None:
    old = free(head)
    rules(admin, mode="turn", members=[alice.pk])
    assert giving.give_out_new() == 0
    result = give_out(actor=head, client_ids=[old.pk])
    assert result.changed == 1
    assert owner(old) == alice


def test_wrong_rules_are_refused_and_right_ones_can_be_taken_back(alice: User, admin: User) -> None:
    for values in (
        {"mode": "turn"},
        {"mode": "magic", "members": [alice.pk]},
        {"most": 0},
        {"cadence": {"phone": 0}},
        {"cadence": {"pigeon": 1}},
        {"members": [10**9]},
    ):
        with pytest.raises(ValidationError):
            change_work_rules(actor=admin, values=values)
    with pytest.raises(Denied):
        change_work_rules(actor=alice, values={"most": 5})
    event = change_work_rules(actor=admin, values={"most": 5})
    assert event
    restore_work_rules(actor=admin, event=event)
    assert WorkRules.current().rules.most is None


# ---- the time limit ----


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    # Not `business_date`: an earlier call may have moved it.
    day = timezone.localdate(timezone=Company.current().zone) + timedelta(days=days)
    monkeypatch.setattr(Company, "business_date", lambda self, moment=None: day)


def test_without_a_result_comes_a_warning_and_then_the_free_pool(
    alice: User, admin: User, client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(admin, result_days=30, warn_days=7)
    assert giving.keep_time_limits() == (0, 0)
    later(monkeypatch, 29)
    assert giving.keep_time_limits() == (0, 0)
    later(monkeypatch, 30)
    assert giving.keep_time_limits() == (1, 0)
    assert giving.keep_time_limits() == (0, 0)
    assert Event.objects.filter(kind="client.release_warned").count() == 1
    later(monkeypatch, 37)
    assert giving.keep_time_limits() == (0, 1)
    assert owner(client_of_alice) is None
    work = ClientWork.objects.get()
    assert (work.released_from, work.warned_on) == (alice, None)


def test_an_order_after_the_warning_keeps_the_client(
    alice: User, admin: User, client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(admin, result_days=30, warn_days=7)
    later(monkeypatch, 30)
    giving.keep_time_limits()
    ClientFacts.objects.update(last_order_on=today(), orders_count=1)
    later(monkeypatch, 37)
    assert giving.keep_time_limits() == (0, 0)
    assert owner(client_of_alice) == alice
    assert ClientWork.objects.get().warned_on is None


def test_a_released_client_does_not_go_round_in_circles(
    alice: User, admin: User, client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(admin, result_days=30, mode="turn", members=[alice.pk])
    for days in (30, 37):
        later(monkeypatch, days)
        giving.keep_time_limits()
    assert giving.give_out_new() == 0
    take_clients(actor=alice, client_ids=[client_of_alice.pk])
    assert owner(client_of_alice) == alice


# ---- deputies ----


def test_a_deputy_sees_and_works_the_clients_of_the_absent(
    alice: User, charlie: User, head: User, client_of_alice: Client
) -> None:
    assert not Client.objects.visible_to(charlie).exists()
    set_absence(actor=head, user=alice, deputy=charlie, first_on=today(), last_on=today())
    charlie = User.objects.get(pk=charlie.pk)
    assert Client.objects.visible_to(charlie).get() == client_of_alice
    update_client(actor=charlie, client=client_of_alice, values={"position": "повар"})
    rule = {"fact": "responsible", "op": "in", "value": ["deputised"]}
    assert Client.objects.visible_to(charlie).matching(rule, actor=charlie).count() == 1
    page = signed_in(charlie).get(reverse("clients:card", args=[client_of_alice.pk]))
    assert "Charlie stands in" in page.content.decode()


# ---- contacting ----


def test_without_rules_anybody_may_be_contacted(client_of_alice: Client) -> None:
    assert may_contact(client_of_alice, "phone")


def test_no_more_often_than_the_rule_of_the_channel_and_of_all(
    alice: User, admin: User, client_of_alice: Client
) -> None:
    rules(admin, cadence={"any": 2, "phone": 7})
    assert may_contact(client_of_alice, "phone")
    add_note(actor=alice, client=client_of_alice, text="Позвонили", kind="call")
    now = timezone.now()
    refusal = may_contact(client_of_alice, "phone")
    assert not refusal
    assert "once in 7 days" in refusal.reason
    assert not may_contact(client_of_alice, "telegram")
    assert may_contact(client_of_alice, "telegram", now + timedelta(days=2, minutes=1))
    assert not may_contact(client_of_alice, "call", now + timedelta(days=6))
    assert may_contact(client_of_alice, "call", now + timedelta(days=7, minutes=1))


def test_a_plain_note_is_no_contact(alice: User, admin: User, client_of_alice: Client) -> None:
    rules(admin, cadence={"any": 2})
    add_note(actor=alice, client=client_of_alice, text="Любит чай")
    assert may_contact(client_of_alice, "phone")


def test_many_are_asked_with_a_few_queries(
    alice: User, admin: User, django_assert_max_num_queries: Any
) -> None:
    rules(admin, cadence={"any": 2, "phone": 7})
    clients = [create_client(actor=alice, values={"name": f"Клиент {n}"}) for n in range(20)]
    stop_contacting(actor=alice, client=clients[0])
    with django_assert_max_num_queries(4):
        decisions = may_contact_all([client.pk for client in clients], "phone")
    assert [bool(decisions[client.pk]) for client in clients] == [False] + [True] * 19


def test_stop_contacting_outweighs_everything_and_can_be_taken_back(
    alice: User, charlie: User, client_of_alice: Client
) -> None:
    with pytest.raises(Denied):
        stop_contacting(actor=charlie, client=client_of_alice)
    event = stop_contacting(actor=alice, client=client_of_alice, reason="Просил не звонить")
    assert event
    assert stop_contacting(actor=alice, client=client_of_alice) is None
    refused = may_contact(client_of_alice, "email").reason
    assert "not to be contacted" in refused
    assert "Просил" not in refused, "what was said is told on the card, to those who may know it"
    rule = {"fact": "contact_stopped", "op": "eq", "value": True}
    assert Client.objects.visible_to(alice).matching(rule, actor=alice).count() == 1
    undo_event(actor=alice, event=event)
    assert may_contact(client_of_alice, "email")


def test_an_undone_permission_brings_the_stop_back_as_it_was(
    alice: User, client_of_alice: Client
) -> None:
    stop_contacting(actor=alice, client=client_of_alice, reason="Просил не звонить")
    event = allow_contacting(actor=alice, client=client_of_alice)
    assert event
    assert may_contact(client_of_alice, "email")
    undo_event(actor=alice, event=event)
    assert not may_contact(client_of_alice, "email")
    assert ContactStop.objects.get(client=client_of_alice).reason == "Просил не звонить"


# ---- pages ----


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_the_card_warns_before_a_call_that_comes_too_soon(
    alice: User, admin: User, client_of_alice: Client
) -> None:
    rules(admin, cadence={"phone": 7})
    add_note(actor=alice, client=client_of_alice, text="Позвонили", kind="call")
    page = signed_in(alice).get(reverse("clients:card", args=[client_of_alice.pk]))
    assert "Too soon" in page.content.decode()


def test_handing_a_client_to_a_stranger_leads_back_to_the_list(
    alice: User, charlie: User, client_of_alice: Client
) -> None:
    url = reverse("clients:hand-over", args=[client_of_alice.pk])
    answer = signed_in(alice).post(url, {"responsible": str(charlie.pk), "reason": "его сосед"})
    assert answer["Location"] == reverse("clients:list")
    assert owner(client_of_alice) == charlie


def test_the_rules_of_work_are_read_and_written_by_names(
    alice: User, bob: User, admin: User
) -> None:
    url = reverse("clients:work-rules")
    form = {
        "mode": "region",
        "members": [str(alice.pk)],
        "regions": "Татарстан: bob\n\nМосква: Alice",
        "segments": "",
        "most": "50",
        "result_days": "",
        "warn_days": "7",
        "result": "contact",
        "cadence_phone": "3",
    }
    assert signed_in(admin).post(url, form | {"regions": "Татарстан: Никто"}).status_code == 422
    assert signed_in(admin).post(url, form).status_code == 302
    kept = WorkRules.current().rules
    assert kept.regions == (("Татарстан", bob.pk), ("Москва", alice.pk))
    assert (kept.most, kept.result_days, dict(kept.cadence)) == (50, None, {"phone": 3})
    assert "Татарстан: Bob" in signed_in(admin).get(url).content.decode()
