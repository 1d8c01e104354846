"""Secrets at rest: what a program needs in the clear and a stolen copy of the base must not show.

Fernet (AES-128 in CBC mode with an HMAC, https://github.com/fernet/spec) under keys that live beside
the base, never in it. The first key seals; all of them open.
"""

from functools import cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from orbita.core import private_files


class SealBrokenError(Exception):
    """A secret that none of the keys opens: the file of keys belongs to another base."""


class Secret:
    """A value that no log, page or error shows by accident: `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current_box() -> MultiFernet:
    """Under the keys of this moment: another process may have put a new one in front."""
    path: Path | None = settings.ORBITA_SEAL_KEYS_FILE
    return _box(tuple(settings.ORBITA_SEAL_KEYS if path is None else _read(path)))


def _read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split()


class SealedField(models.TextField[Any, Any]):
    """A column that holds secrets: sealed in the database, a `Secret` in Python."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        plain = value.reveal() if isinstance(value, Secret) else str(value)
        return _current_box().encrypt(plain.encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secret | None:
        if value is None:
            return None
        try:
            return Secret(_current_box().decrypt(value.encode()).decode())
        except InvalidToken:
            raise SealBrokenError(
                "a secret in the base cannot be opened: seal_keys is not the file of this base"
            ) from None

    def to_python(self, value: Any) -> Any:
        return Secret(value) if isinstance(value, str) else value


def sealed_fields() -> list[tuple[type[models.Model], str]]:
    """Every column of every room that holds secrets."""
    return [
        (model, field.attname)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    ]


def rotate(path: Path) -> int:
    """Puts a new key in front of the file and seals every secret under it; returns how many.

    The key before it stays until the next rotation: a process may be writing under it at this very
    moment. Killed half-way, all secrets still open.
    """
    keys = [Fernet.generate_key().decode(), *_read(path)]
    private_files.write(path, "\n".join(keys))
    count = reseal()
    private_files.write(path, "\n".join(keys[:2]))
    return count


def reseal() -> int:
    """Seals every secret anew under the first key; returns how many. Each table in one transaction."""
    count = 0
    for model, name in sealed_fields():
        with transaction.atomic():
            rows = model._base_manager.select_for_update().only(name)
            for row in rows.exclude(**{name: None}):
                model._base_manager.filter(pk=row.pk).update(**{name: getattr(row, name)})
                count += 1
    return count
