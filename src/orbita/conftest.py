"""People every test knows: Alice and Bob of the retail team, Charlie of wholesale, and the others."""

from collections.abc import Callable
from typing import Any

import pytest

from orbita.accounts.models import Role, Team, User
from orbita.core import limits


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Argon2 is slow on purpose; tests that are about it choose it themselves."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    """What one test has done often is not too often for the next."""
    limits.forget()


@pytest.fixture
def retail(db: None) -> Team:
    return Team.objects.create(name="Retail")


@pytest.fixture
def wholesale(db: None) -> Team:
    return Team.objects.create(name="Wholesale")


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    def make(name: str, role: str, team: Team | None = None) -> User:
        return User.objects.create_user(
            f"{name.lower()}@example.org",
            "correct horse battery",
            name=name,
            role=Role.objects.get(key=role),
            team=team,
            language="en",
            time_zone="Europe/Moscow",
        )

    return make


@pytest.fixture
def alice(make_user: Callable[..., User], retail: Team) -> User:
    """A manager of the retail team: the owner of the records in tests."""
    return make_user("Alice", "manager", retail)


@pytest.fixture
def bob(make_user: Callable[..., User], retail: Team) -> User:
    """Alice's teammate."""
    return make_user("Bob", "manager", retail)


@pytest.fixture
def charlie(make_user: Callable[..., User], wholesale: Team) -> User:
    """A manager of another team: a stranger to Alice's records."""
    return make_user("Charlie", "manager", wholesale)


@pytest.fixture
def head(make_user: Callable[..., User], retail: Team) -> User:
    return make_user("Helen", "head", retail)


@pytest.fixture
def viewer(make_user: Callable[..., User]) -> User:
    return make_user("Victor", "viewer")


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    return make_user("Ada", "administrator")
