"""What upper rooms add to the pages of clients, from their `room.py`.

Columns, buttons and bulk actions of the list: `lists.COLUMNS` and its siblings. Here: the card's
strip, panels and buttons, and whose events the timeline shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from orbita.accounts import policy
from orbita.clients.models import Client
from orbita.core.registry import Registry

Label = str | Promise
RAIL, MAIN = "rail", "main"


@dataclass(frozen=True)
class CardPanel:
    """A part of the card. `render` gives safe HTML, or nothing when there is nothing to show.

    Panels of the rail stand right, those of the main column between the strip and the timeline.
    A panel costs at most one query, but for a few more of one that has found something to sum up.
    """

    name: str
    render: Callable[[HttpRequest, Client], SafeString | str]
    place: str = RAIL
    order: int = 100
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the strip: the value, a note below, and "good", "warn" or "bad"."""

    value: SafeString | str
    note: SafeString | str = ""
    css: str = ""


class Shown(Protocol):
    """The card as its figures see it."""

    client: Client
    actor: Any

    @property
    def currency(self) -> str:
        """The base currency, in whose minor units the facts are."""


@dataclass(frozen=True)
class StripItem:
    """A figure under the client's name. `figure` may answer None: then it is left out.

    What it needs should come with the client: `join` adds a select_related or an annotation.
    """

    name: str
    label: Label
    figure: Callable[[Shown], Figure | None]
    order: int = 100
    permission: str | None = None
    join: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class CardButton:
    """A line of the card's menu: work that starts from this client, "New order"."""

    name: str
    label: Label
    url: Callable[[Client], str]
    icon: str = "plus"
    permission: str | None = None
    order: int = 100


@dataclass(frozen=True)
class TimelineRight:
    """Who may read the events of a subject: kinds called `name.…` need the permission.

    Events of a subject that nobody has named are not shown. `seen(actor)` narrows them to records
    that the actor sees; it answers None when he sees them all.
    """

    name: str
    permission: str
    seen: Callable[[Any], Q | None] | None = None


@dataclass(frozen=True)
class TimelineGroup:
    """A chip over the timeline for the event kinds of the group of this name."""

    name: str
    label: Label
    order: int = 100


CARD_PANELS: Registry[CardPanel] = Registry("card panel")
CARD_STRIP: Registry[StripItem] = Registry("strip item")
CARD_BUTTONS: Registry[CardButton] = Registry("card button")
TIMELINE_RIGHTS: Registry[TimelineRight] = Registry("timeline right")
TIMELINE_GROUPS: Registry[TimelineGroup] = Registry("timeline group")


def permitted(actor: Any, permission: str | None, client: Client) -> bool:
    return permission is None or policy.allows(actor, permission, client)
