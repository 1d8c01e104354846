"""The Chromium that the browser tests drive."""

import os

from orbita.devtools import apt_install, find, loudly

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(*, install: bool = True) -> str | None:
    """The path of a browser, installed when root and absent; None after a loud line."""
    given = os.environ.get("ORBITA_CHROMIUM")
    if given:
        return given
    path = find(*NAMES)
    if not path and install and apt_install("chromium"):
        path = find(*NAMES)
    if not path:
        loudly("BROWSER TESTS SKIPPED: no Chromium (apt install chromium, or set ORBITA_CHROMIUM)")
    return path
