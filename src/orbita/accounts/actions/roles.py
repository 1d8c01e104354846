"""Starter roles and the service user."""

from django.db import transaction
from django.utils.translation import gettext_noop

from orbita.accounts import policy
from orbita.accounts.models import Role, User

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
