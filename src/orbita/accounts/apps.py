from django.apps import apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class AccountsConfig(RoomConfig):
    name = "orbita.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        super().ready()
        # Rooms above bring permissions of their own: the last room migrated has seen them all.
        last = list(apps.get_app_configs())[-1]
        post_migrate.connect(_sync_roles, sender=last, dispatch_uid="sync starter roles")


def _sync_roles(**kwargs: object) -> None:
    from orbita.accounts.actions import sync_starter_roles

    sync_starter_roles()
