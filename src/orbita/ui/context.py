from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.translation import get_language

from orbita.core.models import Company
from orbita.ui import banners, menu, toasts

PHONE_TABS = 4


class Frame:
    """What the base page needs, worked out only when a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def user(self) -> Any:
        """The signed-in user; None for strangers and on errors before sign-in was read."""
        user = getattr(self._request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @property
    def theme(self) -> str:
        """ "light" or "dark"; empty when the system decides."""
        chosen = getattr(self.user, "theme", "auto")
        return chosen if chosen in ("light", "dark") else ""

    @property
    def theme_choice(self) -> str:
        return self.theme or "auto"

    @property
    def language(self) -> str:
        return (get_language() or "ru")[:2]

    @cached_property
    def sections(self) -> list[list[menu.Entry]]:
        return menu.menu_for(self._request) if self.user else []

    @cached_property
    def tabs(self) -> list[menu.Entry]:
        """The bar at the bottom of a phone, beside which "More" always stands."""
        entries = [entry for section in self.sections for entry in section]
        return sorted(entries, key=lambda entry: not entry.phone)[:PHONE_TABS]

    @property
    def elsewhere(self) -> bool:
        """Whether the current place is none of the phone tabs, so that "More" is current."""
        return not any(entry.current for entry in self.tabs)

    @cached_property
    def create(self) -> list[menu.Entry]:
        return menu.create_for(self.user) if self.user else []

    @cached_property
    def company(self) -> str:
        return Company.current().name

    @cached_property
    def banners(self) -> list[banners.Banner]:
        return banners.shown_to(self.user) if self.user else []

    @cached_property
    def toasts(self) -> list[toasts.Toast]:
        return toasts.waiting(self._request)

    @property
    def base(self) -> str:
        """The page to extend: whole, or the inside of a dialog when one asked for it."""
        return "ui/fragment.html" if is_dialog(self._request) else "ui/base.html"

    @property
    def plain(self) -> str:
        """The page to extend before sign-in; named here for rooms that stand below this one."""
        return "ui/plain.html"

    @property
    def in_dialog(self) -> bool:
        return is_dialog(self._request)

    @property
    def here(self) -> str:
        """The address of the page; for a piece that htmx put into a page, of that page."""
        page = urlsplit(self._request.headers.get("HX-Current-URL", ""))
        if page.path and page.netloc == self._request.get_host():
            return f"{page.path}?{page.query}" if page.query else page.path
        return self._request.get_full_path()

    @property
    def csrf(self) -> str:
        return get_token(self._request)


def is_dialog(request: HttpRequest) -> bool:
    """Whether htmx asks for a page to show inside the dialog."""
    return request.headers.get("HX-Target") == "o-dialog-body"


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame` in every template."""
    return {"frame": Frame(request)}
