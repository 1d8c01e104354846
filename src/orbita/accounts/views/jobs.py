"""Background work and outgoing letters, for whoever has to keep them going."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import actions, policy
from orbita.accounts.views.backups import warnings
from orbita.accounts.views.common import tabbed
from orbita.accounts.views.profile import me
from orbita.core.jobs import WORKER_DIED
from orbita.core.mail import OWN_CAUSES
from orbita.core.models import Job, OutgoingMail

PAGE = 50
TONES = {"running": "", "queued": "", "done": "good", "failed": "bad"}


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "core.jobs")
    status = request.GET.get("status", "")
    found = Job.objects.defer("args", "kwargs", "state", "result")
    rows, more = _page(request, found, status, Job.Status.values)
    context = {
        "rows": [_job_row(job) for job in rows],
        "more": more,
        "status": status if status in Job.Status.values else "",
        "statuses": Job.Status.choices,
    }
    if policy.allows(request.user, "core.backup"):
        context |= warnings()
    return tabbed(request, "jobs", context)


def _page(
    request: HttpRequest, found: QuerySet[Any], status: str, known: list[str]
) -> tuple[list[Any], int | None]:
    """Newest first by id, and from which id the next page goes on."""
    if status in known:
        found = found.filter(status=status)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None


def _job_row(job: Job) -> dict[str, Any]:
    share = None
    if job.total and job.status == Job.Status.RUNNING:
        share = min(100, job.progress * 100 // job.total)
    return {
        "pk": job.pk,
        "label": task_label(job.task),
        "status": job.get_status_display(),
        "tone": TONES[job.status],
        "share": share,
        "progress": job.progress,
        "total": job.total,
        "error": _(job.error) if job.error == WORKER_DIED else job.error,
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "enqueued_at": job.enqueued_at,
        "waits_until": job.run_after
        if job.status == Job.Status.QUEUED and job.run_after > timezone.now()
        else None,
        "finished_at": job.finished_at,
        "may_retry": job.status == Job.Status.FAILED,
    }


def task_label(path: str) -> str:
    """What the task calls itself; its name in code when it is gone or says nothing."""
    try:
        return str(import_string(path).label) or path.rpartition(".")[2]
    except ImportError:
        return path


@require_POST
def retry_job(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "core.jobs")
    if actions.retry_job(actor=me(request), job=get_object_or_404(Job, pk=pk)):
        messages.success(request, _("The job starts again."))
    else:
        messages.error(request, _("Only a failed job can be started again."))
    return redirect("accounts:jobs")


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "core.jobs")
    status = request.GET.get("status", "")
    rows, more = _page(
        request, OutgoingMail.objects.defer("text"), status, OutgoingMail.Status.values
    )
    again = (OutgoingMail.Status.FAILED, OutgoingMail.Status.IN_DOUBT)
    for letter in rows:
        letter.may_send_again = letter.status in again
        letter.cause = _(letter.error) if letter.error in OWN_CAUSES else letter.error
    context = {
        "rows": rows,
        "more": more,
        "status": status if status in OutgoingMail.Status.values else "",
        "statuses": OutgoingMail.Status.choices,
    }
    return tabbed(request, "mail", context)


@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "core.jobs")
    letter = get_object_or_404(OutgoingMail, pk=pk)
    if actions.send_again(actor=me(request), letter=letter):
        messages.success(request, _("The letter is in the queue again."))
    else:
        messages.error(request, _("Only a failed or doubtful letter can be sent again."))
    return redirect("accounts:mail")
