"""A broken log is said on every page, to those who may see to it."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.clients.audit.facts import PERMISSION
from orbita.core.seals import state
from orbita.core.sentences import say
from orbita.ui.banners import Banner


def of_the_log(user: Any) -> list[Banner]:
    """What the last check of the log found broken: one small file is read, no database."""
    if not policy.allows(user, PERMISSION):
        return []
    check = state.last_check()
    if check is None or check.ok:
        return []
    said = _("The event log was changed past Orbita: %(problem)s") % {"problem": say(check.problem)}
    return [Banner(said, url=reverse("clients:audit"), link=_("Event log"))]
