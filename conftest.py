import pytest
from django.db import connection

pytest_plugins = ["orbita.devtools.fixtures"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix(request: pytest.FixtureRequest) -> None:
    """Every process of the suite has SQLite in its own memory; elsewhere each needs its own name."""
    if connection.vendor != "sqlite":
        request.getfixturevalue("django_db_modify_db_settings_xdist_suffix")
