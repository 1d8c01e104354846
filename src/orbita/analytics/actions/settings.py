"""Changes of how RFM is counted, by people."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.analytics.models import RfmSettings, params_from
from orbita.core.events import changes, emit, payload_of
from orbita.core.models import Event, Job


def change_settings(
    *,
    actor: User,
    bands: int,
    months: int | None,
    net: bool,
    fixed: Mapping[str, list[int]],
) -> int | None:
    """Stores how to count and has everything counted anew. Wrong values raise `ValidationError`.

    Returns the id of the event, by which the change can be taken back; None when nothing changed.
    """
    policy.require(actor, "analytics.edit")
    after = {"bands": bands, "months": months, "net": net, "fixed": dict(fixed)}
    params_from(after)
    with transaction.atomic():
        settings = RfmSettings.objects.select_for_update().first() or RfmSettings(pk=1)
        difference = changes(settings.as_json(), after)
        if not difference["after"]:
            return None
        for name, value in after.items():
            setattr(settings, name, value)
        settings.save()
        event = emit(
            "rfm.settings_changed",
            actor=actor,
            subject_type="rfm_settings",
            subject_id=settings.pk,
            data=difference,
        )
        _enqueue(history=True)
    return int(event.pk)


def restore_settings(*, actor: User, event: Event) -> None:
    """Takes a change back: what it changed gets its former values."""
    policy.require(actor, "analytics.edit")
    before = payload_of(event).get("before", {})
    change_settings(actor=actor, **(RfmSettings.current().as_json() | before))


def request_refresh(*, actor: User) -> bool:
    """Queues a calculation as of now; False when one is already waiting."""
    policy.require(actor, "analytics.view")
    with transaction.atomic():
        if not _enqueue(history=False):
            return False
        emit("rfm.requested", actor=actor, subject_type="rfm_run", subject_id=1)
    return True


def _enqueue(*, history: bool) -> bool:
    from orbita.analytics.jobs import refresh_rfm

    waiting: list[Any] = list(
        Job.objects.filter(task=refresh_rfm.module_path, status=Job.Status.QUEUED)
    )
    if any(job.kwargs.get("history", False) or not history for job in waiting):
        return False
    refresh_rfm.enqueue(history=history)
    return True
