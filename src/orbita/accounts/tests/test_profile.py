import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from orbita.accounts.actions import create_token, user_of_token
from orbita.accounts.models import ApiToken, User, UserSession
from orbita.accounts.policy import Denied, allows
from orbita.accounts.views.profile import mark_of

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def signed_in(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def test_preferences_take_effect_on_the_next_page(signed_in: Client, alice: User) -> None:
    response = signed_in.post(
        "/profile/",
        {"name": "Алиса", "language": "ru", "theme": "dark", "time_zone": "Asia/Omsk"},
        follow=True,
    )
    page = response.content.decode()
    assert 'lang="ru"' in page
    assert 'data-bs-theme="dark"' in page
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Алиса", "Asia/Omsk")


def test_the_password_changes_with_the_old_one_and_ends_other_sessions(
    signed_in: Client, alice: User
) -> None:
    other = Client()
    other.force_login(alice)
    wrong = signed_in.post("/profile/password/", {"old": "x", "new": "brand new battery"})
    assert "old" in wrong.context["form"].errors
    weak = signed_in.post("/profile/password/", {"old": PASSWORD, "new": "1234567890"})
    assert "new" in weak.context["form"].errors
    done = signed_in.post("/profile/password/", {"old": PASSWORD, "new": "brand new battery"})
    assert done.status_code == 302
    assert signed_in.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302


def test_a_person_ends_a_session_of_his_own_and_nobody_elses(
    signed_in: Client, alice: User, bob: User
) -> None:
    other, strange = Client(), Client()
    other.force_login(alice)
    strange.force_login(bob)
    own, foreign = (
        UserSession.objects.get(session_key=client.session.session_key)
        for client in (other, strange)
    )
    assert signed_in.post(f"/profile/sessions/{mark_of(foreign)}/end/").status_code == 404
    assert signed_in.post(f"/profile/sessions/{mark_of(own)}/end/").status_code == 302
    assert other.get("/profile/").status_code == 302
    assert strange.get("/profile/").status_code == 200
    assert signed_in.get("/profile/").status_code == 200


def test_all_other_sessions_end_at_once(signed_in: Client, alice: User) -> None:
    others = [Client() for _ in range(3)]
    for other in others:
        other.force_login(alice)
    signed_in.post("/profile/sessions/end-others/")
    assert [other.get("/profile/").status_code for other in others] == [302] * 3
    assert signed_in.get("/profile/").status_code == 200


def test_a_session_says_when_it_was_seen_without_a_write_on_every_page(
    signed_in: Client, django_assert_num_queries: object
) -> None:
    key = signed_in.session.session_key
    first = UserSession.objects.get().seen_at
    signed_in.get("/profile/")
    assert UserSession.objects.get().seen_at == first
    UserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=6))
    signed_in.get("/profile/")
    assert timezone.now() - UserSession.objects.get().seen_at < timedelta(minutes=1)
    assert UserSession.objects.get().session_key == key


def test_who_works_every_day_stays_signed_in(signed_in: Client) -> None:
    soon = timezone.now() + timedelta(days=5)
    UserSession.objects.update(seen_at=timezone.now() - timedelta(hours=9), expire_date=soon)
    response = signed_in.get("/profile/")
    assert "sessionid" in response.cookies
    assert UserSession.objects.get().expire_date > timezone.now() + timedelta(days=13)


def test_the_secret_of_a_token_is_shown_once_and_kept_as_a_hash(
    signed_in: Client, alice: User
) -> None:
    made = signed_in.post("/profile/tokens/", {"name": "1C", "scopes": ["read"], "days": "30"})
    secret = re.search(r"orb_[\w-]{40,}", made.content.decode())
    assert secret
    assert secret[0] not in signed_in.get("/profile/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert secret[0] not in str(vars(token))
    acting = user_of_token(secret[0])
    assert acting == alice
    assert allows(acting, "clients.view")
    assert not allows(acting, "clients.edit")
    signed_in.post(f"/profile/tokens/{token.pk}/revoke/")
    assert user_of_token(secret[0]) is None


def test_tokens_end_with_their_time_and_with_their_user(alice: User) -> None:
    _token, old = create_token(
        actor=alice, user=alice, name="a", scopes=["*"], expires_at=timezone.now()
    )
    assert user_of_token(old) is None
    _token, secret = create_token(actor=alice, user=alice, name="b", scopes=["*"])
    assert user_of_token(secret) == alice
    User.objects.update(is_active=False)
    assert user_of_token(secret) is None


def test_nobody_makes_a_token_for_somebody_else_nor_with_a_token(admin: User, alice: User) -> None:
    with pytest.raises(Denied):
        create_token(actor=admin, user=alice, name="spy", scopes=["*"])
    _token, secret = create_token(actor=alice, user=alice, name="a", scopes=["read"])
    acting = user_of_token(secret)
    assert acting
    with pytest.raises(Denied):
        create_token(actor=acting, user=acting, name="wider", scopes=["*"])


@pytest.mark.parametrize("path", ["/settings/users/{}/", "/settings/teams/{}/"])
@pytest.mark.parametrize("number", [10**18, 10**30])
def test_a_number_beyond_the_database_is_not_found(
    client: Client, admin: User, path: str, number: int
) -> None:
    client.force_login(admin)
    assert client.get(path.format(number)).status_code == 404
