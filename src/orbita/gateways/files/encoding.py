"""Which encoding a text table is in, when it does not say."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from orbita.gateways.files import limits
from orbita.gateways.files.errors import FileError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
_SAMPLE = 256 * 1024
# How often each letter stands in Russian text, per thousand.
_FREQUENCY = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
        (110, 85, 80, 74, 67, 63, 55, 47, 45, 44, 35, 32, 30, 28, 26, 20, 19, 17, 17, 16, 16, 14, 12, 10, 9, 7, 6, 5, 4, 3, 3, 1, 1),
        strict=True,
    )
)  # fmt: skip


@dataclass(frozen=True)
class Encoding:
    name: str
    # About how many rows there are: a quoted line break counts as one more.
    lines: int
    has_nuls: bool = False


def detect(path: Path) -> Encoding:
    """The encoding of a text file; FileError when it is no text."""
    with path.open("rb") as stream:
        head = stream.read(_SAMPLE)
    for mark, name in _MARKS:
        if head.startswith(mark):
            lines, _nuls, _broken, _size = _survey(path, "")
            return Encoding(name, lines)
    if name := _unmarked_utf16(head):
        lines, _nuls, _broken, _size = _survey(path, "")
        return Encoding(name, lines)
    lines, nuls, broken, size = _survey(path, "utf-8")
    controls = sum(head.count(byte) for byte in range(32) if byte not in (0, 9, 10, 11, 12, 13, 26))
    if nuls > size // 100 + 5 or controls > len(head) // 100 + 5:
        raise FileError(_("This is not a table: the file is neither a workbook nor text."))
    if not broken:
        return Encoding("utf-8", lines, nuls > 0)
    high = sum(byte > 127 for byte in head)
    # A few spoilt letters do not make UTF-8 into another encoding.
    if high and not _looks_single_byte(head):
        return Encoding("utf-8", lines, nuls > 0)
    return Encoding(_single_byte(_high_sample(path, head)), lines, nuls > 0)


def _survey(path: Path, encoding: str) -> tuple[int, int, bool, int]:
    """Lines, NUL bytes, whether the whole file fails to decode, and its size."""
    decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
    lines = nuls = size = 0
    broken, ended = False, True
    with path.open("rb") as stream:
        while chunk := stream.read(4 * limits.MB):
            size += len(chunk)
            lines += chunk.count(b"\n") or chunk.count(b"\r")
            nuls += chunk.count(0)
            ended = chunk.rstrip(b"\0").endswith((b"\n", b"\r"))
            if decoder and not broken:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    broken = True
    if decoder and not broken:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            broken = True
    return lines + (not ended), nuls, broken, size


def _unmarked_utf16(head: bytes) -> str:
    if len(head) < 4:
        return ""
    even, odd = head[0::2], head[1::2]
    # Blanks, digits and delimiters have a zero half even in Cyrillic text.
    if odd.count(0) > len(odd) // 6 and even.count(0) <= len(even) // 50:
        return "utf-16-le"
    if even.count(0) > len(even) // 6 and odd.count(0) <= len(odd) // 50:
        return "utf-16-be"
    return ""


def _looks_single_byte(head: bytes) -> bool:
    text = head.decode("utf-8", errors="replace")
    spoilt = text.count("\ufffd")
    whole = sum(ord(char) > 127 for char in text) - spoilt
    return spoilt * 10 > whole


def _high_sample(path: Path, head: bytes) -> bytes:
    """The head, or the first part of the file with enough letters beyond ASCII."""
    if sum(byte > 127 for byte in head) >= 20:
        return head
    with path.open("rb") as stream:
        return b"".join(_lines_with_high_bytes(stream))[:_SAMPLE] or head


def _lines_with_high_bytes(stream: Iterator[bytes]) -> Iterator[bytes]:
    taken = 0
    for line in stream:
        if not line.isascii():
            taken += len(line)
            yield line[:_SAMPLE]
            if taken > _SAMPLE:
                return


def _single_byte(sample: bytes) -> str:
    scores = {name: _russianness(sample.decode(name, errors="replace")) for name in _CYRILLIC}
    best = max(_CYRILLIC, key=lambda name: scores[name])
    if scores[best] > 15:
        return best
    from charset_normalizer import from_bytes

    found = from_bytes(sample).best()
    # Excel in Russia writes cp1251; a stray sign such as ° is not enough to say otherwise.
    return found.encoding if found is not None and found.encoding != "utf_8" else "cp1251"


def _russianness(text: str) -> float:
    """The mean frequency of the letters beyond ASCII; signs and cases out of place count against."""
    total = score = 0
    previous = " "
    for char in text:
        if char > "\x7f":
            total += 1
            value = _FREQUENCY.get(char.lower(), 0)
            if value:
                # кОИ8 read as 1251 swaps the cases; Müller read as Russian mixes alphabets.
                if (char.isupper() and previous.islower()) or (
                    previous.isascii() and previous.isalpha()
                ):
                    value = -60
                score += value
            elif char not in "№«»—–…\u00a0“”„°€":
                score -= 60
        previous = char
    return score / total if total else 0.0
