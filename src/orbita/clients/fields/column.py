"""The JSON column of own values, and how SQL reads one of them.

`own__text_size`, `own__key_size` and `own__whole_size` are transforms like any other: filters,
orders and pages by key take them, and the indexes of `indexing` are over the same expression, which
Django's own `own__size` would miss.
"""

import re
from functools import partial
from typing import Any

from django.db import models
from django.db.models import Transform

from orbita.core.fields import KeyField

# A key stands inside the text of SQL, so nothing else may ever get there.
_KEY = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
LONGEST_KEY = 40
TEXT, KEY, WHOLE, LONG = "text", "key", "whole", "long"


def is_key(text: str) -> bool:
    return len(text) <= LONGEST_KEY and _KEY.fullmatch(text) is not None


def path(how: str, key: str) -> str:
    """The ORM path of a value: a word or a day (`text`), a text normalised (`key`), a number (`whole`),
    or a text as it was typed, for looking inside (`long`)."""
    return f"own__{how}_{key}"


class OwnValue(Transform):
    """One value of the column: a text in code point order, or a whole number; NULL when not filled."""

    def __init__(self, expression: Any, *, how: str, key: str) -> None:
        if not is_key(key):
            raise ValueError(f"{key!r} is no key of an own field")
        self.how, self.key = how, f"_{key}" if how == KEY else key
        output: dict[str, Any] = {WHOLE: models.BigIntegerField(), LONG: models.TextField()}
        super().__init__(expression, output_field=output.get(how) or KeyField())

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        if connection.vendor == "sqlite":
            return f"JSON_EXTRACT({sql}, '$.{self.key}')", params
        if self.how == WHOLE:
            return f"(({sql} ->> '{self.key}')::bigint)", params
        if self.how == LONG:  # the "C" collation would fold Latin letters only
            return f"({sql} ->> '{self.key}')", params
        return f"(({sql} ->> '{self.key}') COLLATE \"C\")", params


class OwnValues(models.JSONField):
    """The values of own fields of a record, by key; NULL when there are none."""

    def get_transform(self, lookup_name: str) -> Any:
        how, _underline, key = lookup_name.partition("_")
        if how in (TEXT, KEY, WHOLE, LONG) and is_key(key):
            return partial(OwnValue, how=how, key=key)
        return None
