"""A merge and its undo: since when a client has his status is no matter of the merge."""

from orbita.clients.mergers import Merger, Work
from orbita.clients.models import ClientStatus, Merge

_LABEL = "clients.clientstatus"


def _remember(work: Work) -> None:
    if work.late:
        return
    rows = ClientStatus.objects.filter(pk__in=[work.keep.pk, work.drop.pk])
    if found := {str(row.pk): [row.step, _day(row)] for row in rows}:
        work.note(_LABEL, found)


def _day(row: ClientStatus) -> str | None:
    return row.since.isoformat() if row.since else None


def _give_back(work: Work, merge: Merge) -> None:
    """Whoever stands where he stood before the merge has stood there all the time."""
    told = _noted(merge)
    _hand_down(work, merge, told.get(str(work.keep.pk)))
    for row in ClientStatus.objects.filter(pk__in=[work.keep.pk, work.drop.pk]):
        step, since = told.get(str(row.pk), (None, None))
        if row.step == step and _day(row) != since:
            ClientStatus.objects.filter(pk=row.pk).update(since=since)


def _hand_down(work: Work, merge: Merge, before: list[str | None] | None) -> None:
    """What was before this merge is now what was before the next one of the same survivor."""
    later = Merge.objects.filter(keep_id=work.keep.pk, undone_at=None, pk__gt=merge.pk)
    following = later.order_by("pk").first()
    if following is None:
        return
    told = {pk: said for pk, said in _noted(following).items() if pk != str(work.keep.pk)}
    if before:
        told[str(work.keep.pk)] = before
    others = [step for step in following.steps if step[:2] != ["note", _LABEL]]
    following.steps = [*others, ["note", _LABEL, told]]
    following.save(update_fields=["steps"])


def _noted(merge: Merge) -> dict[str, list[str | None]]:
    notes = (step[2] for step in merge.steps if step[:2] == ["note", _LABEL])
    return dict(next(notes, {}))


MERGER = Merger("statuses", merge=_remember, settled=_give_back)
