"""Families, branches and recommendations: who is what to whom, and who may not be."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    create_client,
    link_person,
    mark_not_same,
    merge_clients,
    relate,
    reopen_pairs,
    set_contacts,
    undo_event,
    undo_last_change,
    undo_merge,
    unrelate,
)
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, ClientFacts, CompanyPerson, Relation
from orbita.core.models import Event
from orbita.ui.actions import choose_columns

pytestmark = pytest.mark.django_db


def made(actor: User, name: str, **values: Any) -> Client:
    return create_client(actor=actor, values={"name": name, **values})


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browse() -> Callable[[User], Browser]:
    def signed_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return signed_in


@pytest.fixture
def irina(alice: User) -> Client:
    return made(alice, "Соколова Ирина", sex="f")


@pytest.fixture
def pyotr(alice: User) -> Client:
    return made(alice, "Соколов Пётр", sex="m")


@pytest.fixture
def head_office(alice: User) -> Client:
    return made(alice, "ООО Ромашка", kind="company")


@pytest.fixture
def branch(alice: User) -> Client:
    return made(alice, "Ромашка Казань", kind="company")


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


# ---- the rules ----


def test_equals_are_kept_once_whoever_says_it(alice: User, irina: Client, pyotr: Client) -> None:
    relate(actor=alice, client=pyotr, other=irina, side="spouse")
    assert relate(actor=alice, client=irina, other=pyotr, side="spouse") is None
    row = Relation.objects.get()
    assert (row.client_id, row.other_id) == (irina.pk, pyotr.pk)


def test_a_relation_is_told_on_both_cards(alice: User, irina: Client, pyotr: Client) -> None:
    relate(actor=alice, client=irina, other=pyotr, side="spouse", note=" с 2010 ")
    told = Event.objects.filter(kind="client.changed").values_list("client_id", flat=True)
    assert set(told) == {irina.pk, pyotr.pk}
    assert Relation.objects.get().note == "с 2010"


def test_the_lower_one_stands_first_from_either_side(
    alice: User, head_office: Client, branch: Client
) -> None:
    relate(actor=alice, client=head_office, other=branch, side="branch")
    row = Relation.objects.get()
    assert (row.client_id, row.other_id) == (branch.pk, head_office.pk)
    assert relate(actor=alice, client=branch, other=head_office, side="head_office") is None
    with pytest.raises(ValidationError, match="other way round"):
        relate(actor=alice, client=branch, other=head_office, side="branch")


def test_nobody_is_related_to_himself(alice: User, irina: Client) -> None:
    with pytest.raises(ValidationError, match="himself"):
        relate(actor=alice, client=irina, other=irina, side="friend")


@pytest.mark.parametrize(
    ("side", "kinds"), [("spouse", "pc"), ("head_office", "pc"), ("branch", "pp"), ("nobody", "pp")]
)
def test_families_are_of_people_and_branches_of_companies(
    alice: User, irina: Client, pyotr: Client, head_office: Client, side: str, kinds: str
) -> None:
    other = pyotr if kinds == "pp" else head_office
    with pytest.raises(ValidationError):
        relate(actor=alice, client=irina, other=other, side=side)
    assert not Relation.objects.exists()


def test_anybody_may_recommend_anybody_but_once(
    alice: User, irina: Client, pyotr: Client, head_office: Client
) -> None:
    relate(actor=alice, client=head_office, other=irina, side="recommended_by")
    relate(actor=alice, client=irina, other=pyotr, side="recommended_by")
    with pytest.raises(ValidationError, match="known already who recommended"):
        relate(actor=alice, client=head_office, other=pyotr, side="recommended_by")
    with pytest.raises(ValidationError, match="circle"):
        relate(actor=alice, client=pyotr, other=head_office, side="recommended_by")
    with pytest.raises(ValidationError, match="circle"):
        relate(actor=alice, client=head_office, other=pyotr, side="brought")


def test_a_branch_has_one_head_office(alice: User, head_office: Client, branch: Client) -> None:
    second = made(alice, "ООО Лютик", kind="company")
    relate(actor=alice, client=branch, other=head_office, side="head_office")
    with pytest.raises(ValidationError, match="head office already"):
        relate(actor=alice, client=second, other=branch, side="branch")


def test_the_base_itself_keeps_a_relation_once(irina: Client, pyotr: Client) -> None:
    Relation.objects.create(client=irina, other=pyotr, kind="friend")
    for client, other in ((irina, pyotr), (pyotr, irina), (irina, irina)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(client=client, other=other, kind="friend")


def test_strangers_relate_nobody(alice: User, charlie: User, irina: Client, pyotr: Client) -> None:
    with pytest.raises(Denied):
        relate(actor=charlie, client=irina, other=pyotr, side="friend")
    relate(actor=alice, client=irina, other=pyotr, side="friend")
    with pytest.raises(Denied):
        unrelate(actor=charlie, client=irina, relation=Relation.objects.get())
    assert Relation.objects.exists()


# ---- taking back ----


def test_a_relation_and_its_removal_are_taken_back(
    alice: User, irina: Client, pyotr: Client
) -> None:
    event = relate(actor=alice, client=irina, other=pyotr, side="child", note="сын")
    assert event is not None
    gone = unrelate(actor=alice, client=pyotr, relation=Relation.objects.get())
    assert not Relation.objects.exists()
    assert undo_event(actor=alice, event=gone).done
    row = Relation.objects.get()
    assert (row.client_id, row.other_id, row.note) == (pyotr.pk, irina.pk, "сын")
    assert undo_event(actor=alice, event=event).done
    assert not Relation.objects.exists()


def test_an_undo_leaves_what_was_changed_since(alice: User, irina: Client, pyotr: Client) -> None:
    event = relate(actor=alice, client=irina, other=pyotr, side="friend")
    changed = relate(actor=alice, client=irina, other=pyotr, side="friend", note="по школе")
    assert event is not None
    assert changed is not None
    assert undo_event(actor=alice, event=event).kept == ["relations"]
    assert undo_last_change(actor=alice, client=irina).done
    assert Relation.objects.get().note == ""


# ---- the card ----


def test_the_card_says_who_is_what_to_the_client(
    alice: User, browse: Any, irina: Client, pyotr: Client
) -> None:
    relate(actor=alice, client=irina, other=pyotr, side="spouse")
    friend = made(alice, "Иванов Олег")
    relate(actor=alice, client=irina, other=friend, side="brought", note="по акции")
    page = text(browse(alice).get(reverse("clients:card", args=[irina.pk])))
    assert "<small>husband</small>" in page
    assert "came by recommendation · по акции" in page
    assert "child and parent" not in page
    page = text(browse(alice).get(reverse("clients:card", args=[pyotr.pk])))
    assert "<small>wife</small>" in page


def test_a_hidden_client_is_not_named(
    alice: User, charlie: User, admin: User, browse: Any, irina: Client
) -> None:
    hidden = made(charlie, "Тайный Игнат")
    relate(actor=admin, client=irina, other=hidden, side="friend")
    url = reverse("clients:card", args=[irina.pk])
    page = text(browse(alice).get(url))
    assert "Тайный" not in page
    assert "a client you do not see" in page
    assert "Тайный" in text(browse(admin).get(url))
    row = reverse("clients:relation", args=[irina.pk, Relation.objects.get().pk])
    assert browse(alice).get(row).status_code == 404
    assert browse(alice).post(row, {"do": "remove"}).status_code == 404
    new = reverse("clients:relation-new", args=[irina.pk])
    assert browse(alice).post(new, {"side": "friend", "other": hidden.pk}).status_code == 404
    found = browse(alice).get(
        reverse("clients:relation-options", args=[irina.pk]), {"name": "тайн"}
    )
    assert "Тайный" not in text(found)


def test_a_relation_is_added_and_removed_by_hand(
    alice: User, browse: Any, irina: Client, pyotr: Client
) -> None:
    browser = browse(alice)
    assert "Соколов Пётр" in text(
        browser.get(reverse("clients:relation-options", args=[irina.pk]), {"name": "соко"})
    )
    new = reverse("clients:relation-new", args=[irina.pk])
    assert "Husband" not in text(browser.get(new))
    unsaid = browser.post(new, {"side": "spouse", "name": "соколов"})
    assert unsaid.status_code == 422
    assert f'value="{pyotr.pk}"' in unsaid.content.decode()
    assert browser.post(new, {"side": "spouse", "other": pyotr.pk}).status_code == 302
    url = reverse("clients:relation", args=[pyotr.pk, Relation.objects.get().pk])
    assert browser.post(url, {"note": "свадьба в мае"}).status_code == 302
    assert Relation.objects.get().note == "свадьба в мае"
    assert browser.post(url, {"do": "remove"}).status_code == 302
    assert not Relation.objects.exists()


def test_the_list_tells_who_recommended(
    alice: User, admin: User, charlie: User, browse: Any, irina: Client, pyotr: Client
) -> None:
    relate(actor=alice, client=irina, other=pyotr, side="recommended_by")
    relate(actor=admin, client=pyotr, other=made(charlie, "Тайный Игнат"), side="recommended_by")
    without = text(browse(alice).get(reverse("clients:list"))).count("Соколов Пётр")
    choose_columns(
        actor=alice, list_name="clients", view_key="all", columns=["name", "recommended_by"]
    )
    page = text(browse(alice).get(reverse("clients:list")))
    assert page.count("Соколов Пётр") == without + 1
    assert "Тайный" not in page


def test_a_head_office_shows_what_all_branches_have_bought(
    alice: User, charlie: User, admin: User, browse: Any, head_office: Client, branch: Client
) -> None:
    shop = made(alice, "Ромашка на Баумана", kind="company")
    hidden = made(charlie, "Ромашка Тайная", kind="company")
    relate(actor=alice, client=head_office, other=branch, side="branch")
    relate(actor=alice, client=branch, other=shop, side="branch")
    relate(actor=admin, client=head_office, other=hidden, side="branch")
    for place, client in enumerate((head_office, branch, shop, hidden), 1):
        bought = ClientFacts.objects.filter(client=client)
        bought.update(orders_count=place, gross=place * 100_000)
    url = reverse("clients:card", args=[head_office.pk])
    assert "With branches: 6 orders, 6,000" in text(browse(alice).get(url))
    assert "With branches: 10 orders, 10,000" in text(browse(admin).get(url))


def test_a_family_is_summed_up(alice: User, browse: Any, irina: Client, pyotr: Client) -> None:
    relate(actor=alice, client=irina, other=pyotr, side="spouse")
    relate(actor=alice, client=irina, other=made(alice, "Друг Олег"), side="friend")
    ClientFacts.objects.update(orders_count=1, gross=150_000)
    page = text(browse(alice).get(reverse("clients:card", args=[irina.pk])))
    assert "Family together: 2 orders, 3,000" in page


def test_many_relations_cost_what_one_does(alice: User, browse: Any, head_office: Client) -> None:
    browser, url = browse(alice), reverse("clients:card", args=[head_office.pk])
    costs = []
    for place in range(12):
        one = made(alice, f"Филиал {place}", kind="company")
        relate(actor=alice, client=head_office, other=one, side="branch")
        if place in (0, 11):
            with CaptureQueriesContext(connection) as queries:
                page = text(browser.get(url))
            costs.append(len(queries))
    assert "Филиал 11" in page
    assert costs[0] == costs[1]


# ---- one household ----


def test_a_household_found_among_duplicates_is_related(
    alice: User, irina: Client, pyotr: Client
) -> None:
    mark_not_same(actor=alice, clients=[pyotr, irina], household=True)
    row = Relation.objects.get()
    assert (row.kind, row.client_id, row.other_id) == ("household", irina.pk, pyotr.pk)
    reopen_pairs(actor=alice, clients=[irina, pyotr])
    assert not Relation.objects.exists()


def test_another_decision_takes_the_household_off(
    alice: User, irina: Client, pyotr: Client
) -> None:
    mark_not_same(actor=alice, clients=[irina, pyotr], household=True)
    mark_not_same(actor=alice, clients=[irina, pyotr])
    assert not Relation.objects.exists()


def test_a_household_entered_by_hand_stays(alice: User, irina: Client, pyotr: Client) -> None:
    relate(actor=alice, client=irina, other=pyotr, side="household")
    mark_not_same(actor=alice, clients=[irina, pyotr], household=True)
    reopen_pairs(actor=alice, clients=[irina, pyotr])
    assert Relation.objects.count() == 1


def test_companies_make_no_household(alice: User, head_office: Client, branch: Client) -> None:
    mark_not_same(actor=alice, clients=[head_office, branch], household=True)
    assert not Relation.objects.exists()


# ---- merging ----


def test_relatives_of_a_merged_card_are_the_survivors(
    alice: User, irina: Client, pyotr: Client
) -> None:
    again, friend = made(alice, "Соколов Пётр"), made(alice, "Иванов Олег")
    relate(actor=alice, client=irina, other=pyotr, side="spouse")
    relate(actor=alice, client=again, other=irina, side="spouse")
    relate(actor=alice, client=again, other=pyotr, side="relative")
    relate(actor=alice, client=again, other=friend, side="recommended_by")
    before = list(Relation.objects.order_by("pk").values())
    merge = merge_clients(actor=alice, keep=pyotr, drop=again)
    kinds = Relation.objects.exclude(client=again).exclude(other=again)
    assert sorted(kinds.values_list("kind", flat=True)) == ["recommended", "spouse"]
    undo_merge(actor=alice, merge=merge)
    assert list(Relation.objects.order_by("pk").values()) == before


def test_a_merge_makes_no_circle_and_no_second_head_office(
    alice: User, head_office: Client, branch: Client
) -> None:
    top, twin = made(alice, "Верх", kind="company"), made(alice, "Низ", kind="company")
    relate(actor=alice, client=branch, other=head_office, side="head_office")
    relate(actor=alice, client=head_office, other=top, side="head_office")
    relate(actor=alice, client=twin, other=branch, side="head_office")
    merge_clients(actor=alice, keep=top, drop=twin)
    rows = set(Relation.objects.values_list("client_id", "other_id"))
    assert rows == {
        (branch.pk, head_office.pk),
        (head_office.pk, top.pk),
        (twin.pk, branch.pk),
    }


# ---- those who have left ----


def test_whoever_left_is_history_and_may_return(
    alice: User, browse: Any, head_office: Client, irina: Client
) -> None:
    link_person(actor=alice, company=head_office, person=irina, role="decides", position="директор")
    url = reverse("clients:person", args=[head_office.pk, irina.pk])
    browser = browse(alice)
    form = {"role": "decides", "position": "директор", "since": "2021-03-01", "until": "2025-05-20"}
    assert browser.post(url, form | {"do": "leave"}).status_code == 302
    link = CompanyPerson.objects.get()
    assert (link.since, link.until) == (date(2021, 3, 1), date(2025, 5, 20))
    for card in (head_office, irina):
        page = text(browser.get(reverse("clients:card", args=[card.pk])))
        assert '<li class="past">' in page
        assert "worked there 03.2021 – 05.2025" in page
    assert browser.post(url, form | {"do": "return"}).status_code == 302
    assert CompanyPerson.objects.get().until is None


def test_whoever_leaves_without_a_day_leaves_today(
    alice: User, browse: Any, head_office: Client, irina: Client
) -> None:
    link_person(actor=alice, company=head_office, person=irina)
    url = reverse("clients:person", args=[head_office.pk, irina.pk])
    assert browse(alice).post(url, {"do": "leave"}).status_code == 302
    until = CompanyPerson.objects.get().until
    assert until is not None
    assert abs(until - timezone.localdate()) <= timedelta(days=1)
    assert undo_last_change(actor=alice, client=head_office).done
    assert CompanyPerson.objects.get().until is None


def test_days_of_work_make_sense(alice: User, head_office: Client, irina: Client) -> None:
    later = timezone.localdate() + timedelta(days=3)
    for since, until in ((date(2025, 1, 2), date(2025, 1, 1)), (None, later), (later, None)):
        with pytest.raises(ValidationError):
            link_person(actor=alice, company=head_office, person=irina, since=since, until=until)
    assert not CompanyPerson.objects.exists()


def test_the_first_phone_of_a_company_is_of_one_who_works_there(
    alice: User, browse: Any, head_office: Client, irina: Client, pyotr: Client
) -> None:
    for person, phone in ((irina, "89000001427"), (pyotr, "89000001428")):
        set_contacts(actor=alice, client=person, contacts=[read_contact("phone", phone)])
    link_person(actor=alice, company=head_office, person=irina, until=date(2024, 1, 1))
    link_person(actor=alice, company=head_office, person=pyotr)
    page = text(browse(alice).get(reverse("clients:card", args=[head_office.pk])))
    assert 'href="tel:+79000001428"' in page
    assert 'href="tel:+79000001427"' not in page
