from orbita.analytics.actions.history import close_months
from orbita.analytics.actions.scores import refresh, refresh_scores
from orbita.analytics.actions.settings import change_settings, request_refresh, restore_settings

__all__ = [
    "change_settings",
    "close_months",
    "refresh",
    "refresh_scores",
    "request_refresh",
    "restore_settings",
]
