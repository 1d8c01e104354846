"""Icons and avatars as safe HTML, for templates and for rows made in Python."""

import re
from functools import cache
from pathlib import Path

from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from orbita.ui import formats


@cache
def icon_url() -> str:
    """Where the sprite is; `<use>` adds "#name"."""
    return static("ui/icons.svg")


@cache
def icon(name: str, label: str = "") -> SafeString:
    """An icon; without a label it is decoration and hidden from readers."""
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return SafeString(
        f'<svg class="i" {spoken}><use href="{escape(icon_url())}#{escape(name)}"/></svg>'
    )


def avatar(name: str, identifier: int | None, css: str = "") -> SafeString:
    """Initials on a quiet colour that is always the same for the same id."""
    return format_html(
        '<b class="{}" title="{}"><span aria-hidden="true">{}</span><span class="sr">{}</span></b>',
        " ".join(part for part in ("avatar", formats.avatar_class(identifier), css) if part),
        name,
        formats.initials(name),
        name,
    )


def names() -> list[str]:
    """The names of all icons, from the sprite itself."""
    sprite = Path(__file__).parent / "static/ui/icons.svg"
    return re.findall(r'<symbol id="([a-z]+)"', sprite.read_text(encoding="utf-8"))
