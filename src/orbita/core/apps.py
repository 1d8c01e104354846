from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class RoomConfig(AppConfig):
    """Base of every room: loads its `room.py`, where it registers what it brings."""

    # Django must not take this base, imported by every room's apps.py, for the room's own config.
    default = False
    # A process that reads a file needs the models alone, and starts in half the time.
    opens_rooms = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = True

    def ready(self) -> None:
        if RoomConfig.opens_rooms:
            import_module(f"{self.name}.room")


class CoreConfig(RoomConfig):
    name = "orbita.core"
    label = "core"
    verbose_name = _("Core")

    def ready(self) -> None:
        import_module("orbita.core.lookups")
        super().ready()


def rooms() -> list[RoomConfig]:
    """The installed rooms, lowest first."""
    return [config for config in apps.get_app_configs() if isinstance(config, RoomConfig)]
