"""Marks, companies and talks move a client on the ladder; every move is kept and told."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    add_note,
    create_client,
    link_person,
    undo_event,
    unlink_person,
)
from orbita.clients.models import Client, ClientFacts, ClientMark, ClientStatus, StatusMove
from orbita.clients.quality.actions.dead import mark_dead
from orbita.clients.status import keeping
from orbita.clients.status.marks import clear_mark, set_mark
from orbita.clients.status.settings import change_rules, restore_rules
from orbita.core.models import Company, Event, Job

pytestmark = pytest.mark.django_db


def standing(client: Client) -> tuple[str, str]:
    row = ClientStatus.objects.filter(client=client).first()
    return (row.step, row.kind) if row else ("recorded", "potential")


def moves(client: Client) -> list[tuple[str, str, str]]:
    rows = StatusMove.objects.filter(client=client).order_by("pk")
    return list(rows.values_list("was", "step", "cause"))


@pytest.fixture
def client_of_alice(alice: User) -> Client:
    return create_client(actor=alice, values={"name": "Иванова Анна"})


@pytest.fixture
def company_of_alice(alice: User) -> Client:
    return create_client(actor=alice, values={"name": "ООО Ромашка", "kind": "company"})


def bought(client: Client, orders: int, last_on: date, first_on: date | None = None) -> None:
    """As if a room above had recorded purchases."""
    ClientFacts.objects.filter(client=client).update(
        orders_count=orders, gross=100_00, first_order_on=first_on or last_on, last_order_on=last_on
    )
    with transaction.atomic():
        keeping.keep([client.pk], cause="facts")


def test_a_new_card_is_only_recorded_and_costs_no_row(client_of_alice: Client) -> None:
    assert standing(client_of_alice) == ("recorded", "potential")
    assert not ClientStatus.objects.exists()
    assert not StatusMove.objects.exists()


def test_marks_move_a_client_up_and_each_move_says_why(
    alice: User, client_of_alice: Client
) -> None:
    for mark in ("offer", "mailings", "asked"):
        set_mark(actor=alice, client=client_of_alice, mark=mark)
    assert standing(client_of_alice)[0] == "asked"
    assert moves(client_of_alice) == [
        ("recorded", "offer", "mark"),
        ("offer", "mailings", "mark"),
        ("mailings", "asked", "mark"),
    ]
    events = Event.objects.filter(client_id=client_of_alice.pk, kind="client.status_changed")
    assert events.count() == 3


def test_a_mark_put_twice_is_no_change(alice: User, client_of_alice: Client) -> None:
    assert set_mark(actor=alice, client=client_of_alice, mark="offer")
    assert set_mark(actor=alice, client=client_of_alice, mark="offer") is None
    assert clear_mark(actor=alice, client=client_of_alice, mark="asked") is None


def test_a_later_agreement_takes_the_refusal_off_and_undo_puts_it_back(
    alice: User, client_of_alice: Client
) -> None:
    set_mark(actor=alice, client=client_of_alice, mark="refused")
    assert standing(client_of_alice)[0] == "refused"
    agreed = set_mark(actor=alice, client=client_of_alice, mark="mailings")
    assert standing(client_of_alice)[0] == "mailings"
    assert agreed
    assert undo_event(actor=alice, event=agreed).done
    assert standing(client_of_alice)[0] == "refused"
    assert ClientMark.objects.get().mark == "refused"


def test_an_undone_mark_keeps_when_and_by_whom_it_was_put(
    alice: User, head: User, client_of_alice: Client
) -> None:
    set_mark(actor=alice, client=client_of_alice, mark="offer")
    before = ClientMark.objects.values("at", "actor").get()
    event = clear_mark(actor=head, client=client_of_alice, mark="offer")
    assert event
    undo_event(actor=head, event=event)
    assert ClientMark.objects.values("at", "actor").get() == before


def test_a_mark_changed_since_is_not_taken_back(alice: User, client_of_alice: Client) -> None:
    event = set_mark(actor=alice, client=client_of_alice, mark="offer")
    clear_mark(actor=alice, client=client_of_alice, mark="offer")
    assert event
    assert not undo_event(actor=alice, event=event).done


def test_marks_are_for_those_who_may_change_the_card(
    charlie: User, viewer: User, client_of_alice: Client
) -> None:
    for actor in (charlie, viewer):
        with pytest.raises(Denied):
            set_mark(actor=actor, client=client_of_alice, mark="offer")
    assert not ClientMark.objects.exists()


def test_there_are_only_four_marks(alice: User, client_of_alice: Client) -> None:
    with pytest.raises(ValidationError):
        set_mark(actor=alice, client=client_of_alice, mark="vip")


def test_a_company_leaves_the_grey_step_with_its_decision_maker(
    alice: User, company_of_alice: Client, client_of_alice: Client
) -> None:
    assert standing(company_of_alice)[0] == "recorded"
    link_person(actor=alice, company=company_of_alice, person=client_of_alice, role="uses")
    assert standing(company_of_alice)[0] == "no_decider"
    link_person(actor=alice, company=company_of_alice, person=client_of_alice, role="decides")
    assert standing(company_of_alice)[0] == "recorded"
    unlink_person(actor=alice, company=company_of_alice, person=client_of_alice)
    assert [move[2] for move in moves(company_of_alice)] == ["people", "people"]


def test_one_who_has_left_decides_nothing_any_more(
    alice: User, company_of_alice: Client, client_of_alice: Client
) -> None:
    place = partial(link_person, actor=alice, company=company_of_alice, person=client_of_alice)
    place(role="uses")
    assert standing(company_of_alice)[0] == "no_decider"
    place(role="uses", until=date(2025, 1, 1))
    assert standing(company_of_alice)[0] == "recorded"


def test_a_talk_makes_a_client_worked_with_until_its_time_is_over(
    alice: User, client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_note(actor=alice, client=client_of_alice, text="Позвонили", kind="call")
    assert standing(client_of_alice) == ("recorded", "working")
    _on(monkeypatch, timezone.localdate() + timedelta(days=91))
    assert keeping.keep_due() == 0  # the kind changes, the step does not
    assert standing(client_of_alice) == ("recorded", "potential")
    assert list(keeping.differences()) == []


def test_a_buyer_stops_by_date_alone(
    client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = Company.current().business_date()
    bought(client_of_alice, 4, today, today - timedelta(days=90))
    assert standing(client_of_alice) == ("regular", "regular")
    _on(monkeypatch, today + timedelta(days=89))
    assert keeping.keep_due() == 0
    _on(monkeypatch, today + timedelta(days=90))
    assert list(keeping.differences()) == [client_of_alice.pk]
    assert keeping.keep_due() == 1
    assert standing(client_of_alice) == ("left_early", "potential")
    assert moves(client_of_alice)[-1] == ("regular", "left_early", "time")
    assert StatusMove.objects.latest("pk").silent == 90
    assert keeping.keep_due() == 0


def _on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    monkeypatch.setattr(Company, "business_date", lambda self, moment=None: moment or day)


def test_a_client_put_aside_is_dead_for_now_until_the_day(
    alice: User, client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = Company.current().business_date()
    day = today + timedelta(days=30)
    mark_dead(actor=alice, client=client_of_alice, reason="Ремонт", look_again_on=day)
    assert standing(client_of_alice) == ("recorded", "dead_now")
    _on(monkeypatch, day)
    keeping.keep_due()
    assert standing(client_of_alice) == ("recorded", "potential")
    assert list(keeping.differences()) == []
    mark_dead(actor=alice, client=client_of_alice, reason="Закрылись")
    assert standing(client_of_alice) == ("recorded", "dead_good")


def test_the_first_night_on_an_old_base_writes_no_history(client_of_alice: Client) -> None:
    today = Company.current().business_date()
    bought(client_of_alice, 3, today)
    ClientStatus.objects.all().delete()
    StatusMove.objects.all().delete()
    keeping.nightly()
    assert standing(client_of_alice)[0] == "regular"
    assert not StatusMove.objects.exists()


def test_other_rules_judge_everybody_anew_and_can_be_taken_back(
    admin: User, client_of_alice: Client
) -> None:
    keeping.nightly()
    bought(client_of_alice, 3, Company.current().business_date())
    event = change_rules(actor=admin, numbers={"regular_from": 4})
    assert event
    assert Job.objects.filter(task__endswith="keep_statuses").count() == 1
    keeping.nightly()
    assert standing(client_of_alice)[0] == "bought"
    assert moves(client_of_alice)[-1] == ("regular", "bought", "rule")
    restore_rules(actor=admin, event=event)
    keeping.nightly()
    assert standing(client_of_alice)[0] == "regular"


def test_wrong_rules_are_refused(admin: User, alice: User) -> None:
    with pytest.raises(Denied):
        change_rules(actor=alice, numbers={"regular_from": 4})
    for numbers in ({"regular_from": 0}, {"gone": 1}):
        with pytest.raises(ValidationError):
            change_rules(actor=admin, numbers=numbers)
    with pytest.raises(ValidationError):
        change_rules(actor=admin, numbers={}, precedence=["offer", "offer"])
    assert change_rules(actor=admin, numbers={"regular_from": 3}) is None


# ---- pages ----


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_one_click_on_the_card_puts_a_mark_and_offers_the_way_back(
    alice: User, client_of_alice: Client
) -> None:
    browser = signed_in(alice)
    card = reverse("clients:card", args=[client_of_alice.pk])
    page = browser.post(reverse("clients:mark", args=[client_of_alice.pk, "asked"]), follow=True)
    html = page.content.decode()
    assert "Marked: Asked for goods" in html
    assert reverse("clients:undo", args=[Event.objects.latest("pk").pk - 1]) in html
    assert 'aria-pressed="true"' in html
    assert "s5" in browser.get(card).content.decode()


def test_the_list_shows_the_status_with_a_disc_and_a_word(
    alice: User, client_of_alice: Client
) -> None:
    set_mark(actor=alice, client=client_of_alice, mark="mailings")
    html = signed_in(alice).get(reverse("clients:list")).content.decode()
    assert '<span class="o-lad s4">Agrees to mailings</span>' in html


def form(**changes: Any) -> dict[str, str]:
    from orbita.clients.tests.access import rules_form

    return rules_form(**changes)


def test_everybody_reads_the_rules_and_only_some_change_them(alice: User, admin: User) -> None:
    url = reverse("clients:statuses")
    html = signed_in(alice).get(url).content.decode()
    assert "At least 3 orders." in html
    assert 'name="regular_from"' not in html
    assert signed_in(alice).post(url, form(regular_from=5)).status_code == 403
    page = signed_in(admin).post(url, form(regular_from=5), follow=True).content.decode()
    assert "At least 5 orders." in page
    assert "5 orders or more" in page


def test_two_statuses_cannot_share_a_place(admin: User) -> None:
    answer = signed_in(admin).post(reverse("clients:statuses"), form(place_offer=1))
    assert answer.status_code == 422
    assert "Each status needs a place of its own." in answer.content.decode()
