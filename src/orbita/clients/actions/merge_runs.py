"""Merging all groups that are sure enough, a chunk at a time, and taking it all back."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.merging import take_apart
from orbita.clients.actions.pairs import best_survivor, members_of, merge_cards
from orbita.clients.models import Client, DuplicateGroup, DuplicatePair, Merge, MergeRun
from orbita.core import jobs
from orbita.core.events import emit

CHUNK = 20
# Below it, one merge in a few hundred would be of two people.
LOWEST = 0.9
Status = MergeRun.Status


def start_merge_run(*, actor: User, threshold: float) -> MergeRun:
    """Merges every group of the queue whose pairs are all at least so sure, in the background."""
    from orbita.clients.jobs import run_merges

    policy.require(actor, "clients.merge")
    if not LOWEST <= threshold <= 1:
        raise ValidationError({"threshold": [_("From %(low)s to 1.") % {"low": LOWEST}]})
    if MergeRun.objects.filter(status__in=(Status.QUEUED, Status.RUNNING, Status.UNDOING)).exists():
        raise ValidationError(_("A merging is under way already."))
    with transaction.atomic():
        run = MergeRun.objects.create(
            actor=actor, threshold=threshold, total=sure_groups(actor, threshold).count()
        )
        run_merges.enqueue(run.pk)
        emit(
            "duplicates.merge_started",
            actor=actor,
            subject_type="merge_run",
            subject_id=run.pk,
            data={"threshold": threshold, "groups": run.total},
        )
    return run


def sure_groups(actor: User, threshold: float) -> "QuerySet[DuplicateGroup]":
    """The groups that a run at this threshold looks at: some pair is sure enough."""
    rows = DuplicateGroup.objects.visible_to(actor)
    found: QuerySet[DuplicateGroup] = rows.filter(score__gte=threshold)
    return found


def run_to_end(run: MergeRun) -> None:
    """Does the run from where it stopped; each chunk is one transaction."""
    actor = run.actor
    if actor is None or run.status not in (Status.QUEUED, Status.RUNNING):
        return
    state = (jobs.current_job() and jobs.current_job().state) or {"last": 0}  # type: ignore[union-attr]
    last = state["last"]
    while True:
        groups = list(sure_groups(actor, run.threshold).filter(pk__gt=last).order_by("pk")[:CHUNK])
        if not groups or jobs.is_cancelled():
            break
        with transaction.atomic():
            for group in groups:
                done = _merge_group(actor, group, run)
                run.merged += done
                run.left += not done
            last = groups[-1].pk
            run.done += len(groups)
            run.status = Status.RUNNING
            run.save()
            jobs.checkpoint({"last": last}, done=run.done, total=max(run.total, run.done))
    with transaction.atomic():
        run.status, run.finished_at = Status.DONE, timezone.now()
        run.save()


def _merge_group(actor: User, group: DuplicateGroup, run: MergeRun) -> int:
    """How many cards went; 0 when something speaks against it."""
    ids = members_of(group)
    pairs = DuplicatePair.objects.filter(a_id__in=ids, b_id__in=ids)
    sure = [pair for pair in pairs if pair.score >= run.threshold]
    together = _joined([(pair.a_id, pair.b_id) for pair in sure])
    against = {
        pk
        for pair in pairs
        if pair.status in (DuplicatePair.Status.DIFFERENT, DuplicatePair.Status.HOUSEHOLD)
        for pk in (pair.a_id, pair.b_id)
    }
    count = 0
    for members in together:
        if against.intersection(members):
            continue
        clients = list(
            Client.objects.within(actor, "clients.merge")
            .filter(pk__in=members)
            .select_related("facts", "responsible")
        )
        if len(clients) < len(members) or len({client.kind for client in clients}) > 1:
            continue
        keep = best_survivor(clients)
        try:
            with transaction.atomic():
                others = [client for client in clients if client.pk != keep.pk]
                count += len(merge_cards(actor=actor, keep=keep, others=others, run=run))
        except ValidationError:
            continue
    return count


def _joined(pairs: Sequence[tuple[int, int]]) -> list[set[int]]:
    found: list[set[int]] = []
    for pair in pairs:
        touching = [one for one in found if one.intersection(pair)]
        found = [one for one in found if one not in touching]
        found.append(set(pair).union(*touching))
    return found


def start_undo_of_run(*, actor: User, run: MergeRun) -> None:
    """Parts again all cards that the run merged, in the background."""
    from orbita.clients.jobs import undo_merges

    policy.require(actor, "clients.merge")
    if run.actor_id != actor.pk and not policy.covers_all(actor, "clients.merge"):
        raise policy.Denied(_("Only who has started it may take it back."))
    with transaction.atomic():
        changed = MergeRun.objects.filter(pk=run.pk, status=Status.DONE).update(
            status=Status.UNDOING, done=0, left=0
        )
        if not changed:
            raise ValidationError(_("There is nothing to take back."))
        undo_merges.enqueue(run.pk, actor.pk)


def undo_to_end(run: MergeRun, actor: User) -> None:
    """Undoes the merges of the run from the last to the first; those that do not stand are left."""
    if run.status != Status.UNDOING:
        return
    state = (jobs.current_job() and jobs.current_job().state) or {"last": 2**62}  # type: ignore[union-attr]
    last = state["last"]
    while True:
        rows = Merge.objects.filter(run=run, undone_at=None, pk__lt=last).order_by("-pk")
        merges = list(rows[:CHUNK])
        if not merges or jobs.is_cancelled():
            break
        with transaction.atomic():
            for merge in merges:
                try:
                    with transaction.atomic():
                        take_apart(actor, merge)
                    run.done += 1
                except ValidationError:
                    run.left += 1
            last = merges[-1].pk
            run.save()
            jobs.checkpoint({"last": last}, done=run.done + run.left, total=run.merged)
    with transaction.atomic():
        run.status, run.finished_at = Status.UNDONE, timezone.now()
        run.save()
