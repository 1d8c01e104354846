from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.analytics import actions
from orbita.analytics.jobs import is_under_way, refresh_rfm
from orbita.analytics.models import RfmHistory, RfmMonth, RfmRun, RfmScore, RfmSettings
from orbita.analytics.tests.shop import buy, client
from orbita.clients import facts
from orbita.core import jobs
from orbita.core.events import emit
from orbita.core.models import Company, Event, Job, Origin

pytestmark = pytest.mark.django_db(transaction=True)


def today() -> date:
    return Company.current().business_date()


def month_ago(count: int) -> date:
    """The first day of an earlier month."""
    day = today().replace(day=1)
    for _ in range(count):
        day = (day - timedelta(days=1)).replace(day=1)
    return day


def test_every_buyer_gets_scores_and_the_page_its_totals() -> None:
    client("Never")
    for place in range(10):
        buy(client(f"Client {place}"), today() - timedelta(days=place), 100 + place)
    run = actions.refresh()
    assert RfmScore.objects.count() == 10
    assert sum(cell[3] for cell in run.cells) == 10
    assert sum(cell[4] for cell in run.cells) == sum((100 + place) * 100 for place in range(10))
    assert (run.as_of, run.progress) == (today(), None)


def test_a_second_calculation_changes_only_what_has_changed() -> None:
    anna, boris = client(), client("Boris")
    buy(anna, today(), 100)
    buy(boris, today(), 100)
    actions.refresh()
    boris.orders.update(status="cancelled", is_counted=False)
    with transaction.atomic():
        facts.refresh([boris.pk])
    buy(anna, today(), 50)
    actions.refresh()
    score = RfmScore.objects.get()
    assert (score.client, score.frequency, score.monetary) == (anna, 2, 15_000)


def test_months_that_ended_tell_who_moved_where() -> None:
    anna, boris, clara = (client(name) for name in ("Anna", "Boris", "Clara"))
    buy(boris, month_ago(3), 100)
    buy(anna, month_ago(2), 100)
    buy(anna, month_ago(1), 100)
    buy(clara, today(), 100)
    actions.refresh(history=True)
    assert list(RfmMonth.objects.values_list("month", flat=True)) == [
        month_ago(3),
        month_ago(2),
        month_ago(1),
    ]
    moves = list(
        RfmHistory.objects.filter(client=anna).order_by("month").values_list("month", "was")
    )
    assert moves[0] == (month_ago(2), "")
    last = RfmHistory.objects.filter(client=anna).order_by("month").last()
    assert last is not None
    assert RfmScore.objects.get(client=anna).was == last.group
    assert RfmScore.objects.get(client=clara).was == ""
    assert ["", RfmScore.objects.get(client=clara).group, 1] in RfmRun.current().moves


def test_counting_the_months_again_gives_the_same_moves() -> None:
    for place in range(12):
        who = client(f"Client {place}")
        for back in range(place % 4 + 1):
            buy(who, month_ago(back + place % 3), 50 * (place + 1))

    def moves() -> list[tuple[object, ...]]:
        return sorted(RfmHistory.objects.values_list("client_id", "month", "was", "group"))

    actions.refresh(history=True)
    first = moves()
    actions.refresh(history=True)
    assert moves() == first
    assert all(was != group for _pk, _month, was, group in first)


def test_who_buys_no_more_in_the_period_leaves_the_base() -> None:
    RfmSettings.objects.create(months=1)
    anna = client()
    buy(anna, month_ago(4) + timedelta(days=2), 100)
    actions.refresh(history=True)
    moves = RfmHistory.objects.filter(client=anna).order_by("month")
    assert [(move.was == "", move.group == "") for move in moves] == [(True, False), (False, True)]
    assert not RfmScore.objects.exists()


def test_nightly_work_closes_only_the_months_that_are_not_closed_yet() -> None:
    anna = client()
    buy(anna, month_ago(3), 100)
    actions.refresh(history=True)
    closed = RfmMonth.objects.order_by("month").last()
    assert closed is not None
    closed.delete()
    RfmHistory.objects.filter(month=closed.month).delete()
    assert actions.close_months() == 1
    assert actions.close_months() == 0


def test_settings_are_changed_with_an_event_and_counted_anew_and_taken_back(head: User) -> None:
    event = actions.change_settings(
        actor=head, bands=4, months=12, net=True, fixed={"frequency": [1, 2, 5]}
    )
    assert RfmSettings.current().params.fixed == {"frequency": (1, 2, 5)}
    assert is_under_way()
    jobs.run_all()
    assert not is_under_way()
    assert RfmRun.current().bands == 4
    assert event is not None
    actions.restore_settings(actor=head, event=Event.objects.get(pk=event))
    assert RfmSettings.current().as_json() == RfmSettings().as_json()


def test_impossible_settings_are_refused_and_nothing_is_stored(head: User) -> None:
    with pytest.raises(ValidationError):
        actions.change_settings(
            actor=head, bands=5, months=None, net=False, fixed={"recency": [10, 20]}
        )
    assert not RfmSettings.objects.exists()


def test_a_viewer_may_not_change_how_rfm_is_counted(viewer: User) -> None:
    with pytest.raises(Denied):
        actions.change_settings(actor=viewer, bands=4, months=None, net=False, fixed={})


def test_a_calculation_asked_for_twice_waits_once(alice: User) -> None:
    assert actions.request_refresh(actor=alice)
    assert not actions.request_refresh(actor=alice)
    assert Job.objects.filter(task=refresh_rfm.module_path).count() == 1


def test_imports_are_followed_by_one_calculation_of_all_months(admin: User) -> None:
    anna = client()
    buy(anna, month_ago(2), 100)
    with transaction.atomic():
        for kind in ("import.finished", "import.undone"):
            emit(kind, actor=admin, origin=Origin.IMPORT)
    assert is_under_way()
    jobs.run_all()
    assert Job.objects.filter(task__startswith="orbita.analytics.").count() == 2
    assert RfmScore.objects.count() == 1
    assert RfmMonth.objects.count() == 2
