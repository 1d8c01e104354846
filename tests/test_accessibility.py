"""Every page of the access table in a real browser: WCAG 2.2 AA, no sideways scrolling, no breach
of the content policy; wide and light in Russian, narrow and dark in English."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from orbita.accounts.testing import Row, World, make_world
from orbita.ui.testing import NARROW, WIDE, launch, open_window, overflow, serving, violations
from tests.test_access import ROWS, tables

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS = [(WIDE, "light", "ru"), (NARROW, "dark", "en")]


@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    with launch(chromium) as found:
        yield found


def address_of(row: Row, world: World) -> str:
    url = reverse(row.name, kwargs=dict(row.kwargs(world)))
    query = row.query(world)
    return f"{url}?{urlencode(query, doseq=True)}" if query else url


def pages(world: World) -> list[str]:
    """The addresses that show the administrator a whole page: no fragments, files or redirects."""
    client = Client()
    client.force_login(world.administrator)
    rows = [row for row in ROWS if row.method == "GET" and not row.headers]
    found = []
    for url in dict.fromkeys(address_of(row, world) for row in rows):
        if not url.startswith("/api/"):
            response = client.get(url)
            is_page = response.headers.get("Content-Type", "").startswith("text/html")
            is_page &= "attachment" not in response.headers.get("Content-Disposition", "")
            body = b"".join(response) if response.streaming else response.content
            if response.status_code == 200 and is_page and b"<html" in body:
                found.append(url)
    return found


@pytest.mark.parametrize(("size", "theme", "language"), LOOKS, ids=["1440-light-ru", "390-dark-en"])
def test_every_page_passes_the_accessibility_rules(
    browser: Any, size: tuple[int, int], theme: str, language: str
) -> None:
    world = make_world()
    for table in tables():
        if hasattr(table, "prepare"):
            table.prepare(world)
    addresses = pages(world)
    assert len(addresses) > 30, "the table has lost its pages"
    faults: dict[str, Any] = {}
    look: dict[str, Any] = {"size": size, "theme": theme, "language": language}
    with (
        serving() as base,
        open_window(browser, base, world.administrator, **look) as (page, troubles),
    ):
        for url in addresses:
            page.goto(base + url)
            found: list[Any] = [*violations(page), *troubles]
            troubles.clear()
            wider = overflow(page)
            if wider > 0:
                found.append(f"{wider} pixels wider than the window")
            if found:
                faults[url] = found
    assert faults == {}
