from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class WorkConfig(RoomConfig):
    name = "orbita.work"
    label = "work"
    verbose_name = _("Work")
