"""From which addresses a role may work."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts.actions.roles import require_administrator
from orbita.accounts.addresses import is_inside, read_networks
from orbita.accounts.models import Role, User
from orbita.core import context
from orbita.core.events import emit


def save_networks(*, actor: User, role: Role, text: str, address: str | None) -> list[str]:
    """Lets the people of the role work from these networks alone; from anywhere when there are none.

    Raises `ValidationError` for what is no network, and for a list that leaves the actor out, who is
    at `address` now.
    """
    require_administrator(actor)
    networks = read_networks(text)
    if role.pk == actor.role_id and not is_inside(networks, address):
        raise ValidationError(
            _("You are at %(address)s yourself now, and would be shut out. Add your address.")
            % {"address": address or _("an unknown address")}
        )
    _save(actor, role, networks)
    return networks


def clear_networks(role: Role) -> bool:
    """Opens a role to all addresses, from the command line; False when it was."""
    return _save(None, role, [])


def _save(actor: User | None, role: Role, networks: list[str]) -> bool:
    with transaction.atomic():
        row = Role.objects.select_for_update().get(pk=role.pk)
        before, row.networks = row.networks, networks
        if before == networks:
            return False
        row.save(update_fields=["networks"])
        emit(
            "role.networks",
            actor=actor,
            subject_type="role",
            subject_id=role.pk,
            data={
                "name": role.name,
                "before": {"networks": before},
                "after": {"networks": networks},
            },
        )
    context.forget("roles kept in")
    return True


def some_role_is_kept_in() -> bool:
    """Whether any role has a list, so that pages for strangers speak of addresses at all."""
    return context.remembered("roles kept in", lambda: Role.objects.exclude(networks=[]).exists())
