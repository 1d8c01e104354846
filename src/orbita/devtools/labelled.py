"""Labelled bases as records of the matcher, and noise to make them worse.

A label is whose card it is; families are labels of people who are near without being the same.
"""

import csv
import gzip
import io
import random
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from orbita.clients.checks import check_inn
from orbita.clients.duplicates import Place, Record
from orbita.clients.naming import read_company
from orbita.core.phones import parse_phone
from orbita.core.text import clean_line
from orbita.gateways.files.values import parse_birthday


class Labelled(NamedTuple):
    record: Record
    entity: str
    family: str
    # Bits of what the card shares with the others of its entity; -1 when it is not known.
    proofs: int = -1


def _rows(path: Path) -> Iterator[dict[str, str]]:
    whole = path.read_bytes()
    text = (gzip.decompress(whole) if path.suffix == ".gz" else whole).decode()
    yield from csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)


def russian_base(folder: Path, size: int) -> list[Labelled]:
    """`ru_dev_SIZE`, as an import would put it into the base."""
    labels = {row["id"]: row for row in _rows(folder / f"ru_dev_{size}.labels.csv.gz")}
    found: list[Labelled] = []
    for row in _rows(folder / f"ru_dev_{size}.csv.gz"):
        label = labels[row["id"]]
        values = {name: clean_line(text or "") for name, text in row.items()}
        company = read_company(values["company"]).name if values["company"] else ""
        phones = [values["phone"], values["phone2"]]
        record = Record(
            id=int(row["id"]),
            kind=values["kind"],
            last_name=values["last_name"],
            first_name=values["first_name"],
            middle_name=values["middle_name"],
            company=company,
            inn=_inn(values["inn"]),
            birthday=_day(values["birth_date"]),
            phones=tuple(_phone(text) for text in phones if text),
            emails=tuple(filter(None, [values["email"]])),
            places=tuple(_place(values["city"], values["address"])),
        )
        found.append(
            Labelled(record, label["entity_id"], label["household_id"], int(label["evidence"]))
        )
    return found


def febrl_base(folder: Path, names: list[str], *, with_number: bool = True) -> list[Labelled]:
    """FEBRL's people; without `with_number` their social security numbers are left out."""
    found: list[Labelled] = []
    for name in names:
        for row in _rows(folder / f"febrl_{name}.csv.gz"):
            values = {key: clean_line(text or "") for key, text in row.items()}
            street = " ".join(
                values[key] for key in ("street_number", "address_1", "address_2") if values[key]
            )
            entity = values["rec_id"].split("-")[1]
            number = values["soc_sec_id"] if with_number else ""
            record = Record(
                id=len(found) + 1,
                last_name=values["surname"],
                first_name=values["given_name"],
                birthday=_compact_day(values["date_of_birth"]),
                numbers=tuple(filter(None, [number])),
                places=tuple(_place(values["suburb"], street)),
            )
            found.append(Labelled(record, entity, entity))
    return found


def fake_base(folder: Path) -> list[Labelled]:
    """`fake_1000`: English people with many slips."""
    found: list[Labelled] = []
    for row in _rows(folder / "fake_1000.csv"):
        values = {key: clean_line(text or "") for key, text in row.items()}
        record = Record(
            id=int(values["unique_id"]) + 1,
            last_name=values["surname"],
            first_name=values["first_name"],
            birthday=_day(values["dob"]),
            emails=tuple(filter(None, [values["email"]])),
            places=tuple(_place(values["city"], "")),
        )
        found.append(Labelled(record, values["cluster"], values["cluster"]))
    return found


def quarter(family: str) -> int:
    """Which of four parts of a base a family falls into: 0 and 1 are learnt from, 2 teaches the second
    forest, 3 is what the model is measured by.
    """
    return zlib.crc32(family.encode()) % 4


def _place(city: str, text: str) -> list[Place]:
    return [Place(city, text)] if city or text else []


def _phone(text: str) -> str:
    phone = parse_phone(text)
    return phone.e164 if phone else text


def _inn(text: str) -> str:
    try:
        return check_inn(text)
    except ValueError:
        return ""


def _day(text: str) -> date | None:
    try:
        return parse_birthday(text) if text else None
    except ValueError:
        return None


def _compact_day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


# ---- noise ----

_KEYBOARD = "йцукенгшщзхъфывапролджэячсмитьбю"
_SPELT = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch . y . e yu ya"
_LATIN = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", _SPELT.split(" "), strict=True))


def worsened(rows: list[Labelled], *, share: float, seed: int) -> list[Labelled]:
    """The same cards with less on them and more slips: `share` of the fields suffer."""
    chance = random.Random(seed)  # noqa: S311
    return [row._replace(record=_worse(row.record, share, chance)) for row in rows]


def _worse(record: Record, share: float, chance: random.Random) -> Record:
    def suffers(times: float = 1.0) -> bool:
        return chance.random() < share * times

    last, first, middle = record.last_name, record.first_name, record.middle_name
    if suffers():
        last = _slip(last, chance)
    if suffers(0.6):
        first = _slip(first, chance)
    if suffers():
        middle = chance.choice(["", "", _slip(middle, chance), middle[:1]])
    if suffers(0.3):
        first, middle = first[:1], middle[:1]
    if suffers(0.2):
        last, first, middle = (_in_latin(part) for part in (last, first, middle))
    if suffers(0.2):
        last, first = first, last
    phones = [
        _wrong_digit(p, chance) if suffers(0.4) else p for p in record.phones if not suffers()
    ]
    emails = [_slip(mail, chance) if suffers(0.5) else mail for mail in record.emails]
    birthday = record.birthday
    if birthday and suffers():
        birthday = chance.choice([None, None, _near_day(birthday, chance)])
    places = tuple(
        Place(
            "" if suffers() else place.city,
            "" if suffers() else _slip_in_one(place.text, share, chance),
        )
        for place in record.places
    )
    return Record(
        id=record.id,
        kind=record.kind,
        last_name=last,
        first_name=first,
        middle_name=middle,
        company=_slip(record.company, chance) if suffers(0.5) else record.company,
        inn="" if suffers() else record.inn,
        sex=record.sex,
        birthday=birthday,
        phones=tuple(phones),
        emails=() if suffers() else tuple(emails),
        numbers=() if suffers() else record.numbers,
        places=places,
    )


def _slip(text: str, chance: random.Random) -> str:
    if len(text) < 3:
        return text
    at = chance.randrange(1, len(text) - 1)
    letter = chance.choice(_KEYBOARD if not text.isascii() else "abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
            text[:at] + letter + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at] + text[at] + text[at:],
        ]
    )


def _slip_in_one(text: str, share: float, chance: random.Random) -> str:
    return _slip(text, chance) if chance.random() < share * 0.4 else text


def _in_latin(text: str) -> str:
    letters = (_LATIN.get(char, char).replace(".", "") for char in text.lower())
    return "".join(letters).capitalize()


def _wrong_digit(phone: str, chance: random.Random) -> str:
    if len(phone) < 8:
        return phone
    at = chance.randrange(3, len(phone))
    return phone[:at] + str(chance.randrange(10)) + phone[at + 1 :]


def _near_day(day: date, chance: random.Random) -> date:
    try:
        return chance.choice(
            [
                day.replace(day=chance.randrange(1, 29)),
                day.replace(month=chance.randrange(1, 13)),
                day.replace(year=day.year + chance.choice([-10, -1, 1, 10])),
                day.replace(month=day.day, day=day.month) if day.day <= 12 else day,
            ]
        )
    except ValueError:
        return day
