import os
from pathlib import Path

import pytest


@pytest.fixture
def data_sets() -> Path:
    """The folder of public data sets; a test that needs it is skipped without it."""
    folder = os.environ.get("ORBITA_TEST_DATA", "")
    if not folder:
        pytest.skip("the data sets are not here: set ORBITA_TEST_DATA")
    return Path(folder)
