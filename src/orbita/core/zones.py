"""Time zones as people call them: «Екатеринбург (UTC+5)». Stored by their IANA names."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# From west to east.
RUSSIAN = {
    "Europe/Kaliningrad": _("Kaliningrad"),
    "Europe/Moscow": _("Moscow"),
    "Europe/Samara": _("Samara"),
    "Europe/Saratov": _("Saratov"),
    "Europe/Ulyanovsk": _("Ulyanovsk"),
    "Europe/Astrakhan": _("Astrakhan"),
    "Asia/Yekaterinburg": _("Yekaterinburg"),
    "Asia/Omsk": _("Omsk"),
    "Asia/Novosibirsk": _("Novosibirsk"),
    "Asia/Krasnoyarsk": _("Krasnoyarsk"),
    "Asia/Irkutsk": _("Irkutsk"),
    "Asia/Chita": _("Chita"),
    "Asia/Yakutsk": _("Yakutsk"),
    "Asia/Vladivostok": _("Vladivostok"),
    "Asia/Magadan": _("Magadan"),
    "Asia/Sakhalin": _("Yuzhno-Sakhalinsk"),
    "Asia/Kamchatka": _("Petropavlovsk-Kamchatsky"),
}
# Where our users' clients live next after Russia.
NEAR = {
    "Asia/Almaty": _("Almaty"),
    "Asia/Ashgabat": _("Ashgabat"),
    "Asia/Baku": _("Baku"),
    "Asia/Bishkek": _("Bishkek"),
    "Asia/Dubai": _("Dubai"),
    "Asia/Dushanbe": _("Dushanbe"),
    "Asia/Tashkent": _("Tashkent"),
    "Asia/Tbilisi": _("Tbilisi"),
    "Asia/Yerevan": _("Yerevan"),
    "Europe/Chisinau": _("Chisinau"),
    "Europe/Istanbul": _("Istanbul"),
    "Europe/Minsk": _("Minsk"),
}
_CITIES = RUSSIAN | NEAR
# Below other headings of the IANA list stand former names and bare distances from Greenwich.
_PARTS_OF_THE_WORLD = frozenset(
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
     "Indian", "Pacific"]
)  # fmt: skip


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """The IANA names that this machine knows."""
    return frozenset(available_timezones())


def label(zone: str) -> str:
    """«Екатеринбург (UTC+5)», as the clocks stand there today; a name nobody knows as it is."""
    return f"{_city(zone)} ({_distance(zone)})" if zone in known() else zone


def choices() -> tuple[tuple[str, str], ...]:
    """Every zone by its name and label: Russia from west to east, its neighbours, the world by city."""
    return _choices(get_language() or "", timezone.localdate())


@lru_cache(maxsize=4)
def _choices(language: str, today: date) -> tuple[tuple[str, str], ...]:
    """For a language and a day: clocks are moved in some countries."""
    others = [zone for zone in known() - _CITIES.keys() if "/" in zone]
    others.sort(key=lambda zone: (_is_odd(zone), _city(zone)))
    names = [*RUSSIAN, *sorted(NEAR, key=_city), "UTC", *others]
    return tuple((zone, label(zone)) for zone in names if zone in known())


def _is_odd(zone: str) -> bool:
    return zone.partition("/")[0] not in _PARTS_OF_THE_WORLD


def _city(zone: str) -> str:
    if zone in _CITIES:
        return str(_CITIES[zone])
    return zone if _is_odd(zone) else zone.rpartition("/")[2].replace("_", " ")


def _distance(zone: str) -> str:
    offset = datetime.now(ZoneInfo(zone)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(offset).seconds // 60, 60)
    sign = "−" if offset < timedelta() else "+"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
