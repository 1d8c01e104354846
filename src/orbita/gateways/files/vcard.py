"""Phone books: vCard 2.1, 3.0 and 4.0, a card a row."""

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from orbita.core.text import clean_line
from orbita.gateways.files import encoding as encodings
from orbita.gateways.files import limits
from orbita.gateways.files.delimited import text_lines
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.source import Cell, Row, Sheet, Source, check_size

# The columns of the sheet that a phone book becomes: names of the importer's fields.
COLUMNS = (
    "last_name",
    "first_name",
    "middle_name",
    "full_name",
    "company",
    "position",
    "phone",
    "email",
    "address",
    "birthday",
    "link",
    "tags",
    "note",
)
_BULKY = re.compile(
    r"(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY|X-[\w-]*(?:PHOTO|AVATAR)[\w-]*)[;:]", re.IGNORECASE
)
_MAX_CARD = 1_000_000


def open_vcards(path: Path, size: int) -> Source:
    """One sheet; its header row is numbered 0 and the cards from 1."""
    check_size(size, limits.MAX_TEXT)
    encoding = encodings.detect(path)

    def read() -> Iterator[Row]:
        header: list[Cell] = list(COLUMNS)
        yield 0, header
        with path.open("rb") as stream:
            for number, text in enumerate(_cards(stream, encoding), 1):
                yield number, _cells(text)

    def height() -> int:
        with path.open("rb") as stream:
            return 1 + sum(line.strip().lower() == b"begin:vcard" for line in stream)

    return Source(path, "vcard", [Sheet(path.stem, read, height)], encoding.name)


def _cards(stream: io.BufferedReader, encoding: encodings.Encoding) -> Iterator[str]:
    """The text of each card without its pictures."""
    lines: list[str] = []
    size = 0
    inside = skipping = False
    for line in text_lines(stream, encoding):
        word = line.strip().lower()
        if word == "begin:vcard":
            lines, size, inside, skipping = [], 0, True, False
        if not inside:
            continue
        if skipping:
            skipping = line[:1] in " \t\r\n" or ":" not in line
        if not skipping:
            skipping = bool(_BULKY.match(line))
        if not skipping:
            lines.append(line)
            size += len(line)
        if size > _MAX_CARD:
            raise FileError(_("A card in the phone book is longer than a million characters."))
        if word == "end:vcard":
            yield "".join(lines)
            inside = False


def _cells(text: str) -> list[Cell]:
    import vobject

    logging.getLogger("vobject").setLevel(logging.CRITICAL)
    try:
        card = vobject.readOne(text, allowQP=True, ignoreUnreadable=True)
        return _from_card(card.contents)
    except Exception:
        # Kept for the report of rejected rows, where its owner sees which card it is.
        unread: list[Cell] = [""] * (len(COLUMNS) - 1)
        return [*unread, text[:2000]]


def _from_card(contents: dict[str, list[Any]]) -> list[Cell]:
    name = contents["n"][0].value if contents.get("n") else None
    organisation = _texts(contents, "org")
    found = {
        "last_name": _flat(getattr(name, "family", "")),
        "first_name": _flat(getattr(name, "given", "")),
        "middle_name": _flat(getattr(name, "additional", "")),
        "company": organisation[0] if organisation else "",
        "position": "; ".join(_texts(contents, "title") or _texts(contents, "role")),
        "phone": "; ".join(text.removeprefix("tel:") for text in _texts(contents, "tel")),
        "email": "; ".join(_texts(contents, "email")),
        "address": _address(contents),
        "birthday": _birthday(contents),
        "link": "; ".join(_texts(contents, "url")),
        "tags": ", ".join(_texts(contents, "categories")),
        "note": "\n".join(str(line.value).strip() for line in contents.get("note", [])),
    }
    if not (found["last_name"] or found["first_name"]):
        found["full_name"] = " ".join(_texts(contents, "fn")) or found["company"]
    return [found.get(column, "") for column in COLUMNS]


def _texts(contents: dict[str, list[Any]], kind: str) -> list[str]:
    texts = (_flat(line.value) for line in contents.get(kind, []))
    return [text for text in texts if text]


def _flat(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return clean_line(" ".join(str(part) for part in value if part))
    return clean_line(str(value or ""))


def _address(contents: dict[str, list[Any]]) -> str:
    for line in contents.get("adr", []):
        value = line.value
        parts = [
            _flat(getattr(value, part, ""))
            for part in ("code", "country", "region", "city", "street", "extended", "box")
        ]
        if text := ", ".join(part for part in parts if part):
            return text
    return ""


def _birthday(contents: dict[str, list[Any]]) -> str:
    texts = _texts(contents, "bday")
    # --0312 is a birthday without a year: there is no date to keep.
    return texts[0] if texts and not texts[0].startswith("--") else ""
