import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest, QueryDict
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from orbita.accounts.models import Team, User
from orbita.accounts.policy import Denied
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.core.rules import RuleError
from orbita.ui import actions, kit
from orbita.ui.lists import (
    ListSpec,
    SelectionError,
    SortKey,
    State,
    address_of,
    export_rows,
    matching,
    selection_of,
)
from orbita.ui.models import ListChoice, SavedView

pytestmark = pytest.mark.django_db
URL = "/ui/components/list/"
IN_TEAM = {"fact": "team", "op": "filled"}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def crowd(db: None, make_user: Callable[..., User], wholesale: Team) -> list[User]:
    return [make_user(f"User{index:02}", "viewer", wholesale) for index in range(30)]


def get(browser: Client, **parameters: Any) -> str:
    response = browser.get(URL, parameters)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def filtered(rule: Any) -> str:
    return json.dumps(rule)


# ---- showing ----


def test_a_list_shows_a_page_its_count_and_the_way_on(browser: Client, crowd: list[User]) -> None:
    page = get(browser)
    assert page.count('<tr role="row">') == 25 + 1
    assert '1–25 of <span id="o-of">31</span>' in page
    assert "Show 25 more" in page


def test_more_rows_come_without_the_frame_and_say_how_many_are_shown(
    browser: Client, crowd: list[User]
) -> None:
    state = State(kit.KIT_LIST, User.objects.get(name="Ada"), {})
    from orbita.ui.lists import ListPage

    request = RequestFactory().get(URL)
    request.user = state.actor
    more = ListPage(request, kit.KIT_LIST, state).more_url
    answer = browser.get(URL + more).content.decode()
    assert "<html" not in answer
    assert answer.count('<tr role="row">') == 6
    assert '1–31 of <span id="o-of">31' in answer


