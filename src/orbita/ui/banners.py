"""What stands over every page until somebody sees to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.core.backup.away import copies
from orbita.core.backup.plan import is_old
from orbita.core.models import Company
from orbita.core.registry import Registry
from orbita.ui.formats import ago, full_moment


@dataclass(frozen=True)
class Banner:
    """A sentence with a link to a page, and with a button when something can be done at once."""

    text: str
    url: str = ""
    link: str = ""
    action: str = ""
    button: str = ""


@dataclass(frozen=True)
class Source:
    """Banners of a room: `shown(user)` asks the database nothing that a page does not ask anyway."""

    name: str
    shown: Callable[[Any], Sequence[Banner]]


BANNERS: Registry[Source] = Registry("banner")


def shown_to(user: Any) -> list[Banner]:
    return [banner for source in BANNERS for banner in source.shown(user)]


def of_backups(user: Any) -> list[Banner]:
    """Reads the company's row only."""
    if not policy.allows(user, "core.backup"):
        return []
    company = Company.current()
    found = []
    if company.sending_paused_at:
        found.append(
            Banner(
                _("This is a restored copy (%(when)s): it sends no letters until you resume them.")
                % {"when": full_moment(company.sending_paused_at)},
                url=reverse("accounts:mail"),
                link=_("Letters"),
                action=reverse("accounts:resume-sending"),
                button=_("Resume sending"),
            )
        )
    # One who never had a backup reads of it in the settings: not on every page from the first minute.
    if company.backed_up_at and is_old(company):
        found.append(
            Banner(
                _("The last proved backup was made %(when)s.")
                % {"when": ago(company.backed_up_at)},
                url=reverse("accounts:backups"),
                link=_("Backups"),
            )
        )
    elif company.stored_at and copies.are_old(company):
        found.append(
            Banner(
                _("The newest backup in the storage was made %(when)s.")
                % {"when": ago(company.stored_at)},
                url=reverse("accounts:backups"),
                link=_("Backups"),
            )
        )
    return found
