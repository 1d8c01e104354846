"""Events in words: the sentence of the kind where it has one, what was and what is otherwise."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.accounts.browsers import browser_words
from orbita.accounts.policy import PERMISSIONS
from orbita.clients.fields.shown import open_part, subject_of
from orbita.core.events import KINDS, EventKind, payload_of
from orbita.core.models import Event
from orbita.ui import formats

LONGEST = 160
GROUPS = {
    "security": gettext_lazy("Sign-ins and rights"),
    "settings": gettext_lazy("Settings"),
    "files": gettext_lazy("Imports and exports"),
    "clients": gettext_lazy("Clients"),
    "sales": gettext_lazy("Orders and goods"),
    "other": pgettext_lazy("event", "Other"),
}
_ROOTS = {
    "clients": (
        "client", "contact", "duplicates", "file", "note", "quality", "region", "segment",
    ),
    "sales": ("balance", "cart", "order", "orders", "product", "product_group"),
}  # fmt: skip
_NAMES = {
    "name": pgettext_lazy("event", "name"),
    "email": pgettext_lazy("event", "e-mail"),
    "role": pgettext_lazy("event", "role"),
    "team": pgettext_lazy("event", "team"),
    "parent": pgettext_lazy("event", "part of"),
    "is_active": pgettext_lazy("event", "may sign in"),
    "language": pgettext_lazy("event", "language"),
    "theme": pgettext_lazy("event", "theme"),
    "time_zone": pgettext_lazy("event", "time zone"),
    "phone_region": pgettext_lazy("event", "country of phones"),
    "user": pgettext_lazy("event", "user"),
    "scopes": pgettext_lazy("event", "scopes"),
    "browser": pgettext_lazy("event", "browser"),
    "failures": pgettext_lazy("event", "failed attempts before"),
    "sessions": pgettext_lazy("event", "sessions"),
    "permission": pgettext_lazy("event", "right"),
    "level": pgettext_lazy("event", "for which records"),
    "until": pgettext_lazy("event", "until"),
    "reason": pgettext_lazy("event", "reason"),
    "deputy": pgettext_lazy("event", "deputy"),
    "first_on": pgettext_lazy("event", "from"),
    "last_on": pgettext_lazy("event", "to"),
    "list": pgettext_lazy("event", "list"),
    "format": pgettext_lazy("event", "format"),
    "filter": pgettext_lazy("event", "filter"),
    "count": pgettext_lazy("event", "rows"),
    "columns": pgettext_lazy("event", "columns"),
    "file": pgettext_lazy("event", "file"),
    "files": pgettext_lazy("event", "files"),
    "task": pgettext_lazy("event", "job"),
    "error": pgettext_lazy("event", "error"),
}
_LEVELS = {
    "none": pgettext_lazy("event", "none"),
    "own": pgettext_lazy("event", "own"),
    "team": pgettext_lazy("event", "the team's"),
    "all": pgettext_lazy("event", "all"),
}


def group_of(kind: EventKind) -> str:
    if kind.group in GROUPS:
        return kind.group
    root = kind.name.partition(".")[0]
    return next((group for group, roots in _ROOTS.items() if root in roots), "other")


def kinds_of(group: str) -> list[str]:
    return [kind.name for kind in KINDS if group_of(kind) == group]


def label(event: Event) -> str:
    """What happened, in a word or two; the name of a kind that no room knows any more."""
    kind = KINDS.get(event.kind)
    return str(kind.label) if kind else event.kind


def told(event: Event, actor: Any) -> dict[str, Any]:
    """What the event says, as far as its reader may know. Empty once it was erased."""
    known: dict[str, Any] | None = getattr(event, "_told", None)
    if known is None:
        known = open_part(payload_of(event), subject_of(event), actor)
        event._told = known  # type: ignore[attr-defined]
    return known


def sentence(event: Event, data: Mapping[str, Any]) -> SafeString | str:
    """One line of it for a list."""
    kind = KINDS.get(event.kind)
    if kind and kind.sentence and data:
        return conditional_escape(kind.sentence(data))
    return "; ".join(
        f"{name}: {new}" if old in (None, formats.DASH) else f"{name}: {old} → {new}"
        for name, old, new in changes(data)
    )


def changes(data: Mapping[str, Any]) -> list[tuple[str, str | None, str]]:
    """Name, old and new value of everything it says; old is None for what has only one value."""
    before, after = _part(data, "before"), _part(data, "after")
    found: list[tuple[str, str | None, str]] = [
        (name_of(name), value_of(before.get(name), name), value_of(after.get(name), name))
        for name in dict.fromkeys([*after, *before])
    ]
    found += [
        (name_of(name), None, value_of(value, name))
        for name, value in data.items()
        if name not in ("before", "after", "address")
    ]
    return found


def _part(data: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    part = data.get(side)
    return part if isinstance(part, Mapping) else {}


def name_of(name: str) -> str:
    if name in PERMISSIONS:
        return str(PERMISSIONS[name].label)
    return str(_NAMES.get(name, name))


def value_of(value: Any, name: str = "") -> str:
    if value in (None, "", [], {}):
        return formats.DASH
    if name == "browser":
        return browser_words(str(value))
    if name == "role":
        return _(str(value))  # starter roles are kept under their English names
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        text = ", ".join(value_of(one) for one in value)
    elif isinstance(value, Mapping):
        text = ", ".join(f"{name_of(name)}: {value_of(inner)}" for name, inner in value.items())
    else:
        text = str(_LEVELS.get(value, value)) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def table(data: Mapping[str, Any]) -> SafeString:
    """All of it as the rows of a table, for the page of one event."""
    return format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        ((name, "" if old is None else old, new) for name, old, new in changes(data)),
    )


def link(url: str, text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)
