"""The demo company in the database: whole, believable to every page, and loaded once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db.models import Max, Q, Sum
from pytest_django import Settings

from orbita.accounts.models import User
from orbita.analytics.models import RfmMonth, RfmScore
from orbita.clients import facts
from orbita.clients.chains import leads_to
from orbita.clients.fields.indexing import build_index
from orbita.clients.models import (
    Address,
    Client,
    ClientFacts,
    CompanyPerson,
    Note,
    RegionPassport,
    Relation,
    SearchedClient,
    SearchedNote,
    Segment,
)
from orbita.clients.past.rebuilding import PARTS, card_at
from orbita.clients.relations import KINDS
from orbita.commerce.models import Cart, Order, OrderLine, Product
from orbita.core.models import Company, Event, Job, Origin
from orbita.demo.company import generate
from orbita.demo.knowledge import REGIONS
from orbita.demo.load import PASSWORD, load_demo

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SCALE = 0.04


@pytest.fixture
def loaded(db: None, settings: Settings, tmp_path: Path) -> list[str]:
    settings.ORBITA_DATA = tmp_path
    return load_demo(now=NOW, scale=SCALE)


def test_everything_generated_is_in_the_base(loaded: list[str]) -> None:
    made = generate(NOW.date(), scale=SCALE)
    sales, returns = Order.objects.filter(kind="sale"), Order.objects.filter(kind="return")
    assert Client.objects.count() == len(made.clients)
    assert sales.count() == len(made.orders)
    assert returns.count() == sum(order.refund is not None for order in made.orders)
    assert OrderLine.objects.filter(order__kind="sale").count() == sum(
        len(order.lines) for order in made.orders
    )
    assert Product.objects.count() == len(made.products)
    assert Cart.objects.count() == len(made.carts)
    assert CompanyPerson.objects.count() == sum(len(client.people) for client in made.clients)
    assert Relation.objects.count() == len(made.relations)
    assert Note.objects.count() == sum(len(client.talks) for client in made.clients)
    assert Company.current().name == made.company


def test_segments_and_passports_of_regions_say_something(loaded: list[str]) -> None:
    admin = User.objects.get(role__key="administrator")
    assert RegionPassport.objects.count() == len(REGIONS)
    for segment in Segment.objects.all():
        assert Client.objects.matching(segment.rule, actor=admin).exists(), segment.name
    named = {region["name"] for region in REGIONS}
    assert Address.objects.filter(region__in=named).exists()


def test_sums_survive_to_the_kopeck(loaded: list[str]) -> None:
    made = generate(NOW.date(), scale=SCALE)
    kept = Order.objects.aggregate(
        sales=Sum("total", filter=~_returns()), back=Sum("total", filter=_returns())
    )
    assert kept["sales"] == sum(order.total for order in made.orders)
    assert kept["back"] == sum(order.refund.amount for order in made.orders if order.refund)


def test_facts_equal_their_sources(loaded: list[str]) -> None:
    assert list(facts.compare()) == []
    assert ClientFacts.objects.filter(orders_count__gt=2).exists()


def test_nothing_is_dated_after_now(loaded: list[str]) -> None:
    latest = Order.objects.aggregate(at=Max("ordered_at"))["at"]
    assert NOW - timedelta(days=4) < latest <= NOW
    assert Event.objects.aggregate(at=Max("happened_at"))["at"] <= datetime.now(UTC)
    assert Client.objects.aggregate(at=Max("created_at"))["at"] <= NOW
    assert Note.objects.aggregate(at=Max("created_at"))["at"] <= NOW


def test_history_is_backfilled_and_starts_no_work(loaded: list[str]) -> None:
    kinds = Counter(Event.objects.exclude(client_id=None).values_list("kind", "origin"))
    assert {origin for _kind, origin in kinds} == {Origin.BACKFILL}
    assert kinds["order.created", "backfill"] == Order.objects.filter(kind="sale").count()
    assert kinds["client.created", "backfill"] == Client.objects.count()
    tasks = set(Job.objects.filter(status="queued").values_list("task", flat=True))
    assert tasks == {build_index.module_path}


def test_own_fields_are_filled_for_some(loaded: list[str]) -> None:
    for kind, key in (("company", "machine"), ("person", "brews")):
        cards = Client.objects.filter(kind=kind)
        known = sum(key in (own or {}) for own in cards.values_list("own", flat=True))
        assert 0 < known < cards.count()
    contracts = [
        own["contract"]
        for own in Client.objects.values_list("own", flat=True)
        if own and "contract" in own
    ]
    assert len(set(contracts)) == len(contracts) > 0


def test_the_rfm_map_is_ready_with_its_past(loaded: list[str]) -> None:
    buyers = ClientFacts.objects.filter(orders_count__gt=0).count()
    assert RfmScore.objects.count() == buyers > 0
    assert len(set(RfmScore.objects.values_list("group", flat=True))) >= 6
    assert RfmMonth.objects.count() >= 24


def test_every_client_can_be_found(loaded: list[str]) -> None:
    indexed = SearchedClient.objects.count()
    assert indexed == Client.objects.count()
    assert SearchedNote.objects.count() == Note.objects.count()


def test_clients_are_related_as_the_rules_have_it(loaded: list[str]) -> None:
    for row in Relation.objects.select_related("client", "other"):
        assert {row.client.kind, row.other.kind} <= KINDS[row.kind].joins
        assert not leads_to(row.kind, row.other_id, row.client_id) or not KINDS[row.kind].single
    assert {"parent", "spouse", "branch", "recommended"} & set(
        Relation.objects.values_list("kind", flat=True)
    )
    assert CompanyPerson.objects.filter(until__lte=NOW.date()).exists()


def test_all_employees_can_sign_in(loaded: list[str]) -> None:
    people = User.objects.filter(email__endswith="@demo.example")
    assert people.count() == 11
    assert all(any(person.email in line for line in loaded) for person in people)
    assert all(person.check_password(PASSWORD) for person in people)


def test_a_second_start_changes_nothing_and_says_the_same(loaded: list[str]) -> None:
    before = Event.objects.count(), Client.objects.count()
    assert load_demo(now=NOW) == loaded
    assert (Event.objects.count(), Client.objects.count()) == before


def test_a_base_in_use_is_left_alone(alice: User) -> None:
    assert "in use" in load_demo(now=NOW)[0]
    assert not Client.objects.exists()


def test_untidy_files_lie_ready_for_import(loaded: list[str], tmp_path: Path) -> None:
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == [
        "sales-cp1251.csv",
        "salon.xlsx",
    ]


def test_a_manager_leads_clients_and_sees_those_of_the_team(loaded: list[str]) -> None:
    irina = User.objects.get(email="irina@demo.example")
    own = Client.objects.filter(responsible=irina).count()
    seen = Client.objects.visible_to(irina).count()
    assert 0 < own < seen < Client.objects.count()


def _returns() -> Q:
    return Q(kind="return")


def test_the_log_explains_the_cards_and_some_were_other_before(loaded: list[str]) -> None:
    other = 0
    for client in Client.objects.order_by("pk")[:150]:
        past = card_at(client, at=client.created_at + timedelta(seconds=1))
        assert past.born
        assert past.doubtful <= {"status"}, client.pk
        other += any(past.differs(name) for name in (*past.now.fields, *PARTS))
    assert other > 5
