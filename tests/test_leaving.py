"""An employee leaves: nothing of his opens any more, and his clients have somebody else."""

import pytest
from django.test import Client as Browser

from orbita.accounts.actions import create_token, user_of_token
from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.models import Client
from orbita.core import jobs
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(admin: User) -> Browser:
    browser = Browser()
    browser.force_login(admin)
    return browser


def test_every_door_closes_and_the_clients_go_to_the_heir(
    boss: Browser, alice: User, bob: User
) -> None:
    own = [create_client(actor=alice, values={"name": f"Клиент {n}"}) for n in range(3)]
    _token, secret = create_token(actor=alice, user=alice, name="script", scopes=["read"])
    hers = Browser()
    hers.force_login(alice)
    page = boss.get(f"/settings/users/{alice.pk}/leave/").content.decode()
    assert "<dd>3</dd>" in page
    boss.post(
        f"/settings/users/{alice.pk}/leave/", {"heir": bob.pk, "reason": "переезд в другой город"}
    )
    assert hers.get("/profile/").status_code == 302
    assert user_of_token(secret) is None
    jobs.run_all()
    assert set(Client.objects.values_list("responsible", flat=True)) == {bob.pk}
    event = Event.objects.filter(kind="client.changed", client_id=own[0].pk).latest("pk")
    assert payload_of(event)["reason"] == "переезд в другой город"
    said = payload_of(Event.objects.get(kind="user.left"))
    assert (said["heir"], said["tokens"]) == ("Bob", 1)


def test_without_an_heir_the_clients_are_free(boss: Browser, alice: User) -> None:
    create_client(actor=alice, values={"name": "Иванова Анна"})
    boss.post(f"/settings/users/{alice.pk}/leave/", {"heir": "", "reason": ""})
    jobs.run_all()
    assert Client.objects.get().responsible is None


def test_nobody_closes_his_own_account_so(boss: Browser, admin: User) -> None:
    boss.post(f"/settings/users/{admin.pk}/leave/", {"heir": "", "reason": ""})
    admin.refresh_from_db()
    assert admin.is_active


def test_who_has_left_is_nobodys_heir(boss: Browser, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    boss.post(f"/settings/users/{alice.pk}/leave/", {"heir": bob.pk, "reason": ""})
    alice.refresh_from_db()
    assert alice.is_active
