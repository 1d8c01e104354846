"""Rights: roles changed by hand, teams within teams, rights for a time, looking as somebody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone, translation

from orbita.accounts import policy
from orbita.accounts.actions import (
    delete_role,
    end_grant,
    grant_right,
    save_role,
    save_team,
    sync_starter_roles,
)
from orbita.accounts.explaining import explain
from orbita.accounts.models import Role, Team, User
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with translation.override("en"):
        yield


IN_A_WEEK = timedelta(days=7)


@pytest.fixture
def boss(admin: User) -> Browser:
    browser = Browser()
    browser.force_login(admin)
    return browser


def reread(user: User) -> User:
    return User.objects.select_related("role", "team").get(pk=user.pk)


# ---- roles ----


def test_a_role_is_changed_on_its_matrix_and_the_log_says_from_what_to_what(
    boss: Browser, alice: User
) -> None:
    role = Role.objects.get(key="manager")
    assert policy.level(alice, "clients.view") == policy.TEAM
    answer = boss.post(f"/settings/roles/{role.pk}/", {"clients.view": "own"})
    assert answer.status_code == 302
    assert policy.level(reread(alice), "clients.view") == policy.OWN
    said = payload_of(Event.objects.get(kind="role.saved"))
    assert (said["before"], said["after"]) == ({"clients.view": "team"}, {"clients.view": "own"})
    sync_starter_roles()
    assert policy.level(reread(alice), "clients.view") == policy.OWN


def test_a_new_role_begins_like_another_and_may_be_deleted_once_nobody_has_it(
    boss: Browser, admin: User, alice: User
) -> None:
    like = Role.objects.get(key="viewer")
    page = boss.get("/settings/roles/new/", {"like": like.pk}).content.decode()
    assert 'name="clients.view" value="all" checked' in page
    boss.post("/settings/roles/new/", {"name": "Courier", "clients.view": "all"})
    role = Role.objects.get(name="Courier")
    assert policy.granted_to(role, policy.PERMISSIONS["clients.view"]) == policy.ALL
    assert policy.granted_to(role, policy.PERMISSIONS["clients.edit"]) == policy.NONE
    User.objects.filter(pk=alice.pk).update(role=role)
    with pytest.raises(ValidationError):
        delete_role(actor=admin, role=role)
    User.objects.filter(pk=alice.pk).update(role=like)
    boss.post(f"/settings/roles/{role.pk}/delete/")
    assert not Role.objects.filter(name="Courier").exists()


def test_starter_roles_stay_and_the_administrator_keeps_his_rights(admin: User) -> None:
    with pytest.raises(ValidationError):
        delete_role(actor=admin, role=Role.objects.get(key="viewer"))
    with pytest.raises(ValidationError):
        save_role(actor=admin, name="", permissions={"clients.view": "own"}, role=admin.role)
    role = save_role(actor=admin, name="Other", permissions={}, role=Role.objects.get(key="viewer"))
    assert role.name == "Viewer"


def test_whoever_manages_users_without_being_administrator_gives_no_rights(
    admin: User, alice: User
) -> None:
    save_role(
        actor=admin,
        name="",
        permissions={"accounts.manage": "all"},
        role=Role.objects.get(key="manager"),
    )
    alice = reread(alice)
    assert policy.allows(alice, "accounts.manage")
    with pytest.raises(policy.Denied):
        save_role(actor=alice, name="", permissions={"clients.view": "all"}, role=alice.role)
    with pytest.raises(policy.Denied):
        grant_right(
            actor=alice,
            user=alice,
            permission="clients.view",
            level="all",
            until=timezone.now() + IN_A_WEEK,
        )


def test_levels_that_do_not_exist_are_refused(admin: User) -> None:
    with pytest.raises(ValidationError):
        save_role(actor=admin, name="New", permissions={"clients.view": "everything"})
    role = save_role(actor=admin, name="New", permissions={"clients.import": "own"})
    assert role.permissions["clients.import"] == policy.ALL


def test_every_right_stands_in_one_area_of_the_page() -> None:
    listed = [one.name for _area, permissions in policy.areas() for one in permissions]
    assert sorted(listed) == sorted(one.name for one in policy.PERMISSIONS)


# ---- teams within teams ----


def test_a_head_sees_the_teams_below_his_own_and_not_those_above(
    admin: User, head: User, alice: User, charlie: User, retail: Team, wholesale: Team
) -> None:
    north = save_team(actor=admin, name="North", parent=retail)
    save_team(actor=admin, name="Wholesale", team=wholesale, parent=north)
    assert charlie.pk in policy.team_member_ids(reread(head))
    assert policy.team_member_ids(reread(charlie)) == [charlie.pk]
    save_team(actor=admin, name="Wholesale", team=wholesale, parent=None)
    assert charlie.pk not in policy.team_member_ids(reread(head))


def test_teams_make_no_circles_and_no_endless_chains(admin: User, retail: Team) -> None:
    below = retail
    for depth in range(2, Team.DEPTH + 1):
        below = save_team(actor=admin, name=f"Level {depth}", parent=below)
    with pytest.raises(ValidationError):
        save_team(actor=admin, name="Too deep", parent=below)
    with pytest.raises(ValidationError):
        save_team(actor=admin, name="Retail", team=retail, parent=below)
    retail.refresh_from_db()
    assert retail.parent is None


# ---- rights for a time ----


def test_a_right_for_a_time_works_until_its_end(
    admin: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = timezone.now() + IN_A_WEEK
    grant_right(
        actor=admin,
        user=alice,
        permission="clients.view",
        level="all",
        until=until,
        reason="ревизия",
    )
    alice = reread(alice)
    assert policy.level(alice, "clients.view") == policy.ALL
    assert policy.level(alice, "clients.edit") != policy.ALL
    monkeypatch.setattr(timezone, "now", lambda: until + timedelta(seconds=1))
    assert policy.level(alice, "clients.view") == policy.TEAM


def test_a_right_for_a_time_never_narrows_the_role(admin: User, head: User) -> None:
    grant_right(
        actor=admin,
        user=head,
        permission="clients.delete",
        level="own",
        until=timezone.now() + IN_A_WEEK,
    )
    assert policy.level(reread(head), "clients.delete") == policy.ALL


def test_a_right_for_a_time_is_given_and_taken_back_on_the_page(
    boss: Browser, admin: User, alice: User
) -> None:
    address = f"/settings/users/{alice.pk}/grants/"
    day = timezone.localdate() + IN_A_WEEK
    form = {"permission": "clients.export", "level": "team", "last_on": day.isoformat()}
    assert boss.post(address, form).status_code == 302
    assert "export clients" in boss.get(address).content.decode()
    assert policy.level(reread(alice), "clients.export") == policy.TEAM
    boss.post(f"{address}end/", {"permission": "clients.export"})
    assert policy.level(reread(alice), "clients.export") == policy.NONE
    told = Event.objects.filter(kind__startswith="right.").order_by("pk")
    kinds = list(told.values_list("kind", flat=True))
    assert kinds == ["right.granted", "right.ended"]
    end_grant(actor=admin, user=alice, permission="clients.export")
    assert Event.objects.filter(kind="right.ended").count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"permission": "no.such"},
        {"level": "none"},
        {"until": timedelta(days=-1)},
        {"until": timedelta(days=400)},
    ],
)
def test_a_wrong_grant_is_refused(admin: User, alice: User, wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"permission": "clients.view", "level": "all", "until": IN_A_WEEK}
    given |= wrong
    given["until"] = timezone.now() + given["until"]
    with pytest.raises(ValidationError):
        grant_right(actor=admin, user=alice, **given)
    assert reread(alice).grants == []


# ---- why ----


def test_why_somebody_may_is_told_with_all_its_sources(
    boss: Browser, admin: User, alice: User
) -> None:
    grant_right(
        actor=admin,
        user=alice,
        permission="clients.export",
        level="own",
        until=timezone.now() + IN_A_WEEK,
    )
    told = explain(reread(alice), policy.PERMISSIONS["clients.export"])
    assert told.allowed
    assert told.reasons[0] == "The role “Sales manager” says: no."
    assert told.reasons[1].startswith("Given by Ada until")
    page = boss.get("/settings/rights/", {"who": alice.pk}).content.decode()
    assert "Given by Ada until" in page


# ---- looking as somebody else ----


def test_an_administrator_looks_as_another_and_changes_nothing(
    boss: Browser, admin: User, alice: User, charlie: User
) -> None:
    boss.post(f"/settings/users/{alice.pk}/see-as/")
    assert boss.get("/settings/users/").status_code == 403
    page = boss.get("/profile/").content.decode()
    assert "You are looking as Alice" in page
    assert boss.post("/profile/", {"name": "Eve"}).status_code == 403
    assert reread(alice).name == "Alice"
    assert boss.post("/settings/see-as/end/").headers["Location"].endswith(f"/{alice.pk}/")
    assert boss.get("/settings/users/").status_code == 200
    event = Event.objects.get(kind="user.seen_as")
    assert (event.actor_id, event.subject_id) == (admin.pk, alice.pk)


def test_who_is_no_administrator_any_more_looks_as_nobody(
    boss: Browser, admin: User, alice: User
) -> None:
    boss.post(f"/settings/users/{alice.pk}/see-as/")
    User.objects.filter(pk=admin.pk).update(role=Role.objects.get(key="viewer"))
    page = boss.get("/profile/").content.decode()
    assert "You are looking as" not in page
    assert "Ada" in page


def test_nobody_is_seen_as_the_program_or_as_a_closed_person(
    boss: Browser, alice: User, make_user: Callable[..., User]
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    boss.post(f"/settings/users/{alice.pk}/see-as/")
    assert boss.get("/settings/users/").status_code == 200
    assert not Event.objects.filter(kind="user.seen_as").exists()
