from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from orbita.clients.checks import (
    check_account,
    check_bik,
    check_email,
    check_inn,
    check_kpp,
    check_ogrn,
)


@pytest.mark.parametrize(
    ("check", "typed", "clean"),
    [
        (check_inn, "7707083893", "7707083893"),
        (check_inn, 7707083893.0, "7707083893"),
        (check_inn, " 5001 0073 2259 ", "500100732259"),
        (check_inn, 274062111.0, "0274062111"),
        (check_kpp, "770701001", "770701001"),
        (check_kpp, "7707az001", "7707AZ001"),
        (check_ogrn, "1027700132195", "1027700132195"),
        (check_ogrn, "304500116000157", "304500116000157"),
        # The remainder by 13 is 12: the check digit is its last one.
        (check_ogrn, "304500116157502", "304500116157502"),
        (check_bik, 44525225.0, "044525225"),
        (check_email, " Ivan.Petrov@Mail.RU, ", "ivan.petrov@mail.ru"),
        (check_email, "mailto:a@b.ru?subject=x", "a@b.ru"),
        (check_email, "<a@b.ru>", "a@b.ru"),
        (check_email, "почта@пример.рф", "почта@пример.рф"),
    ],
)
def test_a_right_value_is_cleaned(check: Callable[[Any], str], typed: Any, clean: str) -> None:
    assert check(typed) == clean


@pytest.mark.parametrize(
    ("check", "typed"),
    [
        (check_inn, "7707083894"),
        (check_inn, "123"),
        (check_inn, "0000000000"),
        (check_inn, ""),
        (check_kpp, "1234"),
        (check_kpp, "000000000"),
        (check_ogrn, "1027700132196"),
        (check_bik, "944525225"),
        (check_email, "a..b@mail.ru"),
        (check_email, "a@b@c.ru"),
        (check_email, "ivan"),
        (check_email, "a@localhost"),
        (check_email, "a b@mail.ru"),
    ],
)
def test_a_wrong_value_is_refused_in_both_languages(
    check: Callable[[Any], str], typed: Any
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        check(typed)
    with override("en"):
        english = str(caught.value)
    with override("ru"):
        russian = str(caught.value)
    assert english.endswith(".")
    assert russian.endswith(".")
    assert english != russian


def test_an_account_must_belong_to_its_bank() -> None:
    assert check_account("044525225", "30101810400000000225") == "30101810400000000225"
    [account] = [a for d in range(10) if _belongs("044525225", a := f"407028103{d}0000000001")]
    assert not _belongs("044525226", account)
    assert not _belongs("044525225", "301")


@given(st.integers(10**18, 10**19 - 1))
def test_one_changed_digit_of_an_account_is_noticed(number: int) -> None:
    accounts = [f"4{number}"[:19] + str(digit) for digit in range(10)]
    right = [account for account in accounts if _belongs("044525225", account)]
    assert len(right) == 1


def _belongs(bik: str, account: str) -> bool:
    try:
        check_account(bik, account)
    except ValueError:
        return False
    return True


@given(st.text())
def test_any_text_is_cleaned_or_refused(text: str) -> None:
    for check in (check_inn, check_kpp, check_ogrn, check_bik, check_email):
        try:
            assert check(text)
        except ValueError:
            continue
