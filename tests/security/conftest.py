"""A world with the records of all rooms."""

import pytest

from orbita.accounts.testing import World
from tests.security.hostile import world_of_all_rooms


@pytest.fixture
def world(db: None) -> World:
    return world_of_all_rooms()
