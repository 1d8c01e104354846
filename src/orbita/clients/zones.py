"""Time zones of clients by name: the Russian ones by their cities and the distance from Moscow."""

from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

RUSSIAN = {
    "Europe/Kaliningrad": (gettext_lazy("Kaliningrad"), -1),
    "Europe/Moscow": (gettext_lazy("Moscow"), 0),
    "Europe/Samara": (gettext_lazy("Samara"), 1),
    "Europe/Ulyanovsk": (gettext_lazy("Ulyanovsk"), 1),
    "Europe/Saratov": (gettext_lazy("Saratov"), 1),
    "Europe/Astrakhan": (gettext_lazy("Astrakhan"), 1),
    "Asia/Yekaterinburg": (gettext_lazy("Yekaterinburg"), 2),
    "Asia/Omsk": (gettext_lazy("Omsk"), 3),
    "Asia/Novosibirsk": (gettext_lazy("Novosibirsk"), 4),
    "Asia/Krasnoyarsk": (gettext_lazy("Krasnoyarsk"), 4),
    "Asia/Irkutsk": (gettext_lazy("Irkutsk"), 5),
    "Asia/Yakutsk": (gettext_lazy("Yakutsk"), 6),
    "Asia/Vladivostok": (gettext_lazy("Vladivostok"), 7),
    "Asia/Magadan": (gettext_lazy("Magadan"), 8),
    "Asia/Kamchatka": (gettext_lazy("Kamchatka"), 9),
}


def label(zone: str) -> str:
    """«Екатеринбург, МСК+2»; other zones by their own name."""
    if zone not in RUSSIAN:
        return zone
    city, hours = RUSSIAN[zone]
    moscow = _("MSK")
    distance = f"{hours:+d}".replace("-", "−") if hours else ""
    return f"{city}, {moscow}{distance}"


def choices() -> list[tuple[str, str]]:
    """Every zone, the Russian ones first from west to east."""
    others = sorted(zone for zone in available_timezones() - RUSSIAN.keys() if "/" in zone)
    return [("", "—"), *((zone, label(zone)) for zone in (*RUSSIAN, *others))]
