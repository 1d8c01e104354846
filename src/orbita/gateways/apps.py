from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class GatewaysConfig(RoomConfig):
    name = "orbita.gateways"
    label = "gateways"
    verbose_name = _("Gateways")
