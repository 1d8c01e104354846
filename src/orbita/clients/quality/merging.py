"""A merge never makes anybody reachable who asked to be left alone: the stricter of two marks holds.

A mark that only the merged card or its contact has comes with the row, by the general rule, as a stop
of contacts does, of which there is one kind only. Here are those that both sides have a row for.
"""

from datetime import date
from typing import Any

from django.db.models import QuerySet

from orbita.clients.contacts import identity
from orbita.clients.mergers import Merger, Step, Work, give_back
from orbita.clients.models import ContactPoint, ContactState, DeadMark, Merge

_LABEL = DeadMark._meta.label_lower
_OF_STATE = ContactState._meta.label_lower
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


def _part(work: Work, merge: Merge) -> None:
    _part_rests(work, merge)
    _part_refusals(work, merge)


def _part_refusals(work: Work, merge: Merge) -> None:
    """Contacts that have gone back leave behind what later merges have said of them."""
    theirs = set(
        ContactState.objects.filter(contact__client=work.drop).values_list("pk", flat=True)
    )
    for one in _later(work, merge).order_by("-pk"):
        said = [step for step in one.steps if step[1] == _OF_STATE and step[2] in theirs]
        if said:
            one.steps = [step for step in one.steps if step not in said]
            one.save(update_fields=["steps"])
            give_back(work, said)


def _later(work: Work, merge: Merge) -> QuerySet[Merge]:
    return Merge.objects.filter(keep_id=work.keep.pk, undone_at=None, pk__gt=merge.pk)


def _part_rests(work: Work, merge: Merge) -> None:
    """The mark that came with the card has gone back with it, as later merges have lengthened it: it
    gets its own length again, and the first of those merges now lends its card's mark.
    """
    later = _later(work, merge).order_by("pk")
    lengthened = [(one, step) for one in later for step in _steps(one)]
    gone_back = ["move", _LABEL, "client", [work.drop.pk]] in merge.steps
    if not lengthened or not gone_back:
        return
    for _one, step in reversed(lengthened):
        _write(work.drop.pk, step[3], 0)
    first, changed = lengthened[0]
    DeadMark.objects.filter(pk=first.drop_id).update(client_id=work.keep.pk)
    others = [step for step in first.steps if step != changed]
    first.steps = [*others, ["move", _LABEL, "client", [first.drop_id]]]
    first.save(update_fields=["steps"])
    for _one, step in lengthened[1:]:
        _write(work.keep.pk, step[3], 1)


def _steps(merge: Merge) -> list[Step]:
    return [step for step in merge.steps if step[:3] == ["set", _LABEL, merge.keep_id]]


def _write(client_id: int, told: dict[str, list[Any]], side: int) -> None:
    columns = {column.attname: column for column in DeadMark._meta.concrete_fields}
    values = {name: columns[name].to_python(pair[side]) for name, pair in told.items()}
    DeadMark.objects.filter(pk=client_id).update(**values)


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


MERGER = Merger("quality", merge=_take_the_stricter, undo=_part)
