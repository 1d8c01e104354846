"""Words of whole texts, of notes and of cards: found by how they begin, whatever the endings."""

from collections.abc import Collection, Sequence
from typing import Any

from django.utils.translation import gettext as _

from orbita.clients import wording
from orbita.clients.guarding import TROUBLES, Sight
from orbita.clients.models import Word
from orbita.clients.search import lookup
from orbita.clients.search.index import TEXTS
from orbita.clients.search.query import readings
from orbita.core.text import normalise

# Russian endings: a word is sought by what stays when the last letters change.
ENDING = 2
SHORTEST = 4
MOST_FORMS = 200
MOST_OWNERS = 3000
CONSIDERED = 200
AROUND = 60


def owners_of(text: str, kind: Word.Kind) -> tuple[list[str], list[int]]:
    """Whose texts have every word of what was typed, the newest first, and the words' stems."""
    for reading in readings(normalise(text)):
        starts = [_stem(word) for word in reading.words if len(word) >= SHORTEST]
        found = [_having(start, kind) for start in starts]
        if found and (ids := set.intersection(*found)):
            return starts, sorted(ids, reverse=True)[:CONSIDERED]
    return [], []


def _stem(word: str) -> str:
    return word[: max(SHORTEST, len(word) - ENDING)] if not word.isdigit() else word


def _having(start: str, kind: Word.Kind) -> set[int]:
    words = lookup.words_beginning(start, MOST_FORMS, kinds=(kind,))
    table = "clients_noteposting" if kind == Word.Kind.NOTE else "clients_textposting"
    owners = lookup.owners([word.id for word in words], MOST_OWNERS, table=table)
    return {one for own in owners.values() for one in own}


def excerpt(text: str, start: str, around: int) -> str:
    """A line of the text with the word in it."""
    line = " ".join(text.split())
    at = line.casefold().replace("ё", "е").find(start)
    begin = max(0, at - around // 3)
    cut = line[begin : begin + around]
    return ("…" if begin else "") + cut + ("…" if begin + around < len(line) else "")


_GUARDS = {"contact_stop__reason": TROUBLES, "dead__reason": TROUBLES}


def find_in_texts(
    rows: Any, text: str, but: Collection[int], most: int, seen: Sight
) -> list[tuple[int, str]]:
    """(client, where and what stands there) of these clients whose texts have every word typed."""
    starts, ids = owners_of(text, Word.Kind.TEXT)
    if not ids:
        return []
    found = rows.filter(pk__in=set(ids) - set(but)).order_by("-pk").values_list("pk", *TEXTS)
    names = [name for name in TEXTS if seen.shows(_GUARDS.get(name, name))]
    if len(names) == len(TEXTS):
        return [(pk, _told(starts[0], names, texts)) for pk, *texts in found[:most]]
    rest = ((pk, dict(zip(TEXTS, texts, strict=True))) for pk, *texts in found)
    opened = ((pk, [texts[name] for name in names]) for pk, texts in rest)
    kept = [(pk, texts) for pk, texts in opened if _have_all(starts, texts)]
    return [(pk, _told(starts[0], names, texts)) for pk, texts in kept[:most]]


def _have_all(starts: Sequence[str], texts: Sequence[str | None]) -> bool:
    whole = normalise(" ".join(text or "" for text in texts))
    return all(start in whole for start in starts)


def _told(start: str, names: Sequence[str], texts: Sequence[str | None]) -> str:
    for name, text in zip(names, texts, strict=True):
        if text and start in normalise(text):
            return f"{_label(name)}: {excerpt(text, start, AROUND)}"
    return ""


def _label(name: str) -> str:
    labels = {
        "contact_stop__reason": _("why nobody contacts him"),
        "dead__reason": _("put aside"),
        "work__reason": _("why handed over"),
    }
    return labels.get(name) or wording.label_of(name)
