from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.models import Client
from orbita.work.actions import begin_with, create_deal
from orbita.work.models import Deal, LossReason, Pipeline, Stage
from orbita.work.records import DealData


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    """New sales, as an installation begins with them."""
    return begin_with(actor=None, names=["new"])[0]


@pytest.fixture
def stages(pipeline: Pipeline) -> dict[str, Stage]:
    """Its stages by short names."""
    names = ("request", "needs", "offer", "agreeing", "won", "lost")
    return dict(zip(names, pipeline.stages.order_by("position"), strict=True))


@pytest.fixture
def reason(pipeline: Pipeline) -> LossReason:
    return LossReason.objects.filter(parent__isnull=False).order_by("position")[0]


@pytest.fixture
def roaster(alice: User) -> Client:
    return create_client(actor=alice, values={"kind": "company", "name": "ООО «Обжарка»"})


@pytest.fixture
def make_deal(pipeline: Pipeline, alice: User, roaster: Client) -> Callable[..., Deal]:
    def make(actor: User | None = None, **values: Any) -> Deal:
        given: dict[str, Any] = {
            "name": "Партия кофе",
            "client_id": roaster.pk,
            "amount": 120_000_00,
        } | values
        return create_deal(actor=actor or alice, data=DealData(**given))

    return make
