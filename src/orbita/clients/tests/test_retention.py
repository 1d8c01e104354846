"""Rules of keeping: nobody goes unseen, unannounced, twice, or against a hold."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.accounts.testing import World, make_world
from orbita.clients.actions import (
    change_segment,
    create_client,
    create_segment,
    delete_client,
    delete_segment,
)
from orbita.clients.models import (
    Client,
    ClientFacts,
    Erasure,
    RetentionRule,
    RetentionRun,
    Segment,
)
from orbita.clients.privacy.holds import hold_data
from orbita.clients.privacy.requests.actions import receive
from orbita.clients.privacy.retention import actions, finding, running, words
from orbita.clients.privacy.retention.finding import StoppedError
from orbita.core import jobs
from orbita.core.backup import pause
from orbita.core.models import Company, Event, Job, OutgoingMail

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=800)


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.ORBITA_DATA = tmp_path
    translation.activate("en")
    return make_world()


@pytest.fixture
def boss(world: World) -> User:
    return world.administrator


def silent(boss: User, name: str, tag: str = "отказ") -> Client:
    """A client nobody has heard of for two years."""
    made = timezone.now() - LONG_AGO
    return create_client(actor=boss, values={"name": name}, tags=[tag], happened_at=made)


@pytest.fixture
def segment(boss: User) -> Segment:
    rule = {"fact": "tag", "op": "in", "value": ["отказ"]}
    return create_segment(actor=boss, name="Отказались", rule=rule)


def values_of(boss: User, segment: Segment, **other: Any) -> dict[str, Any]:
    return {
        "name": "Отказавшиеся за год",
        "segment": segment,
        "since": "activity",
        "months": 12,
        "most": 50,
        "responsible": boss,
        "notice_days": 3,
    } | other


@pytest.fixture
def rule(boss: User, segment: Segment) -> RetentionRule:
    return actions.save_rule(actor=boss, values=values_of(boss, segment))


def again(rule: RetentionRule) -> RetentionRule:
    return RetentionRule.objects.select_related("segment", "responsible", "confirmed_by").get(
        pk=rule.pk
    )


def seen(boss: User, rule: RetentionRule) -> str:
    return actions.preview(actor=boss, rule=again(rule))[1]


def begin(boss: User, rule: RetentionRule) -> RetentionRun:
    return actions.run_now(actor=boss, rule=again(rule), token=seen(boss, rule))


def finish(run: RetentionRun) -> RetentionRun:
    running.run_to_end(RetentionRun.objects.select_related("rule__segment", "actor").get(pk=run.pk))
    return RetentionRun.objects.get(pk=run.pk)


def there(*clients: Client) -> list[bool]:
    return [Client._base_manager.filter(pk=one.pk).exists() for one in clients]


def on_day(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    day = Company.current().business_date() + timedelta(days=days)
    monkeypatch.setattr(finding, "today", lambda: day)


# ---- who ----


def test_the_term_of_a_rule_ends_on_the_same_day_of_an_earlier_month(rule: RetentionRule) -> None:
    rule.months = 1
    assert finding.cutoff_of(rule, date(2026, 3, 31)) == date(2026, 2, 28)
    rule.months = 14
    assert finding.cutoff_of(rule, date(2026, 1, 15)) == date(2024, 11, 15)


def test_the_preview_counts_and_names_who_goes_and_who_is_held_and_why(
    boss: User, rule: RetentionRule
) -> None:
    gone, held = silent(boss, "Уходящий Пётр"), silent(boss, "Спорный Иван")
    silent(boss, "Чужая Анна", tag="другое")
    fresh = create_client(actor=boss, values={"name": "Новая Ольга"}, tags=["отказ"])
    called = silent(boss, "Звонила Вера")
    ClientFacts.objects.filter(client=called).update(last_contact_at=timezone.now())
    until = timezone.localdate() + timedelta(days=9)
    hold_data(actor=boss, client=held, reason="Суд", until=until)
    found, _token = actions.preview(actor=boss, rule=again(rule))
    assert [one.pk for one in found.sample] == [gone.pk]
    assert [one.pk for one in found.held_sample] == [held.pk]
    assert (found.due, found.held, found.members, found.waiting) == (1, 1, 4, 2)
    assert there(gone, held, fresh, called) == [True] * 4


def test_whoever_waits_for_an_answer_about_his_data_is_kept_until_he_has_it(
    boss: User, rule: RetentionRule
) -> None:
    asking, gone = silent(boss, "Спросившая Ольга"), silent(boss, "Уходящая Анна")
    day = timezone.localdate()
    receive(actor=boss, kind="access", via="letter", received_on=day, client=asking)
    found, _token = actions.preview(actor=boss, rule=again(rule))
    assert (found.due, found.held) == (1, 1)
    assert "request" in words.held(found)[0].words
    finish(begin(boss, rule))
    assert there(asking, gone) == [True, False]


def test_a_status_that_nobody_knows_since_when_is_not_long_ago(
    boss: User, rule: RetentionRule
) -> None:
    silent(boss, "Уходящий Пётр")
    rule.since = "status"
    assert finding.count_due(rule, boss, finding.today()) == 0


# ---- a run by hand ----


def test_a_run_erases_whom_the_preview_showed_with_an_act_for_each(
    boss: User, rule: RetentionRule
) -> None:
    one, two = silent(boss, "Уходящий Пётр"), silent(boss, "Уходящая Анна")
    stays = silent(boss, "Чужая Анна", tag="другое")
    run = finish(begin(boss, rule))
    assert there(one, two, stays) == [False, False, True]
    assert (run.status, run.erasures.count(), run.kept) == ("done", 2, [])
    acts = Event.objects.filter(kind="privacy.erased", client_id__in=[one.pk, two.pk])
    assert acts.count() == 2
    assert Event.objects.filter(kind="retention.run_finished").count() == 1
    assert all(str(run.rule_id) in act.reason for act in run.erasures.all())


def test_a_rule_about_the_recycle_bin_takes_who_lay_there_long_and_nobody_else(
    boss: User, segment: Segment
) -> None:
    rule = actions.save_rule(actor=boss, values=values_of(boss, segment, since="binned", months=3))
    old, new, living = (silent(boss, name) for name in ("Давний", "Недавний", "Живой"))
    other = silent(boss, "Чужой", tag="другое")
    for client, days in ((old, 100), (new, 5), (other, 100)):
        delete_client(actor=boss, client=client)
        moment = timezone.now() - timedelta(days=days)
        Client._base_manager.filter(pk=client.pk).update(deleted_at=moment)
    found = actions.preview(actor=boss, rule=again(rule))[0]
    assert (found.due, found.waiting, [one.pk for one in found.sample]) == (1, 1, [old.pk])
    run = finish(begin(boss, rule))
    assert run.status == RetentionRun.Status.DONE
    assert there(old, new, living, other) == [False, True, True, True]


def test_a_run_takes_no_more_than_its_rule_allows(boss: User, rule: RetentionRule) -> None:
    RetentionRule.objects.filter(pk=rule.pk).update(most=2)
    for number in range(4):
        silent(boss, f"Уходящий Пётр {number}")
    run = finish(begin(boss, rule))
    assert (run.status, run.erasures.count(), run.total) == ("done", 2, 2)


def test_whoever_buys_between_the_preview_and_the_run_stays(
    boss: User, rule: RetentionRule
) -> None:
    bought, gone = silent(boss, "Купивший Пётр"), silent(boss, "Уходящая Анна")
    run = begin(boss, rule)
    today = timezone.localdate()
    ClientFacts.objects.filter(client=bought).update(last_order_on=today, orders_count=1)
    finish(run)
    assert there(bought, gone) == [True, False]


def test_whoever_buys_at_the_very_moment_of_his_erasure_stays(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = silent(boss, "Купивший Пётр")
    run = begin(boss, rule)
    found = running._next

    def buys(run: RetentionRun, last: int) -> Client | None:
        client = found(run, last)
        ClientFacts.objects.filter(client=bought).update(last_order_on=timezone.localdate())
        return client

    monkeypatch.setattr(running, "_next", buys)
    assert finish(run).kept == [[bought.pk, "His time is not over any more."]]
    assert there(bought) == [True]


def test_a_hold_put_between_the_preview_and_the_run_holds(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, gone = silent(boss, "Спорный Иван"), silent(boss, "Уходящая Анна")
    run = begin(boss, rule)
    found, until = running._next, timezone.localdate() + timedelta(days=9)

    def holds(run: RetentionRun, last: int) -> Client | None:
        client = found(run, last)
        if client and client.pk == held.pk:
            hold_data(actor=boss, client=held, reason="Суд", until=until)
        return client

    monkeypatch.setattr(running, "_next", holds)
    done = finish(run)
    assert there(held, gone) == [True, False]
    assert [card for card, _why in done.kept] == [held.pk]
    assert "Суд" in done.kept[0][1]


def test_a_run_killed_in_the_middle_goes_on_and_does_nothing_twice(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [silent(boss, f"Уходящий Пётр {number}") for number in range(5)]
    run = begin(boss, rule)
    after = jobs.checkpoint
    calls = []

    def dies(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == 3:  # the third client is erased, and nothing of it is kept
            raise KeyboardInterrupt
        after(*args, **kwargs)

    monkeypatch.setattr(jobs, "checkpoint", dies)
    with pytest.raises(KeyboardInterrupt):
        finish(run)
    assert there(*clients) == [False, False, False, True, True]
    monkeypatch.setattr(jobs, "checkpoint", after)
    done = finish(run)
    assert not any(there(*clients))
    assert (done.status, done.erasures.count()) == ("done", 5)
    assert Event.objects.filter(kind="privacy.erased").count() == 5
    assert Erasure.objects.count() == 5
    # And whoever runs it once more does nothing.
    finish(run)
    assert Event.objects.filter(kind="retention.run_finished").count() == 1


def test_a_run_stops_when_somebody_asks_and_says_how_far_it_came(
    boss: User, rule: RetentionRule
) -> None:
    client = silent(boss, "Уходящий Пётр")
    run = begin(boss, rule)
    assert actions.stop_run(actor=boss, run=run)
    assert not actions.stop_run(actor=boss, run=run)
    done = finish(run)
    assert (done.status, done.why_ended, there(client)) == (
        "stopped",
        "Somebody stopped it.",
        [True],
    )


def test_two_runs_of_a_rule_are_never_under_way_at_once(boss: User, rule: RetentionRule) -> None:
    silent(boss, "Уходящий Пётр")
    begin(boss, rule)
    with pytest.raises(ValidationError, match="under way already"):
        begin(boss, rule)
    assert not actions.archive_rule(actor=boss, rule=again(rule))


def test_a_preview_of_another_rule_or_of_another_moment_lets_nothing_run(
    boss: User, rule: RetentionRule, segment: Segment, world: World
) -> None:
    silent(boss, "Уходящий Пётр")
    other = actions.save_rule(actor=boss, values=values_of(boss, segment, name="Другое"))
    token = seen(boss, rule)
    for wrong in ("", "чужой", seen(boss, other)):
        with pytest.raises(ValidationError, match="once more"):
            actions.run_now(actor=boss, rule=again(rule), token=wrong)
    changed = {"any": [segment.rule, {"fact": "kind", "op": "in", "value": ["person"]}]}
    change_segment(actor=boss, segment=segment, rule=changed)
    with pytest.raises(ValidationError, match="once more"):
        actions.run_now(actor=boss, rule=again(rule), token=token)
    with pytest.raises(ValidationError, match="once more"):
        actions.switch_on(actor=boss, rule=again(rule), token=token)
    with pytest.raises(Denied):
        actions.run_now(actor=world.owner, rule=again(rule), token=token)
    assert not RetentionRun.objects.exists()


def test_a_segment_widened_while_a_run_goes_stops_it_and_switches_the_rule_off(
    boss: User, rule: RetentionRule, segment: Segment
) -> None:
    client = silent(boss, "Уходящий Пётр")
    actions.switch_on(actor=boss, rule=again(rule), token=seen(boss, rule))
    run = begin(boss, rule)
    changed = {"any": [segment.rule, {"fact": "kind", "op": "in", "value": ["person"]}]}
    change_segment(actor=boss, segment=segment, rule=changed)
    done = finish(run)
    assert (done.status, there(client)) == ("stopped", [True])
    assert "changed since it was confirmed" in again(rule).why_stopped
    assert not again(rule).is_on


# ---- by schedule ----


def switched_on(boss: User, rule: RetentionRule) -> RetentionRule:
    actions.switch_on(actor=boss, rule=again(rule), token=seen(boss, rule))
    return again(rule)


def letters() -> list[str]:
    rows = OutgoingMail.objects.filter(key__startswith="retention:")
    return list(rows.order_by("pk").values_list("key", flat=True))


def test_a_rule_does_nothing_by_itself_until_somebody_has_looked(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(boss, "Уходящий Пётр")
    for day in (0, 10, 40):
        on_day(monkeypatch, day)
        assert running.go_round() == 0
    assert not RetentionRun.objects.exists()
    assert not letters()


def test_the_responsible_person_is_told_days_before_and_once(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    for day in (0, 0, 1, 2):
        on_day(monkeypatch, day)
        assert running.go_round() == 0
    assert len(letters()) == 1
    letter = OutgoingMail.objects.get(key__startswith="retention:")
    assert letter.to == boss.email
    assert "Пётр" not in letter.text
    monkeypatch.undo()
    on_day(monkeypatch, 3)
    assert running.go_round() == 1
    run = RetentionRun.objects.get()
    assert (run.is_scheduled, run.actor) == (True, boss)
    finish(run)
    assert there(client) == [False]
    assert running.go_round() == 0
    assert again(rule).next_run_on == finding.today() + running.EVERY


def test_whoever_was_down_for_weeks_is_told_first_all_the_same(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    on_day(monkeypatch, 0)
    running.go_round()
    # The run is over, the next is planned, and nobody was at work around its day.
    today = finding.today()
    RetentionRule.objects.update(next_run_on=today + timedelta(days=30), told_on=None)
    monkeypatch.undo()
    on_day(monkeypatch, 90)
    assert running.go_round() == 0
    assert again(rule).next_run_on == finding.today() + timedelta(days=3)
    assert len(letters()) == 2


def test_a_deleted_segment_stops_the_rule_and_asks(boss: User, rule: RetentionRule) -> None:
    silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    delete_segment(actor=boss, segment=Segment.objects.get())
    assert running.go_round() == 0
    stopped = again(rule)
    assert not stopped.is_on
    assert "segment was deleted" in stopped.why_stopped
    assert Event.objects.filter(kind="retention.stopped").count() == 1
    assert len(letters()) == 1
    running.go_round()
    assert len(letters()) == 1


def test_a_segment_that_leans_on_a_widened_one_stops_the_rule(
    boss: User, rule: RetentionRule, segment: Segment
) -> None:
    outer = create_segment(
        actor=boss, name="Снаружи", rule={"fact": "segment", "op": "in", "value": [segment.pk]}
    )
    actions.save_rule(actor=boss, values=values_of(boss, outer), rule=again(rule))
    silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    changed = {"any": [segment.rule, {"fact": "kind", "op": "in", "value": ["person"]}]}
    change_segment(actor=boss, segment=segment, rule=changed)
    assert running.go_round() == 0
    assert "changed since" in again(rule).why_stopped


def test_many_more_clients_than_were_seen_stop_the_rule(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "SLACK", 1)
    silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    for number in range(4):
        silent(boss, f"Ещё Пётр {number}")
    assert running.go_round() == 0
    assert "5 clients now, and 1 when" in again(rule).why_stopped


@pytest.mark.parametrize("what", ["left", "right", "nobody to tell"])
def test_without_those_who_answer_for_it_the_rule_stops(
    boss: User, world: World, rule: RetentionRule, what: str
) -> None:
    silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    if what == "left":
        User.objects.filter(pk=boss.pk).update(is_active=False)
    elif what == "right":
        User.objects.filter(pk=boss.pk).update(role=world.owner.role)
    else:
        RetentionRule.objects.update(responsible=None)
    assert running.go_round() == 0
    assert again(rule).why_stopped
    assert not RetentionRun.objects.exists()


def test_a_restored_copy_begins_nothing(
    boss: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    running.go_round()
    pause.calm()
    on_day(monkeypatch, 5)
    assert running.go_round() == 0


def test_another_segment_or_term_switches_the_rule_off_and_a_new_name_does_not(
    boss: User, rule: RetentionRule, segment: Segment
) -> None:
    silent(boss, "Уходящий Пётр")
    switched_on(boss, rule)
    actions.save_rule(actor=boss, values=values_of(boss, segment, name="Иначе"), rule=again(rule))
    assert again(rule).is_on
    actions.save_rule(actor=boss, values=values_of(boss, segment, months=1), rule=again(rule))
    assert not again(rule).is_on


@pytest.mark.parametrize(
    "wrong",
    [
        {"months": 0},
        {"months": 601},
        {"most": 0},
        {"notice_days": 0},
        {"name": " "},
        {"since": "x"},
    ],
)
def test_a_rule_that_says_nothing_sensible_is_refused(
    boss: User, segment: Segment, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        actions.save_rule(actor=boss, values=values_of(boss, segment, **wrong))


def test_without_the_right_nobody_sets_or_looks(world: World, rule: RetentionRule) -> None:
    for user in (world.head, world.owner):
        with pytest.raises(Denied):
            actions.preview(actor=user, rule=rule)
        with pytest.raises(Denied):
            actions.save_rule(actor=user, values={})


def test_a_rule_without_a_segment_takes_nobody(boss: User, rule: RetentionRule) -> None:
    rule.segment = None
    with pytest.raises(StoppedError):
        finding.look(rule, boss)


# ---- pages ----


def test_from_the_form_to_the_act_by_the_pages(boss: User, segment: Segment) -> None:
    client = silent(boss, "Уходящий Пётр")
    browser = Browser()
    browser.force_login(boss)
    data = values_of(boss, segment) | {"segment": segment.pk, "responsible": boss.pk}
    answer = browser.post(reverse("clients:retention-new"), data)
    rule = RetentionRule.objects.get()
    page = reverse("clients:retention-rule", args=[rule.pk])
    assert answer["Location"] == page
    shown = browser.get(page)
    assert "Уходящий Пётр" in shown.content.decode()
    run_at = reverse("clients:retention-run-now", args=[rule.pk])
    answer = browser.post(run_at, {"token": shown.context["token"]})
    run = RetentionRun.objects.get()
    assert Job.objects.filter(task__endswith="run_rule").count() == 1
    address = reverse("clients:retention-run", args=[run.pk])
    assert answer["Location"] == address
    assert "waits for its turn" in browser.get(address).content.decode()
    finish(run)
    act = browser.get(address).content.decode()
    assert f"№ {client.pk}" in act
    assert "Пётр" not in act
    assert "SHA-256" in act
    assert browser.get(reverse("clients:retention")).status_code == 200


def test_reading_a_preview_changes_nothing(boss: User, rule: RetentionRule) -> None:
    silent(boss, "Уходящий Пётр")
    before = Event.objects.count()
    browser = Browser()
    browser.force_login(boss)
    before = Event.objects.count()
    browser.get(reverse("clients:retention-rule", args=[rule.pk]))
    browser.get(reverse("clients:retention-run-now", args=[rule.pk]))
    assert (Event.objects.count(), RetentionRun.objects.count()) == (before, 0)
