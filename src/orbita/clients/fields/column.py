"""The JSON column of own values, and how SQL reads one of them.

`own__text_size`, `own__key_size`, `own__whole_size` and `own__bare_size` are transforms like any
other: filters, orders and pages by key take them, and the indexes of `indexing` are over the same
expression, which Django's own `own__size` would miss.
"""

import re
from functools import partial
from typing import Any

from django.db import models
from django.db.models import Transform

from orbita.core.fields import KeyField
from orbita.core.text import normalise

# A key stands inside the text of SQL, so nothing else may ever get there.
_KEY = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
LONGEST_KEY = 40
TEXT, KEY, WHOLE, LONG, BARE = "text", "key", "whole", "long", "bare"
# What numbers of documents are compared without: signs between their parts, and Russian letters that
# look like Latin ones. Both stand inside the text of SQL.
_BARED = dict.fromkeys(" -–—./,_:#()", "") | dict(zip("авекмнорстух", "abekmhopctyx", strict=True))
_TO_BARE = str.maketrans(_BARED)


def bare(text: str) -> str:
    """A number of a document as it is compared: «45 09 № 123456» as 4509no123456."""
    return normalise(text).translate(_TO_BARE)


def is_key(text: str) -> bool:
    return len(text) <= LONGEST_KEY and _KEY.fullmatch(text) is not None


def path(how: str, key: str) -> str:
    """The ORM path of a value: a word or a day (`text`), a text normalised (`key`), a number (`whole`),
    a text as it was typed, for looking inside (`long`), or a number of a document (`bare`)."""
    return f"own__{how}_{key}"


class OwnValue(Transform):
    """One value of the column: a text in code point order, or a whole number; NULL when not filled."""

    def __init__(self, expression: Any, *, how: str, key: str) -> None:
        if not is_key(key):
            raise ValueError(f"{key!r} is no key of an own field")
        self.how, self.key = how, f"_{key}" if how in (KEY, BARE) else key
        output: dict[str, Any] = {WHOLE: models.BigIntegerField(), LONG: models.TextField()}
        super().__init__(expression, output_field=output.get(how) or KeyField())

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        if connection.vendor == "sqlite":
            return self._bared(f"JSON_EXTRACT({sql}, '$.{self.key}')"), params
        if self.how == WHOLE:
            return f"(({sql} ->> '{self.key}')::bigint)", params
        if self.how == LONG:  # the "C" collation would fold Latin letters only
            return f"({sql} ->> '{self.key}')", params
        return self._bared(f"(({sql} ->> '{self.key}') COLLATE \"C\")"), params

    def _bared(self, sql: str) -> str:
        if self.how == BARE:
            for sign, other in _BARED.items():
                sql = f"REPLACE({sql}, '{sign}', '{other}')"
        return sql


class OwnValues(models.JSONField):
    """The values of own fields of a record, by key; NULL when there are none."""

    def get_transform(self, lookup_name: str) -> Any:
        how, _underline, key = lookup_name.partition("_")
        if how in (TEXT, KEY, WHOLE, LONG, BARE) and is_key(key):
            return partial(OwnValue, how=how, key=key)
        return None
