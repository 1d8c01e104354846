"""The search index: words of the whole base once, and which card has which.

The tables that grow with the base are of one integer column each, so that a row is one entry of one
B-tree on both databases: a posting is `word << 32 | client`, a key of a word `hash << 27 | word`.
Words of one range of integers are read by a range of keys. Kept by `clients.search.index`.
"""

from django.db import models

from orbita.clients.models.client import Client
from orbita.clients.models.note import Note
from orbita.core.fields import KeyField, OneRowField, RowKeyField


class Word(models.Model):
    """A normalised word that stands on some card. Never deleted: ids of words are kept packed."""

    class Kind(models.IntegerChoices):
        NAME = 0
        PLACE = 1
        NOTE = 2
        OWN = 3
        TEXT = 4

    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    text = KeyField(max_length=40)
    # What it sounds like, see `search.spelling`: near misses are told by comparing sounds.
    sound = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["text", "kind"], name="word_once_per_kind"),
        ]

    def __str__(self) -> str:
        return self.text


class WordKey(models.Model):
    """`hash << 27 | word`: a part of the word's sound that survives slips of the hand."""

    id = RowKeyField(primary_key=True)

    def __str__(self) -> str:
        return f"key {self.pk}"


class Posting(models.Model):
    """`word << 32 | client`: the card has this word in its names or addresses."""

    id = RowKeyField(primary_key=True)

    def __str__(self) -> str:
        return f"posting {self.pk}"


class NotePosting(models.Model):
    """`word << 32 | note`: the text of the note has this word."""

    id = RowKeyField(primary_key=True)

    def __str__(self) -> str:
        return f"posting {self.pk}"


class SearchedClient(models.Model):
    """The words of a card, packed: what to take out of the index when it changes."""

    client = OneRowField(Client, on_delete=models.CASCADE, primary_key=True, related_name="+")
    words = models.BinaryField()

    def __str__(self) -> str:
        return f"words of client {self.client_id}"


class TextPosting(models.Model):
    """`word << 32 | client`: a text of the card has this word."""

    id = RowKeyField(primary_key=True)

    def __str__(self) -> str:
        return f"posting {self.pk}"


class SearchedText(models.Model):
    """The words of the texts of a card, packed. A card without texts has no row."""

    client = OneRowField(Client, on_delete=models.CASCADE, primary_key=True, related_name="+")
    words = models.BinaryField()

    def __str__(self) -> str:
        return f"words of the texts of client {self.client_id}"


class SearchedNote(models.Model):
    """Says that the text of the note is in the index; it never changes."""

    note = OneRowField(Note, on_delete=models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return f"note {self.note_id}"
