"""The component page in a real browser: accessible, within its window, within the policy."""

from collections.abc import Iterator
from typing import Any

import pytest

from orbita.accounts.models import User
from orbita.ui.testing import NARROW, WIDE, launch, open_page, overflow, serving, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ("/ui/components/", "/ui/components/list/?add=role", "/search/?q=x", "/menu/")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with launch(chromium) as found:
        yield found


@pytest.fixture
def url(transactional_db: None) -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1440", "390"])
def test_every_piece_passes_the_accessibility_rules_in_both_themes_and_widths(
    browser: Any, url: str, admin: User, size: tuple[int, int], theme: str
) -> None:
    for address, language in zip(PAGES, ("ru", "en", "ru", "en"), strict=True):
        with open_page(
            browser, url + address, admin, size=size, theme=theme, language=language
        ) as page:
            assert violations(page) == [], address
            assert overflow(page) <= 0, address


def test_the_keyboard_finds_creates_selects_and_opens(
    browser: Any, url: str, admin: User, alice: User
) -> None:
    with open_page(browser, url + "/ui/components/list/", admin) as page:
        page.keyboard.press("/")
        page.keyboard.type("нет такого")
        page.wait_for_selector("#o-hits p")
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        for key in "jjx":
            page.keyboard.press(key)
        assert page.locator("input[name=ids]:checked").count() == 1
        assert page.is_visible("#o-bulk")
        page.keyboard.press("Escape")
        assert page.locator("input[name=ids]:checked").count() == 0
        page.keyboard.press("?")
        assert page.is_visible("#o-help")
        assert violations(page) == []


def test_single_keys_can_be_switched_off(browser: Any, url: str, admin: User) -> None:
    with open_page(browser, url + "/ui/components/list/", admin) as page:
        page.keyboard.press("?")
        page.uncheck("#o-keys-on")
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        assert not page.is_visible("#o-help")


def test_a_dialog_shows_a_page_and_keeps_the_errors_of_its_form_inside(
    browser: Any, url: str, admin: User
) -> None:
    with open_page(browser, url + "/ui/components/", admin) as page:
        page.click("main a[data-dialog]")
        page.wait_for_selector("#o-dialog[open]")
        assert violations(page) == []
        page.click("#o-dialog button[type=submit]")
        page.wait_for_selector("#o-dialog .o-errors")
        assert page.is_visible("#o-dialog")
        page.fill("#o-dialog [name=name]", "Анна")
        page.click("#o-dialog button[type=submit]")
        page.wait_for_selector(".o-toast")


def test_a_list_is_filtered_and_paged_without_scripts(
    browser: Any, url: str, admin: User, alice: User
) -> None:
    with open_page(browser, url + "/ui/components/list/", admin, scripts=False) as page:
        page.click("text=Условие")
        page.select_option("#c-fact", "role")
        page.click("[data-plain]")
        page.check(f"input[name=value][value='{alice.role_id}']")
        page.click("button[name=apply]")
        assert page.locator("tbody tr").count() == 1
        assert page.is_visible("#o-bulk")
