from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients.privacy import cleaning, erasing, register
from orbita.core.jobs import Schedule

TRY_AGAIN = timedelta(minutes=2)


@task(queue_name="long", atomic=False, max_attempts=5, label=_("Erasure of a client"))
def erase(erasure_id: int) -> None:
    """Carries out an erasure that was asked for on a page; waits while an import runs."""
    try:
        erasing.erase_asked(erasure_id)
    except erasing.BusyError:
        erase.using(run_after=timezone.now() + TRY_AGAIN).enqueue(erasure_id)


@task(queue_name="long", atomic=False, max_attempts=5, label=_("Cleaning up after an erasure"))
def clean_up(files: list[str]) -> None:
    """Removes files and words of an erased client and gives the room in the database back."""
    cleaning.clean_up(files)


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Erasures made again"))
def apply_register() -> int:
    """Erases again what a restored base brought back; nearly always there is nothing to do."""
    return register.apply()


AGAIN = Schedule("erasures", apply_register, every=timedelta(hours=1))
