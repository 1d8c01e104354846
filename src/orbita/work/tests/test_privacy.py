"""What an erasure of a client leaves of his deals: sums and stages, no trace of the person."""

import json
from pathlib import Path
from typing import Any

import pytest

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.models import Client
from orbita.clients.privacy.erasing import erase_client
from orbita.core.models import Event, EventPayload
from orbita.work import actions
from orbita.work.models import Deal, DealPerson, LossReason, StageStay
from orbita.work.records import Closing
from orbita.work.tests.test_deals import Make, Stages

pytestmark = pytest.mark.django_db
TRACE = ("квазимодов", "тайнослово")


@pytest.fixture
def person(alice: User, settings: Any, tmp_path: Path) -> Client:
    settings.ORBITA_DATA = tmp_path
    return create_client(actor=alice, values={"name": "Квазимодов Ульян"})


def left() -> str:
    """Every row of the room's tables and every word of the log."""
    rows = [
        *Deal.objects.values(),
        *DealPerson.objects.values(),
        *(payload.data for payload in EventPayload.objects.all()),
    ]
    return json.dumps(rows, default=_plain, ensure_ascii=False).casefold()


def _plain(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_nothing_of_the_client_stays_in_deals_but_sums_and_stages(
    make_deal: Make, stages: Stages, reason: LossReason, admin: User, alice: User, person: Client
) -> None:
    deal = make_deal(
        name="",
        client_id=person.pk,
        next_step="Позвонить Квазимодову",
        comment="тайнослово",
    )
    assert deal.name == "Квазимодов Ульян"
    closing = Closing(reason_id=reason.pk, comment="Квазимодов передумал")
    actions.move_deal(actor=alice, deal=deal, stage=stages["lost"], closing=closing)
    assert all(word in left() for word in TRACE)
    erase_client(actor=admin, client=person, reason="Consent withdrawn")
    deal.refresh_from_db()
    assert (deal.client_id, deal.name, deal.name_key, deal.next_step, deal.comment) == (
        *(None, "", "", "", ""),
    )
    assert (deal.amount, deal.stage, deal.loss_reason) == (120_000_00, stages["lost"], reason)
    assert StageStay.objects.filter(deal=deal).count() == 2
    assert not [word for word in TRACE if word in left()]
    assert Event.objects.filter(subject_type="deal", subject_id=deal.pk).exists()


def test_a_person_of_somebody_elses_deal_goes_and_the_deal_stays(
    make_deal: Make, admin: User, person: Client, roaster: Client
) -> None:
    deal = make_deal()
    DealPerson.objects.create(deal=deal, client=person, role="решает")
    erase_client(actor=admin, client=person, reason="Consent withdrawn")
    assert not DealPerson.objects.exists()
    assert Deal.objects.get().client_id == roaster.pk
