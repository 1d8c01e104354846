from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class ApiConfig(RoomConfig):
    name = "orbita.api"
    label = "api"
    verbose_name = _("API")
