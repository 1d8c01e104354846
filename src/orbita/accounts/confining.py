"""Bounds of a role: it works only with records of chosen segments, pipelines and the like.

Rooms register the kinds of bounds and keep to them where records are read. A kind that a role does not
speak of has no bounds for it. What was chosen and is there no more lets nothing in.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from orbita.core.registry import Registry

if TYPE_CHECKING:
    from orbita.accounts.models import Role


@dataclass(frozen=True)
class Bounds:
    """A kind of bounds: `choices()` gives what may be chosen, ids with names."""

    name: str
    label: str | Promise
    choices: Callable[[], Mapping[int, str]]


BOUNDS: Registry[Bounds] = Registry("bounds")


def chosen_for(role: "Role", name: str) -> frozenset[int] | None:
    """The ids within which the role works; None where it has no bounds. Administrators have none."""
    if role.is_administrator or name not in role.confined:
        return None
    return frozenset(role.confined[name])


def chosen_of(actor: Any, name: str) -> frozenset[int] | None:
    """The ids within which the actor works; None where he has no bounds. A stranger has no rights to
    bound.
    """
    role = getattr(actor, "role", None)
    return chosen_for(role, name) if role else None


def is_confined(role: "Role") -> bool:
    """Whether the role has any bounds."""
    return bool(role.confined) and not role.is_administrator


def as_kept(given: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
    """What a role keeps of what was chosen for it. Raises `ValidationError` for what is not there."""
    kept: dict[str, list[int]] = {}
    for name, ids in given.items():
        wanted = sorted(set(ids))
        if not wanted:
            continue
        bounds = BOUNDS.get(name)
        if bounds is None or not set(wanted) <= bounds.choices().keys():
            raise ValidationError(_("One of the chosen bounds is there no more."))
        kept[name] = wanted
    return kept


def named(role: "Role") -> dict[str, list[str]]:
    """Kind of bounds → the names of what lies within, for the record and for pages; none: no bounds."""
    found: dict[str, list[str]] = {}
    for bounds in BOUNDS:
        chosen = chosen_for(role, bounds.name) or frozenset()
        known = bounds.choices() if chosen else {}
        found[bounds.name] = [known.get(one, f"№ {one}") for one in sorted(chosen)]
    return found


def roles_within(name: str, one: int) -> "list[Role]":
    """The roles whose bounds name this one: it must not go away under them."""
    from orbita.accounts.models import Role

    return [role for role in Role.objects.all() if one in (chosen_for(role, name) or ())]
