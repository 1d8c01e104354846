"""Finds notes by words of their text, whatever the endings."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orbita.clients.models import Note
from orbita.clients.search import lookup
from orbita.clients.search.query import readings
from orbita.core.text import normalise

# Russian endings: a word is sought by what stays when the last letters change.
ENDING = 2
SHORTEST = 4
MOST_FORMS = 200
MOST_NOTES = 3000
CONSIDERED = 200


@dataclass(frozen=True, slots=True)
class FoundNote:
    note: Note
    start: str

    @property
    def reason(self) -> str:
        """Why it was found, in words."""
        return _("text of a note")

    def excerpt(self, around: int) -> str:
        """A line of the text with the word in it."""
        line = " ".join(self.note.text.split())
        at = line.casefold().replace("ё", "е").find(self.start)
        begin = max(0, at - around // 3)
        cut = line[begin : begin + around]
        return ("…" if begin else "") + cut + ("…" if begin + around < len(line) else "")


def find_notes(clients: Any, text: str, limit: int) -> list[FoundNote]:
    """Notes about these clients that have every word of the text; the newest first."""
    for reading in readings(normalise(text)):
        words = [word for word in reading.words if len(word) >= SHORTEST]
        if not words:
            continue
        starts = [_stem(word) for word in words]
        ids: set[int] | None = None
        for start in starts:
            having = _having(start)
            ids = having if ids is None else ids & having
        if ids:
            newest = sorted(ids, reverse=True)[:CONSIDERED]
            rows = Note.objects.filter(pk__in=newest, deleted_at=None, client__in=clients)
            found = rows.select_related("client").order_by("-happened_at", "-pk")[:limit]
            return [FoundNote(note, starts[0]) for note in found]
    return []


def _stem(word: str) -> str:
    return word[: max(SHORTEST, len(word) - ENDING)] if not word.isdigit() else word


def _having(start: str) -> set[int]:
    words = lookup.words_beginning(start, MOST_FORMS, note=True)
    owners = lookup.owners([word.id for word in words], MOST_NOTES, notes=True)
    return {note for own in owners.values() for note in own}
