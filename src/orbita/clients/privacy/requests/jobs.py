from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients.privacy.requests import reminders
from orbita.core.jobs import Schedule


@task(atomic=True, label=_("Reminders of requests about data"))
def remind() -> int:
    """Reminds of requests whose term ends soon; asked often, since a day begins at its own hour."""
    return reminders.remind(site=settings.ORBITA_URL)


REMIND = Schedule("requests", remind, every=timedelta(hours=1))
