"""The grounds of a match in words. The codes are stable: they are stored beside pairs."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

CODES = {
    "phone": _("same phone"),
    "phone_typo": _("phone with a wrong digit"),
    "email": _("same e-mail"),
    "email_typo": _("e-mail with a slip"),
    "email_name": _("same name of the e-mail at another service"),
    "number": _("same number of a document or messenger"),
    "number_typo": _("number of a document with a wrong digit"),
    "inn": _("same INN"),
    "inn_typo": _("INN with a wrong digit"),
    "birthday": _("same birthday"),
    "birthday_typo": _("birthday with a slip"),
    "birthday_swap": _("day and month of the birthday swapped"),
    "address": _("same address"),
    "address_near": _("same street and house"),
    "city": _("same city"),
    "last_name": _("same last name"),
    "last_name_rare": _("same rare last name"),
    "last_name_typo": _("last name with a slip"),
    "first_name": _("same first name"),
    "first_name_typo": _("first name with a slip"),
    "diminutive": _("first name is a short form"),
    "initials": _("initials agree"),
    "middle_name": _("same patronymic"),
    "middle_name_typo": _("patronymic with a slip"),
    "company": _("same company name"),
    "company_typo": _("company name with a slip"),
    "swapped": _("first and last name swapped"),
    "layout": _("typed in the wrong keyboard layout"),
    "translit": _("written in other letters"),
    "through": _("both match a third card"),
    "shared_phone": _("the phone is used by different people"),
    "conflict_birthday": _("different birthdays"),
    "conflict_sex": _("different sex"),
    "conflict_first_name": _("different first names"),
    "conflict_last_name": _("different last names"),
    "conflict_middle_name": _("different patronymics"),
    "conflict_inn": _("different INN"),
    "conflict_company": _("different company names"),
}
# Grounds against; all others are grounds for.
AGAINST = frozenset(code for code in CODES if code.startswith(("conflict_", "shared_")))


def evidence_words(code: str) -> str:
    """The words of a code in the reader's language; a code of another version as it is."""
    words = CODES.get(code)
    return str(words) if words is not None else gettext(code)
