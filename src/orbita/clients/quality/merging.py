"""A merge never makes anybody reachable who asked to be left alone: the stricter of two marks holds.

A mark that only the merged card or its contact has comes with the row, by the general rule, as a stop
of contacts does, of which there is one kind only. Here are those that both sides have a row for.
"""

from datetime import date

from orbita.clients.contacts import identity
from orbita.clients.mergers import Merger, Work
from orbita.clients.models import ContactPoint, ContactState, DeadMark

REFUSED = ContactState.Mark.REFUSED
_OF_DEAD = ("look_again_on", "reason", "marked_at", "marked_by_id", "brought_up_at")
_OF_CONTACT = ("mark", "reason", "marked_at", "marked_by_id")


def _take_the_stricter(work: Work) -> None:
    _longer_rest(work)
    _refusals(work)


def _longer_rest(work: Work) -> None:
    marks = DeadMark.objects.in_bulk([work.keep.pk, work.drop.pk])
    if len(marks) == 2:
        kept, other = marks[work.keep.pk], marks[work.drop.pk]
        if _until(other) > _until(kept):
            work.set(kept, {name: getattr(other, name) for name in _OF_DEAD})


def _until(mark: DeadMark) -> date:
    """The last day of the rest: for good, without a day, is longer than until any."""
    return mark.look_again_on or date.max


def _refusals(work: Work) -> None:
    """Contacts that both cards have: the merged card's stays with it, and its refusal must not."""
    left = ContactState.objects.filter(contact__client=work.drop, mark=REFUSED)
    refused = {identity(state.contact): state for state in left.select_related("contact")}
    if not refused:
        return
    for contact in ContactPoint.objects.filter(client=work.keep).select_related("state"):
        state = refused.get(identity(contact))
        if state is None or contact.mark == REFUSED:
            continue
        values = {name: getattr(state, name) for name in _OF_CONTACT}
        if known := getattr(contact, "state", None):
            work.set(known, values)
        else:
            work.add(ContactState(contact=contact, **values))


MERGER = Merger("quality", merge=_take_the_stricter)
