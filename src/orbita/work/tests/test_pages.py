from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.work import actions
from orbita.work.models import Deal, LossReason, Pipeline, Stage
from orbita.work.tests.test_deals import Make, Stages

pytestmark = pytest.mark.django_db
BOARD = {"X-Board": "1"}


@pytest.fixture
def browse(client: Browser) -> Callable[[User], Browser]:
    def sign_in(user: User) -> Browser:
        client.force_login(user)
        return client

    return sign_in


def move_url(deal: Deal, stage: Stage) -> str:
    return reverse("work:deal-move", args=[deal.pk, stage.pk])


# ---- the board ----


def test_without_pipelines_the_administrator_is_led_to_the_ready_ones(
    browse: Any, admin: User
) -> None:
    browser = browse(admin)
    page = browser.get(reverse("work:deals-home")).content.decode()
    assert reverse("work:pipelines") in page
    response = browser.post(reverse("work:pipelines-begin"), {"ready": ["new", "service"]})
    assert response.status_code == 302
    assert [one.name for one in Pipeline.objects.all()] == ["New sales", "Service"]
    assert browser.get(reverse("work:deals-home")).status_code == 302


def test_the_board_shows_every_stage_with_its_count_and_sum(
    browse: Any, alice: User, make_deal: Make, pipeline: Pipeline, stages: Stages
) -> None:
    make_deal(name="Зерно", amount=50_000_00)
    make_deal(name="Чай", amount=25_000_00)
    make_deal(name="Без суммы", amount=None, stage_id=stages["needs"].pk)
    response = browse(alice).get(reverse("work:board", args=[pipeline.pk]))
    columns = {column.stage.name: column for column in response.context["columns"]}
    assert [(name, column.count) for name, column in columns.items()] == [
        ("New request", 2),
        ("Needs found out", 1),
        ("Offer sent", 0),
        ("Agreeing", 0),
        ("Won", 0),
        ("Lost", 0),
    ]
    assert "75" in columns["New request"].sum
    assert [tile.deal.name for tile in columns["New request"].tiles] == ["Чай", "Зерно"]


def test_the_board_leaves_out_deals_that_the_reader_does_not_see(
    browse: Any, charlie: User, make_deal: Make, pipeline: Pipeline
) -> None:
    make_deal(name="Чужая сделка")
    page = browse(charlie).get(reverse("work:board", args=[pipeline.pk])).content.decode()
    assert "Чужая сделка" not in page


def test_the_board_is_filtered_by_person_and_by_name(
    browse: Any, alice: User, bob: User, head: User, make_deal: Make, pipeline: Pipeline
) -> None:
    make_deal(name="Зерно")
    make_deal(actor=head, name="Кофемашина", responsible_id=bob.pk)
    url = reverse("work:board", args=[pipeline.pk])

    def found(query: dict[str, str]) -> list[str]:
        columns = browse(alice).get(url, query).context["columns"]
        return [tile.deal.name for column in columns for tile in column.tiles]

    assert found({"who": "me"}) == ["Зерно"]
    assert found({"who": str(bob.pk)}) == ["Кофемашина"]
    assert found({"q": "КОФЕМ"}) == ["Кофемашина"]
    assert found({"q": "обжарка"}) == ["Кофемашина", "Зерно"]
    assert found({"who": "'; DROP TABLE", "q": "%"}) == []


def test_the_board_marks_what_is_late_stuck_or_without_a_next_step(
    browse: Any, alice: User, make_deal: Make, pipeline: Pipeline
) -> None:
    yesterday = timezone.now().date() - timedelta(days=2)
    make_deal(name="Поздно", next_step="Позвонить", next_step_on=yesterday)
    stuck = make_deal(name="Зависла", next_step="Ждать", next_step_on=date(2100, 1, 1))
    Deal.objects.filter(pk=stuck.pk).update(stage_since=timezone.now() - timedelta(days=9))
    make_deal(name="Без шага")
    page = browse(alice).get(reverse("work:board", args=[pipeline.pk]))
    marks = {
        tile.deal.name: [mark.words for mark in tile.marks]
        for column in page.context["columns"]
        for tile in column.tiles
    }
    assert marks == {
        "Поздно": ["late"],
        "Зависла": ["stuck: 9 days"],
        "Без шага": ["no next step"],
    }


