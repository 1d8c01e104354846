"""Backups: the list with its proofs, the plan, the key, and the end of a restored copy's silence."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import actions, policy
from orbita.accounts.forms import BackupKeyForm, BackupPlanForm
from orbita.accounts.views.common import accepted, tabbed
from orbita.accounts.views.profile import me
from orbita.core.backup import CHECKS
from orbita.core.backup.away import copies
from orbita.core.backup.away import storage as storages
from orbita.core.backup.making import folder_of
from orbita.core.backup.plan import is_old
from orbita.core.models import Backup, BackupCopy, BackupPlan, Company

SHOWN = 60
TONES = {"running": "", "good": "good", "unproved": "bad", "failed": "bad"}
COPY_TONES = {
    "waiting": "",
    "sending": "",
    "there": "good",
    "failed": "bad",
    "gone": "bad",
    "unknown": "mute",
}
CHECK_LABELS = {"rows": gettext_lazy("rows"), "files": gettext_lazy("files")}
page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def backups(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "core.backup")
    plan = BackupPlan.current()
    rows = [_row(row) for row in Backup.objects.order_by("-started_at", "-pk")[:SHOWN]]
    context = {
        "rows": rows,
        "running": any(row["running"] for row in rows),
        "may_download": policy.allows(request.user, "core.backup_download"),
        "plan": plan,
        "hour": f"{plan.hour:02}:00",
        "folder": folder_of(plan),
        **warnings(),
        **_storage(),
    }
    if request.GET.get("part") == "list":
        return render(request, "accounts/_backups.html", context)
    return tabbed(request, "backups", context)


def warnings() -> dict[str, Any]:
    """What an administrator should know of backups, for this page and that of jobs."""
    company = Company.current()
    return {
        "backed_up_at": company.backed_up_at,
        "backup_is_old": is_old(company),
        "stored_at": company.stored_at,
        "copies_are_old": copies.are_old(company),
    }


def _storage() -> dict[str, Any]:
    """The storage and what is known to lie there: from rows, for a page waits for no other server."""
    storage = storages.current()
    if storage is None:
        return {"storage": None}
    rows = BackupCopy.objects.filter(place=storage.place).order_by("-made_at", "-pk")[:SHOWN]
    return {
        "storage": storage,
        "copies": [_copy(row) for row in rows],
        "newest_is_missing": copies.trouble(),
    }


def _copy(row: BackupCopy) -> dict[str, Any]:
    return {
        "name": row.name,
        "made_at": row.made_at,
        "sent_at": row.sent_at,
        "status": row.get_status_display(),
        "tone": COPY_TONES[row.status],
        "sending": row.status == BackupCopy.Status.SENDING,
        "progress": row.progress,
        "size": row.size,
        "reason": row.reason,
        "retry_at": row.retry_at,
    }


def _row(row: Backup) -> dict[str, Any]:
    there = bool(row.path) and row.file.is_file()
    return {
        "pk": row.pk,
        "name": row.file.name if row.path else "",
        "path": row.path,
        "started_at": row.started_at,
        "cause": row.get_cause_display(),
        "running": row.status == Backup.Status.RUNNING,
        "progress": row.progress,
        "status": row.get_status_display(),
        "tone": TONES[row.status],
        "size": row.size,
        "encrypted": row.encrypted,
        "there": there,
        "looked_at": _looked_at(row.proof),
        "tables": row.proof.get("tables"),
        "reason": row.reason,
    }


def _looked_at(proof: dict[str, Any]) -> list[tuple[Any, int]]:
    """What was compared and looked at in the restored copy, with how many of each."""
    if not proof:
        return []
    counted = [(CHECK_LABELS[name], proof[name]) for name in ("rows", "files")]
    checks = [(check.label, proof["looked_at"].get(check.name)) for check in CHECKS]
    return counted + [(label, count) for label, count in checks if count is not None]


@require_POST
def back_up_now(request: HttpRequest) -> HttpResponse:
    actions.back_up_now(actor=me(request))
    messages.success(request, _("The backup has begun. You may go on working."))
    return redirect("accounts:backups")


@require_POST
def look_into_storage(request: HttpRequest) -> HttpResponse:
    actions.look_into_storage(actor=me(request))
    messages.success(request, _("Orbita looks into the storage and sends what is missing there."))
    return redirect("accounts:backups")


@require_POST
def download_backup(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    policy.require(request.user, "core.backup_download")
    backup = get_object_or_404(Backup, pk=pk)
    try:
        file = actions.download_backup(actor=me(request), backup=backup)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("accounts:backups")
    return FileResponse(
        file,
        as_attachment=True,
        filename=backup.file.name,
        content_type="application/octet-stream",
    )


@page
def backup_plan(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "core.backup")
    plan = BackupPlan.current()
    kept = {name: getattr(plan, name) for name in BackupPlanForm.base_fields}
    form = BackupPlanForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        accepted(form, lambda: actions.change_backup_plan(actor=me(request), **given))
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect("accounts:backups")
    return tabbed(request, "backups", {"form": form, "folder": folder_of(plan)}, "backup_plan")


@page
def backup_key(request: HttpRequest) -> HttpResponse:
    """The pair of keys: made here, shown once, trusted when its owner gives it back."""
    policy.require(request.user, "core.backup")
    step = request.POST.get("step", "")
    context: dict[str, Any] = {"plan": BackupPlan.current()}
    if step == "make":
        pair = actions.make_backup_key(actor=me(request))
        context |= {"pair": pair, "form": BackupKeyForm(initial={"recipient": pair.recipient})}
    elif step == "drop":
        actions.drop_backup_key(actor=me(request))
        messages.success(request, _("Backups are not encrypted from now on."))
        return redirect("accounts:backups")
    elif request.method == "POST":
        form = BackupKeyForm(request.POST)
        if form.is_valid():
            given = form.cleaned_data
            accepted(form, lambda: actions.trust_backup_key(actor=me(request), **given))
        if form.is_valid():
            messages.success(request, _("The key fits. Backups are encrypted from now on."))
            return redirect("accounts:backups")
        context["form"] = form
    return tabbed(request, "backups", context, "backup_key")


@require_POST
def resume_sending(request: HttpRequest) -> HttpResponse:
    if actions.resume_sending(actor=me(request)):
        messages.success(request, _("Letters are sent again."))
    return redirect("accounts:backups")
