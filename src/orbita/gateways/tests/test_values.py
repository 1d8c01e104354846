from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbita.gateways.files.values import (
    detect_date_order,
    is_blank,
    parse_birthday,
    parse_boolean,
    parse_count,
    parse_date,
    parse_list,
    parse_moment,
    parse_money,
    parse_quantity,
    parse_sex,
    to_identifier,
    to_text,
)

MARCH_12 = date(2024, 3, 12)


@pytest.mark.parametrize(
    "cell",
    [
        "12.03.2024",
        "12.3.24",
        "12/03/2024",
        "12-03-2024",
        "12 03 2024",
        "2024-03-12",
        "2024.03.12",
        "2024/3/12",
        "20240312",
        "12032024",
        "12 марта 2024",
        "12 марта 2024 г.",
        "12 мар. 2024",
        "12-мар-24",
        "12-Mar-24",
        "March 12, 2024",
        "12 March 2024",
        "вторник, 12 марта 2024 года",
        "12.03.2024 г.",
        "12.03.2024 00:00",
        "2024-03-12T00:00:00",
        "45363",
        45363,
        45363.0,
        datetime(2024, 3, 12),
        MARCH_12,
    ],
)
def test_a_day_in_any_usual_form_is_read(cell: Any) -> None:
    assert parse_moment(cell) == MARCH_12


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("12.03.2024 14:30", datetime(2024, 3, 12, 14, 30)),
        ("12.03.2024 в 14:30", datetime(2024, 3, 12, 14, 30)),
        ("2010-12-01 08:26:00", datetime(2010, 12, 1, 8, 26)),
        ("12.03.2024 2:30 PM", datetime(2024, 3, 12, 14, 30)),
        ("2024-03-12T14:30:00Z", datetime(2024, 3, 12, 14, 30, tzinfo=UTC)),
        (
            "2024-03-12T14:30:00+03:00",
            datetime(2024, 3, 12, 14, 30, tzinfo=timezone(timedelta(hours=3))),
        ),
        (45363.5, datetime(2024, 3, 12, 12)),
    ],
)
def test_a_time_of_day_is_kept(cell: Any, moment: datetime) -> None:
    assert parse_moment(cell) == moment


