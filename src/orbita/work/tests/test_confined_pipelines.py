"""A role that works only with deals of chosen pipelines; and whose deals the timeline tells of."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts import policy
from orbita.accounts.actions import create_token, save_role
from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.clients.timeline import timeline
from orbita.work import actions
from orbita.work.confining import PIPELINES
from orbita.work.models import Deal, Pipeline, Stage
from orbita.work.records import DealData
from orbita.work.tests.test_deals import Make, Stages, data_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(pipeline: Pipeline) -> Pipeline:
    return actions.begin_with(actor=None, names=["service"])[0]


@pytest.fixture
def servant(admin: User, head: User, service: Pipeline) -> User:
    """The head of sales, who otherwise sees all deals, kept to the pipeline of service."""
    save_role(
        actor=admin, name="", permissions={}, confined={PIPELINES: [service.pk]}, role=head.role
    )
    return User.objects.select_related("role", "team").get(pk=head.pk)


@pytest.fixture
def sale(make_deal: Make) -> Deal:
    return make_deal(name="Тайная сделка")


@pytest.fixture
def repair(make_deal: Make, service: Pipeline) -> Deal:
    return make_deal(name="Ремонт кофемашины", pipeline_id=service.pk)


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def words(user: User, client: Client) -> str:
    shown = timeline(user, client)
    return " ".join(str(item.words) for day in shown.days for item in day.items)


def test_only_deals_of_the_pipeline_are_there(servant: User, sale: Deal, repair: Deal) -> None:
    assert list(Deal.objects.visible_to(servant)) == [repair]


def test_pages_lists_search_and_the_api_hold_no_other_deal(
    servant: User, sale: Deal, repair: Deal, roaster: Client
) -> None:
    browser = signed_in(servant)
    _token, secret = create_token(actor=None, user=servant, name="test", scopes=["*"])
    asked: list[tuple[str, dict[str, Any]]] = [
        (reverse("work:board", args=[repair.pipeline_id]), {}),
        (reverse("work:deals"), {}),
        (reverse("ui:search"), {"q": "Тайная"}),
        (reverse("clients:card", args=[roaster.pk]), {}),
        ("/api/v1/deals", {}),
        ("/api/v1/pipelines", {}),
    ]
    for url, query in asked:
        headers = {"Authorization": f"Bearer {secret}"} if url.startswith("/api") else {}
        response = browser.get(url, query, headers=headers)
        assert response.status_code == 200, url
        page = response.content.decode().replace('value="Тайная"', "").replace("«Тайная»", "")
        assert "Тайная сделка" not in page, url
    assert browser.get(reverse("work:board", args=[sale.pipeline_id])).status_code == 404
    assert browser.get(reverse("work:deal", args=[sale.pk])).status_code == 404
    offered = browser.get(reverse("work:deal-new")).context["form"].fields["stage"].choices
    assert [group for group, _stages in offered] == ["Service"]


def test_a_deal_neither_begins_nor_goes_beyond_the_pipeline(
    servant: User, sale: Deal, repair: Deal, stages: Stages
) -> None:
    with pytest.raises(ValidationError):
        actions.create_deal(
            actor=servant, data=DealData(name="Продажа", stage_id=stages["request"].pk)
        )
    assert actions.create_deal(actor=servant, data=DealData(name="Чистка")).pipeline.name == (
        "Service"
    )
    with pytest.raises(policy.Denied):
        actions.move_deal(actor=servant, deal=repair, stage=stages["needs"])


def test_a_deal_of_another_pipeline_is_not_changed_by_a_guessed_number(
    servant: User, sale: Deal, service: Pipeline
) -> None:
    to: Stage = service.stages.all()[0]
    with pytest.raises(policy.Denied):
        actions.move_deal(actor=servant, deal=sale, stage=to)
    with pytest.raises(policy.Denied):
        actions.update_deal(actor=servant, deal=sale, data=data_of(sale))
    with pytest.raises(policy.Denied):
        actions.delete_deal(actor=servant, deal=sale)
    sale.refresh_from_db()
    assert (sale.stage.name, sale.deleted_at) == ("New request", None)


def test_the_timeline_tells_of_the_deals_that_its_reader_sees(
    servant: User, alice: User, sale: Deal, repair: Deal, roaster: Client
) -> None:
    assert "Тайная сделка" in words(alice, roaster)
    assert "Тайная сделка" not in words(servant, roaster)
    assert "Ремонт кофемашины" in words(servant, roaster)


def test_the_timeline_of_ones_client_does_not_tell_of_a_strangers_deal(
    admin: User, alice: User, charlie: User, make_deal: Make, roaster: Client
) -> None:
    make_deal(actor=admin, name="Чужая сделка", responsible_id=charlie.pk)
    assert "Чужая сделка" in words(admin, roaster)
    assert "Чужая сделка" not in words(alice, roaster)


def test_without_bounds_nothing_is_left_out(head: User, sale: Deal, repair: Deal) -> None:
    assert Deal.objects.visible_to(head).count() == 2
