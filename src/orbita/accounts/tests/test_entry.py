"""Set-up, invitations and new passwords: links that work once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orbita.accounts.actions import make_setup_token
from orbita.accounts.actions.links import invite, send_password_reset
from orbita.accounts.models import Invitation, Role, User
from orbita.core import jobs
from orbita.core.models import Company, Event, Job, OutgoingMail

pytestmark = pytest.mark.django_db
FIRST = {
    "company": "Ромашка",
    "time_zone": "Asia/Yekaterinburg",
    "currency": "KZT",
    "name": "Ада",
    "email": "Ada@Example.org",
    "password": "correct horse battery",
}


def setup_url() -> str:
    token = make_setup_token()
    assert token
    return f"/set-up/{token}/"


def test_the_set_up_link_makes_the_first_administrator_and_the_company(client: Client) -> None:
    url = setup_url()
    assert client.get(url).status_code == 200
    response = client.post(url, FIRST)
    assert response.status_code == 302
    user = User.objects.people().get()
    assert (user.email, user.role.key) == ("ada@example.org", "administrator")
    company = Company.current()
    assert (company.name, company.time_zone, company.currency) == (
        "Ромашка",
        "Asia/Yekaterinburg",
        "KZT",
    )
    assert client.get("/profile/").status_code == 200


def test_set_up_works_once_in_the_life_of_a_base(client: Client) -> None:
    first, used = setup_url(), setup_url()
    assert client.get(first).status_code == 410, "a newer link closes the older one"
    client.post(used, FIRST)
    stranger = Client()
    assert stranger.get(used).status_code == 410
    again = stranger.post(used, FIRST | {"email": "eve@example.org"})
    assert again.status_code == 410
    assert make_setup_token() is None
    assert User.objects.people().count() == 1


def test_set_up_is_closed_on_a_base_that_has_people(client: Client, make_user: Any) -> None:
    url = setup_url()
    make_user("Alice", "manager")
    assert client.post(url, FIRST).status_code == 410
    assert User.objects.people().count() == 1


def test_a_refused_set_up_uses_nothing_up(client: Client) -> None:
    url = setup_url()
    for wrong in ({"password": "12345"}, {"email": "no"}, {"time_zone": "Mars/Olympus"}):
        response = client.post(url, FIRST | wrong)
        assert response.status_code == 200
        assert response.context["form"].errors
    assert not Company.objects.exists()
    assert client.post(url, FIRST).status_code == 302


def test_an_old_set_up_link_is_closed(client: Client) -> None:
    url = setup_url()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(url).status_code == 410


def test_an_invitation_goes_out_by_letter_and_works_once(
    client: Client, admin: User, settings: Any
) -> None:
    settings.ORBITA_URL = "https://crm.example.org"
    client.force_login(admin)
    page = client.post(
        "/settings/users/new/",
        {
            "email": "New@Example.org",
            "name": "Нина",
            "role": Role.objects.get(key="manager").pk,
            "language": "ru",
        },
    )
    link = re.search(r"https://crm\.example\.org(/invitation/[\w-]+/)", page.content.decode())
    assert link
    letter = OutgoingMail.objects.get()
    assert letter.to == "new@example.org"
    assert link[0] in letter.text
    guest = Client()
    assert guest.get(link[1]).status_code == 200
    assert guest.post(link[1], {"password": "short"}).status_code == 200
    assert guest.post(link[1], {"password": "correct horse battery"}).status_code == 302
    assert guest.get("/profile/").status_code == 200
    assert Client().get(link[1]).status_code == 410
    assert Client().post(link[1], {"password": "another horse battery"}).status_code == 410


def test_a_new_link_closes_the_old_one_and_so_does_closing_the_person(
    client: Client, alice: User, admin: User
) -> None:
    old, new = invite(actor=admin, user=alice), invite(actor=admin, user=alice)
    assert client.get(f"/invitation/{old}/").status_code == 410
    assert client.get(f"/invitation/{new}/").status_code == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(f"/invitation/{new}/").status_code == 410


def test_a_set_up_link_is_no_invitation(client: Client) -> None:
    token = make_setup_token()
    assert client.get(f"/invitation/{token}/").status_code == 410


def forgot(client: Client, email: str) -> str:
    response = client.post("/sign-in/forgot/", {"email": email})
    assert response.status_code == 200
    return response.content.decode().replace(email, "…")


def test_the_answer_to_a_forgotten_password_never_tells_who_is_known(
    client: Client, alice: User
) -> None:
    known, unknown = forgot(client, alice.email), forgot(client, "nobody@example.org")
    csrf = re.compile(r"\b[0-9A-Za-z]{64}\b")
    assert csrf.sub("", known) == csrf.sub("", unknown)
    assert Job.objects.count() == 2, "the same work is queued for both"
    jobs.run_all()
    assert [letter.to for letter in OutgoingMail.objects.all()] == [alice.email]


def test_a_new_password_ends_the_sessions_and_opens_a_closed_sign_in(
    client: Client, alice: User
) -> None:
    elsewhere = Client()
    elsewhere.force_login(alice)
    for _attempt in range(7):
        client.post("/sign-in/", {"username": alice.email, "password": "wrong"})
    send_password_reset(alice.email, "http://testserver")
    link = re.search(r"/invitation/[\w-]+/", OutgoingMail.objects.get().text)
    assert link
    guest = Client()
    assert guest.post(link[0], {"password": "brand new battery"}).status_code == 302
    assert elsewhere.get("/profile/").status_code == 302
    other = Client()
    other.post("/sign-in/", {"username": alice.email, "password": "brand new battery"})
    assert other.get("/profile/").status_code == 200
    assert Event.objects.filter(kind="user.password_set").count() == 1


def test_letters_about_a_new_password_are_not_a_way_to_flood_a_mailbox(alice: User) -> None:
    for _attempt in range(5):
        send_password_reset(alice.email, "http://testserver")
    assert OutgoingMail.objects.count() == 1


def test_links_in_letters_lead_to_the_address_of_the_settings_whatever_the_host_header(
    client: Client, alice: User, settings: Any
) -> None:
    settings.ORBITA_URL = "https://crm.example.org"
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/sign-in/forgot/", {"email": alice.email}, headers={"Host": "evil.example"})
    jobs.run_all()
    text = OutgoingMail.objects.get().text
    assert "https://crm.example.org/invitation/" in text
    assert "evil" not in text