def test_a_page_of_a_list_takes_few_queries_however_many_rows(
    browser: Client, crowd: list[User]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        get(browser, f=filtered(IN_TEAM))
    assert len(queries) <= 10, [query["sql"][:90] for query in queries]


def test_an_empty_list_says_what_to_do_and_a_narrow_filter_how_to_widen_it(
    browser: Client,
) -> None:
    assert "Nothing fits" in get(browser, q="nobody of this name")
    spec = replace(kit.KIT_LIST, queryset=lambda actor: User.objects.none())
    from orbita.ui.lists import list_page

    request = RequestFactory().get(URL)
    request.user = User.objects.get(name="Ada")
    answer = list_page(request, spec).content.decode()
    assert "Nobody here yet" in answer
    assert "Invite those who work with you." in answer


def test_names_are_escaped_wherever_they_are_shown(
    browser: Client, make_user: Callable[..., User]
) -> None:
    User.objects.filter(pk=make_user("Eve", "viewer").pk).update(name='<img src=x>" onx="')
    page = get(browser)
    assert "<img" not in page
    assert '" onx="' not in page


def test_counts_of_views_come_bounded_in_a_request_of_their_own(
    browser: Client, crowd: list[User]
) -> None:
    answer = get(browser, part="counts")
    assert '<span id="count-all" hx-swap-oob="true">31</span>' in answer
    assert '<span id="count-recent" hx-swap-oob="true">31</span>' in answer


def test_a_page_counts_no_further_than_it_must_and_the_counts_go_on(
    browser: Client, crowd: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orbita.ui.lists.page.QUICK_COUNT", 28)
    assert '1–25 of <span id="o-of">28+</span>' in get(browser)
    answer = get(browser, part="counts")
    for place in ("o-of", "o-found", "o-every"):
        assert f'<span id="{place}" hx-swap-oob="innerHTML">31</span>' in answer


# ---- conditions ----


def test_conditions_become_chips_each_with_an_address_that_takes_it_away(
    browser: Client, crowd: list[User]
) -> None:
    rule = {"all": [IN_TEAM, {"fact": "name", "op": "starts", "value": "User0"}]}
    page = get(browser, f=filtered(rule))
    assert "Team is filled in" in page
    assert '1–10 of <span id="o-of">10' in page
    without_team = urlencode({"f": '{"all":[{"fact":"name","op":"starts","value":"User0"}]}'})
    assert without_team.replace("&", "&amp;") in page


def test_a_condition_is_added_without_scripts_by_a_form(
    browser: Client, crowd: list[User], wholesale: Team
) -> None:
    assert '<option value="role"' in get(browser, add="")
    form = get(browser, add="team")
    assert f'name="value" value="{wholesale.pk}"' in form
    answer = browser.get(
        URL, {"add": "team", "op": "in", "value": [str(wholesale.pk)], "apply": "1"}
    )
    assert answer.status_code == 302
    assert '1–25 of <span id="o-of">30' in browser.get(answer["Location"]).content.decode()


def test_a_wrong_value_is_explained_beside_the_form(browser: Client) -> None:
    page = get(browser, add="created", op="on", value="soon", apply="1")
    assert "“soon” does not fit “Added”." in page


def test_a_condition_is_changed_in_its_place(browser: Client, crowd: list[User]) -> None:
    rule = {"all": [IN_TEAM, {"fact": "name", "op": "starts", "value": "User0"}]}
    form = get(browser, f=filtered(rule), edit="1")
    assert 'value="User0"' in form
    answer = browser.get(
        URL,
        {
            "f": filtered(rule),
            "edit": "1",
            "add": "name",
            "op": "starts",
            "value": "User1",
            "apply": "1",
        },
    )
    page = browser.get(answer["Location"]).content.decode()
    assert "User10" in page
    assert "User01" not in page


HOSTILE = [
    "{",
    "[]",
    "7",
    '"x"',
    '{"fact":"team"}',
    '{"fact":"password","op":"eq","value":"x"}',
    '{"fact":"name","op":"regex","value":"(a+)+$"}',
    '{"fact":"name","op":"eq","value":{"$gt":""}}',
    '{"fact":"created","op":"on","value":"2026-02-30"}',
    '{"fact":"created","op":"last_days","value":1e400}',
    '{"fact":"team","op":"in","value":["1) OR 1=1 --"]}',
    '{"all":"name"}',
    '{"all":[],"any":[]}',
    '{"all":[null]}',
    '{"any":[1,[2]]}',
    '{"all":' * 20 + "[]" + "}" * 20,
    "[" * 4000,
    '{"a":' * 1500 + "1" + "}" * 1500,
    '{"fact":"name","op":"eq","value":"' + "x" * 9000 + '"}',
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:40])
def test_a_hostile_filter_gives_one_clear_error_and_a_way_out(browser: Client, text: str) -> None:
    answer = browser.get(URL, {"f": text})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert page.count('role="alert"') == 1
    assert "Without filters" in page
    assert "<tbody" not in page


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q", "\0"),
        ("q", "%' OR 1=1 --"),
        ("q", "x" * 5000),
        ("sort", "password"),
        ("sort", "--name"),
        ("sort", "name; DROP TABLE x"),
        ("after", "x" * 3000),
        ("after", "W10:abc"),
        ("view", "-1"),
        ("view", "99999999999999999999"),
        ("edit", "99"),
        ("edit", "²"),
        ("add", "password"),
        ("from", "9" * 30),
        ("part", "everything"),
    ],
)
def test_other_hostile_parameters_change_nothing(browser: Client, name: str, text: str) -> None:
    assert "<h1>A list</h1>" in get(browser, **{name: text})


def test_a_closed_fact_cannot_be_asked_for_and_is_not_offered(alice: User, admin: User) -> None:
    rule = {"fact": "id", "op": "gt", "value": 0}
    assert matching(kit.KIT_LIST, admin, rule).count() == 2
    with pytest.raises(RuleError):
        matching(kit.KIT_LIST, alice, rule)


def test_a_closed_column_is_neither_shown_nor_sorted_by_nor_exported(
    alice: User, admin: User
) -> None:
    columns = tuple(
        replace(column, sort=SortKey("time_zone")) if column.name == "zone" else column
        for column in kit.KIT_LIST.columns
    )
    spec = replace(kit.KIT_LIST, columns=columns)
    actions.choose_columns(actor=alice, list_name="kit", view_key="all", columns=["name", "zone"])
    state = State(spec, alice, {"sort": "zone"})
    assert [column.name for column in state.columns] == ["name"]
    assert state.sort.name == "name"
    assert State(spec, admin, {"sort": "zone"}).sort.name == "zone"


# ---- views ----


def save(actor: User, **more: Any) -> SavedView:
    return actions.save_view(actor=actor, list_name="kit", name="In a team", rule=IN_TEAM, **more)


