from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class UiConfig(RoomConfig):
    name = "orbita.ui"
    label = "ui"
    verbose_name = _("Interface")