def test_the_board_asks_as_little_of_the_base_for_many_deals_as_for_few(
    browse: Any, alice: User, make_deal: Make, pipeline: Pipeline
) -> None:
    browser, url = browse(alice), reverse("work:board", args=[pipeline.pk])
    counts = []
    for _round in range(2):
        for place in range(15):
            make_deal(name=f"Сделка {place}")
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_a_long_column_leads_to_the_rest(
    browse: Any, alice: User, make_deal: Make, pipeline: Pipeline, stages: Stages
) -> None:
    for place in range(33):
        make_deal(name=f"Сделка {place}")
    browser, url = browse(alice), reverse("work:board", args=[pipeline.pk])
    first = browser.get(url).context["columns"][0]
    assert (len(first.tiles), first.left) == (30, 3)
    rest = browser.get(first.more_url)
    assert len(rest.context["column"].tiles) == 33
    assert browser.get(url, {"stage": "999999"}).status_code == 404
    assert browser.get(url, {"stage": "x"}).status_code == 404


# ---- moving ----


def test_a_tile_that_is_dropped_moves_its_deal(
    browse: Any, alice: User, make_deal: Make, stages: Stages
) -> None:
    deal = make_deal()
    response = browse(alice).post(
        move_url(deal, stages["needs"]), {"seen": stages["request"].pk}, headers=BOARD
    )
    assert response.status_code == 200
    assert response.json()["stage"] == stages["needs"].pk
    assert response.json()["undo"] == move_url(deal, stages["request"])
    deal.refresh_from_db()
    assert deal.stage == stages["needs"]


def test_a_tile_that_somebody_moved_first_answers_where_it_stands(
    browse: Any, alice: User, head: User, make_deal: Make, stages: Stages
) -> None:
    deal = make_deal(expected_on=date(2027, 2, 1))
    actions.move_deal(actor=head, deal=deal, stage=stages["offer"])
    response = browse(alice).post(
        move_url(deal, stages["needs"]), {"seen": stages["request"].pk}, headers=BOARD
    )
    assert response.status_code == 409
    assert response.json()["stage"] == stages["offer"].pk
    assert "Offer sent" in response.json()["message"]


def test_a_tile_that_lacks_something_asks_for_it_and_moves_then(
    browse: Any, alice: User, make_deal: Make, stages: Stages
) -> None:
    deal, browser = make_deal(amount=None), browse(alice)
    url = move_url(deal, stages["offer"])
    response = browser.post(url, {"seen": stages["request"].pk}, headers=BOARD)
    assert (response.status_code, response.json()) == (422, {"ask": url})
    asked = browser.get(url).context["form"].asked
    assert asked == ["amount", "expected_on"]
    refused = browser.post(url, {"seen": stages["request"].pk, "amount": "много"})
    assert refused.status_code == 422
    given = {"seen": stages["request"].pk, "amount": "12 500,50", "expected_on": "2027-01-20"}
    assert browser.post(url, given).status_code == 302
    deal.refresh_from_db()
    assert (deal.stage, deal.amount) == (stages["offer"], 12_500_50)


def test_a_deal_is_lost_with_a_reason_from_the_tree(
    browse: Any, alice: User, make_deal: Make, stages: Stages, reason: LossReason
) -> None:
    deal, browser = make_deal(), browse(alice)
    url = move_url(deal, stages["lost"])
    page = browser.get(url).content.decode()
    assert "Too expensive" in page
    assert browser.post(url, {"reason": ""}).status_code == 422
    given = {"reason": reason.pk, "words": "дорого", "come_back_on": "2027-03-01"}
    assert browser.post(url, given).status_code == 302
    deal.refresh_from_db()
    assert (deal.state, deal.come_back_on) == ("lost", date(2027, 3, 1))
    shown = browser.get(reverse("work:deal", args=[deal.pk])).content.decode()
    assert "дорого" in shown


