"""Where the chain is broken, in words that are said in the language of the moment."""

from dataclasses import dataclass
from datetime import datetime

from orbita.core.sentences import Sentence as _


class BrokenError(Exception):
    """The first broken place: a sentence."""

    def __init__(self, said: _) -> None:
        super().__init__(said)
        self.said = said


@dataclass(frozen=True)
class Verified:
    """What checking found.

    `count` events hold in `seals` links; of `erased` of them nobody knows any more what they said.
    `unsealed` more are not sealed yet. `checkpoints` were compared. `problem` is None when all is
    well, else the first broken place, whose `str()` is a sentence.
    """

    ok: bool
    count: int
    unsealed: int
    erased: int
    seals: int
    checkpoints: int
    problem: _ | None = None
    sealed_until: datetime | None = None


def changed_event(key: int, sealed_at: str, kind: str) -> _:
    return _("Event %(id)s was changed after it was sealed (%(kind)s, sealed %(when)s).") % {
        "id": key, "kind": kind, "when": sealed_at,
    }  # fmt: skip


def moved_event(key: int, other: int) -> _:
    return _("Events were reordered: in the place of event %(id)s stands what was event %(other)s.") % {
        "id": key, "other": other,
    }  # fmt: skip


def changed_somewhere(first: int, last: int) -> _:
    return _("One of the events %(first)s–%(last)s was changed after it was sealed.") % {
        "first": first, "last": last,
    }  # fmt: skip


def deleted_event(key: int, number: int) -> _:
    return _("Event %(id)s was deleted: seal %(number)s holds it, the log does not.") % {
        "id": key, "number": number,
    }  # fmt: skip


def inserted_event(key: int, kind: str) -> _:
    return _("Event %(id)s was inserted among sealed ones (%(kind)s).") % {"id": key, "kind": kind}


def changed_payload(key: int, kind: str) -> _:
    return _("What event %(id)s says was changed (%(kind)s).") % {"id": key, "kind": kind}


def missing_seal(number: int) -> _:
    return _("Seal %(number)s is missing.") % {"number": number}


def changed_seal(number: int, first: int, last: int) -> _:
    return _("Seal %(number)s, over events %(first)s–%(last)s, was changed.") % {
        "number": number, "first": first, "last": last,
    }  # fmt: skip


def other_than_signed(number: int, last: int, signed_at: str) -> _:
    return _(
        "Seal %(number)s is not the one that was signed on %(when)s:"
        " the log up to event %(last)s was written anew."
    ) % {"number": number, "last": last, "when": signed_at}


def cut_tail(number: int, last: int, signed: int, signed_last: int, signed_at: str) -> _:
    return _(
        "The end of the log was cut off: it is sealed up to event %(last)s (seal %(number)s),"
        " but the checkpoint of %(when)s knows event %(signed_last)s (seal %(signed)s)."
    ) % {
        "number": number, "last": last, "signed": signed, "signed_last": signed_last,
        "when": signed_at,
    }  # fmt: skip


def forged_checkpoint(place: str) -> _:
    return _("The checkpoint in %(place)s is not signed by the key of this installation.") % {
        "place": place
    }


def unreadable_checkpoint(place: str) -> _:
    return _("The checkpoint in %(place)s cannot be read.") % {"place": place}
