from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients.work import giving


@task(atomic=False, max_attempts=3, label=_("Giving out of new clients"))
def give_out_new() -> int:
    """New clients of nobody go to people by the rule."""
    return giving.give_out_new()


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Time limits of work"))
def keep_time_limits() -> list[int]:
    """Warnings, and the release of those warned of before."""
    return list(giving.keep_time_limits())
