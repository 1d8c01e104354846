from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.commerce import actions


@task(label=_("Finding abandoned carts"))
def find_abandoned_carts() -> None:
    actions.mark_abandoned_carts(actor=None)
