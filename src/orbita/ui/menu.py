"""What rooms put into the frame: menu entries, the Create menu, search. Filled from `room.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.functional import Promise

from orbita.accounts import policy
from orbita.core.registry import Registry

Label = str | Promise

# The groups of the side menu, from top to bottom, with a gap between them.
SECTIONS = ("work", "outreach", "insight", "settings")


@dataclass(frozen=True)
class Badge:
    """The number beside a menu entry; a hot one asks for action."""

    count: int
    hot: bool = False


@dataclass(frozen=True)
class MenuItem:
    """An entry of the side menu. `badge` runs on every page: it must be one indexed read.

    `phone` entries stand in the bar at the bottom of a phone, the first four by order. `shown` says
    who sees an entry that leads to several pages under rights of their own.
    """

    name: str
    label: Label
    url_name: str
    icon: str
    permission: str | None = None
    order: int = 100
    section: str = "work"
    badge: Callable[[Any], Badge | None] | None = None
    phone: bool = False
    shown: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class QuickCreate:
    """A line of the Create menu. The page may be opened in a dialog, so it extends `frame.base`."""

    name: str
    label: Label
    url_name: str
    icon: str
    permission: str | None = None
    order: int = 100
    dialog: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that was found. `kind`, `id` and `external_id` tell programs what it is, `why` in
    words by what it was found.
    """

    title: str
    subtitle: str
    url: str
    icon: str = "person"
    kind: str = ""
    id: int | None = None
    external_id: str | None = None
    why: str = ""


class Search(Protocol):
    def __call__(self, actor: Any, query: str, limit: int) -> Sequence[Hit]: ...


@dataclass(frozen=True)
class SearchProvider:
    """Finds things of one kind by text; sees only what the actor may see."""

    name: str
    label: Label
    search: Search
    permission: str | None = None


def found_by(actor: Any, query: str, limit: int) -> list[tuple[SearchProvider, Sequence[Hit]]]:
    """What every provider open to the actor finds, those that find nothing left out."""
    found = [
        (provider, provider.search(actor, query, limit))
        for provider in SEARCH
        if permitted(actor, provider.permission)
    ]
    return [(provider, hits) for provider, hits in found if hits]


MENU: Registry[MenuItem] = Registry("menu entry")
QUICK_CREATE: Registry[QuickCreate] = Registry("quick create")
SEARCH: Registry[SearchProvider] = Registry("search provider")


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu or create line that this actor may open, ready for a template."""

    name: str
    label: Label
    url: str
    icon: str
    current: bool = False
    badge: Badge | None = None
    phone: bool = False
    dialog: bool = False


def permitted(actor: Any, permission: str | None) -> bool:
    return permission is None or policy.allows(actor, permission)


def address(url_name: str) -> str | None:
    """The address of a page, or None while the room that brings it is not mounted."""
    return _address(url_name, get_urlconf() or settings.ROOT_URLCONF)


@cache
def _address(url_name: str, urlconf: str) -> str | None:
    """Every page asks for some forty of them, and they stay while the program runs."""
    try:
        return reverse(url_name, urlconf)
    except NoReverseMatch:
        return None


def menu_for(request: HttpRequest) -> list[list[Entry]]:
    """The side menu by sections; the longest address that the page's path starts with is current."""
    actor = request.user
    found = [
        (item, url)
        for item in sorted(MENU, key=lambda item: item.order)
        if permitted(actor, item.permission)
        and (item.shown is None or item.shown(actor))
        and (url := address(item.url_name))
    ]
    here = max(
        (url for _item, url in found if _stands_under(request.path, url)), key=len, default=None
    )
    return [
        section
        for name in SECTIONS
        if (
            section := [
                Entry(
                    name=item.name,
                    label=item.label,
                    url=url,
                    icon=item.icon,
                    current=url == here,
                    badge=item.badge(actor) if item.badge else None,
                    phone=item.phone,
                )
                for item, url in found
                if item.section == name
            ]
        )
    ]


def _stands_under(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


def create_for(actor: Any) -> list[Entry]:
    """The lines of the Create menu."""
    return [
        Entry(name=item.name, label=item.label, url=url, icon=item.icon, dialog=item.dialog)
        for item in sorted(QUICK_CREATE, key=lambda item: item.order)
        if permitted(actor, item.permission) and (url := address(item.url_name))
    ]
