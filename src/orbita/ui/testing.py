"""What tests of any room's pages need: a browser, a signed-in page, the accessibility check."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urljoin

import axe_playwright_python
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from playwright.sync_api import Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from orbita.accounts.models import User

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW = (1440, 900), (390, 844)


class _OneAtATime(StaticFilesHandler):
    """Serves requests in turn: SQLite in memory is one connection, whose threads would mix up."""

    _turn = Lock()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        with self._turn:
            return super().__call__(environ, start_response)


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server over the test's database; the test needs `transaction=True`."""
    server = LiveServer("localhost", start=False)
    server.thread.static_handler = _OneAtATime
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def launch(path: str) -> Iterator[Any]:
    """A real browser without a window."""
    # Playwright runs a loop of its own in this thread; the tests' database calls are still serial.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@contextmanager
def open_window(
    browser: Any,
    base: str,
    user: User,
    *,
    size: tuple[int, int] = WIDE,
    theme: str = "light",
    language: str = "ru",
    scripts: bool = True,
) -> Iterator[tuple[Page, list[str]]]:
    """A window of a signed-in user, for any number of pages, and the errors in its console so far."""
    User.objects.filter(pk=user.pk).update(theme=theme, language=language)
    client = Client()
    client.force_login(user)
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts
    )
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": urljoin(base, "/")}]
    )
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if _is_trouble(said) else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    try:
        yield page, troubles
    finally:
        context.close()


@contextmanager
def open_page(browser: Any, address: str, user: User, **look: Any) -> Iterator[Page]:
    """A page of a signed-in user. Fails on an error in the console: a policy breach is one."""
    with open_window(browser, address, user, **look) as (page, troubles):
        page.goto(address)
        yield page
    if troubles:
        raise AssertionError(f"the console of {address} says: {troubles}")


def _is_trouble(said: Any) -> bool:
    # A form with errors answers 422 and a change that came too late 409, which the browser notes as
    # errors of loading. A request is
    # given up for a newer one while somebody types; one that fails says `htmx:sendError` as well.
    usual = ("status of 422", "status of 409", "htmx:sendAbort", "htmx:afterRequest")
    return said.type == "error" and not any(words in said.text for words in usual)


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA: rule, element and why; empty when all is well."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # What passes is not described, which takes most of the time.
    asked = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{rule['id']}: {node['html'][:160]}: {node['failureSummary'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
