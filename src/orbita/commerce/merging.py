"""How purchases are merged with their clients.

Orders, carts and views move by the general rule. Purchases known from totals are added up; each
merged client keeps his own, so the survivor's sum can be told anew whenever a merge is undone.
"""

from collections.abc import Iterable
from typing import Any

from orbita.clients.mergers import Merger, Work, plain
from orbita.clients.models import Merge
from orbita.commerce.models import Cart, OpeningBalance, Order

_FIELDS = ("orders_count", "total", "first_on", "last_on", "service")
_LABEL = OpeningBalance._meta.label_lower


def _merge(work: Work) -> None:
    theirs = OpeningBalance.objects.filter(client_id=work.drop.pk).first()
    if work.late or theirs is None:
        return
    kept = OpeningBalance.objects.filter(client_id=work.keep.pk).first()
    others = _merged(work)
    # What the survivor himself had, before the first of the merges that still stand.
    own = _own(others[0]) if others else kept and _plain(kept)
    work.note(_LABEL, own)
    _put(work, _sum([kept, theirs] if kept else [theirs]))


def _undo(work: Work, merge: Merge) -> None:
    own = _own(merge)
    if own == _NOTHING_KNOWN:
        return
    kept = OpeningBalance.objects.filter(client_id=work.keep.pk).first()
    drops = [other.drop_id for other in _merged(work)]
    theirs = OpeningBalance.objects.in_bulk([*drops, work.drop.pk])
    alone = [OpeningBalance(**_read(own))] if own else []
    left = [*alone, *(theirs[pk] for pk in drops if pk in theirs)]
    with_it = [*left, *(theirs[pk] for pk in [work.drop.pk] if pk in theirs)]
    if kept is None or not _same(_plain(kept), _sum(with_it)):
        work.kept.append(_LABEL)  # somebody set it since
    elif left:
        _put(work, _sum(left))
    else:
        kept.delete()


_NOTHING_KNOWN = {"": ""}


def _own(merge: Merge) -> Any:
    notes = [step[2] for step in merge.steps if step[:2] == ["note", _LABEL]]
    return notes[0] if notes else _NOTHING_KNOWN


def _merged(work: Work) -> list[Merge]:
    """The other merges into the survivor that stand and brought purchases from totals."""
    rows = Merge.objects.filter(keep_id=work.keep.pk, undone_at=None)
    rows = rows.exclude(drop_id=work.drop.pk).order_by("pk")
    return [merge for merge in rows if _own(merge) != _NOTHING_KNOWN]


def _put(work: Work, values: dict[str, Any]) -> None:
    OpeningBalance.objects.update_or_create(client_id=work.keep.pk, defaults=values)


def _plain(balance: OpeningBalance) -> dict[str, Any]:
    return {name: plain(getattr(balance, name)) for name in _FIELDS}


def _read(values: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {name: OpeningBalance._meta.get_field(name) for name in _FIELDS}
    return {name: column.to_python(values[name]) for name, column in columns.items()}


def _same(kept: dict[str, Any], summed: dict[str, Any]) -> bool:
    # In which order the services stand depends on the order of the merges.
    return all(
        kept[name] == plain(value)
        if name != "service"
        else set(kept[name].split(", ")) == set(value.split(", "))
        for name, value in summed.items()
    )


def _sum(balances: Iterable[OpeningBalance]) -> dict[str, Any]:
    found = list(balances)
    counts = [one.orders_count for one in found]
    services = dict.fromkeys(one.service for one in found if one.service)
    return {
        "orders_count": None if None in counts else sum(count or 0 for count in counts),
        "total": sum(one.total for one in found),
        "first_on": min((one.first_on for one in found if one.first_on), default=None),
        "last_on": max((one.last_on for one in found if one.last_on), default=None),
        "service": ", ".join(services)[:300],
    }


MERGER = Merger("commerce", first=(Order, Cart), stays=(OpeningBalance,), merge=_merge, undo=_undo)
