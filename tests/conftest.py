"""What the tests of rooms know, for the tests of the whole."""

from orbita.conftest import (  # noqa: F401
    _fresh_counts,
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
from orbita.gateways.tests.conftest import bring, data_sets, sheet, undo  # noqa: F401
