import pytest
from django.db import connection

from orbita.core import planner
from orbita.core.events import emit
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


def values_known() -> int:
    """How many columns or indexes of events the planner has looked into."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'core_event'")
        else:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
            if not cursor.fetchone():
                return 0
            cursor.execute("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'core_event'")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("everything", [False, True])
def test_the_planner_learns_what_a_table_holds(everything: bool) -> None:
    emit("job.retried", actor=None)
    assert values_known() == 0
    if everything:
        planner.learn_everything.call()
    else:
        planner.learn(Event)
    assert values_known() > 0
