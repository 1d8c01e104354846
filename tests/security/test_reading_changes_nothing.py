"""Mail gateways, crawlers and browsers open links by themselves: a GET must not change anything."""

from collections import deque
from urllib.parse import urljoin, urlsplit

import pytest

from orbita.accounts.testing import World
from tests.security.hostile import Page, everything, hostile_records, signed_in

pytestmark = pytest.mark.django_db
ENOUGH = 260


def test_opening_every_link_as_the_administrator_changes_nothing_and_runs_nothing(
    world: World,
) -> None:
    hostile_records(world)
    browser = signed_in(world.administrator)
    before = everything()
    seen: set[str] = set()
    waiting, troubles = deque(["/"]), []
    while waiting and len(seen) < ENOUGH:
        url = waiting.popleft()
        if url in seen:
            continue
        seen.add(url)
        response = browser.get(url)
        if response.status_code >= 500:
            troubles.append(f"{url} answers {response.status_code}")
        if response.status_code in (301, 302):
            waiting.append(urljoin(url, response["Location"]))
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            continue
        page = Page(response.content.decode())
        troubles += [f"{url}: {danger}" for danger in page.dangers]
        for found in page.addresses:
            full = urljoin(url, found).partition("#")[0]
            if not urlsplit(full).scheme and full.startswith("/"):
                waiting.append(full)
    assert len(seen) > 60
    assert troubles == []
    assert everything() == before
