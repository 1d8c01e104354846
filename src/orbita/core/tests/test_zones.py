from zoneinfo import available_timezones

from django.utils import translation

from orbita.core import zones


def test_a_zone_is_called_by_its_city_and_its_distance_from_greenwich() -> None:
    with translation.override("ru"):
        assert zones.label("Europe/Moscow") == "Москва (UTC+3)"
        assert zones.label("Asia/Yekaterinburg") == "Екатеринбург (UTC+5)"
        assert zones.label("America/Phoenix") == "Phoenix (UTC−7)"
    with translation.override("en"):
        assert zones.label("Asia/Sakhalin") == "Yuzhno-Sakhalinsk (UTC+11)"
        assert zones.label("Asia/Kolkata") == "Kolkata (UTC+5:30)"
        assert zones.label("America/Argentina/Buenos_Aires") == "Buenos Aires (UTC−3)"


def test_what_is_no_zone_is_shown_as_it_is() -> None:
    assert zones.label("Europe/Atlantis") == "Europe/Atlantis"


def test_the_zones_of_russia_are_offered_first_and_none_is_left_out() -> None:
    with translation.override("ru"):
        offered = zones.choices()
    names = [name for name, _label in offered]
    assert names[: len(zones.RUSSIAN)] == list(zones.RUSSIAN)
    assert {name for name in available_timezones() if "/" in name} <= set(names)
    assert len(names) == len(set(names))
    labels = dict(offered)
    assert labels["Asia/Almaty"].startswith("Алматы")
