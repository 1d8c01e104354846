from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from orbita.accounts.models import Role, User
from orbita.analytics import actions
from orbita.analytics.models import RfmRun, RfmScore, RfmSettings
from orbita.analytics.overview import Overview
from orbita.analytics.tests.shop import buy, client
from orbita.clients.models import Client
from orbita.core.models import Company, Job
from orbita.core.rules import compile_rule

pytestmark = pytest.mark.django_db


def today() -> date:
    return Company.current().business_date()


@pytest.fixture
def base(alice: User, charlie: User) -> None:
    """Alice's clients and Charlie's, with purchases over half a year."""
    for place in range(24):
        who = client(f"Client {place}", responsible=alice if place % 3 else charlie)
        for back in range(place % 5 + 1):
            buy(who, today() - timedelta(days=place * 4 + back * 35), 100 * (place + 1))
    actions.refresh(history=True)


def page(browser: Browser, user: User, address: str = "/rfm/") -> str:
    browser.force_login(user)
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_every_group_of_the_whole_base(
    client: Browser, head: User, base: None
) -> None:
    html = page(client, head)
    assert "24 buyers" in html
    for label in ("Champions", "Need attention", "Can&#x27;t lose", "Sleeping", "Lost"):
        assert label in html


def test_a_manager_counts_only_the_clients_he_may_see(
    client: Browser, charlie: User, base: None
) -> None:
    assert "8 buyers" in page(client, charlie)
    overview = Overview(charlie, RfmRun.current())
    assert sum(row.clients for row in overview.groups) == 8
    # The scores themselves are those of the whole base.
    assert overview.cells == {
        place: sizes
        for place, sizes in overview.cells.items()
        if RfmScore.objects.filter(r=place[0], fm=place[1]).exists()
    }


def test_totals_for_everybody_equal_those_counted_from_the_scores(head: User, base: None) -> None:
    whole = Overview(head, RfmRun.current())
    counted = Overview(head, RfmRun.current())
    counted.sees_all = False
    assert whole.cells == counted.cells
    assert [row.clients for row in whole.groups] == [row.clients for row in counted.groups]
    assert [(m.was, m.now, m.counts) for m in whole.moves] == [
        (m.was, m.now, m.counts) for m in counted.moves
    ]


def test_the_page_asks_the_database_little(
    client: Browser, alice: User, base: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(alice)
    client.get("/rfm/")
    with django_assert_max_num_queries(16):
        client.get("/rfm/?group=champions")


def test_an_empty_base_says_what_to_do(client: Browser, head: User) -> None:
    assert "Nothing to count yet" in page(client, head)


def test_a_chosen_group_says_what_to_do_with_it(client: Browser, head: User, base: None) -> None:
    html = page(client, head, "/rfm/?group=about_to_sleep")
    assert "Write with one simple offer" in html
    assert "They brought" in html


def test_somebody_without_analytics_is_told_so(
    client: Browser, make_user: Callable[..., User]
) -> None:
    user = make_user("Sue", "support")
    client.force_login(user)
    assert client.get("/rfm/").status_code == 403
    assert not RfmScore.objects.visible_to(user).exists()


def test_counting_anew_is_queued_once(client: Browser, head: User, base: None) -> None:
    page(client, head)
    for _ in range(2):
        assert client.post("/rfm/refresh/").status_code == 302
    assert Job.objects.filter(task__contains="refresh_rfm").count() == 1
    assert "waiting for their turn" in page(client, head)


def settings(**changes: str) -> dict[str, str]:
    return {"bands": "5", "months": "", "net": "gross"} | changes


def test_a_preview_stores_nothing_and_saving_stores_cut_points_by_hand(
    client: Browser, head: User, base: None
) -> None:
    page(client, head, "/settings/rfm/")
    by_hand = settings(frequency_by_hand="on") | {
        f"frequency_{place}": str(place + 1) for place in range(4)
    }
    by_hand |= {f"{m}_{place}": "1" for m in ("recency", "monetary") for place in range(4)}
    assert client.post("/settings/rfm/", by_hand | {"preview": "1"}).status_code == 200
    assert not RfmSettings.objects.exists()
    assert client.post("/settings/rfm/", by_hand | {"save": "1"}).status_code == 302
    assert RfmSettings.current().params.fixed == {"frequency": (1, 2, 3, 4)}


def test_cut_points_out_of_order_are_refused_in_words(
    client: Browser, head: User, base: None
) -> None:
    page(client, head, "/settings/rfm/")
    wrong = settings(monetary_by_hand="on", save="1") | {
        f"{m}_{place}": "7" for m in ("recency", "frequency", "monetary") for place in range(4)
    }
    answer = client.post("/settings/rfm/", wrong)
    assert answer.status_code == 422
    assert "Each cut point must be above the one before it." in answer.content.decode()
    assert not RfmSettings.objects.exists()


def test_another_number_of_bands_is_shown_before_it_is_stored(
    client: Browser, head: User, base: None
) -> None:
    page(client, head, "/settings/rfm/")
    posted = settings(bands="3", save="1") | {
        f"{m}_{place}": "7" for m in ("recency", "frequency", "monetary") for place in range(4)
    }
    answer = client.post("/settings/rfm/", posted)
    assert answer.status_code == 200
    assert "recency_1" in answer.content.decode()
    assert "recency_2" not in answer.content.decode()
    assert not RfmSettings.objects.exists()


def test_lists_filter_by_group_and_scores_for_those_who_see_analytics(
    head: User, make_user: Callable[..., User], base: None
) -> None:
    group = RfmScore.objects.values_list("group", flat=True)[0]
    rule = {"all": [{"fact": "rfm_group", "op": "in", "value": [group]}]}
    found = Client.objects.filter(compile_rule("client", rule, actor=head))
    assert set(found.values_list("pk", flat=True)) == set(
        RfmScore.objects.filter(group=group).values_list("pk", flat=True)
    )
    with pytest.raises(ValueError, match="rfm_group"):
        compile_rule("client", rule, actor=make_user("Sue", "support"))


def test_starter_roles_get_their_rights(db: None) -> None:
    rights = {role.key: role.permissions for role in Role.objects.all()}
    assert rights["viewer"]["analytics.view"] == "all"
    assert rights["support"]["analytics.view"] == "none"
    assert rights["manager"]["analytics.edit"] == "none"
