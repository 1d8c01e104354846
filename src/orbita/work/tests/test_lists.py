"""The list of deals, its bin, work on many at once, and deals in the search box."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.core.events import payload_of
from orbita.core.models import Company, Event
from orbita.ui.lists import LISTS
from orbita.work import actions, search
from orbita.work.lists import DEALS, deals_foot, search_deals
from orbita.work.models import Deal, LossReason
from orbita.work.records import Closing
from orbita.work.tests.test_deals import Make, Stages

pytestmark = pytest.mark.django_db


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def text(response: Any) -> str:
    return str(response.content.decode().replace("\xa0", " "))


def in_view(name: str, actor: User) -> set[str]:
    [view] = [view for view in DEALS.views if view.name == name]
    return set(
        Deal.objects.visible_to(actor)
        .matching(view.rule, actor=actor)
        .values_list("name", flat=True)
    )


@pytest.fixture
def today() -> Any:
    return Company.current().business_date()


def test_the_list_shows_deals_with_stage_sum_and_step(
    make_deal: Make, stages: Stages, alice: User, roaster: Client, today: Any
) -> None:
    make_deal(next_step="Позвонить", next_step_on=today, expected_on=today)
    page = text(browser_of(alice).get("/deals/list/"))
    for words in ("Партия кофе", "Обжарка", "New request", "120,000 ₽", "Позвонить"):
        assert words in page
    assert 'class="o-dot blue"' in page


def test_a_page_of_deals_asks_the_database_no_more_for_more_rows(
    make_deal: Make, alice: User
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            browser_of(alice).get("/deals/list/")
        return len(seen)

    make_deal()
    one = asked()
    for n in range(8):
        make_deal(name=f"Deal {n}")
    assert asked() == one


@pytest.mark.parametrize("name", [column.name for column in DEALS.columns if column.sort])
def test_the_list_is_sorted_by_each_of_its_sorted_columns(
    make_deal: Make, alice: User, name: str
) -> None:
    make_deal()
    make_deal(amount=None)
    for sign in ("", "-"):
        assert browser_of(alice).get(f"/deals/list/?sort={sign}{name}").status_code == 200


def test_the_views_part_the_deals_as_they_say(
    make_deal: Make,
    stages: Stages,
    reason: LossReason,
    alice: User,
    bob: User,
    today: Any,
) -> None:
    ahead = {"next_step": "Позвонить", "next_step_on": today + timedelta(days=1)}
    make_deal(name="calm", **ahead)
    make_deal(name="bare")
    make_deal(name="late", **ahead | {"next_step_on": today - timedelta(days=1)})
    stuck = make_deal(name="stuck", **ahead)
    Deal.objects.filter(pk=stuck.pk).update(stage_since=timezone.now() - timedelta(days=3))
    make_deal(name="of Bob", actor=bob, client_id=None, **ahead)
    make_deal(name="helped", actor=bob, client_id=None, helper_ids=[alice.pk], **ahead)
    actions.move_deal(actor=alice, deal=make_deal(name="won"), stage=stages["won"])
    old = actions.move_deal(actor=alice, deal=make_deal(name="won long ago"), stage=stages["won"])
    Deal.objects.filter(pk=old.pk).update(closed_at=timezone.now() - timedelta(days=40))
    closing = Closing(reason_id=reason.pk)
    actions.move_deal(
        actor=alice, deal=make_deal(name="lost"), stage=stages["lost"], closing=closing
    )
    assert in_view("mine", alice) == {"calm", "bare", "late", "stuck", "helped"}
    assert in_view("no_step", alice) == {"bare"}
    assert in_view("late", alice) == {"late"}
    assert in_view("stuck", alice) == {"stuck"}
    assert in_view("won", alice) == {"won"}
    assert in_view("lost", alice) == {"lost"}
    for view in DEALS.views:
        assert browser_of(alice).get(f"/deals/list/?view={view.name}").status_code == 200


def test_the_foot_sums_what_is_at_work_and_what_is_won(
    make_deal: Make, stages: Stages, alice: User
) -> None:
    make_deal()
    make_deal(amount=None)
    assert deals_foot(Deal.objects.all(), alice).replace("\xa0", " ") == "At work for 120,000 ₽"
    actions.move_deal(actor=alice, deal=make_deal(amount=5_00), stage=stages["won"])
    foot = deals_foot(Deal.objects.all(), alice).replace("\xa0", " ")
    assert foot == "At work for 120,000 ₽, won for 5 ₽"
    won = Deal.objects.filter(state="won")
    assert deals_foot(won, alice).replace("\xa0", " ") == "Won for 5 ₽"
    assert deals_foot(Deal.objects.none(), alice) == ""


# ---- finding ----


def found(actor: User, query: str) -> list[str]:
    return [deal.name for deal in search_deals(Deal.objects.visible_to(actor), query, actor)]


def test_deals_are_found_by_their_words_and_by_their_client(
    make_deal: Make, alice: User, roaster: Client
) -> None:
    make_deal()
    make_deal(name="Чай", client_id=None)
    assert found(alice, "кофе ПАРТ") == ["Партия кофе"]
    assert found(alice, "обжарка") == ["Партия кофе"]
    assert found(alice, "чай") == ["Чай"]
    assert found(alice, "какао") == found(alice, "  ") == []


def test_the_search_box_finds_the_actors_deals_only(
    make_deal: Make, alice: User, charlie: User
) -> None:
    deal = make_deal()
    [hit] = search.deals(alice, "партия", 5)
    assert (hit.title, hit.url) == ("Партия кофе", f"/deals/{deal.pk}/")
    assert "120" in hit.subtitle
    assert search.deals(charlie, "партия", 5) == []
    assert search.deals(alice, " ", 5) == []


# ---- many at once ----


def test_many_are_deleted_with_one_undo_and_one_event_each(make_deal: Make, head: User) -> None:
    deals = [make_deal(name=f"Deal {n}") for n in range(3)]
    page = browser_of(head)
    data = {"do": "bulk", "action": "delete", "ids": [deal.pk for deal in deals[:2]]}
    answer = page.post("/deals/list/", data)
    assert answer.status_code == 302
    assert list(Deal.objects.alive()) == [deals[2]]
    assert Event.objects.filter(kind="deal.deleted").count() == 2
    moment = Deal.objects.binned(head)[0].deleted_at
    assert moment is not None
    page.post(f"/deals/undelete/{round(moment.timestamp() * 1_000_000)}/")
    assert Deal.objects.alive().count() == 3
    assert Event.objects.filter(kind="deal.restored").count() == 2


def test_the_bin_gives_back_what_is_chosen(make_deal: Make, head: User, alice: User) -> None:
    deals = [actions.delete_deal(actor=head, deal=make_deal(name=f"Deal {n}")) for n in range(2)]
    page = browser_of(head)
    assert "Deal 1" in text(page.get("/deals/bin/"))
    page.post("/deals/bin/", {"do": "bulk", "action": "restore", "ids": [deals[1].pk]})
    assert list(Deal.objects.alive()) == [deals[1]]
    assert browser_of(alice).get("/deals/bin/").status_code == 403


def test_many_are_given_to_somebody_else_and_the_history_names_both(
    make_deal: Make, alice: User, bob: User, head: User
) -> None:
    deals = [make_deal(name=f"Deal {n}") for n in range(2)]
    make_deal(name="His already", actor=bob, client_id=None)
    data = {"ids": [deal.pk for deal in Deal.objects.all()]}
    page = browser_of(head)
    assert "3 deals" in text(page.post("/deals/list/assign/", data))
    answer = page.post("/deals/list/assign/", data | {"go": "1", "responsible": str(bob.pk)})
    assert answer.status_code == 302
    assert not Deal.objects.exclude(responsible=bob).exists()
    events = Event.objects.filter(kind="deal.changed")
    assert {event.subject_id for event in events} == {deal.pk for deal in deals}
    assert payload_of(events[0])["before"] == {"responsible": "Alice"}
    assert payload_of(events[0])["after"] == {"responsible": "Bob"}
    assert set(Deal.objects.values_list("version", flat=True)) == {1, 2}


def test_nobody_gives_away_what_he_may_not_change(
    make_deal: Make, bob: User, charlie: User
) -> None:
    deal = make_deal()
    assert actions.assign_deals(actor=bob, deals=Deal.objects.all(), responsible=charlie) == 0
    assert Deal.objects.get().responsible_id == deal.responsible_id


def test_deals_are_not_given_to_a_closed_account(make_deal: Make, head: User, bob: User) -> None:
    make_deal()
    bob.is_active = False
    bob.save()
    with pytest.raises(ValidationError):
        actions.assign_deals(actor=head, deals=Deal.objects.all(), responsible=bob)


def test_a_manager_deletes_no_deals(make_deal: Make, alice: User) -> None:
    make_deal()
    with pytest.raises(policy.Denied):
        actions.delete_deals(actor=alice, deals=Deal.objects.all())


def test_the_lists_are_there_to_be_exported() -> None:
    assert {"deals", "deals-bin"} <= {spec.name for spec in LISTS}
    assert DEALS.export == "deals.export"


def test_a_list_without_deals_says_nothing_of_their_sums(admin: User, client: Any) -> None:
    client.force_login(admin)
    answer = client.get(reverse("work:deals"), {"part": "counts"}).content.decode()
    assert "o-total" not in answer
