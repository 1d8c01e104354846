from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients import search
from orbita.clients.actions import merge_runs, scanning
from orbita.clients.aliases import settle
from orbita.clients.models import Merge, MergeRun
from orbita.core.jobs import checkpoint, is_cancelled
from orbita.core.models import Job


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Search for duplicates"))
def find_duplicates() -> int:
    """Compares the whole base with itself and fills the queue; returns how many pairs are new."""
    return scanning.scan_all()


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Duplicates of imported clients"))
def find_after_import(event_id: int) -> int:
    """Compares the clients that came since the last search with the base."""
    waiting = Job.objects.filter(task=find_after_import.module_path, status=Job.Status.QUEUED)
    return 0 if waiting.exists() else scanning.scan_new()


@task(queue_name="long", atomic=False, max_attempts=5, label=_("Merging of duplicates"))
def run_merges(run_id: int) -> None:
    merge_runs.run_to_end(MergeRun.objects.select_related("actor").get(pk=run_id))


@task(queue_name="long", atomic=False, max_attempts=5, label=_("Undo of a merging"))
def undo_merges(run_id: int, actor_id: int) -> None:
    from orbita.accounts.models import User

    merge_runs.undo_to_end(MergeRun.objects.get(pk=run_id), User.objects.get(pk=actor_id))


@task(label=_("Rows that came late to merged cards"))
def gather_late_rows() -> None:
    """Moves on what reached a card at the very moment of its merge, whichever room wrote it."""
    recent = Merge.objects.filter(undone_at=None, merged_at__gt=timezone.now() - timedelta(days=2))
    for drop_id in recent.order_by("pk").values_list("drop_id", flat=True):
        with transaction.atomic():
            settle([drop_id])


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Search index"))
def index_missing() -> None:
    """Brings into the search index what was there before it: the first time, the whole base."""
    for progress in search.index_missing():
        with transaction.atomic():
            checkpoint(None, done=progress.clients + progress.notes + progress.texts)
        if is_cancelled():
            return
