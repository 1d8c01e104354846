"""The way of a file through the pages, without a browser."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from python_calamine import CalamineWorkbook

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.core.jobs import run_all
from orbita.core.models import Event
from orbita.demo.messy import Salon
from orbita.gateways import uploads
from orbita.gateways.files import limits
from orbita.gateways.models import Import, SavedMapping

# The reading process and the pages share a base.
pytestmark = pytest.mark.django_db
TABLE = (
    "Номер клиента;ФИО;Телефон;Сумма покупок;Последняя покупка;Дни\n"
    "1;Иванова Анна Петровна;8 900 000-14-27;4 200,50;12.03.2024;пн\n"
    "2;Петров Пётр;+7 900 000-14-28;900;31.02.2024;вт\n"
    "3;ООО «Ромашка»;;;;ср\n"
).encode("cp1251")


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    settings.ORBITA_DATA = tmp_path
    return tmp_path


@pytest.fixture
def browser(admin: User) -> Browser:
    browser = Browser()
    browser.force_login(admin)
    return browser


Bring = Callable[..., Any]


@pytest.fixture
def bring(browser: Browser) -> Bring:
    def bring(content: bytes = TABLE, name: str = "clients.csv") -> Any:
        return browser.post(reverse("gateways:import"), {"file": SimpleUploadedFile(name, content)})

    return bring


@pytest.fixture
def draft(bring: Bring) -> Import:
    assert bring().status_code == 302
    return Import.objects.get()


def at(name: str, row: Import) -> str:
    return reverse(f"gateways:import-{name}", args=[row.pk])


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_file_leads_to_one_page_with_its_columns_and_what_will_happen(
    browser: Browser, draft: Import
) -> None:
    page = browser.get(at("columns", draft))
    assert page.status_code == 200
    assert "Load 2 rows" in text(page)
    assert '<option value="phone" selected>' in text(page)
    assert "31.02.2024" in text(page)
    assert not Client.objects.exists()


def test_the_import_runs_and_its_sum_is_that_of_the_file(browser: Browser, draft: Import) -> None:
    assert browser.post(at("run", draft))["Location"] == at("result", draft)
    waiting = browser.get(at("result", draft))
    assert "waits for its turn" in text(waiting)
    assert '<meta http-equiv="refresh"' in text(waiting)
    run_all()
    row = Import.objects.get()
    assert (row.status, row.created, row.rejected, row.done) == ("done", 2, 1, 3)
    page = text(browser.get(at("result", draft)))
    assert "All rows are dealt with" in page
    assert "31.02.2024" in page
    assert reverse("analytics:rfm") in page


def test_progress_asks_for_the_whole_page_once_it_is_over(browser: Browser, draft: Import) -> None:
    browser.post(at("run", draft))
    part = browser.get(at("result", draft) + "?part=progress")
    assert "<progress" in text(part)
    assert "<html" not in text(part)
    run_all()
    over = browser.get(at("result", draft) + "?part=progress")
    assert over.headers["HX-Refresh"] == "true"


def test_what_a_column_means_may_be_changed_and_is_kept(browser: Browser, draft: Import) -> None:
    mapping = dict(draft.mapping or {})
    data = {f"column-{place}": name for place, name in mapping["columns"].items()}
    data |= {"kind": "clients", "sheet": mapping["sheet"], "on_match": "overwrite", "source": "CRM"}
    data |= {"header_row": "1", "match": ["external_id", "phone"], "column-5": "tags"}
    data["column-1"] = ""
    assert browser.post(at("columns", draft), data)["Location"] == at("columns", draft)
    draft.refresh_from_db()
    assert draft.mapping is not None
    assert draft.mapping["columns"]["5"] == "tags"
    assert "1" not in draft.mapping["columns"]
    assert (draft.match, draft.on_match, draft.source) == (
        ["external_id", "phone"],
        "overwrite",
        "CRM",
    )


def test_another_kind_has_the_columns_recognised_anew(browser: Browser, draft: Import) -> None:
    browser.post(at("columns", draft), {"kind": "products", "column-1": "full_name"})
    draft.refresh_from_db()
    assert draft.kind == "products"
    assert "full_name" not in (draft.mapping or {})["columns"].values()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "spells"},
        {"kind": "clients", "header_row": "minus one"},
        {"kind": "clients", "column-1": "password"},
        {"kind": "clients", "match": ["name"]},
        {"kind": "clients", "on_match": "destroy"},
        {"kind": "clients", "sheet": "none"},
    ],
)
def test_a_wrong_setting_is_told_in_place_and_changes_nothing(
    wrong: dict[str, Any], browser: Browser, draft: Import
) -> None:
    page = browser.post(at("columns", draft), wrong)
    assert page.status_code == 422
    assert 'class="o-alert bad"' in text(page)
    after = Import.objects.get()
    assert (after.mapping, after.match, after.on_match) == (draft.mapping, draft.match, "fill")


def test_columns_saved_under_a_name_come_back_with_the_same_headings(
    browser: Browser, bring: Bring, draft: Import
) -> None:
    data = {"kind": "clients", "column-1": "full_name", "column-5": "tags", "on_match": "skip"}
    browser.post(at("save-columns", draft), {**data, "name": "Our list"})
    assert SavedMapping.objects.get().name == "Our list"
    bring(TABLE + "4;Сидорова Яна;;;;\n".encode("cp1251"))
    second = Import.objects.exclude(pk=draft.pk).get()
    assert (second.mapping or {})["columns"] == {"1": "full_name", "5": "tags"}
    assert second.on_match == "skip"


def test_saved_columns_may_be_chosen_by_hand_and_forgotten(browser: Browser, draft: Import) -> None:
    saved = SavedMapping.objects.create(
        name="Names only", mapping={"kind": "clients", "columns": {"1": "full_name"}}
    )
    browser.post(at("columns", draft), {"kind": "clients", "saved": saved.pk})
    draft.refresh_from_db()
    assert (draft.mapping or {})["columns"] == {"1": "full_name"}
    url = reverse("gateways:import-delete-columns", args=[draft.pk, saved.pk])
    browser.post(url)
    assert not SavedMapping.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + b"x" * 100),
        ("page.xls", b"<html><table></table></html>"),
        ("broken.xlsx", b"PK\x03\x04" + b"\0" * 400),
        ("blank.csv", b"\n\n\n"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(
    name: str,
    content: bytes,
    bring: Bring,
    place: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        page = bring(content, name)
    assert page.status_code == 422
    assert 'role="alert"' in text(page)
    assert not Import.objects.exists()
    assert list((place / "imports").iterdir()) == []


def test_a_form_without_a_file_says_so(browser: Browser) -> None:
    page = browser.post(reverse("gateways:import"), {})
    assert page.status_code == 422
    assert "Choose a file first" in text(page)


def test_a_file_too_large_is_refused_before_it_is_read(
    bring: Bring, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untouched(*args: Any) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr(uploads.ToDisk, "receive_data_chunk", untouched)
    monkeypatch.setattr(limits, "MAX_TEXT", 10)
    monkeypatch.setattr(uploads, "OVERHEAD", 0)
    page = bring()
    assert page.status_code == 413
    assert "up to" in text(page)
    assert not (place / "imports").exists()


def test_an_upload_leaves_one_file_and_a_discarded_one_none(
    browser: Browser, draft: Import, place: Path, django_capture_on_commit_callbacks: Any
) -> None:
    assert [path.name for path in (place / "imports").iterdir()] == [draft.stored_as]
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(at("discard", draft))
    assert list((place / "imports").iterdir()) == []
    assert not Import.objects.exists()


def test_rows_left_out_come_back_as_a_workbook_with_the_reason(
    browser: Browser, draft: Import
) -> None:
    browser.post(at("run", draft))
    run_all()
    response: Any = browser.get(at("rejected", draft))
    assert "attachment" in response["Content-Disposition"]
    content = io.BytesIO(b"".join(response.streaming_content))
    head, row = CalamineWorkbook.from_filelike(content).get_sheet_by_index(0).to_python()
    assert head[:2] == ["Номер клиента", "ФИО"]
    assert "Петров Пётр" in row
    assert any("31.02.2024" in str(cell) for cell in row)
    assert Event.objects.filter(kind="export.made").count() == 1


def test_reasons_of_rejected_rows_are_in_the_language_of_whoever_reads_them(
    browser: Browser, draft: Import, admin: User
) -> None:
    browser.post(at("run", draft))
    run_all()
    for language, why in (("en", "There is no such day"), ("ru", "Такого дня нет")):
        User.objects.filter(pk=admin.pk).update(language=language)
        assert why in text(browser.get(at("result", draft)))
        response: Any = browser.get(at("rejected", draft))
        content = io.BytesIO(b"".join(response.streaming_content))
        _head, row = CalamineWorkbook.from_filelike(content).get_sheet_by_index(0).to_python()
        assert any(why in str(cell) for cell in row)


def test_the_undo_takes_everything_back_and_says_so(browser: Browser, draft: Import) -> None:
    browser.post(at("run", draft))
    run_all()
    browser.post(at("undo", draft))
    assert "being undone" in text(browser.get(at("result", draft)))
    run_all()
    assert not Client.objects.alive().exists()
    page = text(browser.get(at("result", draft)))
    assert "The import is undone" in page
    assert "Undo the import" not in page


def test_what_was_edited_since_is_listed_with_the_reason(
    browser: Browser, draft: Import, admin: User
) -> None:
    from orbita.clients.actions import update_client

    browser.post(at("run", draft))
    run_all()
    anna = Client.objects.get(last_name="Иванова")
    update_client(actor=admin, client=anna, values={"occupation": "врач"})
    browser.post(at("undo", draft))
    run_all()
    page = text(browser.get(at("result", draft)))
    assert "What the undo left" in page
    assert "Иванова Анна" in page


def test_a_waiting_import_can_be_stopped(browser: Browser, draft: Import) -> None:
    browser.post(at("run", draft))
    browser.post(at("cancel", draft))
    run_all()
    draft.refresh_from_db()
    assert (draft.status, draft.created) == ("cancelled", 0)
    assert "stopped half-way" in text(browser.get(at("result", draft)))


def test_a_second_start_is_refused_with_a_word(browser: Browser, draft: Import) -> None:
    browser.post(at("run", draft))
    browser.post(at("run", draft))
    assert Event.objects.filter(kind="import.started").count() == 1


def test_the_preview_shows_rows_by_what_will_become_of_them(
    browser: Browser, draft: Import
) -> None:
    page = text(browser.get(at("preview", draft) + "?only=rejected"))
    assert "Петров" in page
    assert "Ромашка" not in page


def test_an_import_is_found_among_the_earlier_ones(browser: Browser, draft: Import) -> None:
    page = text(browser.get(reverse("gateways:import")))
    assert "clients.csv" in page
    assert "Not started" in page


def test_the_sample_workbook_is_offered_only_where_there_is_one(
    browser: Browser, place: Path
) -> None:
    assert "nail salon" not in text(browser.get(reverse("gateways:import")))
    (place / "samples").mkdir()
    Salon(date(2024, 5, 1)).write_workbook(place / "samples" / "salon.xlsx")
    assert "nail salon" in text(browser.get(reverse("gateways:import")))
    response = browser.get(reverse("gateways:import-sample", args=["salon.xlsx"]))
    assert response.status_code == 200
    for name in ("../secret_key", "secret_key", "other.xlsx"):
        url = reverse("gateways:import-sample", args=["x"])[:-2] + name + "/"
        assert browser.get(url).status_code == 404


def test_the_other_sheet_of_a_workbook_is_offered_after_the_first(
    browser: Browser, bring: Bring, place: Path
) -> None:
    Salon(date(2024, 5, 1)).write_workbook(place / "salon.xlsx")
    bring((place / "salon.xlsx").read_bytes(), "salon.xlsx")
    first = Import.objects.get()
    browser.post(at("run", first))
    run_all()
    sheets = text(browser.get(at("result", first) + "?part=sheets"))
    assert "Визиты" in sheets
    assert "Клиенты" not in sheets
    response = browser.post(at("sheet", first), {"sheet": "Визиты"})
    second = Import.objects.exclude(pk=first.pk).get()
    assert response["Location"] == at("columns", second)
    assert (second.mapping or {})["sheet"] == "Визиты"


def test_rows_that_repeat_a_phone_can_be_known_by_it_with_one_button(
    browser: Browser, bring: Bring
) -> None:
    bring("ФИО;Телефон\nИванова Анна;89000001427\nИванова Анна;89000001427\n".encode(), "two.csv")
    row = Import.objects.get()
    page = text(browser.get(at("columns", row)))
    assert "1 row repeats the phone" in page
    data = {"kind": "clients", "column-0": "full_name", "column-1": "phone", "know": "contacts"}
    browser.post(at("columns", row), {**data, "match": "external_id"})
    row.refresh_from_db()
    assert row.match == ["external_id", "phone", "email"]
    assert "repeats the phone" not in text(browser.get(at("columns", row)))


def test_headings_full_of_markup_stay_text(browser: Browser, bring: Bring) -> None:
    bring("ФИО;<script>alert(1)</script>\n<b>Анна</b> Иванова;\"'><img src=x>\n".encode())
    page = text(browser.get(at("columns", Import.objects.get())))
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "<b>Анна" not in page
