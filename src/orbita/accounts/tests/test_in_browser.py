"""A real browser against a real service: first start, invitation, lockout; every page by axe."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    # What passes is not described, which takes most of the time.
    "resultTypes": ["violations"],
}
PASSWORD = "correct horse battery"
LOOKS = [(1440, "light"), (390, "dark")]
PAGES = (
    "/profile/", "/profile/password/", "/profile/sessions/", "/profile/tokens/",
    "/settings/users/", "/settings/users/new/", "/settings/teams/", "/settings/roles/",
    "/settings/company/", "/settings/jobs/", "/settings/mail/",
)  # fmt: skip


@pytest.fixture
def driven(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def page_of(browser: Browser, width: int = 1440, scheme: Any = "light") -> Page:
    # Axe is injected as a script, which the policy of the pages forbids.
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        locale="ru-RU",
        bypass_csp=True,
    )
    return context.new_page()


def send(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.fill(f"main [name={name}]", value)
    page.click("main form button[type=submit]")


def faults(page: Page) -> list[tuple[str, str]]:
    found = Axe().run(page, options=RULES).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return [(fault["id"], page.url) for fault in found] + ([("wide", page.url)] if wide else [])


def test_the_first_start_an_invitation_and_a_lockout(
    start_service: Callable[..., Any], driven: Browser
) -> None:
    service = start_service()
    page = page_of(driven)
    page.goto(service.greeting[-1].strip())
    assert page.title() == "Первый запуск · Orbita"
    assert faults(page) == []
    send(page, company="Ромашка", name="Ада Орлова", email="ada@example.org", password=PASSWORD)
    page.goto(f"{service.url}/settings/users/new/")
    send(page, email="nina@example.org", name="Нина Громова")
    link = page.inner_text("main code")

    guest = page_of(driven, 390, "dark")
    guest.goto(link)
    assert faults(guest) == []
    send(guest, password=PASSWORD)
    guest.goto(f"{service.url}/settings/users/")
    assert "403" in guest.inner_text("main")

    stranger = page_of(driven)
    for _attempt in range(7):
        stranger.goto(f"{service.url}/sign-in/")
        assert faults(stranger) == []
        send(stranger, username="nina@example.org", password="wrong")
    assert stranger.inner_text("h1") == "Слишком много попыток"
    assert faults(stranger) == []
    stranger.goto(link)
    assert stranger.inner_text("h1") == "Ссылка не работает"

    for width, scheme in LOOKS:
        visitor = page_of(driven, width, scheme)
        visitor.goto(f"{service.url}/sign-in/")
        send(visitor, username="ada@example.org", password=PASSWORD)
        visitor.goto(f"{service.url}/settings/users/")
        card = visitor.get_attribute("main a:has-text('Нина Громова')", "href")
        assert card
        for path in (*PAGES, card):
            answer = visitor.goto(service.url + path)
            assert answer
            assert answer.status == 200
            assert faults(visitor) == []
