"""What the tests of own fields share."""

from django.db import connection

from orbita.clients.fields.indexing import build_index
from orbita.clients.models import FieldDefinition


def build(field: FieldDefinition) -> str:
    """Makes the field's index, as its job does.

    A test is one transaction, in which PostgreSQL makes no index while checks of keys are pending.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return str(build_index.call(field.pk))
