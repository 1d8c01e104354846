"""The deals of the demo company: every page of deals has something to show, and it fits together."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from django.db.models import Count, F, Q
from pytest_django import Settings

from orbita.accounts.models import User
from orbita.core.models import Event
from orbita.demo.company import SEED, generate
from orbita.demo.deals import draw
from orbita.demo.load import load_demo
from orbita.work.models import Deal, LossReason, Pipeline, StageStay

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SCALE = 0.08


@pytest.fixture
def loaded(db: None, settings: Settings, tmp_path: Path) -> None:
    settings.ORBITA_DATA = tmp_path
    load_demo(now=NOW, scale=SCALE)


def test_the_same_seed_draws_the_same_deals() -> None:
    base = generate(NOW.date(), scale=SCALE)
    assert draw(base, SEED, SCALE) == draw(base, SEED, SCALE)


def test_every_view_of_deals_has_some(loaded: None) -> None:
    admin = User.objects.get(role__key="administrator")
    deals = Deal.objects.visible_to(admin)
    assert Pipeline.objects.count() == 4
    assert set(deals.values_list("state", flat=True)) == {"open", "won", "lost"}
    for fact in ("late", "stuck", "without_step"):
        rule = {"fact": fact, "op": "eq", "value": True}
        assert deals.matching(rule, actor=admin).exists(), fact
    assert deals.filter(state="lost", loss_reason=None).count() == 0
    assert LossReason.objects.filter(deals__isnull=False).distinct().count() > 3


def test_won_deals_stand_behind_orders_of_their_clients(loaded: None) -> None:
    linked = Deal.objects.filter(order__isnull=False)
    assert linked.count() > 10
    assert not linked.exclude(order__client=F("client")).exists()
    sales = linked.exclude(pipeline=Pipeline.objects.order_by("position").last())
    assert not sales.exclude(order__total=F("amount")).exists()


def test_stays_follow_one_another_and_end_where_the_deal_stands(loaded: None) -> None:
    for deal in Deal.objects.prefetch_related("stays"):
        stays = list(deal.stays.all())
        assert [stay.n for stay in stays] == list(range(1, len(stays) + 1))
        assert stays[0].entered_at == deal.created_at
        for stay, following in pairwise(stays):
            assert stay.entered_at <= following.entered_at == stay.left_at
        assert (stays[-1].stage_id, stays[-1].entered_at) == (deal.stage_id, deal.stage_since)
        assert (stays[-1].left_at, deal.stage_since <= NOW) == (None, True)


def test_the_log_tells_each_step(loaded: None) -> None:
    told = Counter(Event.objects.filter(subject_type="deal").values_list("kind", flat=True))
    assert told["deal.created"] == Deal.objects.count()
    assert sum(told.values()) == StageStay.objects.count()
    ends = Deal.objects.aggregate(
        won=Count("pk", filter=Q(state="won")), lost=Count("pk", filter=Q(state="lost"))
    )
    assert (told["deal.won"], told["deal.lost"]) == (ends["won"], ends["lost"])
