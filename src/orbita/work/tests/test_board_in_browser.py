"""The board in two real browsers at once: by mouse, by keyboard, and of one deal in both."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from orbita.accounts.models import User
from orbita.ui.testing import launch, open_page, serving, violations
from orbita.work.models import Deal, Pipeline
from orbita.work.tests.test_deals import Make, Stages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    with launch(chromium) as found:
        yield found


def stands_in(page: Any, deal: Deal) -> int:
    tile = page.locator(f"[data-deal='{deal.pk}']")
    return int(tile.locator("xpath=..").get_attribute("data-tiles"))


def drag(page: Any, deal: Deal, stage: int) -> None:
    tile = page.locator(f"[data-deal='{deal.pk}'] .line").bounding_box()
    goal = page.locator(f"[data-tiles='{stage}']").bounding_box()
    page.mouse.move(tile["x"] + 20, tile["y"] + 5)
    page.mouse.down()
    page.mouse.move(goal["x"] + 40, goal["y"] + 20, steps=12)
    # The columns make way with a short animation, as under a hand.
    page.wait_for_timeout(200)
    page.mouse.move(goal["x"] + 60, goal["y"] + 30, steps=4)
    page.wait_for_timeout(200)
    page.mouse.up()


def test_two_people_at_one_board_lose_nothing(
    browser: Any,
    alice: User,
    head: User,
    make_deal: Make,
    pipeline: Pipeline,
    stages: Stages,
) -> None:
    grain, tea = make_deal(name="Зерно", expected_on=date(2027, 1, 15)), make_deal(name="Чай")
    url = reverse("work:board", args=[pipeline.pk])
    needs, offer, request = (stages[name].pk for name in ("needs", "offer", "request"))
    with (
        serving() as base,
        open_page(browser, base + url, alice) as hers,
        open_page(browser, base + url, head) as his,
    ):
        assert violations(hers) == []
        # By mouse: the tile goes over at once and stays, the counts follow.
        drag(hers, grain, needs)
        hers.locator(".o-toast", has_text="Needs found out").wait_for()
        assert stands_in(hers, grain) == needs
        assert hers.inner_text(f"[data-column='{needs}'] [data-count]") == "1"
        assert "120" in hers.inner_text(f"[data-column='{needs}'] [data-sum]")
        grain.refresh_from_db()
        assert grain.stage_id == needs
        # He still sees it in its former stage: he is told, and it stands where she put it.
        assert stands_in(his, grain) == request
        drag(his, grain, offer)
        his.locator(".o-toast.bad", has_text="Needs found out").wait_for()
        assert stands_in(his, grain) == needs
        grain.refresh_from_db()
        assert grain.stage_id == needs
        # By keyboard, with the focus kept; and back by the button of the toast.
        his.focus(f"[data-deal='{tea.pk}'] a.name")
        his.keyboard.press("Shift+ArrowRight")
        toast = his.locator(".o-toast:not(.bad)", has_text="Needs found out")
        toast.wait_for()
        assert stands_in(his, tea) == needs
        toast.locator("button").click()
        his.locator(".o-toast", has_text="New request").wait_for()
        tea.refresh_from_db()
        assert tea.stage_id == request
        # What a stage asks for opens in a dialog, and the tile waits where it was.
        drag(his, tea, offer)
        his.locator("#o-dialog[open] [name=expected_on]").wait_for()
        assert stands_in(his, tea) == request
        his.fill("#o-dialog [name=expected_on]", "2027-02-01")
        his.click("#o-dialog button[type=submit]")
        his.wait_for_url(f"**{url}")
        his.locator(f"[data-tiles='{offer}'] [data-deal='{tea.pk}']").wait_for()
        tea.refresh_from_db()
        assert tea.stage_id == offer
        # By the menu of the tile.
        his.click(f"[data-deal='{tea.pk}'] [data-move]")
        assert violations(his) == []
        his.click("#o-move-to >> text=Agreeing")
        his.locator(".o-toast", has_text="Agreeing").wait_for()
        assert stands_in(his, tea) == stages["agreeing"].pk
