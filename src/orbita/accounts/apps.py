from django.apps import apps
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class AccountsConfig(RoomConfig):
    name = "orbita.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        super().ready()
        # Once per migration run, after the last app that Django announces.
        last = [config for config in apps.get_app_configs() if config.models_module][-1]
        post_migrate.connect(_sync_roles, sender=last, dispatch_uid="sync starter roles")


def _sync_roles(using: str, **kwargs: object) -> None:
    from orbita.accounts.actions import sync_starter_roles

    # Migrating to a point before this room's tables leaves nothing to fill.
    if "accounts_role" in connections[using].introspection.table_names():
        sync_starter_roles()
