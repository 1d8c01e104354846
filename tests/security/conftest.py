"""The people of every room's tests, and a world with the records of all rooms."""

import pytest

from orbita.accounts.testing import World
from orbita.conftest import (  # noqa: F401
    _quick_passwords,
    admin,
    alice,
    bob,
    charlie,
    head,
    make_user,
    retail,
    viewer,
    wholesale,
)
from tests.security.hostile import world_of_all_rooms


@pytest.fixture
def world(db: None) -> World:
    return world_of_all_rooms()
