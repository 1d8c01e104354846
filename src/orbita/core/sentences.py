"""Sentences that are kept and read later, by people of any language."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

_MARK = '{"say":'


class Sentence:
    """A sentence by its English original: `str()` says it in the language of the moment.

    Written as `_("There are %(n)s.") % {"n": 5}`, as gettext's are, so that it is collected for
    translation. Values may be sentences too, or errors that carry one.
    """

    __slots__ = ("_original", "_values")

    def __init__(self, original: str, values: Mapping[str, Any] | None = None) -> None:
        self._original, self._values = original, values or {}

    def __mod__(self, values: Mapping[str, Any]) -> "Sentence":
        return Sentence(self._original, values)

    def __str__(self) -> str:
        said = gettext(self._original)
        return said % self._values if self._values else said

    def plain(self) -> dict[str, Any]:
        """The sentence in types of JSON."""
        return {self._original: {name: _plain(value) for name, value in self._values.items()}}


def keep(*said: object) -> str:
    """The sentences as a text to store; what is none is stored as it reads now."""
    return msgspec.json.encode({"say": [_plain(one) for one in said]}).decode()


def say(text: str) -> str:
    """What `keep` stored, in the language of the moment; any other text as it is."""
    if not text.startswith(_MARK):
        return text
    return " ".join(_said(one) for one in msgspec.json.decode(text)["say"])


def conflict(said: Sentence) -> ValidationError:
    """The refusal of what somebody else was first with, in no language yet."""
    message: Any = said
    return ValidationError(message, code="conflict")


def said_by(error: ValidationError) -> list[Any]:
    """What the error says, as it was raised: sentences stay in no language."""
    if hasattr(error, "error_dict"):
        return [
            one for errors in error.error_dict.values() for each in errors for one in said_by(each)
        ]
    return [one.message % one.params if one.params else one.message for one in error.error_list]


def joined(said: Sequence[object]) -> Sentence:
    """Several sentences as one."""
    values = {f"s{place}": one for place, one in enumerate(said)}
    return Sentence(" ".join(f"%({name})s" for name in values), values)


def _plain(value: object) -> Any:
    if isinstance(value, Exception) and len(value.args) == 1:
        value = value.args[0]
    return value.plain() if isinstance(value, Sentence) else str(value)


def _said(plain: Any) -> str:
    if isinstance(plain, str):
        return plain
    [(original, values)] = plain.items()
    return str(Sentence(original, {name: _said(value) for name, value in values.items()}))
