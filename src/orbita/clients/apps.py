from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class ClientsConfig(RoomConfig):
    name = "orbita.clients"
    label = "clients"
    verbose_name = _("Clients")
