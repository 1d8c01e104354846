"""Roles and what they allow; the service user."""

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from orbita.accounts import confining, field_rights, policy
from orbita.accounts.models import Role, User
from orbita.core.events import changes, emit

STARTER_NAMES = {
    "administrator": gettext_noop("Administrator"),
    "head": gettext_noop("Head of sales"),
    "manager": gettext_noop("Sales manager"),
    "marketer": gettext_noop("Marketer"),
    "support": gettext_noop("Support operator"),
    "viewer": gettext_noop("Viewer"),
}
SERVICE_EMAIL = "orbita@service.invalid"


def sync_starter_roles() -> None:
    """Makes the starter roles and gives them what new permissions say; what was set by hand stays."""
    with transaction.atomic():
        for key in policy.STARTER_ROLES:
            role, _created = Role.objects.get_or_create(
                key=key,
                defaults={
                    "name": STARTER_NAMES[key],
                    "is_administrator": key == "administrator",
                },
            )
            missing = {
                permission.name: permission.starter.get(key, policy.NONE)
                for permission in policy.PERMISSIONS
                if permission.name not in role.permissions
            }
            if missing and not role.is_administrator:
                role.permissions |= missing
                role.save(update_fields=["permissions"])


def require_administrator(actor: User) -> None:
    """Rights are given by those who have them all: nobody gives himself more than he has."""
    policy.require(actor, "accounts.manage")
    if not actor.role.is_administrator:
        raise policy.Denied(_("Only an administrator may change rights."))


def save_role(
    *,
    actor: User,
    name: str,
    permissions: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
    confined: Mapping[str, Iterable[int]] | None = None,
    needs_second_factor: bool | None = None,
    role: Role | None = None,
) -> Role:
    """A new role, or a known one with other rights. What is not named stays as it is.

    Starter roles keep their names, and the administrator his rights. Raises `ValidationError`.
    """
    require_administrator(actor)
    role = role or Role()
    fields = fields or {}
    if role.is_administrator and (permissions or fields or confined):
        raise ValidationError(_("The administrator may do everything: that cannot be changed."))
    with transaction.atomic():
        if role.pk:
            role = Role.objects.select_for_update().get(pk=role.pk)
        before = _told(role) if role.pk else {}
        if not role.key:
            role.name = name.strip()
        if needs_second_factor is not None:
            role.needs_second_factor = needs_second_factor
        if not role.is_administrator:
            role.permissions = {
                permission.name: _level(permission, permissions.get(permission.name), role)
                for permission in policy.PERMISSIONS
            }
            role.field_rights = _field_rights(role, fields)
            if confined is not None:
                role.confined = confining.as_kept(confined)
        role.full_clean(exclude=["permissions", "field_rights", "confined"])
        difference = changes(before, _told(role))
        if difference["after"]:
            role.save()
            emit(
                "role.saved",
                actor=actor,
                subject_type="role",
                subject_id=role.pk,
                data={"name": role.name, **difference},
            )
    return role


def _level(permission: policy.Permission, given: str | None, role: Role) -> str:
    if given is None:
        return policy.granted_to(role, permission)
    if given not in policy.LEVELS:
        raise ValidationError(_("There is no such level of rights."))
    return given if permission.scoped or given == policy.NONE else policy.ALL


def _field_rights(role: Role, given: Mapping[str, str]) -> dict[str, str]:
    """What is said of the fields that are not open to the role."""
    rights: dict[str, str] = {}
    for field in field_rights.GUARDED:
        level = given.get(field.name) or field_rights.granted_to(role, field)
        if level not in field.levels:
            raise ValidationError(_("There is no such level of rights."))
        if level != field_rights.WRITE:
            rights[field.name] = level
    return rights


def _told(role: Role) -> dict[str, object]:
    levels = {one.name: policy.granted_to(role, one) for one in policy.PERMISSIONS}
    fields = {one.name: field_rights.granted_to(role, one) for one in field_rights.GUARDED}
    common = {"name": role.name, "needs_second_factor": role.needs_second_factor}
    return {**common, **levels, **fields, **confining.named(role)}


def delete_role(*, actor: User, role: Role) -> None:
    """Deletes a role that nobody has. Raises `ValidationError` for a starter role or one in use."""
    require_administrator(actor)
    if role.key:
        raise ValidationError(_("Starter roles stay. Take their rights away instead."))
    with transaction.atomic():
        if User.objects.filter(role=role).exists():
            raise ValidationError(_("Somebody has this role: give him another one first."))
        emit(
            "role.deleted",
            actor=actor,
            subject_type="role",
            subject_id=role.pk,
            data={"name": role.name, "before": _told(role)},
        )
        role.delete()


def service_user() -> User:
    """The user on whose behalf the program itself acts; nobody can sign in as it."""
    user = User.objects.filter(email=SERVICE_EMAIL).first()
    if user is None:
        user = User(
            email=SERVICE_EMAIL,
            name="Orbita",
            role=Role.objects.get(key="administrator"),
            is_service=True,
        )
        user.set_unusable_password()
        user.save()
    return user
