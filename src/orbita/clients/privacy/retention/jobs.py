from datetime import time, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients.models import RetentionRun
from orbita.clients.privacy.erasing import BusyError
from orbita.clients.privacy.retention import running
from orbita.core.jobs import Schedule

TRY_AGAIN = timedelta(minutes=2)


@task(queue_name="long", atomic=False, max_attempts=5, label=_("Clients whose term is over"))
def run_rule(run_id: int) -> None:
    """Carries a run of a rule of keeping out; waits while an import runs."""
    run = RetentionRun.objects.select_related("rule__segment", "actor__role").get(pk=run_id)
    try:
        running.run_to_end(run)
    except BusyError:
        run_rule.using(run_after=timezone.now() + TRY_AGAIN).enqueue(run_id)


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Terms of keeping"))
def go_round() -> int:
    """Tells of runs that come and starts those that were told of."""
    return running.go_round()


DAILY = Schedule("terms of keeping", go_round, at=time(5))
