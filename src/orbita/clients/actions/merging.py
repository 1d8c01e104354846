"""Merging two cards of one client, and taking the merge back.

The merged card stays where it is, out of all lists, as an alias of the survivor: links, the API and
a search for its number answer with the survivor, whose timeline shows the events of both.

An undo gives the merged card back what it brought, with whatever was changed in it since. What came
since to the survivor stays with the survivor; what was deleted or given to another client since
stays so; a field of the survivor that was changed since the merge keeps its new value.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import aliases, card_fields
from orbita.clients.actions.grouping import groups_of, refresh_groups
from orbita.clients.actions.ties import PEOPLE, RELATIONS, ties_of
from orbita.clients.collections import COLLECTIONS, difference
from orbita.clients.confining import is_within, require_within
from orbita.clients.facts import refresh
from orbita.clients.fields.known import active
from orbita.clients.fields.values import write_marks
from orbita.clients.mergers import (
    COLUMNS,
    MERGERS,
    Work,
    give_back,
    hold_cards,
    take_rows,
)
from orbita.clients.models import (
    Address,
    Alias,
    Client,
    ContactPoint,
    DuplicatePair,
    ExternalId,
    Merge,
    MergeRun,
)
from orbita.clients.search import forget_clients, index_clients
from orbita.core.events import NewEvent, emit, emit_many
from orbita.core.models import Event, Origin

# One choice for all of it: a first name of one card with the surname of another is nobody's.
NAME = ("last_name", "first_name", "middle_name", "name", "name_key", "legal_form")
_NEVER = frozenset(
    {"id", "kind", "version", "updated_at", "deleted_at", "city", "birthday_md", "own"}
)


@dataclass
class Unmerged:
    """What the undo of a merge did: the cards, and what stayed as it was changed since."""

    keep_id: int
    drop_id: int
    kept: list[str] = field(default_factory=list)
    event: Event | None = None


def merge_clients(
    *,
    actor: User,
    keep: Client,
    drop: Client,
    choices: Mapping[str, int] | None = None,
    run: MergeRun | None = None,
) -> Merge:
    """Takes `drop` into `keep` and returns the record that `undo_merge` goes by.

    `choices` says of a field whose value to take: field → number of the card. "name" stands for the
    whole name. A field without a choice keeps the survivor's value and gets the other's when empty.
    Raises `Denied`, or `ValidationError` when the cards cannot be one client.
    """
    policy.require(actor, "clients.merge", keep)
    policy.require(actor, "clients.merge", drop)
    if keep.pk == drop.pk:
        raise ValidationError(_("A card cannot be merged with itself."))
    with transaction.atomic():
        work = _locked(keep.pk, drop.pk, actor)
        policy.require(actor, "clients.merge", work.keep)
        policy.require(actor, "clients.merge", work.drop)
        if work.keep.kind != work.drop.kind:
            raise ValidationError(_("A person and a company cannot be one client."))
        versions = {"keep": [work.keep.version], "drop": [work.drop.version]}
        before = _told(work.keep)
        _take_fields(work, choices or {})
        take_rows(work)
        _derive(work)
        _settle_pair(work)
        _close(work, versions)
        merge = Merge.objects.create(
            keep_id=work.keep.pk,
            drop_id=work.drop.pk,
            run=run,
            actor=actor if not actor.is_service else None,
            steps=work.steps,
            versions=versions,
        )
        _emit_merged(work, merge, before)
    keep.refresh_from_db()
    drop.refresh_from_db()
    return merge


def _locked(keep_id: int, drop_id: int, actor: User | None) -> Work:
    """Both cards, held until the end of the transaction against changes and against new rows."""
    found = hold_cards([keep_id, drop_id], moving=drop_id)
    for pk in (keep_id, drop_id):
        if pk not in found:
            raise ValidationError(_("This card is not there any more."))
        if aliases.survivor_id(pk) != pk:
            raise ValidationError(
                _("The card № %(number)s has been merged already.") % {"number": pk}
            )
        if found[pk].deleted_at:
            raise ValidationError(_("This card is in the recycle bin. Restore it first."))
    return Work(found[keep_id], found[drop_id], actor)


def _told(client: Client) -> dict[str, Any]:
    fields = card_fields.plain(client)
    return fields | _parts(client)


def _parts(client: Client) -> dict[str, Any]:
    parts = {name: one.current(client) for name, one in COLLECTIONS.items()}
    return parts | ties_of(client.pk)


def _take_fields(work: Work, choices: Mapping[str, int]) -> None:
    values: dict[str, Any] = {}
    joins = {column.name: column.join for column in COLUMNS}
    for name in mergeable_columns():
        mine, theirs = getattr(work.keep, name), getattr(work.drop, name)
        choice = choices.get(_choice_of(name))
        if choice is not None:
            if choice not in (work.keep.pk, work.drop.pk):
                raise ValidationError(_("There is no such choice."))
            values[name] = theirs if choice == work.drop.pk else mine
        elif name in joins:
            values[name] = joins[name](mine, theirs)
        elif name not in NAME:
            values[name] = _filled(mine, theirs)
    values["own"] = _own_values(work, choices)
    birthday = values.get("birthday")
    values["birthday_md"] = birthday.month * 100 + birthday.day if birthday else None
    names = {field.attname: field.name for field in Client._meta.concrete_fields}
    work.set(work.keep, {names[name]: value for name, value in values.items()})


def _own_values(work: Work, choices: Mapping[str, int]) -> dict[str, Any] | None:
    """The own fields of both. A value that is never repeated leaves the merged card for the survivor."""
    mine, theirs = work.keep.own or {}, work.drop.own or {}
    merged = _filled(mine, theirs)
    leaving: list[str] = []
    for own in active("client"):
        # A text is kept a second time as its index holds it.
        keys = (own.key, f"_{own.key}")
        choice = choices.get(own.name)
        if choice is not None:
            chosen = theirs if choice == work.drop.pk else mine
            merged = {key: value for key, value in merged.items() if key not in keys}
            merged |= {key: chosen[key] for key in keys if key in chosen}
        if own.is_unique and own.key in theirs and merged.get(own.key) == theirs[own.key]:
            leaving += keys
    if leaving:
        left = {key: value for key, value in theirs.items() if key not in leaving}
        work.set(work.drop, {"own": left or None})
    return merged or None


def mergeable_columns() -> list[str]:
    """The columns of a card that a merge looks at."""
    return [each.attname for each in Client._meta.concrete_fields if each.name not in _NEVER]


def _choice_of(column: str) -> str:
    if column in NAME:
        return "name"
    return column.removesuffix("_id") if column in ("source_id", "responsible_id") else column


def _filled(mine: Any, theirs: Any) -> Any:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return theirs | {name: value for name, value in mine.items() if value not in (None, "")}
    return theirs if mine in (None, "", [], {}) else mine


def _derive(work: Work) -> None:
    """What follows from the rows that came: the city of the main address."""
    places = Address.objects.filter(client_id=work.keep.pk).order_by("-is_main", "pk")
    city = next((one.city for one in places if one.city), "")
    if city:
        work.set(work.keep, {"city": city})


def _settle_pair(work: Work) -> None:
    pair = DuplicatePair.objects.filter(
        a_id=min(work.keep.pk, work.drop.pk), b_id=max(work.keep.pk, work.drop.pk)
    ).first()
    if pair:
        told = {"status": DuplicatePair.Status.MERGED, "decided_at": timezone.now()}
        work.set(pair, told | {"decided_by": work.actor.pk})


def _close(work: Work, versions: dict[str, list[int]]) -> None:
    now = timezone.now()
    for name, card in (("keep", work.keep), ("drop", work.drop)):
        card.version += 1
        card.updated_at = now
        versions[name].append(card.version)
    work.drop.deleted_at = now
    work.keep.save(update_fields=["version", "updated_at"])
    work.drop.save(update_fields=["version", "updated_at", "deleted_at"])
    Alias.objects.create(client=work.drop, survivor=work.keep)
    _refresh(work)


def _refresh(work: Work) -> None:
    refresh([work.keep.pk, work.drop.pk])
    for card in (work.keep, work.drop):
        write_marks(card, "client", [own.name for own in active("client")])
    standing = [card.pk for card in (work.keep, work.drop) if not card.deleted_at]
    forget_clients([work.drop.pk])
    index_clients(standing)
    refresh_groups(groups_of([work.keep.pk, work.drop.pk]))


def _emit_merged(work: Work, merge: Merge, before: Mapping[str, Any]) -> None:
    work.keep = Client.objects.select_related("source", "responsible").get(pk=work.keep.pk)
    emit(
        "client.merged",
        actor=work.actor,
        client_id=work.keep.pk,
        subject_type="merge",
        subject_id=merge.pk,
        data=_changes(before, _told(work.keep))
        | {
            "merged": {"id": work.drop.pk, "name": work.drop.name},
            "moved": work.moved,
            "version": work.keep.version,
        },
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name, value in after.items():
        if name in COLLECTIONS or name in (PEOPLE, RELATIONS):
            gone, come = difference(before[name], value)
            if gone or come:
                old[name], new[name] = gone, come
        elif not card_fields.same(before[name], value):
            old[name], new[name] = before[name], value
    return {"before": old, "after": new}


# ---- the way back ----


def may_undo_merge(actor: User, merge: Merge) -> bool:
    """Whether the actor may take the merge back: it stands, and the survivor is his to merge."""
    if merge.undone_at:
        return False
    keep = Client.objects.filter(pk=merge.keep_id).first()
    return (
        keep is not None and policy.allows(actor, "clients.merge", keep) and is_within(actor, keep)
    )


def undo_merge(*, actor: User, merge: Merge) -> Unmerged:
    """Makes two cards of one again. Raises `ValidationError` when the merge does not stand any more.

    A survivor that was itself merged into a third card has to be given back first.
    """
    keep = Client.objects.filter(pk=merge.keep_id).first()
    if keep is not None:
        policy.require(actor, "clients.merge", keep)
        require_within(actor, keep)
    return take_apart(actor, merge)


def take_apart(actor: User, merge: Merge, origin: str = Origin.LIVE) -> Unmerged:
    """The undo itself, for callers that have checked the right."""
    with transaction.atomic():
        found = hold_cards([merge.keep_id, merge.drop_id], moving=merge.keep_id)
        merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
        if merge.undone_at:
            raise ValidationError(_("This merge has been taken back already."))
        if len(found) < 2:
            raise ValidationError(_("This card is not there any more."))
        standing = aliases.survivor_id(merge.keep_id)
        if standing != merge.keep_id:
            raise ValidationError(
                _("The card was merged into № %(number)s since. Take that back first.")
                % {"number": standing}
            )
        work = Work(found[merge.keep_id], found[merge.drop_id], actor, undone=merge.pk)
        before = _told(work.keep)
        Alias.objects.filter(client_id=merge.drop_id).delete()
        merge.undone_at = timezone.now()
        merge.save(update_fields=["undone_at"])
        _open(work, merge)
        _after_undo(work, merge)
        events = _emit_unmerged(work, merge, before, origin)
    return Unmerged(merge.keep_id, merge.drop_id, work.kept, events[0])


def _open(work: Work, merge: Merge) -> None:
    was = {"keep": work.keep.version, "drop": work.drop.version}
    give_back(work, merge.steps)
    work.keep.refresh_from_db()
    work.drop.refresh_from_db()
    _mend_mains(work.keep)
    now = timezone.now()
    work.drop.version += 1
    work.drop.updated_at, work.drop.deleted_at = now, None
    work.drop.save(update_fields=["version", "updated_at", "deleted_at"])
    work.keep.version += 1
    work.keep.updated_at = now
    if "city" in work.kept:
        work.kept.remove("city")
        places = Address.objects.filter(client_id=work.keep.pk).order_by("-is_main", "pk")
        work.keep.city = next((one.city for one in places if one.city), "")
    work.keep.save(update_fields=["version", "updated_at", "city"])
    for name, card in (("keep", work.keep), ("drop", work.drop)):
        before, after = merge.versions[name]
        if was[name] == after and not work.kept:
            work.restored[card.pk] = (before, card.version)
            _restamp(card, before)


def _restamp(card: Client, before: int) -> None:
    """To an earlier merge the card is as that merge left it, under a newer version."""
    for earlier in Merge.objects.filter(keep_id=card.pk, undone_at=None):
        if earlier.versions["keep"][1] == before:
            earlier.versions["keep"][1] = card.version
            earlier.save(update_fields=["versions"])


def _mend_mains(client: Client) -> None:
    """A main contact that went back leaves its place to one that another merge took it from, else to
    the oldest of those that stay.
    """
    standing = list(Merge.objects.filter(keep_id=client.pk, undone_at=None))
    demoted = {(step[1], step[2]) for merge in standing for step in merge.steps if step[0] == "set"}
    for model, flag, by in (
        (ContactPoint, "is_main", "kind"),
        (Address, "is_main", None),
        (ExternalId, "is_primary", None),
    ):
        rows: list[Any] = list(model.objects.filter(client=client).order_by("pk"))
        kinds = {getattr(row, by) if by else "" for row in rows}
        kinds -= {getattr(row, by) if by else "" for row in rows if getattr(row, flag)}
        for kind in kinds:
            label = model._meta.label_lower
            able = [row for row in rows if not by or getattr(row, by) == kind]
            first = min(able, key=lambda row: ((label, row.pk) not in demoted, row.pk))
            setattr(first, flag, True)
            first.save(update_fields=[flag])
            if (label, first.pk) not in demoted:
                _remember_rise(standing, label, first.pk, flag)


def _remember_rise(standing: Iterable[Merge], label: str, key: int, flag: str) -> None:
    """The row is no main one where it came from: the undo of what brought it goes by that."""
    for merge in standing:
        moves = (step for step in merge.steps if step[0] == "move" and step[1] == label)
        if any(key in step[3] for step in moves):
            merge.steps = [*merge.steps, ["set", label, key, {flag: [False, True]}]]
            merge.save(update_fields=["steps"])


def _after_undo(work: Work, merge: Merge) -> None:
    for merger in MERGERS:
        if merger.undo:
            merger.undo(work, merge)
    _refresh(work)
    for merger in MERGERS:
        if merger.settled:
            merger.settled(work, merge)


def _emit_unmerged(work: Work, merge: Merge, before: Mapping[str, Any], origin: str) -> list[Event]:
    rows = Client.objects.select_related("source", "responsible")
    work.keep, work.drop = rows.get(pk=work.keep.pk), rows.get(pk=work.drop.pk)
    # What was done to the merged card while it was one with the survivor is in no event of its own:
    # whoever rebuilds its past begins anew from here.
    card = {"fields": card_fields.plain(work.drop), "parts": _parts(work.drop)}
    common = {"kept": work.kept, "moved": work.moved}
    return emit_many(
        [
            NewEvent(
                "client.unmerged",
                card.pk,
                "merge",
                merge.pk,
                said
                | common
                | {"merged": {"id": other.pk, "name": other.name}, "version": card.version},
            )
            for card, other, said in (
                (work.keep, work.drop, _changes(before, _told(work.keep))),
                (work.drop, work.keep, {"card": card}),
            )
        ],
        actor=work.actor,
        origin=origin,
    )


def undo_merges_of(*, actor: User, client_ids: Iterable[int], origin: str = Origin.RESTORE) -> int:
    """Takes back every merge that these cards took part in, the last first. Returns how many.

    For the undo of an import, which then finds its cards as it made them. The caller has checked
    the right.
    """
    count = 0
    for _round in range(1000):
        wanted = set(client_ids)
        wanted |= set(aliases.survivors(wanted).values())
        by_drop = Merge.objects.filter(undone_at=None, drop_id__in=wanted)
        by_keep = Merge.objects.filter(undone_at=None, keep_id__in=wanted)
        found = {merge.pk: merge for merge in (*by_drop.defer("steps"), *by_keep.defer("steps"))}
        free = [
            merge
            for pk, merge in sorted(found.items(), reverse=True)
            if aliases.survivor_id(merge.keep_id) == merge.keep_id
        ]
        if not free:
            break
        for merge in free:
            take_apart(actor, merge, origin)
            count += 1
    return count


# ---- rows that come late ----


def gather(client_ids: Collection[int]) -> None:
    """Moves rows that have reached a merged card since the merge on to its survivor.

    They belong to the merged card and go back to it with an undo.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("late rows are moved in the transaction that wrote them")
    for drop_id, keep_id in aliases.survivors(client_ids).items():
        merge = Merge.objects.filter(drop_id=drop_id, undone_at=None).order_by("-pk").first()
        if merge is None:
            continue
        cards = Client.objects.in_bulk([merge.keep_id, drop_id])
        work = Work(cards[merge.keep_id], cards[drop_id], late=True)
        take_rows(work)
        if not work.steps:
            continue
        merge.steps = [*merge.steps, *work.steps]
        merge.save(update_fields=["steps"])
        if merge.keep_id != keep_id:
            gather([merge.keep_id])
        refresh([keep_id, drop_id])
        index_clients([keep_id])


aliases.on_late_rows(gather)
