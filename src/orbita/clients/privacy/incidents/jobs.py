from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients.privacy.incidents import actions
from orbita.core.jobs import Schedule


@task(atomic=False, max_attempts=3, label=_("Reminders of incidents"))
def remind() -> int:
    """Reminds of the deadlines of open incidents."""
    return actions.remind()


OFTEN = Schedule("reminders of incidents", remind, every=timedelta(minutes=15))
