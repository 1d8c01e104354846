"""Background work of the accounts."""

from django.utils.translation import gettext_lazy
from django_tasks import task

from orbita.accounts.actions import send_password_reset


@task(label=gettext_lazy("Write how to choose a new password"))
def write_password_reset(email: str, site: str) -> None:
    """The page that asks for it queues this for any address: the answer never tells who is known."""
    send_password_reset(email, site)
