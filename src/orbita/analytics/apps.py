from django.utils.translation import gettext_lazy as _

from orbita.core.apps import RoomConfig


class AnalyticsConfig(RoomConfig):
    name = "orbita.analytics"
    label = "analytics"
    verbose_name = _("Analytics")
