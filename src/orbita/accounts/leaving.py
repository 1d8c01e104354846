"""What belongs to a person and has to go to somebody when he leaves. Upper rooms say what it is."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from orbita.accounts.models import User
from orbita.core.registry import Registry


@dataclass(frozen=True)
class Belongings:
    """Records that a person leads. `hand_over(actor, user, heir, reason)` moves them in chunks, to
    nobody when there is no heir, and may be run again after it was interrupted.
    """

    name: str
    label: str | Promise
    count: Callable[[User], int]
    hand_over: Callable[[User, User, User | None, str], None]


BELONGINGS: Registry[Belongings] = Registry("belongings")
