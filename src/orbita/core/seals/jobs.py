import logging

from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.core.seals.state import check_now

logger = logging.getLogger(__name__)


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Check of the event log"))
def check_log() -> None:
    """Reads the whole log against its seals; the page of the log shows what came out."""
    done = check_now()
    if not done.ok:
        logger.error("the event log is broken: %s", done.problem)
