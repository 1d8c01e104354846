"""The seller's pages over a base of clients: the board with thousands of deals, and moving one."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.models import User
from orbita.bench import timing
from orbita.clients.models import Client
from orbita.work.actions import begin_with
from orbita.work.models import Deal, Pipeline, Stage, StageStay

SEED = 20261124
MOVES = 40


def fill(deals: int) -> None:
    """A pipeline with so many open deals, of clients spread over the whole base."""
    [pipeline] = begin_with(actor=None, names=["new"])
    stages = list(pipeline.stages.filter(kind=Stage.Kind.OPEN))
    last = Client.objects.order_by("-pk").values_list("pk", flat=True).first() or 1
    people = list(User.objects.people().values_list("pk", flat=True))
    chance, now = random.Random(SEED), timezone.now()
    made = Deal.objects.bulk_create(
        (
            Deal(
                name=f"Поставка {number}",
                name_key=f"поставка {number}",
                client_id=chance.randrange(last) + 1,
                pipeline=pipeline,
                stage=chance.choice(stages),
                stage_since=now - timedelta(hours=chance.randrange(800)),
                amount=(worth := chance.randrange(5, 900) * 1000_00),
                amount_base=worth,
                expected_on=now.date() + timedelta(days=chance.randrange(60)),
                responsible_id=chance.choice(people),
                next_step="Позвонить" if chance.random() < 0.8 else "",
                next_step_on=now.date() + timedelta(days=chance.randrange(-5, 20)),
            )
            for number in range(1, deals + 1)
        ),
        batch_size=500,
    )
    StageStay.objects.bulk_create(
        (StageStay(deal=deal, n=1, stage=deal.stage, entered_at=deal.stage_since) for deal in made),
        batch_size=500,
    )


def measure(browser: Browser, page: Callable[[Browser, str], Callable[[], None]]) -> dict[str, Any]:
    """The board whole and of one person, and moving a deal: whole requests."""
    pipeline = Pipeline.objects.first()
    board = reverse("work:board", args=[pipeline.pk if pipeline else 0])
    return {
        "board": timing.timed(page(browser, board)),
        "board of one person": timing.timed(page(browser, f"{board}?who=me")),
        "moving a deal": timing.timed(_mover(browser), runs=MOVES),
    }


def _mover(browser: Browser) -> Callable[[], None]:
    """Moves one deal after another to and fro between two stages."""
    stages = list(Stage.objects.filter(kind=Stage.Kind.OPEN).order_by("position")[:2])
    first, second = stages
    deals = iter(Deal.objects.filter(stage__in=stages).order_by("pk")[: MOVES * 2])

    def move() -> None:
        deal = next(deals)
        to = second if deal.stage_id == first.pk else first
        response = browser.post(
            reverse("work:deal-move", args=[deal.pk, to.pk]),
            {"seen": deal.stage_id},
            headers={"X-Board": "1"},
        )
        if response.status_code != 200:
            raise RuntimeError(f"a move answered {response.status_code}")

    return move
