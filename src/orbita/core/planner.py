"""What the database's planner knows of the tables: how large they are, how their values are spread.

PostgreSQL looks by itself, but only once a minute, and SQLite never does. A query over a table that
was filled a moment ago is then planned as if it were empty, and takes minutes instead of a blink.
"""

from django.apps import apps
from django.db import connection, models
from django.utils.translation import gettext_lazy as _
from django_tasks import task

# Index entries SQLite looks at per index: near enough, and as quick on ten million rows.
SQLITE_LOOKS_AT = 1000


def learn(*tables: type[models.Model]) -> None:
    """Has the database look at these tables now: after much was written into them at once."""
    names = [connection.ops.quote_name(table._meta.db_table) for table in tables]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA analysis_limit = {SQLITE_LOOKS_AT}")
        for name in names:
            cursor.execute(f"ANALYZE {name}")


@task(queue_name="long", atomic=False, label=_("Statistics of the database"))
def learn_everything() -> None:
    """Looks at every table: what grew by hand, row by row, since last night."""
    learn(*apps.get_models(include_auto_created=True))