def test_a_view_keeps_conditions_text_and_order_and_is_recorded(
    browser: Client, admin: User, crowd: list[User]
) -> None:
    query = urlencode({"f": filtered(IN_TEAM), "q": "User0", "sort": "-created"})
    answer = browser.post(f"{URL}?{query}", {"do": "save", "name": " My people "})
    view = SavedView.objects.get()
    assert answer["Location"] == f"{URL}?view={view.pk}"
    assert (view.name, view.rule, view.text, view.sort) == (
        "My people",
        IN_TEAM,
        "User0",
        "-created",
    )
    page = browser.get(answer["Location"]).content.decode()
    assert "View “My people” saved" in page
    assert '1–10 of <span id="o-of">10' in page
    event = Event.objects.get(kind="view.saved")
    assert (event.actor_id, event.subject_id) == (admin.pk, view.pk)
    assert payload_of(event)["after"]["rule"] == IN_TEAM


def test_own_views_are_seen_by_nobody_else_and_shared_ones_by_all(
    alice: User, bob: User, head: User
) -> None:
    mine, shared = save(alice), save(head, is_shared=True)
    assert [view.pk for view in SavedView.objects.visible_to(bob)] == [shared.pk]
    assert State(kit.KIT_LIST, bob, {"view": str(mine.pk)}).view.key == "all"


def test_sharing_needs_the_right(alice: User) -> None:
    with pytest.raises(Denied):
        save(alice, is_shared=True)
    assert not SavedView.objects.exists()


def test_only_its_owner_changes_a_view_and_an_administrator_a_shared_one(
    alice: User, bob: User, head: User, admin: User
) -> None:
    for actor, view in ((bob, save(alice)), (bob, save(head, is_shared=True)), (admin, save(bob))):
        with pytest.raises(Denied):
            actions.delete_view(actor=actor, view=view)
    shared = save(head, is_shared=True)
    actions.delete_view(actor=admin, view=shared)
    shared.refresh_from_db()
    assert shared.deleted_at


def test_a_deleted_view_comes_back_by_undo(browser: Client, admin: User) -> None:
    view = save(admin)
    answer = browser.post(f"{URL}?view={view.pk}", {"do": "delete"}, follow=True)
    assert "View “In a team” deleted" in answer.content.decode()
    assert f"/ui/views/{view.pk}/restore/" in answer.content.decode()
    assert not SavedView.objects.visible_to(admin).exists()
    browser.post(f"/ui/views/{view.pk}/restore/", {"next": URL})
    assert SavedView.objects.visible_to(admin).exists()


def test_a_view_that_changed_is_kept_under_its_own_name(browser: Client, admin: User) -> None:
    view = save(admin)
    query = urlencode({"view": view.pk, "q": "Ad"})
    assert "Keep in “In a team”" in get(browser, view=view.pk, q="Ad")
    browser.post(f"{URL}?{query}", {"do": "update"})
    view.refresh_from_db()
    assert view.text == "Ad"


def test_the_list_opens_with_the_chosen_view(browser: Client, admin: User, alice: User) -> None:
    view = save(admin)
    browser.post(f"{URL}?view={view.pk}", {"do": "default"})
    assert State(kit.KIT_LIST, admin, {}).view.key == str(view.pk)
    assert State(kit.KIT_LIST, admin, {"view": "all"}).view.key == "all"
    assert State(kit.KIT_LIST, alice, {}).view.key == "all"
    actions.delete_view(actor=admin, view=view)
    assert State(kit.KIT_LIST, admin, {}).view.key == "all"


def test_a_view_whose_facts_are_closed_to_me_says_so_and_shows_nothing(
    alice: User, admin: User
) -> None:
    rule = {"fact": "id", "op": "gt", "value": 0}
    view = actions.save_view(
        actor=admin, list_name="kit", name="By number", rule=rule, is_shared=True
    )
    state = State(kit.KIT_LIST, alice, {"view": str(view.pk)})
    with pytest.raises(RuleError):
        _ = state.matching
    assert [chip.text for chip in state.chips] == ["Unreadable condition"]


def test_columns_are_chosen_per_person_and_view_and_go_back(
    browser: Client, admin: User, alice: User
) -> None:
    browser.post(URL, {"do": "columns", "columns": ["role", "nonsense"]})
    assert [column.name for column in State(kit.KIT_LIST, admin, {}).columns] == ["name", "role"]
    assert len(State(kit.KIT_LIST, admin, {"view": "recent"}).columns) > 2
    assert len(State(kit.KIT_LIST, alice, {}).columns) > 2
    browser.post(URL, {"do": "columns", "columns": ["role"], "reset": "1"})
    assert ListChoice.objects.get().columns == {}


