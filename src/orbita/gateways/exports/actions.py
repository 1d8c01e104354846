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
from orbita.core.jobs import current_job, hold
from orbita.core.rules import RuleError
from orbita.gateways.exports import jobs, record
from orbita.gateways.exports.lists import Plan, as_seen_by, plan_again
from orbita.gateways.exports.models import Export, folder
from orbita.gateways.exports.writers import temporary_file

Status = Export.Status
# More rows than this are not made while a browser waits.
MOST_AT_ONCE = 20_000
KEPT = timedelta(days=1)


def export_now(*, actor: User, plan: Plan) -> BinaryIO:
    """The table as an open file that is nowhere on the disk any more."""
    path = temporary_file(folder())
    try:
        count = plan.write(path)
        _record(actor, plan, count)
        return path.open("rb")
    finally:
        path.unlink(missing_ok=True)


def order_export(*, actor: User, plan: Plan) -> Export:
    """Has the table made in the background."""
    with transaction.atomic():
        export = Export.objects.create(
            owner=actor,
            list_name=plan.spec.name,
            format=plan.format,
            query=plan.state.parameters(),
            ids=None if plan.ids is None else list(plan.ids),
            columns=[column.name for column in plan.columns],
            file_name=plan.file_name,
            total=plan.count(),
        )
        _record(actor, plan, export.total, kind="export.asked")
        jobs.make_export.enqueue(export.pk)
    return export


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
                _record(export.owner, plan, count)
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
            kind="export.fetched",
        )
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return file


def _is_old(export: Export) -> bool:
    return timezone.now() - export.created_at > KEPT


def remove_old_exports() -> int:
    """Forgets files that nobody came for, and those a killed worker left. Returns how many."""
    edge = timezone.now() - KEPT
    old = list(Export.objects.filter(created_at__lt=edge).exclude(stored_as=""))
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


def _record(actor: User, plan: Plan, count: int, kind: str = "export.made") -> None:
    record.made(
        actor=actor,
        name=plan.spec.name,
        format=plan.format,
        filter=plan.filter_text,
        count=count,
        columns=[column.name for column in plan.columns],
        kind=kind,
    )
