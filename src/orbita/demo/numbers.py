"""Tax numbers, accounts and phones that pass every check and still cannot belong to anybody.

Tax numbers use office «00» of each region, which registers no one; phones use exchange 000.
"""

from collections.abc import Callable, Sequence
from random import Random

# БИК of a bank that does not exist: its last three digits take part in the key of an account.
BANK = "АО «Демо-Банк»"
BIK = "049205000"

_MOBILE_CODES = (
    *range(900, 920),
    *(921, 922, 925, 926, 927, 929, 937, 950, 951, 953),
    *(960, 961, 962, 963, 965, 967, 977, 982, 985, 986, 987, 996, 999),
)


def inn_of_company(region: str, serial: int) -> str:
    """ИНН of a legal entity: ten digits, the last one is the key (order ФНС ЕД-7-14/559)."""
    body = f"{region}00{serial:05d}"
    return body + _key(body, (2, 4, 10, 3, 5, 9, 4, 6, 8))


def inn_of_person(region: str, serial: int) -> str:
    """ИНН of a person: twelve digits, the last two are keys."""
    body = f"{region}00{serial:06d}"
    body += _key(body, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
    return body + _key(body, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))


def kpp(region: str) -> str:
    """КПП: tax office, reason «01» (where it is registered), ordinal."""
    return f"{region}0001001"


def ogrn(region: str, year: int, serial: int) -> str:
    """ОГРН of a legal entity: 13 digits, the last is the rest of the others by 11, by 10."""
    body = f"1{year % 100:02d}{region}00{serial:05d}"
    return body + str(int(body) % 11 % 10)


def ogrnip(region: str, year: int, serial: int) -> str:
    """ОГРНИП of a sole trader: 15 digits, the last is the rest of the others by 13, by 10.

    Some checkers forget «by 10», so numbers whose rest is over 9 are passed by.
    """
    while True:
        body = f"3{year % 100:02d}{region}00{serial:07d}"
        if (rest := int(body) % 13) < 10:
            return body + str(rest)
        serial += 1_000_000


def account(serial: int, *, sole_trader: bool = False) -> str:
    """A rouble account at `BIK` with a right key (Bank of Russia, order 515 of 1997)."""
    head, tail = ("40802" if sole_trader else "40702") + "810", f"{serial:011d}"
    for key in range(10):
        if account_key_fits(BIK, f"{head}{key}{tail}"):
            return f"{head}{key}{tail}"
    raise AssertionError("one of the ten keys always fits")


def account_key_fits(bik: str, number: str) -> bool:
    digits = bik[-3:] + number
    weights = (7, 1, 3) * 8
    return sum(int(d) * w for d, w in zip(digits, weights[:23], strict=True)) % 10 == 0


def _key(body: str, weights: Sequence[int]) -> str:
    return str(sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11 % 10)


class Phones:
    """Hands out numbers that do not repeat."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def mobile(self) -> str:
        return self._new(lambda: str(self._rng.choice(_MOBILE_CODES)))

    def landline(self, dialling: str) -> str:
        return self._new(lambda: dialling)

    def take(self, e164: str) -> str:
        """Reserves a known number."""
        self._taken.add(e164)
        return e164

    def _new(self, code: Callable[[], str]) -> str:
        while True:
            number = f"+7{code()}000{self._rng.randrange(10000):04d}"
            if number not in self._taken:
                return self.take(number)


_SPELLINGS = (
    (34, "+7 {a} {b}-{c}-{d}"),
    (18, "8{a}{b}{c}{d}"),
    (12, "8 ({a}) {b}-{c}-{d}"),
    (10, "8-{a}-{b}-{c}-{d}"),
    (9, "+7{a}{b}{c}{d}"),
    (6, "+7 ({a}) {b} {c} {d}"),
    (5, "{a}{b}{c}{d}"),
    (3, "7{a}{b}{c}{d}"),
    (2, "8 {a} {b} {c}{d}"),
    (1, "т. 8 {a} {b}-{c}-{d}"),
)
_SPELLING_WEIGHTS = [weight for weight, _ in _SPELLINGS]
_SPELLING_FORMS = [form for _, form in _SPELLINGS]


def as_typed(rng: Random, e164: str) -> str:
    """A +7 number as one of the people of the office would have typed it."""
    form = rng.choices(_SPELLING_FORMS, _SPELLING_WEIGHTS)[0]
    return form.format(a=e164[2:5], b=e164[5:8], c=e164[8:10], d=e164[10:12])
