"""Background work of the accounts."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_tasks import task

from orbita.accounts.actions import (
    forget_old_readings,
    hand_over_belongings,
    raise_alarms,
    send_password_reset,
)
from orbita.accounts.models import User, UserSession


@task(label=gettext_lazy("Write how to choose a new password"))
def write_password_reset(email: str, site: str) -> None:
    """The page that asks for it queues this for any address: the answer never tells who is known."""
    send_password_reset(email, site)


@task(label=gettext_lazy("Forget old readings"))
def forget_readings() -> None:
    forget_old_readings()


@task(label=gettext_lazy("Alarms of the log and of backups"))
def tell_of_alarms() -> None:
    raise_alarms()


@task(queue_name="long", atomic=False, max_attempts=3, label=gettext_lazy("Records of who leaves"))
def hand_over(actor_id: int, user_id: int, heir_id: int | None, reason: str) -> None:
    """What a person led goes to another one, chunk by chunk."""
    people = User.objects.select_related("role", "team").in_bulk([actor_id, user_id, heir_id or 0])
    hand_over_belongings(
        actor=people[actor_id],
        user=people[user_id],
        heir=people.get(heir_id or 0),
        reason=reason,
    )


@task(label=gettext_lazy("Forget sessions that are over"))
def forget_old_sessions() -> int:
    """Deletes sessions that have ended, and those of strangers who did not come in within a day."""
    now = timezone.now()
    over = Q(expire_date__lt=now) | Q(user=None, created_at__lt=now - timedelta(days=1))
    return UserSession.objects.filter(over).delete()[0]
