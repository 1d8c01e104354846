from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients.status import keeping


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Statuses of clients"))
def keep_statuses() -> int:
    """Those whose day has come, or everybody after a change of the rules."""
    return keeping.nightly()
