"""The register of erasures: a file apart from the base, so that a restored copy erases them again.

`ORBITA_DATA/erasures` has a line of JSON per erasure: its key, when it was made, and the marks of the
cards. The mark of a card is the number of its first event and SHA-256 over that event's commitment,
32 bytes that are salted at random: who has the file and not the base learns nothing of anybody, and a
card of another base, or another card of the same number, never has the same mark. The file is in no
backup. Each erasure is a row of the base too, and either fills the other up.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Min
from django.utils.translation import gettext_noop

from orbita.clients.models import Client, Erasure
from orbita.core import private_files
from orbita.core.models import Event
from orbita.core.sentences import keep

NAME = "erasures"
Mark = list[Any]  # [number of the event, hex digest]
AGAIN = gettext_noop("Applied again after a restore.")


def path() -> Path:
    return Path(settings.ORBITA_DATA) / NAME


def marks_of(cards: Sequence[int]) -> list[Mark]:
    """What the register knows these cards by. A card without any event has none."""
    first = Event.objects.filter(client_id__in=cards).values("client_id").annotate(first=Min("pk"))
    events = Event.objects.filter(pk__in=[row["first"] for row in first]).order_by("pk")
    return [[event.pk, _mark(bytes(event.commitment))] for event in events]


def _mark(commitment: bytes) -> str:
    return hashlib.sha256(b"orbita erasure\0" + commitment).hexdigest()


def write() -> None:
    """Brings the file up to the base. Lines of erasures that the base does not know stay."""
    known = {line["key"]: line for line in read()}
    rows = Erasure.objects.filter(status=Erasure.Status.DONE).order_by("pk")
    for row in rows:
        at = row.first_erased_at or row.erased_at
        known.setdefault(
            row.key.hex,
            {"key": row.key.hex, "at": at.isoformat() if at else "", "marks": row.marks},
        )
    text = "".join(f"{json.dumps(line)}\n" for line in known.values())
    if text and (not path().exists() or path().read_text(encoding="utf-8") != text):
        private_files.write(path(), text)


def read() -> list[dict[str, Any]]:
    """The lines of the file. Raises `ValueError` for one that is damaged."""
    if not path().exists():
        return []
    lines = path().read_text(encoding="utf-8").splitlines()
    return [_line(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _line(number: int, text: str) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
        datetime.fromisoformat(line["at"])
        for event, digest in line["marks"]:
            if not isinstance(event, int) or not isinstance(digest, str):
                raise TypeError
        str(line["key"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path()}: line {number} is damaged") from None
    return line


def apply() -> int:
    """Erases again whom the file says and the base still has: it was restored from an older backup.

    Returns how many erasures that were. What must be kept by a legal hold now is left, with a row that
    says so.
    """
    from orbita.clients.privacy import cleaning
    from orbita.clients.privacy.erasing import BusyError, cards_of, carry_out

    lines = read()
    keys = [line["key"] for line in lines]
    done = {key.hex for key in Erasure.objects.filter(key__in=keys).values_list("key", flat=True)}
    count = 0
    for line in lines:
        if line["key"] in done:
            continue
        cards = _cards_marked(line["marks"])
        if not cards:
            continue
        family = cards_of(Client._base_manager.get(pk=cards[0]))
        row = Erasure(
            key=line["key"],
            cards=family + [card for card in cards if card not in family],
            reason=AGAIN,
            first_erased_at=datetime.fromisoformat(line["at"]),
        )
        try:
            carry_out(row, None)
        except BusyError:
            continue  # the schedule tries again
        except ValidationError as error:
            row.status, row.error = Erasure.Status.REFUSED, keep(error.messages[0])
            row.save()
        else:
            count += 1
    write()
    if count:
        cleaning.clean_up_waiting()
    return count


def _cards_marked(marks: Iterable[Mark]) -> list[int]:
    wanted: dict[int, str] = {event: digest for event, digest in marks}  # noqa: C416 - of lists
    events = Event.objects.filter(pk__in=wanted, client_id__isnull=False).order_by("pk")
    found = [
        event.client_id
        for event in events
        if _mark(bytes(event.commitment)) == wanted[event.pk] and event.client_id
    ]
    there = set(Client._base_manager.filter(pk__in=found).values_list("pk", flat=True))
    return [card for card in found if card in there]
