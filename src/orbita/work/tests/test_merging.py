"""What a merge of clients does with their deals, and what taking it back does."""

import pytest

from orbita.accounts.models import User
from orbita.clients.actions import create_client, merge_clients, undo_merge
from orbita.clients.models import Client
from orbita.work.models import Deal, DealPerson
from orbita.work.tests.test_deals import Make

pytestmark = pytest.mark.django_db


@pytest.fixture
def twin(alice: User) -> Client:
    return create_client(actor=alice, values={"kind": "company", "name": "Обжарка на Лесной"})


def test_deals_and_people_of_deals_go_to_the_survivor_and_come_back(
    make_deal: Make, admin: User, roaster: Client, twin: Client
) -> None:
    kept, moved = make_deal(), make_deal(name="Чай", client_id=twin.pk)
    person = DealPerson.objects.create(deal=kept, client=twin, role="решает")
    merge = merge_clients(actor=admin, keep=roaster, drop=twin)
    assert set(Deal.objects.filter(client=roaster)) == {kept, moved}
    assert DealPerson.objects.get().client_id == roaster.pk
    undo_merge(actor=admin, merge=merge)
    moved.refresh_from_db()
    person.refresh_from_db()
    assert (moved.client_id, person.client_id) == (twin.pk, twin.pk)
    assert Deal.objects.get(pk=kept.pk).client_id == roaster.pk


def test_of_both_cards_as_people_of_one_deal_the_merged_one_keeps_his_place(
    make_deal: Make, admin: User, roaster: Client, twin: Client
) -> None:
    deal = make_deal(client_id=None)
    for client in (roaster, twin):
        DealPerson.objects.create(deal=deal, client=client, role=client.name[:20])
    before = list(DealPerson.objects.order_by("pk").values("pk", "client_id", "role"))
    merge = merge_clients(actor=admin, keep=roaster, drop=twin)
    assert [one.client_id for one in DealPerson.objects.order_by("pk")] == [roaster.pk, twin.pk]
    undo_merge(actor=admin, merge=merge)
    assert list(DealPerson.objects.order_by("pk").values("pk", "client_id", "role")) == before
