"""The queue of duplicates, its pages, and what happens when a known client is typed in again."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    create_client,
    mark_not_same,
    merge_clients,
    set_entry_rule,
    start_merge_run,
    start_undo_of_run,
    undo_merge,
)
from orbita.clients.actions.pairs import group_pairs, store_pairs
from orbita.clients.actions.scanning import scan_all, scan_new
from orbita.clients.contacts import read_contact
from orbita.clients.duplicates import Pair
from orbita.clients.models import Client, DuplicateGroup, DuplicatePair, Merge
from orbita.core.jobs import run_all
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
Make = Callable[..., Client]
Sign = Callable[[User], Browser]


@pytest.fixture
def make(head: User) -> Make:
    def made(name: str, *phones: str, actor: User = head, **values: object) -> Client:
        contacts = [read_contact("phone", phone) for phone in phones]
        return create_client(actor=actor, values={"name": name, **values}, contacts=contacts)

    return made


@pytest.fixture
def browse() -> Sign:
    def signed_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return signed_in


def queue(*pairs: tuple[Client, Client, float]) -> None:
    store_pairs(Pair(a.pk, b.pk, score, ("phone", "diminutive")) for a, b, score in pairs)
    group_pairs()


def members() -> list[set[int]]:
    found = []
    for group in DuplicateGroup.objects.filter(is_open=True).order_by("-score"):
        pairs = group.pairs.filter(status="open", a__deleted_at=None, b__deleted_at=None)
        found.append({pk for pair in pairs.values_list("a_id", "b_id") for pk in pair})
    return found


def test_a_search_through_the_base_fills_the_queue_once(make: Make) -> None:
    irina, ira = make("Соколова Ирина", "89000001427"), make("Соколова Ирина", "+7 900 000-14-27")
    make("Другой Пётр", "89000001499")
    assert scan_all() == 1
    assert scan_all() == 0
    assert members() == [{irina.pk, ira.pk}]


def test_new_clients_are_compared_after_an_import(make: Make) -> None:
    irina = make("Соколова Ирина", "89000001427")
    scan_all()
    twin = make("Соколова Ирина", "89000001427")
    assert scan_new() == 1
    assert members() == [{irina.pk, twin.pk}]


def test_a_decision_is_remembered_for_good_and_can_be_taken_back(
    make: Make, head: User, browse: Sign
) -> None:
    one, two = make("Соколова Ирина", "89000001427"), make("Соколова Анна", "89000001427")
    queue((one, two, 0.9))
    browser = browse(head)
    group = DuplicateGroup.objects.get()
    browser.post(
        reverse("clients:duplicate-group", args=[group.pk]),
        {"do": "household", "with": [one.pk, two.pk]},
    )
    assert DuplicatePair.objects.get().status == "household"
    queue((one, two, 0.99))
    assert members() == []
    assert Event.objects.filter(kind="client.not_same").count() == 2
    page = browser.get(reverse("clients:duplicates")).content.decode()
    token = page.split("same-again/?token=")[1].split('"')[0]
    browser.post(reverse("clients:same-again") + "?token=" + token)
    assert members() == [{one.pk, two.pk}]


def test_three_cards_are_one_group_and_relatives_across_it_another(make: Make) -> None:
    a, b, c, d = (make(f"Соколова Ирина {n}") for n in range(4))
    queue((a, b, 0.99), (b, c, 0.98), (a, c, 0.9), (c, d, 0.6))
    assert members() == [{a.pk, b.pk, c.pk}, {c.pk, d.pk}]
    queue((a, b, 0.95))
    assert len(members()) == 2


def test_cards_are_merged_field_by_field_on_the_page_and_parted_from_its_toast(
    make: Make, head: User, browse: Sign
) -> None:
    one = make("Соколова Ирина", "89000001427", position="повар")
    two = make("Соколова Ира", "89000001428", position="шеф", birthday="1980-02-01")
    three = make("Соколова И.")
    queue((one, two, 0.99), (two, three, 0.97), (one, three, 0.97))
    browser = browse(head)
    page = browser.get(reverse("clients:duplicate-group", args=[DuplicateGroup.objects.get().pk]))
    assert "шеф" in page.content.decode()
    browser.post(
        page.request["PATH_INFO"],
        {
            "do": "merge",
            "with": [one.pk, two.pk, three.pk],
            "keep": one.pk,
            "choice-position": two.pk,
            "choice-name": two.pk,
        },
    )
    one.refresh_from_db()
    assert (one.name, one.position, str(one.birthday)) == ("Соколова Ира", "шеф", "1980-02-01")
    assert Client.objects.alive().count() == 1
    assert members() == []
    after = browser.get(reverse("clients:duplicates")).content.decode()
    token = after.split("unmerge/?token=")[1].split('"')[0]
    browser.post(reverse("clients:unmerge") + "?token=" + token)
    one.refresh_from_db()
    assert (one.name, one.position) == ("Соколова Ирина", "повар")
    assert Client.objects.alive().count() == 3
    assert members() == [{one.pk, two.pk, three.pk}]


def test_all_sure_groups_are_merged_at_one_go_and_parted_at_one_go(make: Make, head: User) -> None:
    a, b, c, d, e, f, g, h = (make(f"Соколова Ирина {n}") for n in range(8))
    mark_not_same(actor=head, clients=[e, f])
    queue((a, b, 0.999), (c, d, 0.95), (g, h, 0.995))
    run = start_merge_run(actor=head, threshold=0.99)
    run_all()
    run.refresh_from_db()
    assert (run.status, run.merged, run.done) == ("done", 2, 2)
    assert Client.objects.alive().count() == 6
    start_undo_of_run(actor=head, run=run)
    run_all()
    run.refresh_from_db()
    assert (run.status, run.done, run.left) == ("undone", 2, 0)
    assert Client.objects.alive().count() == 8
    assert Merge.objects.filter(undone_at=None).count() == 0


def test_a_merge_keeps_the_queue_true(make: Make, head: User) -> None:
    a, b, c = (make(f"Соколова Ирина {n}") for n in range(3))
    queue((a, b, 0.99), (b, c, 0.98))
    merge = merge_clients(actor=head, keep=a, drop=b)
    assert members() == [{a.pk, c.pk}]
    undo_merge(actor=head, merge=merge)
    assert members() == [{a.pk, b.pk, c.pk}] or members() == [{a.pk, b.pk}, {b.pk, c.pk}]


# ---- at entry ----


@pytest.mark.parametrize("typed", ["8 (900) 000-14-27", "+79000001427", "9000001427"])
def test_a_known_phone_is_hinted_at_while_it_is_typed_in_any_form(
    make: Make, head: User, browse: Sign, typed: str
) -> None:
    make("Соколова Ирина", "89000001427")
    browser = browse(head)
    for data in (
        {"name": "Кто-то", "phone": typed},
        {"last_name": "К", "contacts-0-type": "phone:mobile", "contacts-0-value": typed},
    ):
        page = browser.post(reverse("clients:hints"), data).content.decode()
        assert "Соколова Ирина" in page
    assert Client.objects.count() == 1
    assert "Соколова" not in browser.post(reverse("clients:hints"), {"name": ""}).content.decode()


@pytest.mark.parametrize(
    ("service", "typed"),
    [
        ("telegram", "@sokolova_ira"),
        ("telegram", "Sokolova_Ira"),
        ("telegram", "https://t.me/sokolova_ira"),
        ("vk", "sokolova.ira"),
        ("whatsapp", "8 900 000-14-27"),
    ],
)
def test_a_known_name_in_a_messenger_is_hinted_at_in_any_form(
    head: User, browse: Sign, service: str, typed: str
) -> None:
    contacts = [
        read_contact("messenger", "t.me/sokolova_ira"),
        read_contact("messenger", "vk.com/sokolova.ira"),
        read_contact("messenger", "wa.me/79000001427"),
    ]
    create_client(actor=head, values={"name": "Соколова Ирина"}, contacts=contacts)
    data = {"contacts-0-type": f"messenger:{service}", "contacts-0-value": typed}
    page = browse(head).post(reverse("clients:hints"), data).content.decode()
    assert "Соколова Ирина" in page


def test_of_a_card_that_may_not_be_opened_only_its_responsible_is_told(
    make: Make, alice: User, charlie: User, browse: Sign
) -> None:
    make("Соколова Ирина", "89000001427", actor=alice)
    page = browse(charlie).post(reverse("clients:hints"), {"phone": "89000001427"})
    text = page.content.decode()
    assert "Alice" in text
    assert "Соколова" not in text
    assert "/clients/" not in text


def test_the_rule_for_forms_may_forbid_ask_take_or_queue(
    make: Make, head: User, admin: User, browse: Sign
) -> None:
    known = make("Соколова Ирина", "89000001427")
    browser = browse(head)
    data = {"kind": "person", "name": "Соколова Ирина", "phone": "89000001427", "city": ""}

    def post(answer: str, **more: str) -> int:
        set_entry_rule(actor=admin, entrance="form", exact=answer, likely=answer)
        return browser.post(reverse("clients:quick"), data | more).status_code

    assert post("block", anyway="1") == 422
    assert post("warn") == 422
    assert post("take") == 302
    assert Client.objects.get() == known
    assert post("warn", anyway="1") == 302
    assert Client.objects.count() == 2
    assert post("queue") == 302
    assert Client.objects.count() == 3
    assert DuplicatePair.objects.filter(status="open").exists()


def test_a_client_taken_as_known_gets_what_he_lacks(
    make: Make, head: User, admin: User, browse: Sign
) -> None:
    known = make("Соколова Ирина", "89000001427", position="повар")
    set_entry_rule(actor=admin, entrance="form", exact="take", likely="take")
    browse(head).post(
        reverse("clients:new"),
        {
            "kind": "person",
            "last_name": "Соколова",
            "first_name": "Ира",
            "position": "шеф",
            "birthday": "1980-02-01",
            "contacts-0-type": "phone:mobile",
            "contacts-0-value": "89000001427",
            "contacts-1-type": "email:",
            "contacts-1-value": "ira@example.org",
        },
    )
    known.refresh_from_db()
    assert (known.name, known.position) == ("Соколова Ирина", "повар")
    assert str(known.birthday) == "1980-02-01"
    assert known.contacts.filter(key="ira@example.org").exists()


def test_only_the_administrator_sets_the_rules(head: User) -> None:
    with pytest.raises(Denied):
        set_entry_rule(actor=head, entrance="form", exact="block", likely="warn")


def test_the_pages_of_duplicates_cost_the_same_however_long_the_queue(
    make: Make, head: User, browse: Sign, django_assert_max_num_queries: Callable[..., object]
) -> None:
    cards = [make(f"Соколова Ирина {n}", f"8900000{n:04}") for n in range(24)]
    queue(*((cards[n], cards[n + 1], 0.9) for n in range(0, 24, 2)))
    browser = browse(head)
    browser.get(reverse("clients:duplicates"))
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        assert browser.get(reverse("clients:duplicates")).status_code == 200
