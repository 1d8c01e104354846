"""Marks, confirmations, dead clients, fixes, and what the facts row keeps of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from orbita.accounts.actions import service_user
from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    add_contact,
    create_client,
    load_clients,
    undo_event,
    update_client,
    update_clients,
)
from orbita.clients.contacts import read_contact
from orbita.clients.facts import compare, rebuild
from orbita.clients.models import (
    Client,
    ClientFacts,
    ContactPoint,
    DeadMark,
    QualitySettings,
)
from orbita.clients.quality import actions
from orbita.clients.records import AddressData, ClientData, ContactData, prepare
from orbita.core import jobs
from orbita.core.models import Company, Event

pytestmark = pytest.mark.django_db


def make(actor: User, *reach: str, **fields: Any) -> Client:
    contacts = [read_contact("email" if "@" in one else "phone", one) for one in reach]
    values = fields or {"name": "Соколова Ирина"}
    return create_client(actor=actor, values=values, contacts=contacts)


def facts(client: Client) -> ClientFacts:
    return ClientFacts.objects.get(pk=client.pk)


def found(rule: dict[str, Any], actor: User) -> set[int]:
    rows = Client.objects.visible_to(actor).matching(rule, actor=actor)
    return set(rows.values_list("pk", flat=True))


def put_right(client: Client, actor: User, trouble: str, value: str) -> Event:
    event = actions.fix(actor=actor, client=client, trouble=trouble, value=value)
    assert event is not None
    return event


# ---- what the facts row keeps ----


def test_completeness_grows_with_every_filled_field(alice: User) -> None:
    client = make(alice)
    before = facts(client).completeness
    add_contact(actor=alice, client=client, kind="phone", value="89160000001")
    update_client(actor=alice, client=client, values={"birthday": "1990-05-01"})
    assert before == 30  # last name, first name, and the sex that follows from it
    assert facts(client).completeness == 60
    assert list(compare()) == []


def test_a_company_is_asked_for_other_things_than_a_person(alice: User) -> None:
    client = create_client(
        actor=alice, values={"kind": "company", "name": "Ромашка", "inn": "7707083893"}
    )
    assert facts(client).completeness == 20


def test_weights_of_the_administrator_count_and_cards_are_weighed_anew(
    alice: User, admin: User
) -> None:
    client = make(alice)
    event = actions.change_settings(
        actor=admin,
        weights={"person": {"phone": 100}},
        limits={},
        incomplete_below=40,
    )
    assert event is not None
    jobs.run_all()
    assert facts(client).completeness == 30 * 100 // 180
    assert found({"fact": "incomplete", "op": "eq", "value": True}, alice) == {client.pk}
    actions.restore_settings(actor=admin, event=event)
    jobs.run_all()
    assert facts(client).completeness == 30
    assert QualitySettings.current().weights == {}


def test_a_manager_does_not_change_the_weights(alice: User) -> None:
    with pytest.raises(Denied):
        actions.change_settings(actor=alice, weights={}, limits={}, incomplete_below=10)


def test_weights_out_of_range_are_refused(admin: User) -> None:
    nothing = dict.fromkeys(("phone", "email", "address", "source", "last_name"), 0)
    for weights in ({"person": {"phone": 101}}, {"person": {"phone": -1}}):
        with pytest.raises(ValidationError):
            actions.change_settings(actor=admin, weights=weights, limits={}, incomplete_below=10)
    with pytest.raises(ValidationError):
        actions.change_settings(
            actor=admin,
            weights={
                "person": nothing
                | dict.fromkeys(("messenger", "first_name", "middle_name", "birthday", "sex"), 0)
                | {"preferred_channel": 0}
            },
            limits={},
            incomplete_below=10,
        )
    with pytest.raises(ValidationError):
        actions.change_settings(
            actor=admin, weights={}, limits={"phone": 9999}, incomplete_below=10
        )


def test_loaded_clients_have_the_same_facts_as_computed_ones(head: User) -> None:
    rows = [
        prepare(
            ClientData(
                name="ИВАНОВ ИВАН",
                name_key="иванов иван",
                last_name="ИВАНОВ",
                first_name="ИВАН",
                source="Сайт",
                created_on=date(2020, 5, 1),
                contacts=[
                    ContactData("phone", "mobile", "89160000001", "+79160000001", "", True),
                    ContactData("email", "", "i@gmial.com", "i@gmial.com", "", True),
                ],
                addresses=[AddressData(city="Казань", is_main=True)],
            )
        ),
        prepare(ClientData(kind="company", name="Ромашка", name_key="ромашка", inn="7707083893")),
    ]
    ids = load_clients(rows, actor=head)
    assert list(compare()) == []
    kept = ClientFacts.objects.get(pk=ids[0])
    assert kept.problems == 1 + 32
    assert kept.check_on == date(2021, 5, 1)
    more = ClientData(name="", name_key="", birthday=date(1990, 5, 1))
    update_clients([(ids[0], more)], actor=head)
    assert list(compare()) == []


def test_facts_of_a_base_from_before_are_filled_in_by_rebuilding(alice: User) -> None:
    client = make(alice)
    ClientFacts.objects.update(completeness=None, problems=None, check_on=None)
    assert list(rebuild())[-1].differing == 1
    assert facts(client).completeness == 30


# ---- marks ----


def test_a_marked_contact_stays_but_counts_no_more(alice: User) -> None:
    client = make(alice, "89160000001")
    point = client.contacts.get()
    event = actions.mark_contact(
        actor=alice, client=client, contact=point, mark="wrong", reason="чужой номер"
    )
    assert event is not None
    assert facts(client).completeness == 30
    assert facts(client).problems == 256 + 512
    state = ContactPoint.objects.get(pk=point.pk).state
    assert (state.mark, state.marked_by) == ("wrong", alice)
    assert found({"fact": "contact_mark", "op": "in", "value": ["wrong"]}, alice) == {client.pk}
    assert found({"fact": "contact_mark", "op": "in", "value": ["refused"]}, alice) == set()
    undone = undo_event(actor=alice, event=event)
    assert undone.done
    assert facts(client).completeness == 50
    assert found({"fact": "contact_mark", "op": "filled"}, alice) == set()
    assert list(compare()) == []


def test_a_mark_that_is_there_already_writes_nothing(alice: User) -> None:
    client = make(alice, "89160000001")
    point = client.contacts.get()
    actions.mark_contact(actor=alice, client=client, contact=point, mark="refused")
    again = ContactPoint.objects.get(pk=point.pk)
    assert actions.mark_contact(actor=alice, client=client, contact=again, mark="refused") is None
    assert actions.unmark_contact(actor=alice, client=client, contact=again) is not None


def test_an_undo_leaves_a_mark_that_somebody_has_changed_since(alice: User, head: User) -> None:
    client = make(alice, "89160000001")
    point = client.contacts.get()
    event = actions.mark_contact(actor=alice, client=client, contact=point, mark="wrong")
    actions.mark_contact(actor=head, client=client, contact=point, mark="refused")
    assert event is not None
    undone = undo_event(actor=alice, event=event)
    assert not undone.done
    assert ContactPoint.objects.get(pk=point.pk).mark == "refused"


def test_a_strange_mark_is_refused(alice: User) -> None:
    client = make(alice, "89160000001")
    with pytest.raises(ValidationError):
        actions.mark_contact(
            actor=alice, client=client, contact=client.contacts.get(), mark="lovely"
        )


def test_a_stranger_marks_nothing(alice: User, charlie: User) -> None:
    client = make(alice, "89160000001")
    with pytest.raises(Denied):
        actions.mark_contact(
            actor=charlie, client=client, contact=client.contacts.get(), mark="wrong"
        )
    with pytest.raises(Denied):
        actions.confirm(actor=charlie, client=client)


# ---- freshness ----


def grown_old(client: Client, days: int) -> None:
    Client.objects.filter(pk=client.pk).update(created_at=timezone.now() - timedelta(days=days))
    list(rebuild())


def test_an_old_card_asks_to_be_checked_until_its_contacts_are_confirmed(alice: User) -> None:
    client = make(alice, "89160000001", "i@example.org")
    stale = {"fact": "stale", "op": "eq", "value": True}
    assert found(stale, alice) == set()
    grown_old(client, 400)
    assert found(stale, alice) == {client.pk}
    phone = client.contacts.get(kind="phone")
    actions.confirm(actor=alice, client=client, contacts=[phone])
    assert found(stale, alice) == {client.pk}  # the e-mail is as old as it was
    event = actions.confirm(actor=alice, client=client)
    assert event is not None
    assert found(stale, alice) == set()
    assert facts(client).check_on == Company.current().business_date() + timedelta(days=365)
    undo_event(actor=alice, event=event)
    assert found(stale, alice) == {client.pk}
    assert ContactPoint.objects.select_related("state").get(pk=phone.pk).confirmed_at is not None
    assert list(compare()) == []


def test_a_contact_found_to_work_loses_its_mark(alice: User) -> None:
    client = make(alice, "89160000001")
    point = client.contacts.get()
    actions.mark_contact(actor=alice, client=client, contact=point, mark="unreachable")
    actions.confirm(actor=alice, client=client, contacts=[point])
    assert ContactPoint.objects.get(pk=point.pk).mark == ""
    assert facts(client).problems == 0


def test_confirming_everything_leaves_the_marked_alone(alice: User) -> None:
    client = make(alice, "89160000001", "89160000002")
    wrong = client.contacts.filter(is_main=False).get()
    actions.mark_contact(actor=alice, client=client, contact=wrong, mark="wrong")
    actions.confirm(actor=alice, client=client)
    assert ContactPoint.objects.get(pk=wrong.pk).mark == "wrong"


def test_a_limit_of_nought_never_asks(alice: User, admin: User) -> None:
    client = make(alice, "89160000001")
    actions.change_settings(actor=admin, weights={}, limits={"phone": 0}, incomplete_below=50)
    jobs.run_all()
    assert facts(client).check_on is None


# ---- dead for now, dead for good ----


def test_a_client_put_aside_comes_up_on_his_day(alice: User) -> None:
    client = make(alice)
    today = Company.current().business_date()
    with pytest.raises(ValidationError):
        actions.mark_dead(actor=alice, client=client, reason="", look_again_on=today)
    actions.mark_dead(
        actor=alice, client=client, reason="до весны", look_again_on=today + timedelta(days=30)
    )
    rule = {"fact": "dead", "op": "in", "value": ["now"]}
    again = {"fact": "dead", "op": "in", "value": ["again"]}
    assert found(rule, alice) == {client.pk}
    assert actions.bring_up(actor=service_user(), today=today) == 0
    later = today + timedelta(days=30)
    assert actions.bring_up(actor=service_user(), today=later) == 1
    assert actions.bring_up(actor=service_user(), today=later) == 0
    assert (found(rule, alice), found(again, alice)) == (set(), {client.pk})
    assert Event.objects.filter(kind="client.look_again", client_id=client.pk).count() == 1
    actions.revive(actor=alice, client=client)
    assert found({"fact": "dead", "op": "filled"}, alice) == set()


def test_a_client_dead_for_good_stays_so_until_revived_and_both_can_be_undone(alice: User) -> None:
    client = make(alice)
    died = actions.mark_dead(actor=alice, client=client, reason="закрылись")
    assert died is not None
    assert actions.mark_dead(actor=alice, client=client, reason="закрылись") is None
    assert DeadMark.objects.get().for_good
    revived = actions.revive(actor=alice, client=client)
    assert revived is not None
    undo_event(actor=alice, event=revived)
    assert DeadMark.objects.get().reason == "закрылись"
    undo_event(actor=alice, event=died)
    assert not DeadMark.objects.exists()


def test_the_nightly_job_brings_clients_up(alice: User) -> None:
    client = make(alice)
    actions.mark_dead(
        actor=alice,
        client=client,
        reason="до весны",
        look_again_on=Company.current().business_date() + timedelta(days=1),
    )
    DeadMark.objects.update(look_again_on=Company.current().business_date())
    from orbita.clients.quality.jobs import look_again

    look_again.call()
    assert DeadMark.objects.get().brought_up_at is not None


# ---- fixes ----


def test_one_click_takes_the_fix_of_a_name(alice: User) -> None:
    client = make(alice, "89160000001", last_name="ИВАНОВ", first_name="ИВАН")
    assert facts(client).problems == 1
    event = put_right(client, alice, "capitals", "ИВАНОВ ИВАН")
    client.refresh_from_db()
    assert client.name == "Иванов Иван"
    assert facts(client).problems == 0
    undo_event(actor=alice, event=event)
    client.refresh_from_db()
    assert client.name == "ИВАНОВ ИВАН"


def test_one_click_takes_the_fix_of_an_address_and_it_stays_the_main_one(alice: User) -> None:
    client = make(alice, "ivan@gmial.com")
    put_right(client, alice, "domain", "ivan@gmial.com")
    point = client.contacts.get()
    assert (point.key, point.is_main) == ("ivan@gmail.com", True)


def test_words_beside_a_phone_become_its_label(alice: User) -> None:
    client = make(alice)
    ContactPoint.objects.create(client=client, kind="phone", value="тел. 8 916 000-00-01 Маша")
    list(rebuild())
    put_right(client, alice, "phone", "тел. 8 916 000-00-01 Маша")
    point = client.contacts.get()
    assert (point.key, point.label) == ("+79160000001", "Маша")


def test_a_fix_that_is_gone_says_so(alice: User) -> None:
    client = make(alice)
    with pytest.raises(ValidationError):
        actions.fix(actor=alice, client=client, trouble="capitals", value="ИВАНОВ")


def test_a_value_found_right_is_left_in_peace_and_may_be_doubted_again(alice: User) -> None:
    client = make(alice, "ivan@gmial.com")
    event = actions.accept(actor=alice, client=client, trouble="domain", value="ivan@gmial.com")
    assert facts(client).problems == 0
    undo_event(actor=alice, event=event)
    assert facts(client).problems == 32
    assert list(compare()) == []


def test_problems_are_found_by_rules(alice: User) -> None:
    good, odd = make(alice, "89160000001"), make(alice, "a@gmial.com", last_name="ИВАНОВ")
    assert found({"fact": "problem", "op": "in", "value": ["capitals"]}, alice) == {odd.pk}
    assert found({"fact": "problem", "op": "in", "value": ["inn", "domain"]}, alice) == {odd.pk}
    assert found({"fact": "problem", "op": "not_in", "value": ["inn"]}, alice) == {good.pk, odd.pk}
    assert found({"fact": "problem", "op": "empty"}, alice) == {good.pk}
    assert found({"fact": "completeness", "op": "lt", "value": 50}, alice) == {odd.pk}
