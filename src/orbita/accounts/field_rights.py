"""What of a record a role sees, sees in part, reads or changes, field by field.

Rooms register the fields that can be closed. A field that a role does not speak of is open: whether
the record itself may be seen or changed is for `policy` to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from orbita.core.registry import Registry

if TYPE_CHECKING:
    from orbita.accounts.models import Role

HIDDEN, MASKED, READ, WRITE = "hidden", "masked", "read", "write"
LEVELS: dict[str, str | Promise] = {
    HIDDEN: pgettext_lazy("field", "hidden"),
    MASKED: pgettext_lazy("field", "masked"),
    READ: pgettext_lazy("field", "read"),
    WRITE: pgettext_lazy("field", "read and change"),
}


@dataclass(frozen=True)
class GuardedField:
    """A field that a role can be kept from. `maskable` ones can be shown in part; whoever sees one
    that is not `fixable` may write it too.
    """

    name: str
    label: str | Promise
    maskable: bool = False
    fixable: bool = True

    @property
    def levels(self) -> tuple[str, ...]:
        lacking = {MASKED: not self.maskable, READ: not self.fixable}
        return tuple(level for level in LEVELS if not lacking.get(level))


GUARDED: Registry[GuardedField] = Registry("guarded field")


def granted_to(role: "Role", field: GuardedField) -> str:
    """What the role says of the field."""
    granted = role.field_rights.get(field.name, WRITE)
    if role.is_administrator or granted == WRITE:
        return WRITE
    # What is not understood is closed.
    return granted if granted in field.levels else HIDDEN


def closed_to(actor: Any) -> Mapping[str, str]:
    """The fields that the actor may not change, with what he may do instead.

    Anonymous and inactive actors may nothing.
    """
    if not getattr(actor, "is_active", False) or actor.pk is None:
        return {field.name: HIDDEN for field in GUARDED}
    if not actor.role.field_rights:
        return {}
    levels = ((field.name, granted_to(actor.role, field)) for field in GUARDED)
    return {name: level for name, level in levels if level != WRITE}
