"""Finds notes by words of their text, whatever the endings."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orbita.clients.guarding import TROUBLES, Sight
from orbita.clients.models import Note, Word
from orbita.clients.search.texts import excerpt, owners_of


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
        return excerpt(self.note.text, self.start, around)


def find_notes(clients: Any, text: str, limit: int, seen: Sight) -> list[FoundNote]:
    """Notes about these clients that have every word of the text; the newest first."""
    starts, ids = owners_of(text, Word.Kind.NOTE)
    if not ids:
        return []
    rows = Note.objects.filter(pk__in=ids, deleted_at=None, client__in=clients)
    if seen.hides(TROUBLES):
        rows = rows.exclude(kind=Note.Kind.COMPLAINT)
    found = rows.select_related("client").order_by("-happened_at", "-pk")[:limit]
    return [FoundNote(note, starts[0]) for note in found]