def test_a_stage_that_wants_a_client_leads_to_the_deals_form(
    browse: Any, alice: User, make_deal: Make, stages: Stages
) -> None:
    deal = make_deal(name="Без клиента", client_id=None)
    page = browse(alice).get(move_url(deal, stages["needs"])).content.decode()
    assert reverse("work:deal-edit", args=[deal.pk]) in page


# ---- making and changing ----


def test_a_deal_is_added_for_the_client_whose_card_asked(
    browse: Any, alice: User, roaster: Client, pipeline: Pipeline, stages: Stages
) -> None:
    browser, url = browse(alice), reverse("work:deal-new")
    page = browser.get(url, {"client": roaster.pk})
    assert page.context["form"].chosen_client == roaster
    given = {"client_id": roaster.pk, "amount": "1 000", "stage": stages["request"].pk}
    assert browser.post(url, {**given, "responsible": alice.pk}).status_code == 302
    deal = Deal.objects.get()
    assert (deal.name, deal.client, deal.amount) == (roaster.name, roaster, 1_000_00)
    card = browser.get(reverse("clients:card", args=[roaster.pk])).content.decode()
    assert reverse("work:deal", args=[deal.pk]) in card


def test_a_client_who_was_typed_and_not_chosen_is_asked_about(
    browse: Any, alice: User, roaster: Client, stages: Stages
) -> None:
    response = browse(alice).post(
        reverse("work:deal-new"), {"client_name": "Обжарка", "stage": stages["request"].pk}
    )
    assert response.status_code == 422
    assert "client_name" in response.context["form"].errors
    assert not Deal.objects.exists()


def test_whoever_saves_an_old_form_is_told(browse: Any, alice: User, make_deal: Make) -> None:
    deal = make_deal()
    given = {"name": "Новое имя", "client_id": deal.client_id, "responsible": alice.pk}
    browser, url = browse(alice), reverse("work:deal-edit", args=[deal.pk])
    assert browser.post(url, {**given, "version": deal.version}).status_code == 302
    late = browser.post(url, {**given, "name": "Позднее имя", "version": deal.version})
    assert late.status_code == 422
    assert Deal.objects.get().name == "Новое имя"


def test_a_name_is_shown_as_text_whatever_it_holds(
    browse: Any, alice: User, make_deal: Make, pipeline: Pipeline
) -> None:
    deal = make_deal(name="<script>alert(1)</script>", next_step="<b>!</b>")
    browser = browse(alice)
    for url in (
        reverse("work:board", args=[pipeline.pk]),
        reverse("work:deal", args=[deal.pk]),
        reverse("work:deal-edit", args=[deal.pk]),
    ):
        page = browser.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<b>!</b>" not in page


# ---- pipelines ----


def test_a_stage_is_added_changed_moved_removed_and_brought_back(
    browse: Any, head: User, pipeline: Pipeline
) -> None:
    browser = browse(head)
    given = {"name": "Договор", "kind": "open", "colour": "teal", "probability": 90}
    browser.post(reverse("work:stage-new", args=[pipeline.pk]), given)
    stage = Stage.objects.get(name="Договор")
    browser.post(
        reverse("work:stage", args=[stage.pk]),
        {**given, "limit_days": 5, "required": ["amount"], "script": "Добрый день!"},
    )
    stage.refresh_from_db()
    assert (stage.limit_days, stage.required, stage.script) == (5, ["amount"], "Добрый день!")
    browser.post(reverse("work:stage-move", args=[stage.pk, 0]))
    stage.refresh_from_db()
    assert stage.position == 0

    def on_the_board() -> list[str]:
        columns = browser.get(reverse("work:board", args=[pipeline.pk])).context["columns"]
        return [column.stage.name for column in columns]

    browser.post(reverse("work:stage-remove", args=[stage.pk]))
    assert "Договор" not in on_the_board()
    browser.post(reverse("work:stage-restore", args=[stage.pk]))
    assert "Договор" in on_the_board()


def test_a_stage_with_deals_says_why_it_stays(
    browse: Any, head: User, make_deal: Make, stages: Stages
) -> None:
    make_deal()
    page = browse(head).post(reverse("work:stage-remove", args=[stages["request"].pk]), follow=True)
    assert "There are deals in this stage" in page.content.decode()
