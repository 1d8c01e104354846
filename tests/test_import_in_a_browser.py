"""From the first start to an RFM map of one's own clients: what a stranger does in five minutes."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import Page, expect

from orbita.demo.messy import Salon, write_sales_csv
from orbita.ui.testing import NARROW, launch, overflow, violations

pytestmark = [pytest.mark.browser, pytest.mark.server]
PATIENCE = 60_000  # milliseconds; only a test that fails waits so long
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  const zone = document.querySelector(".o-drop");
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
}"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with launch(chromium) as found:
        yield found


@pytest.fixture
def page(browser: Any, start_service: Callable[..., Any]) -> Iterator[Page]:
    """A page right after set-up, of the first administrator of an empty base."""
    service = start_service()
    link = next(line.strip() for line in service.greeting if "/set-up/" in line)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ru-RU")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if _is_trouble(said) else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(link)
    page.fill("[name=company]", "Лак и точка")
    page.fill("[name=name]", "Елена Гусева")
    page.fill("[name=email]", "elena@example.org")
    page.fill("[name=password]", "correct horse battery")
    page.click("main button[type=submit].btn-primary")
    page.wait_for_url("**/import/")  # with its scripts: a file dropped earlier falls past them
    yield page
    context.close()
    assert troubles == []


def _is_trouble(said: Any) -> bool:
    # A refused file is answered by 422, which the browser notes as an error of loading.
    return said.type == "error" and "status of 422" not in said.text


def drop(page: Page, file: Path) -> None:
    page.evaluate(DROP, [file.name, base64.b64encode(file.read_bytes()).decode()])


def sums(page: Page) -> list[int]:
    """The numbers of the equation on the page."""
    found = page.locator(".g-sum dd").all_inner_texts()
    return [int("".join(char for char in text if char.isdigit())) for text in found]


def look(page: Page) -> None:
    """Accessible and within its window, wide and narrow."""
    assert violations(page) == []
    for width, height in (NARROW, (1024, 768), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        assert overflow(page) <= 0, (page.url, width)
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    assert violations(page) == []
    page.evaluate("delete document.documentElement.dataset.bsTheme")


def test_a_messy_workbook_becomes_a_map_of_clients_and_is_taken_back(
    page: Page, tmp_path: Path
) -> None:
    Salon(localdate()).write_workbook(tmp_path / "salon.xlsx")

    assert page.url.endswith("/import/")
    look(page)
    drop(page, tmp_path / "salon.xlsx")

    page.wait_for_url("**/columns/")
    look(page)
    expected = sums(page)
    assert sum(expected[:4]) == expected[4] > 200
    # A change is reckoned at once, and the focus stays where it was.
    page.select_option("#column-4", "source")
    expect(page.locator("tr.off #column-4")).to_have_count(0)
    assert page.evaluate("document.activeElement.id") in ("column-4", "")
    page.click("main button.btn-primary")

    page.wait_for_selector("text=Все строки разобраны")
    look(page)
    assert sums(page) == expected
    page.click("text=Посмотреть RFM")

    page.wait_for_url("**/rfm/")
    page.wait_for_selector(".o-map .o-cell b")
    assert page.locator(".o-rfm").count() > 4

    page.go_back()
    page.click("text=Отменить загрузку")
    page.wait_for_selector("text=Загрузка отменена")
    look(page)
    assert page.locator("text=Что отмена оставила").count() == 0


def test_a_table_chosen_by_hand_is_loaded_and_the_other_sheet_of_a_workbook_follows(
    page: Page, tmp_path: Path
) -> None:
    write_sales_csv(tmp_path / "sales.csv", localdate())
    page.set_input_files("input[type=file]", tmp_path / "sales.csv")
    page.wait_for_url("**/columns/")
    page.click("main button.btn-primary")
    page.wait_for_selector("text=Все строки разобраны")
    numbers = sums(page)
    assert sum(numbers[:4]) == numbers[4]

    Salon(localdate()).write_workbook(tmp_path / "salon.xlsx")
    page.click("text=Загрузить ещё файл")
    page.set_input_files("input[type=file]", tmp_path / "salon.xlsx")
    page.wait_for_url("**/columns/")
    page.click("text=Узнавать клиентов по телефону и почте")
    page.wait_for_selector("#match-phone:checked")
    page.click("main button.btn-primary")
    page.wait_for_selector("text=Все строки разобраны")
    page.click("text=Загрузить и лист «Визиты»")
    page.wait_for_url("**/columns/")
    assert page.locator("#g-sheet").input_value() == "Визиты"


def test_a_wrong_file_is_told_in_place(page: Page, tmp_path: Path) -> None:
    wrong = tmp_path / "letter.xlsx"
    wrong.write_bytes(b"%PDF-1.7 and so on")
    drop(page, wrong)
    page.wait_for_selector(".o-alert.bad")
    assert "PDF" in page.inner_text(".o-alert.bad")
    assert page.is_visible(".o-drop")
