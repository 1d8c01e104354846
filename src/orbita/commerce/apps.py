from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class CommerceConfig(RoomConfig):
    name = "orbita.commerce"
    label = "commerce"
    verbose_name = _("Commerce")
