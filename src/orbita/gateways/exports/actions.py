"""What changes exports in the background: asking, making, fetching, forgetting."""

from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.events import changes, emit
from orbita.core.jobs import current_job, hold
from orbita.core.models import Event
from orbita.core.rules import RuleError
from orbita.gateways.exports import jobs, letters, limits, record
from orbita.gateways.exports.lists import Plan, as_seen_by, plan_again
from orbita.gateways.exports.models import Export, ExportRules, folder
from orbita.gateways.exports.writers import temporary_file

Status = Export.Status
# More rows than this are not made while a browser waits.
MOST_AT_ONCE = 20_000
KEPT = timedelta(days=1)


def export_now(*, actor: User, plan: Plan) -> BinaryIO:
    """The table as an open file that is nowhere on the disk any more.

    Raises `ValidationError` when it is more than may leave today.
    """
    path = temporary_file(folder())
    try:
        with transaction.atomic():
            limits.require_room(actor, plan.total)
            export = _stored(actor, plan, status=Status.RUNNING)
        plan.mark = export.mark
        count = plan.write(path)
        with transaction.atomic():
            Export.objects.filter(pk=export.pk).update(
                status=Status.FETCHED, rows=count, total=count, finished_at=timezone.now()
            )
            _record(actor, plan, count, export)
        return path.open("rb")
    finally:
        path.unlink(missing_ok=True)


def order_export(*, actor: User, plan: Plan) -> Export:
    """Has the table made in the background. Raises `ValidationError` when it is more than may leave
    today.
    """
    with transaction.atomic():
        limits.require_room(actor, plan.total)
        export = _stored(actor, plan, status=Status.QUEUED)
        _record(actor, plan, export.total, export, kind="export.asked")
        jobs.make_export.enqueue(export.pk)
    return export


def ask_for_export(*, actor: User, plan: Plan, reason: str, site: str) -> Export:
    """Asks for a table that somebody has to approve, and writes to those who can."""
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": [_("What is it for?")]})
    with transaction.atomic():
        limits.require_room(actor, plan.total)
        export = _stored(actor, plan, status=Status.ASKED, reason=reason[:300])
        _record(actor, plan, export.total, export, kind="export.approval_asked")
        letters.ask(export, site)
    return export


def approve_export(*, actor: User, export: Export, site: str) -> None:
    """Lets a table out: it is made, and its owner told."""
    with transaction.atomic():
        export = _decided(actor, export, Status.QUEUED)
        record.decided(actor=actor, export=export, kind="export.approved")
        jobs.make_export.enqueue(export.pk)
        letters.tell(export, site)


def refuse_export(*, actor: User, export: Export, reason: str, site: str) -> None:
    """Does not let a table out; the reason is told to its owner."""
    with transaction.atomic():
        export = _decided(actor, export, Status.REFUSED, error=reason.strip()[:300])
        record.decided(actor=actor, export=export, kind="export.refused")
        letters.tell(export, site)


def _decided(actor: User, export: Export, status: str, **fields: str) -> Export:
    rows = Export.objects.overseen_by(actor).select_for_update(of=("self",))
    row = rows.filter(pk=export.pk).first()
    if row is None:
        raise policy.Denied(_("It is not for you to approve this export."))
    if row.status != Status.ASKED:
        raise ValidationError(_("Somebody has decided already."))
    row.status, row.decided_by = status, actor
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=["status", "decided_by", *fields])
    return row


def change_rules(*, actor: User, rows_a_day: int | None, approved_from: int | None) -> Event | None:
    """Sets how much may leave; the event, or None when nothing differs."""
    policy.require(actor, "core.settings")
    with transaction.atomic():
        row = ExportRules.objects.select_for_update().first() or ExportRules(pk=1)
        told = changes(
            {"rows_a_day": row.rows_a_day, "approved_from": row.approved_from},
            {"rows_a_day": rows_a_day, "approved_from": approved_from},
        )
        if not told["after"]:
            return None
        row.rows_a_day, row.approved_from = rows_a_day, approved_from
        row.save()
        return emit("export_rules.changed", actor=actor, data=told)


def _stored(actor: User, plan: Plan, **fields: str) -> Export:
    return Export.objects.create(
        owner=actor,
        list_name=plan.spec.name,
        format=plan.format,
        query=plan.state.parameters(),
        ids=None if plan.ids is None else list(plan.ids),
        columns=[column.name for column in plan.columns],
        file_name=plan.file_name,
        filter_text=plan.filter_text,
        total=plan.total,
        **fields,
    )


def make_export(export_id: int) -> None:
    """Writes the file of an export; again from its beginning when a worker was killed."""
    export = Export.objects.select_related("owner__role").filter(pk=export_id).first()
    if export is None or not export.is_active:
        return
    Export.objects.filter(pk=export.pk).update(status=Status.RUNNING)
    path = temporary_file(folder())
    try:
        with as_seen_by(export.owner):
            plan = plan_again(export)
            count = plan.write(path, lambda count: _progress(export, count))
            with transaction.atomic():
                _keep_lease()
                export.status, export.rows, export.stored_as = Status.READY, count, path.name
                export.total, export.finished_at = count, timezone.now()
                export.save()
                _record(export.owner, plan, count, export)
    except (RuleError, LookupError, policy.Denied) as error:
        path.unlink(missing_ok=True)
        Export.objects.filter(pk=export.pk).update(
            status=Status.FAILED, error=str(error), finished_at=timezone.now()
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _progress(export: Export, count: int) -> None:
    with transaction.atomic():
        _keep_lease()
        Export.objects.filter(pk=export.pk).update(rows=count)


def _keep_lease() -> None:
    job = current_job()
    if job:
        hold(job)


def fetch_export(*, actor: User, export: Export) -> BinaryIO:
    """The file, open and for the last time. Raises `ValidationError` when it is not there."""
    with transaction.atomic():
        ready = Export.objects.visible_to(actor).filter(pk=export.pk, status=Status.READY)
        export = ready.select_for_update(of=("self",)).first() or Export()
        path = export.path
        if export.pk is None or _is_old(export) or not path.is_file():
            raise ValidationError(_("The file is gone: it is kept for a day and given out once."))
        file = path.open("rb")
        ready.update(status=Status.FETCHED, stored_as="")
        record.made(
            actor=actor,
            name=export.list_name,
            format=export.format,
            filter="",
            count=export.rows,
            columns=export.columns,
            export=export.pk,
            kind="export.fetched",
        )
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return file


def _is_old(export: Export) -> bool:
    return timezone.now() - (export.finished_at or export.created_at) > KEPT


def remove_old_exports() -> int:
    """Forgets files that nobody came for, and those a killed worker left. Returns how many."""
    edge = timezone.now() - KEPT
    old = list(Export.objects.filter(finished_at__lt=edge).exclude(stored_as=""))
    for export in old:
        export.path.unlink(missing_ok=True)
    Export.objects.filter(pk__in=[export.pk for export in old]).update(
        status=Status.EXPIRED, stored_as=""
    )
    return len(old) + sum(_removed(path, edge.timestamp()) for path in folder().iterdir())


def _removed(path: Path, edge: float) -> bool:
    if not path.is_file() or path.stat().st_mtime > edge:
        return False
    path.unlink(missing_ok=True)
    return True


def _record(actor: User, plan: Plan, count: int, export: Export, kind: str = "export.made") -> None:
    record.made(
        actor=actor,
        name=plan.spec.name,
        format=plan.format,
        filter=plan.filter_text,
        count=count,
        columns=[column.name for column in plan.columns],
        export=export.pk,
        kind=kind,
    )
