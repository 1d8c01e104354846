from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.analytics import actions
from orbita.core.models import Job


@task(queue_name="long", atomic=False, max_attempts=3, label=_("RFM calculation"))
def refresh_rfm(history: bool = False) -> None:
    """Scores of everybody as of today; with `history`, the past months too."""
    actions.refresh(history=history)


@task(queue_name="long", atomic=False, max_attempts=3, label=_("RFM after an import"))
def refresh_rfm_after(event_id: int) -> None:
    """What an import brought or took back may lie in any month."""
    waiting = Job.objects.filter(
        task=refresh_rfm_after.module_path, status=Job.Status.QUEUED
    ).exists()
    if not waiting:  # the one that waits counts this import too
        actions.refresh(history=True)


def is_under_way() -> bool:
    """Whether a calculation runs or waits for its turn."""
    return Job.objects.filter(
        status__in=(Job.Status.QUEUED, Job.Status.RUNNING),
        task__in=(refresh_rfm.module_path, refresh_rfm_after.module_path),
    ).exists()
