import pytest

from orbita.accounts import policy
from orbita.accounts.actions import sync_starter_roles
from orbita.accounts.models import Role

pytestmark = pytest.mark.django_db


def test_starter_roles_know_every_permission() -> None:
    for key in policy.STARTER_ROLES:
        role = Role.objects.get(key=key)
        known = set(role.permissions)
        assert role.is_administrator or known == {item.name for item in policy.PERMISSIONS}


def test_a_right_changed_by_hand_stays_when_roles_are_synchronised() -> None:
    role = Role.objects.get(key="viewer")
    role.permissions["clients.view"] = policy.OWN
    del role.permissions["orders.view"]
    role.save()
    sync_starter_roles()
    role.refresh_from_db()
    assert role.permissions["clients.view"] == policy.OWN
    assert role.permissions["orders.view"] == policy.ALL