@pytest.mark.parametrize(
    "cell",
    ["30.02.2024", "29.02.2023", "31.04.24", "12.13.2024", "99.99.9999", "00.01.2024", "01.01.0001", "abc", "2024", "12.03", "12.03.2024 25:00", 60, 0, -5, 10**9, float("nan"), True, "1" * 100],
)  # fmt: skip
def test_a_day_that_cannot_be_is_refused(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_moment(cell)


def test_days_of_1900_are_counted_as_excel_does() -> None:
    assert [parse_date(n) for n in (1, 59, 61)] == [date(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1)]  # fmt: skip


def test_the_order_of_day_and_month_is_seen_from_the_column() -> None:
    assert detect_date_order(["1/2/2010", "12/13/2010 8:26", None, 5]) == "mdy"
    assert detect_date_order(["1/2/2010", "13/12/2010"]) == "dmy"
    assert detect_date_order(["1/2/2010"]) == "dmy"
    assert parse_date("12/13/2010 8:26", "mdy") == date(2010, 12, 13)


def test_a_birthday_lies_in_the_past() -> None:
    assert parse_birthday("7.3.54") == date(1954, 3, 7)
    next_year = date.today().year + 1  # noqa: DTZ011
    assert parse_birthday(f"1.1.{next_year % 100:02}") == date(next_year - 100, 1, 1)
    for impossible in (f"1.1.{next_year}", "1.1.1860"):
        with pytest.raises(ValueError, match=r"."):
            parse_birthday(impossible)


@pytest.mark.parametrize(
    ("cell", "money"),
    [
        ("1 234,50 ₽", "1234.50"),
        ("48\u00a0980,63 ₽", "48980.63"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("$1,234.50", "1234.50"),
        ("1 234 567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,234", "1234"),
        ("0,500", "0.500"),
        ("1.234", "1.234"),
        ("12 руб.", "12"),
        ("100 р. 50 к.", "100.50"),
        ("100 руб 5 коп", "100.05"),
        ("150 тыс. руб.", "150000"),
        ("1,5 млн", "1500000"),
        ("(1 234,50)", "-1234.50"),
        ("−5", "-5"),
        ("5-", "-5"),
        (".5", "0.5"),
        ("1e5", "100000"),
        (75372.22, "75372.22"),
        (0.1 + 0.2, "0.3"),
        (7, "7"),
    ],
)
def test_a_sum_in_any_usual_form_is_read(cell: Any, money: str) -> None:
    assert str(parse_money(cell)) in (money, money.rstrip("0").rstrip("."))


@pytest.mark.parametrize(
    "cell",
    ["abc", "1.2.3", "1,2,3", "р.", "inf", "1E400", "10000000000000", float("nan"), float("inf"), 1e30, True, MARCH_12, "٣", "1р2"],
)  # fmt: skip
def test_what_is_no_sum_is_refused(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_money(cell)


def test_a_comma_in_a_quantity_is_decimal() -> None:
    assert parse_quantity("1,250 кг") == Decimal("1.25")
    assert parse_quantity("12 шт.") == 12


def test_a_count_is_whole_and_not_negative() -> None:
    assert parse_count("3.0") == 3
    for wrong in ("2,5", "-1"):
        with pytest.raises(ValueError, match=r"."):
            parse_count(wrong)


def test_words_for_yes_no_and_sex_are_known() -> None:
    assert [parse_boolean(x) for x in ("Да", "нет", "+", 1.0, True, "", "-")] == [True, False, True, True, True, None, None]  # fmt: skip
    assert [parse_sex(x) for x in ("Муж.", "ж", "Female", "m", "", None)] == ["m", "f", "f", "m", None, None]  # fmt: skip
    for parse in (parse_boolean, parse_sex):
        with pytest.raises(ValueError, match=r"."):
            parse("что-то")


def test_lists_and_identifiers_are_read() -> None:
    assert parse_list("VIP; опт,VIP\nсеть ") == ["VIP", "опт", "сеть"]
    assert [to_identifier(x) for x in (17850.0, "17850.0", " A-1 ", "", "n/a")] == ["17850", "17850", "A-1", "", ""]  # fmt: skip
    assert to_text(9161234567.0) == "9161234567"


@pytest.mark.parametrize("cell", ["", None, "-", "—", "#Н/Д", "NULL", "нет данных"])
def test_a_cell_that_holds_nothing_is_blank_to_every_parser(cell: Any) -> None:
    assert is_blank(cell)
    assert parse_moment(cell) is None
    assert parse_money(cell) is None
    assert parse_list(cell) == []


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="0123456789.,-/ :тысрубмартaк₽()eE+"),
        st.floats(),
        st.integers(),
        st.booleans(),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.timedeltas(),
    )
)
def test_any_cell_is_read_or_refused_but_never_crashes(cell: Any) -> None:
    parsers: list[Callable[[Any], Any]] = [parse_moment, parse_birthday, parse_money, parse_quantity, parse_count, parse_boolean, parse_sex, parse_list, to_identifier]  # fmt: skip
    for parse in parsers:
        try:
            parse(cell)
        except ValueError:
            continue


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_a_sum_written_the_russian_way_is_read_back(money: Decimal) -> None:
    written = f"{money:,.2f}".replace(",", "\u00a0").replace(".", ",") + " ₽"
    assert parse_money(written) == money


@given(st.dates(date(1900, 3, 1), date(2100, 1, 1)))
def test_a_day_is_the_same_in_every_form(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    assert parse_date(f"{day:%d.%m.%Y}") == parse_date(day.isoformat()) == parse_date(serial) == day
