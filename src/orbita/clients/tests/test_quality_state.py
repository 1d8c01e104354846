"""The state of the base: its numbers are its lists, and repairs go both ways."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.actions import service_user
from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import add_note, create_client, undo_many, update_client
from orbita.clients.contacts import read_contact
from orbita.clients.facts import compare, rebuild
from orbita.clients.models import Client, ContactPoint, DuplicateGroup, QualityDay, Repair
from orbita.clients.quality import actions
from orbita.clients.quality.state import BOUND, LINES, bounded, lines_for, take_stock
from orbita.core import context, jobs
from orbita.core.models import Company, Event, Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(client: Browser) -> Callable[[User], Browser]:
    def enter(user: User) -> Browser:
        client.force_login(user)
        return client

    return enter


def make(actor: User, *reach: str, **fields: Any) -> Client:
    contacts = [read_contact("email" if "@" in one else "phone", one) for one in reach]
    values = fields or {"last_name": "Соколова", "first_name": "Ирина"}
    return create_client(actor=actor, values=values, contacts=contacts)


def shouted(actor: User, *reach: str) -> Client:
    return make(actor, *reach, last_name="ИВАНОВ", first_name="ИВАН")


def repair(actor: User, line: str) -> Repair:
    rule = LINES[line].rule
    assert rule is not None
    made = actions.request_repair(actor=actor, rule=rule, line=line)
    jobs.run_all()
    made.refresh_from_db()
    return made


def names() -> list[str]:
    return list(Client.objects.order_by("pk").values_list("name", flat=True))


# ---- the numbers ----


def test_every_number_is_what_its_list_shows(alice: User, admin: User) -> None:
    shouted(alice, "89160000001")
    make(alice, "i@gmial.com")
    aside = make(alice)
    make(admin, last_name="Ивaнов", birthday="1900-01-01", responsible=None)
    talked = make(alice, "89160000002")
    add_note(actor=alice, client=talked, text="Поговорили", kind="call")
    actions.mark_dead(
        actor=alice,
        client=aside,
        reason="до весны",
        look_again_on=Company.current().business_date() + timedelta(days=1),
    )
    day = take_stock(service_user())
    for line in LINES:
        if line.rule is not None:
            found = Client.objects.visible_to(admin).matching(line.rule, actor=admin)
            assert day.numbers[line.name] == found.count(), line.name
    assert day.clients == 5
    assert day.numbers == {
        "invalid": 1,
        "no_contact": 1,
        "capitals": 1,
        "alphabets": 1,
        "wrong": 1,
        "incomplete": 4,
        "stale": 0,
        "nobody": 1,
        "never": 3,
        "again": 0,
    }
    assert sum(day.shares) == 5
    assert bounded(admin, lines_for(admin)) == {**day.numbers, "": 5}


def test_who_sees_a_part_gets_his_own_numbers_at_once(
    alice: User, charlie: User, sign_in: Callable[[User], Browser]
) -> None:
    shouted(alice)
    take_stock(service_user())
    assert bounded(charlie, lines_for(charlie))["capitals"] == 0
    assert bounded(alice, lines_for(alice))["capitals"] == 1
    page = sign_in(charlie).get(reverse("clients:quality")).content.decode()
    assert "0 clients" in page


def test_counts_at_once_stop_at_a_bound(alice: User) -> None:
    Client.objects.bulk_create(
        Client(name=f"К{n}", name_key=f"к{n}", kind="company", responsible=alice)
        for n in range(BOUND + 5)
    )
    assert bounded(alice, lines_for(alice))[""] == BOUND + 1


def test_a_second_count_of_a_day_replaces_the_first_and_days_are_compared(
    alice: User, admin: User, sign_in: Callable[[User], Browser]
) -> None:
    shouted(alice)
    take_stock(service_user())
    QualityDay.objects.update(day=Company.current().business_date() - timedelta(days=20))
    shouted(alice)
    take_stock(service_user())
    take_stock(service_user())
    assert QualityDay.objects.count() == 2
    page = sign_in(admin).get(reverse("clients:quality")).content.decode()
    assert "+1" in page


def test_the_page_costs_few_queries(
    alice: User,
    admin: User,
    sign_in: Callable[[User], Browser],
    django_assert_max_num_queries: Any,
) -> None:
    shouted(alice)
    take_stock(service_user())
    url = reverse("clients:quality")
    for actor in (admin, alice):
        browser = sign_in(actor)
        browser.get(url)
        with django_assert_max_num_queries(10):
            browser.get(url)


def test_open_groups_of_duplicates_stand_first_for_who_may_merge(
    head: User, viewer: User, sign_in: Callable[[User], Browser]
) -> None:
    DuplicateGroup.objects.create(score=0.99)
    DuplicateGroup.objects.create(score=0.9, is_open=False)
    rows = sign_in(head).get(reverse("clients:quality")).context["page"].rows
    assert (rows[0].line.name, rows[0].number) == ("duplicates", "1")
    assert rows[0].url == reverse("clients:duplicates")
    rows = sign_in(viewer).get(reverse("clients:quality")).context["page"].rows
    assert "duplicates" not in [row.line.name for row in rows]


def test_a_count_is_queued_once(admin: User, sign_in: Callable[[User], Browser]) -> None:
    browser = sign_in(admin)
    browser.post(reverse("clients:quality-count"))
    browser.post(reverse("clients:quality-count"))
    assert Job.objects.filter(task__endswith="quality.jobs.take_stock").count() == 1
    assert "being counted" in browser.get(reverse("clients:quality")).content.decode()
    jobs.run_all()
    assert QualityDay.objects.count() == 1


# ---- repairs ----


def test_a_repair_takes_every_offer_and_its_undo_brings_all_back(alice: User, head: User) -> None:
    for number in range(3):
        shouted(alice, f"8916000000{number}")
    fine = make(alice)
    before = names()
    made = repair(head, "capitals")
    assert (made.status, made.changed) == ("done", 3)
    assert names() == ["Иванов Иван"] * 3 + [fine.name]
    assert list(compare()) == []
    actions.request_undo(actor=head, repair=made)
    jobs.run_all()
    made.refresh_from_db()
    assert (made.status, made.kept) == ("undone", 0)
    assert names() == before
    assert list(compare()) == []


def test_what_somebody_changed_since_stays_when_a_repair_is_taken_back(
    alice: User, head: User
) -> None:
    first, second = shouted(alice), shouted(alice)
    made = repair(head, "capitals")
    update_client(actor=alice, client=first, values={"last_name": "Петров"})
    actions.request_undo(actor=head, repair=made)
    jobs.run_all()
    made.refresh_from_db()
    assert made.kept == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.last_name, second.last_name) == ("Петров", "ИВАНОВ")


def test_a_repair_of_contacts_goes_both_ways_too(alice: User, head: User) -> None:
    client = make(alice, "i@gmial.com")
    made = repair(head, "invalid")
    assert client.contacts.get().key == "i@gmail.com"
    actions.request_undo(actor=head, repair=made)
    jobs.run_all()
    assert client.contacts.get().key == "i@gmial.com"
    assert list(compare()) == []


def test_a_repair_of_contacts_leaves_names_alone(alice: User, head: User) -> None:
    client = shouted(alice, "i@gmial.com")
    assert repair(head, "invalid").changed == 1
    client.refresh_from_db()
    assert client.contacts.get().key == "i@gmail.com"
    assert client.last_name == "ИВАНОВ"


def test_a_repair_leaves_what_has_no_offer_and_what_was_found_right(
    alice: User, head: User
) -> None:
    odd = make(alice, last_name="Иванов2")
    right = make(alice, "i@gmial.com")
    actions.accept(actor=alice, client=right, trouble="domain", value="i@gmial.com")
    assert repair(head, "wrong").changed == 0
    assert repair(head, "invalid").changed == 0
    odd.refresh_from_db()
    assert odd.last_name == "Иванов2"


def test_a_repair_touches_only_what_its_author_may_change(alice: User, charlie: User) -> None:
    client = shouted(alice)
    made = repair(charlie, "capitals")
    assert made.changed == 0
    client.refresh_from_db()
    assert client.last_name == "ИВАНОВ"


def test_a_repair_goes_on_where_a_killed_worker_left_it(alice: User, head: User) -> None:
    first, second = shouted(alice), shouted(alice)
    rule = LINES["capitals"].rule
    assert rule is not None
    made = actions.request_repair(actor=head, rule=rule, line="capitals")
    Repair.objects.update(status="running", position=first.pk, looked_at=1)
    jobs.run_all()
    made.refresh_from_db()
    assert (made.changed, made.looked_at) == (1, 2)
    second.refresh_from_db()
    assert second.last_name == "Иванов"


def test_a_repair_is_taken_back_once_and_by_its_author(alice: User, bob: User, head: User) -> None:
    shouted(alice)
    made = repair(alice, "capitals")
    with pytest.raises(Denied):
        actions.request_undo(actor=bob, repair=made)
    actions.request_undo(actor=alice, repair=made)
    with pytest.raises(ValidationError):
        actions.request_undo(actor=alice, repair=made)


def test_thousands_are_repaired_with_a_few_queries_each_chunk(
    alice: User, head: User, django_assert_max_num_queries: Any
) -> None:
    Client.objects.bulk_create(
        Client(
            name="ИВАНОВ", name_key="иванов", last_name="ИВАНОВ", kind="person", responsible=alice
        )
        for _n in range(1200)
    )
    list(rebuild())
    rule = LINES["capitals"].rule
    assert rule is not None
    actions.request_repair(actor=head, rule=rule, line="capitals")
    # Three chunks, some fifty statements each on either database.
    with django_assert_max_num_queries(200):
        jobs.run_all()
    assert Client.objects.filter(last_name="Иванов").count() == 1200


def test_the_page_of_a_repair_shows_first_what_it_would_change(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    shouted(alice)
    browser, url = sign_in(alice), reverse("clients:repair", args=["capitals"])
    page = browser.get(url).content.decode()
    assert "ИВАНОВ ИВАН" in page
    assert "Иванов Иван" in page
    assert names() == ["ИВАНОВ ИВАН"]
    answer = browser.post(url)
    result = browser.get(answer["Location"]).content.decode()
    assert "Waiting" in result
    jobs.run_all()
    assert "1 card put right" in browser.get(answer["Location"]).content.decode()
    made = Repair.objects.get()
    browser.post(reverse("clients:repair-undo", args=[made.pk]))
    jobs.run_all()
    assert "1 card is as before" in browser.get(answer["Location"]).content.decode()


def test_selected_clients_are_put_right_from_the_list(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    chosen, other = shouted(alice), shouted(alice)
    sign_in(alice).post(
        reverse("clients:list"), {"do": "bulk", "action": "put_right", "ids": [str(chosen.pk)]}
    )
    jobs.run_all()
    chosen.refresh_from_db()
    other.refresh_from_db()
    assert (chosen.last_name, other.last_name) == ("Иванов", "ИВАНОВ")


def test_contacts_of_many_are_confirmed_and_it_can_be_taken_back(alice: User) -> None:
    clients = [make(alice, f"8916000000{number}") for number in range(2)]
    marked = clients[0].contacts.get()
    actions.mark_contact(actor=alice, client=clients[0], contact=marked, mark="wrong")
    with context.request("a bulk change"):
        result = actions.confirm_many(actor=alice, client_ids=[client.pk for client in clients])
        token = result.undo_token
    assert (result.changed, result.unchanged) == (1, 1)
    point = ContactPoint.objects.select_related("state").get(client=clients[1])
    assert point.confirmed_at is not None
    assert list(compare()) == []
    assert undo_many(actor=alice, token=token).restored == 1
    point = ContactPoint.objects.select_related("state").get(client=clients[1])
    assert point.confirmed_at is None
    assert Event.objects.filter(kind="contact.confirmed").count() == 2
