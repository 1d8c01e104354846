from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from orbita.ui import formats

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _moscow() -> Iterator[None]:
    with timezone.override(ZoneInfo("Europe/Moscow")):
        yield


@pytest.fixture
def russian() -> Iterator[None]:
    with translation.override("ru"):
        yield


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.usefixtures("russian")
class TestRussian:
    def test_money_has_spaces_that_do_not_break_and_kopecks_only_when_there_are_some(self) -> None:
        assert formats.money(213_480_000) == "2\u00a0134\u00a0800\u00a0₽"
        assert formats.money(-1050) == "\u221210,50\u00a0₽"
        assert formats.money(None) == "—"
        assert formats.money(1500, "JPY") == "1\u00a0500\u00a0JPY"

    def test_large_sums_are_shortened_in_headings(self) -> None:
        assert formats.short_money(8_640_000_000) == "86,4\u00a0млн\u00a0₽"
        assert formats.short_money(999_900) == "9\u00a0999\u00a0₽"

    def test_numbers_shares_and_changes(self) -> None:
        assert formats.number(Decimal("1234.5")) == "1\u00a0234,50"
        assert formats.number(Decimal("-0.001"), 2) == "0,00"
        assert formats.percent(0.084, 1) == "8,4\u00a0%"
        assert [formats.signed(value) for value in (8, -6, 0)] == ["+8", "−6", "0"]
        assert formats.bounded(5001, 5000) == "5\u00a0000+"

    @pytest.mark.parametrize(
        ("days", "words"),
        [
            (0, "сегодня, 12:00"),
            (-1, "вчера"),
            (1, "завтра"),
            (-2, "2 дня назад"),
            (-21, "21 день назад"),
            (3, "через 3 дня"),
            (-64, "2 месяца назад"),
            (-800, "2 года назад"),
        ],
    )
    def test_moments_are_told_from_today_of_the_reader(self, days: int, words: str) -> None:
        assert formats.ago(NOW + timedelta(days=days), NOW) == words

    def test_what_happened_before_midnight_of_the_reader_was_yesterday(self) -> None:
        late = datetime(2026, 11, 23, 20, 59, tzinfo=UTC)  # 23:59 in Moscow
        assert formats.ago(late, NOW) == "вчера"
        assert formats.ago(late + timedelta(minutes=2), NOW) == "сегодня, 00:01"
        assert formats.ago(None) == "не было"

    def test_dates_name_the_year_only_when_it_is_another(self) -> None:
        today = date(2026, 11, 24)
        assert formats.day(date(2026, 3, 5), today) == "5\u00a0марта"
        assert formats.day(date(2025, 3, 5), today) == "5\u00a0марта\u00a02025"
        assert formats.short_day(date(2024, 3, 12), today) == "12.03.2024"

    def test_spans(self) -> None:
        assert formats.duration(timedelta(hours=2, minutes=24)) == "2\u00a0ч 24\u00a0м"
        assert formats.duration(timedelta(seconds=41)) == "41\u00a0с"


@pytest.mark.usefixtures("english")
class TestEnglish:
    def test_the_same_in_english(self) -> None:
        assert formats.money(213_480_000) == "2,134,800\u00a0₽"
        assert formats.percent(0.08) == "8%"
        assert formats.ago(NOW - timedelta(days=1), NOW) == "yesterday"
        assert formats.ago(NOW - timedelta(days=12), NOW) == "12 days ago"
        assert formats.day(date(2025, 3, 5), date(2026, 1, 1)) == "5\u00a0March\u00a02025"


def test_initials_come_from_the_name_in_quotes() -> None:
    assert formats.initials("Кофейня «На Баумана»") == "НБ"
    assert formats.initials("Ирина Соколова") == "ИС"
    assert formats.initials("  ") == "?"
    assert formats.initials("№ 12") == "1"


def test_russian_plurals_of_words_without_a_msgid() -> None:
    forms = ("клиент", "клиента", "клиентов")
    counted = {n: formats.plural(n, *forms) for n in (1, 2, 5, 11, 12, 21, 104, 111)}
    assert counted == {
        1: "клиент",
        2: "клиента",
        5: "клиентов",
        11: "клиентов",
        12: "клиентов",
        21: "клиент",
        104: "клиента",
        111: "клиентов",
    }
