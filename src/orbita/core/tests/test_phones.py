import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbita.core.phones import Phone, format_phone, parse_phone, split_phones


@pytest.mark.parametrize(
    "typed",
    [
        "+79161234567",
        "+7 (916) 123-45-67",
        "8 916 123-45-67",
        "8-916-123-45-67",
        "8916 123 45 67",
        "79161234567",
        "9161234567",
        "(916) 123-45-67",
        "8\u00a0916\u00a0123\u201145\u201167",
        "8.916.123.45.67",
        "тел. 89161234567",
        "WhatsApp: +7 916 123 45 67",
        "89161234567 Иван",
        "+8 916 123 45 67",
        "+7 8 916 123-45-67",
        "89161234567.0",
        "8.9161234567e10",
        "８９１６１２３４５６７",
        89161234567.0,
        9161234567,
    ],
)
def test_the_usual_spellings_are_one_number(typed: str | float) -> None:
    phone = parse_phone(typed)
    assert phone is not None
    assert (phone.e164, phone.is_mobile) == ("+79161234567", True)


@pytest.mark.parametrize(
    "typed",
    ["", "нет", "2-34-56", "8916123456.0", "8916123456", "8,91612E+10", "0000000000", "+7 111 111 11 11", "1" * 40, "12.03.2024", float("nan"), float("inf"), 1e30],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused(typed: str | float) -> None:
    assert parse_phone(typed) is None


@pytest.mark.parametrize(
    ("typed", "e164", "mobile"),
    [
        ("+7 701 123 45 67", "+77011234567", True),
        ("8 701 123 45 67", "+77011234567", True),
        ("+375 29 123-45-67", "+375291234567", True),
        ("375291234567", "+375291234567", True),
        ("+1 650 253 0000", "+16502530000", True),
        ("8 (495) 123-45-67", "+74951234567", False),
        ("8 800 555 35 35", "+78005553535", False),
    ],
)
def test_other_countries_and_lines_are_told_apart(typed: str, e164: str, mobile: bool) -> None:
    phone = parse_phone(typed)
    assert phone is not None
    assert (phone.e164, phone.is_mobile) == (e164, mobile)


@pytest.mark.parametrize(
    "typed", ["8 (495) 123-45-67 доб. 12", "8 495 1234567 (доб.12)", "+7 495 123-45-67, вн. 12", "84951234567 ext 12"]
)  # fmt: skip
def test_an_extension_is_kept_apart(typed: str) -> None:
    assert parse_phone(typed) == Phone("+74951234567", typed, "12", is_mobile=False)


def test_a_region_without_code_is_read_by_its_own_rules() -> None:
    phone = parse_phone("029 123-45-67", region="BY")
    assert phone is not None
    assert phone.e164 == "+375291234567"


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("+7 (950) 836-17-09; 8 863 7035031", ["+79508361709", "+78637035031"]),
        ("89161234567, 89161234568", ["+79161234567", "+79161234568"]),
        ("89161234567 и 8 903 123-45-67", ["+79161234567", "+79031234567"]),
        ("8 916 123 45 67 8 903 123-45-67", ["+79161234567", "+79031234567"]),
        ("8916123456789161234568", ["+79161234567", "+79161234568"]),
        ("89161234567/89031234567 Иван", ["+79161234567", "+79031234567"]),
        ("8 495 123-45-67/68", ["+74951234567", "+74951234568"]),
        ("89161234567\n+7 916 123-45-67", ["+79161234567"]),
        ("8 (495) 123-45-67, доб. 12", ["+74951234567"]),
        (89161234567.0, ["+79161234567"]),
    ],
)
def test_several_phones_in_a_cell_are_separated(cell: str | float, numbers: list[str]) -> None:
    phones, unread = split_phones(cell)
    assert [phone.e164 for phone in phones] == numbers
    assert unread == []


def test_pieces_that_are_no_phones_are_handed_back() -> None:
    phones, unread = split_phones("89161234567; спросить Олю")
    assert [phone.e164 for phone in phones] == ["+79161234567"]
    assert unread == ["спросить Олю"]


def test_numbers_are_shown_as_people_read_them() -> None:
    assert format_phone("+79000001427") == "+7 900 000-14-27"
    assert format_phone("+77011234567") == "+7 701 123 4567"
    assert format_phone("+16502530000") == "+1 650-253-0000"
    assert format_phone("nonsense") == "nonsense"


@given(st.one_of(st.text(), st.floats(), st.text(alphabet="+0123456789 ()-.;,/доб")))
def test_any_cell_is_read_without_a_crash(cell: str | float) -> None:
    phones, _unread = split_phones(cell)
    assert all(phone.e164.startswith("+") and phone.e164[1:].isdigit() for phone in phones)


@given(st.integers(9000000000, 9999999999))
def test_a_shown_russian_number_is_read_back(national: int) -> None:
    e164 = f"+7{national}"
    phone = parse_phone(format_phone(e164))
    assert phone is not None
    assert phone.e164 == e164
