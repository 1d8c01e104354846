"""Checks of what identifies a client to others: tax and bank numbers, e-mail.

Each returns the cleaned value, or raises ValueError with a sentence that can be shown.
"""

import re
from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

_NOT_DIGITS = re.compile(r"[\s\u00a0.\-–—]+")
_FLOAT_TAIL = re.compile(r"[.,]0+$")
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_](?:[a-z0-9_+-]|\.(?=[a-z0-9_+-])){0,63}"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}"
)
_KPP = re.compile(r"\d{4}[0-9A-Z]{2}\d{3}")


def check_inn(value: str | float) -> str:
    """The ИНН of a company (10 digits) or a person (12) with right check digits.

    A leading zero that a spreadsheet has eaten is put back when the check digits agree.
    """
    from stdnum.ru import inn

    digits = _digits(value)
    if len(digits) in (9, 11) and inn.is_valid("0" + digits):
        return "0" + digits
    if len(digits) not in (10, 12):
        raise ValueError(_("An INN has 10 digits for a company and 12 for a person."))
    if not inn.is_valid(digits) or not digits.strip("0"):
        raise ValueError(_("The check digits of the INN do not agree: there is a slip in it."))
    return digits


def check_kpp(value: str | float) -> str:
    """The КПП: nine characters, the fifth and sixth may be letters; it has no check digit."""
    text = _compact(value).upper()
    if text.isdigit() and len(text) == 8:
        text = "0" + text
    if not _KPP.fullmatch(text) or text.startswith("0000"):
        raise ValueError(_("A KPP has 9 characters: 4 digits, 2 digits or letters, 3 digits."))
    return text


def check_ogrn(value: str | float) -> str:
    """The ОГРН (13 digits) or ОГРНИП (15) with the right check digit.

    It is the last digit of the remainder by 11 (13) of the digits before it (Minfin order 165n of
    30.10.2017). python-stdnum 2.2 keeps the whole remainder of an ОГРНИП and refuses real ones.
    """
    digits = _digits(value)
    if len(digits) not in (13, 15):
        raise ValueError(_("An OGRN has 13 digits, an OGRNIP has 15."))
    remainder = int(digits[:-1]) % (11 if len(digits) == 13 else 13)
    if digits[0] == "0" or remainder % 10 != int(digits[-1]):
        raise ValueError(_("The check digit of the OGRN does not agree: there is a slip in it."))
    return digits


def check_bik(value: str | float) -> str:
    """The БИК of a Russian bank: nine digits beginning with 0."""
    digits = _digits(value)
    if len(digits) == 8:
        digits = "0" + digits
    if len(digits) != 9 or digits[0] != "0" or not digits.strip("0"):
        raise ValueError(_("A BIK has 9 digits and begins with 0."))
    return digits


def check_account(bik: str, account: str | float) -> str:
    """A settlement or correspondent account that belongs to the bank with this БИК.

    Weights 7, 1, 3 over the bank's three digits and the account must give a multiple of ten; for a
    correspondent account the bank's digits are 0 and the fifth and sixth of the БИК.
    """
    bik = check_bik(bik)
    digits = _digits(account)
    if len(digits) != 20:
        raise ValueError(_("A bank account has 20 digits."))
    settlement, correspondent = bik[-3:], "0" + bik[4:6]
    # The Treasury's own accounts go by either rule.
    if digits.startswith("301"):
        keys = [correspondent]
    elif bik[:2] != "04":
        keys = [settlement, correspondent]
    else:
        keys = [settlement]
    if not any(_account_sum(key + digits) % 10 == 0 for key in keys):
        raise ValueError(
            _("The account does not agree with the BIK: there is a slip in one of them.")
        )
    return digits


def check_email(value: str) -> str:
    """The address in small letters, without `mailto:` and stray punctuation around it.

    Only the form is checked: no question is asked to the network.
    """
    text = value.strip(" \t\r\n\u00a0\u200b\ufeff<>()[]\"'«».,;:").lower()
    if text.startswith("mailto:"):
        text = text[7:].split("?", 1)[0].strip()
    if _PLAIN_EMAIL.fullmatch(text):
        return text
    if "@" not in text or len(text) > 254:
        raise ValueError(_("This is not an e-mail address."))
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError):
        raise ValueError(_("This is not an e-mail address.")) from None
    return found.normalized.lower()


def is_valid(check: Callable[[str], str], value: str) -> bool:
    """Whether a check accepts the value."""
    try:
        check(value)
    except ValueError:
        return False
    return True


def _account_sum(digits: str) -> int:
    return sum(int(digit) * (7, 1, 3)[index % 3] for index, digit in enumerate(digits))


def _compact(value: str | float) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        value = int(value)
    return _NOT_DIGITS.sub("", _FLOAT_TAIL.sub("", str(value).strip()))


def _digits(value: str | float) -> str:
    text = _compact(value)
    return text if text.isascii() and text.isdigit() else ""