def test_a_view_without_a_name_or_too_many_views_are_refused(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError):
        actions.save_view(actor=alice, list_name="kit", name="  ", rule={})
    monkeypatch.setattr(actions, "MOST_VIEWS", 1)
    save(alice)
    with pytest.raises(ValidationError):
        save(alice)


# ---- selection ----


def posted(actor: User, data: dict[str, Any], query: str = "") -> HttpRequest:
    request = RequestFactory().post(f"{URL}?{query}", data)
    request.user = actor
    return request


def test_ticked_rows_are_selected_but_only_those_the_actor_sees(
    admin: User, crowd: list[User]
) -> None:
    spec = replace(kit.KIT_LIST, queryset=lambda actor: User.objects.exclude(name="User01"))
    ids = [str(user.pk) for user in crowd[:3]]
    chosen = selection_of(posted(admin, {"ids": ids}), spec)
    assert list(chosen.ids()) == [crowd[0].pk, crowd[2].pk]
    assert chosen.fields == [("ids", identifier) for identifier in ids]


def test_all_that_fit_are_selected_across_pages_by_the_rule(admin: User, crowd: list[User]) -> None:
    query = urlencode({"f": filtered(IN_TEAM)})
    chosen = selection_of(posted(admin, {"all": "1", "ids": "1"}, query), kit.KIT_LIST)
    assert chosen.whole
    assert chosen.count() == 30


@pytest.mark.parametrize(
    ("data", "query"),
    [
        ({}, ""),
        ({"ids": ["x"]}, ""),
        ({"ids": ["-1"]}, ""),
        ({"ids": [str(2**70)]}, ""),
        ({"ids": [str(n) for n in range(1, 950)]}, ""),
        ({"all": "1"}, "f={"),
    ],
)
def test_a_broken_selection_is_refused(admin: User, data: dict[str, Any], query: str) -> None:
    with pytest.raises(SelectionError):
        selection_of(posted(admin, data, query), kit.KIT_LIST)


def test_bulk_work_runs_on_the_selection_and_says_what_it_did(
    browser: Client, crowd: list[User]
) -> None:
    data = {"do": "bulk", "action": "greet", "ids": [user.pk for user in crowd[:2]]}
    assert "2 users greeted" in browser.post(URL, data, follow=True).content.decode()
    nothing = browser.post(URL, {"do": "bulk", "action": "greet"}, follow=True)
    assert "Nothing is selected" in nothing.content.decode()
    assert browser.post(URL, {"do": "bulk", "action": "unknown"}).status_code == 400
    assert browser.post(URL, {"do": "unknown"}).status_code == 400


def test_bulk_work_needs_its_permission(alice: User, crowd: list[User]) -> None:
    from orbita.ui.lists import list_page

    closed = replace(kit.KIT_LIST.bulk[0], permission="accounts.manage")
    spec = replace(kit.KIT_LIST, bulk=(closed,))
    request = posted(alice, {"do": "bulk", "action": "greet", "ids": [str(crowd[0].pk)]})
    with pytest.raises(Denied):
        list_page(request, spec)


# ---- out ----


def test_an_export_reads_every_row_once_in_the_order_of_the_list(
    admin: User, crowd: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orbita.ui.lists import rows

    monkeypatch.setattr(rows, "EXPORT_CHUNK", 7)
    state = State(kit.KIT_LIST, admin, QueryDict("sort=-name").dict())
    taken = list(export_rows(state, state.columns))
    assert len(taken) == 31
    assert taken[0][0].startswith("User29")
    assert [row[2] for row in taken] == sorted((row[2] for row in taken), reverse=True)


def test_a_link_to_a_list_carries_its_rule() -> None:
    address = address_of(kit.KIT_LIST, {"fact": "name", "op": "eq", "value": "Казань"})
    assert address.startswith(f"{URL}?view=all&f=%7B%22fact")


def test_a_list_without_an_open_column_to_sort_by_is_a_mistake_of_its_author(admin: User) -> None:
    spec: ListSpec = replace(kit.KIT_LIST, default_sort="role")
    with pytest.raises(LookupError):
        State(spec, admin, {})
