"""Slips of the hand in the domain of an e-mail: gmial.com, yandex.ry, mail.con."""

from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

# Domains that most people have. Long enough names are compared by letters; for short ones a letter
# more or less is as often somebody else's domain, so their slips are listed.
_COMPARED = (
    "gmail.com",
    "yandex.ru",
    "rambler.ru",
    "outlook.com",
    "hotmail.com",
    "icloud.com",
    "yahoo.com",
    "inbox.ru",
    "internet.ru",
    "googlemail.com",
)
# Real domains one letter from those above, and the others that need no look.
_REAL = frozenset(
    [
        "gmail.com",
        "mail.ru",
        "yandex.ru",
        "ya.ru",
        "bk.ru",
        "list.ru",
        "inbox.ru",
        "internet.ru",
        "rambler.ru",
        "outlook.com",
        "hotmail.com",
        "icloud.com",
        "yahoo.com",
        "vk.com",
        "googlemail.com",
        "mail.com",
        "ymail.com",
        "email.com",
        "email.ru",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "yandex.com",
        "yandex.by",
        "yandex.kz",
        "yandex.ua",
        "yandex.uz",
        "ya.com",
        "hotmail.ru",
        "outlook.ru",
        "live.com",
        "live.ru",
        "me.com",
        "mac.com",
        "aol.com",
        "qip.ru",
        "nm.ru",
        "ngs.ru",
        "sibmail.com",
        "ukr.net",
        "i.ua",
        "tut.by",
        "mail.by",
        "mail.kz",
        "mail.ua",
        "inbox.lv",
        "lenta.ru",
        "autorambler.ru",
        "myrambler.ru",
        "ro.ru",
        "proton.me",
        "protonmail.com",
        "xmail.ru",
        "e1.ru",
        "fastmail.com",
        "zmail.ru",
        "umail.ru",
    ]
)
_LISTED = {
    "gmail.ru": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.cm": "gmail.com",
    "gmai.ru": "gmail.com",
    "gnail.ru": "gmail.com",
    "gmial.ru": "gmail.com",
    "gmil.com": "gmail.com",
    "maill.ru": "mail.ru",
    "maul.ru": "mail.ru",
    "mial.ru": "mail.ru",
    "mali.ru": "mail.ru",
    "meil.ru": "mail.ru",
    "mai.lru": "mail.ru",
    "mail.r": "mail.ru",
    "mail.tu": "mail.ru",
    "mfil.ru": "mail.ru",
    "vail.ru": "mail.ru",
    "majl.ru": "mail.ru",
    "mayl.ru": "mail.ru",
    "mail.ry": "mail.ru",
    "mail.rv": "mail.ru",
    "yandeks.ru": "yandex.ru",
    "jandex.ru": "yandex.ru",
    "iandex.ru": "yandex.ru",
    "yndx.ru": "yandex.ru",
    "yandx.ru": "yandex.ru",
    "ramler.ru": "rambler.ru",
    "bk.ry": "bk.ru",
    "ya.ry": "ya.ru",
    "list.ry": "list.ru",
    "lits.ru": "list.ru",
    "outlok.com": "outlook.com",
    "iclod.com": "icloud.com",
}
# Endings that no register knows.
_ENDINGS = {
    "con": "com",
    "cmo": "com",
    "ocm": "com",
    "xom": "com",
    "vom": "com",
    "comm": "com",
    "coom": "com",
    "cpm": "com",
    "rru": "ru",
    "ruu": "ru",
    "ry": "ru",
    "tu": "ru",
    "ri": "ru",
    "eu.ru": "ru",
}


@lru_cache(maxsize=20_000)
def meant_domain(domain: str) -> str:
    """The domain that was probably meant, or "" when this one raises no doubt."""
    if domain in _REAL:
        return ""
    if domain in _LISTED:
        return _LISTED[domain]
    for known in _COMPARED:
        if (
            abs(len(known) - len(domain)) <= 1
            and DamerauLevenshtein.distance(domain, known, score_cutoff=1) <= 1
        ):
            return known
    name, dot, ending = domain.rpartition(".")
    if dot and ending in _ENDINGS:
        return f"{name}.{_ENDINGS[ending]}"
    return ""
