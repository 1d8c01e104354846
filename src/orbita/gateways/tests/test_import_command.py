import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from python_calamine import CalamineWorkbook

from orbita.clients.models import Client
from orbita.commerce.models import Order
from orbita.gateways.models import Import

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
CLIENTS = [
    ("Код", "ФИО", "Дата рождения"),
    ("1", "Иванов Иван", "05.03.1980"),
    ("2", "Петров Пётр", "30.02.1980"),
    ("3", '=HYPERLINK("http://x")', "31.02.1980"),
]


@pytest.fixture(autouse=True)
def _place(settings: Any, tmp_path: Path) -> None:
    settings.ORBITA_DATA = tmp_path / "data"


def run(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import", *arguments, "--format", "json", stdout=out, stderr=io.StringIO())
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_the_command_says_what_became_of_every_row(sheet: Sheet) -> None:
    result = run(str(sheet(CLIENTS)))
    path = result.pop("rejects_file")
    assert result == {
        "import": Import.objects.get().pk,
        "rows": 3,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": 2,
    }
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["Код", "ФИО", "Дата рождения"]
    assert rows[1][:3] == ["2", "Петров Пётр", "30.02.1980"]
    assert rows[2][1] == '=HYPERLINK("http://x")'
    assert rows[1][3]
    assert rows[1][4] == "3"


def test_mended_rejects_are_brought_in_as_they_are(sheet: Sheet) -> None:
    path = run(str(sheet(CLIENTS)))["rejects_file"]
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    for row in rows[1:]:
        row[2] = "28.02.1980"
    result = run(str(sheet(rows, "mended.xlsx")))
    assert (result["created"], result["rejected"], result["rejects_file"]) == (2, 0, None)
    assert Client.objects.count() == 3


def test_the_command_takes_an_import_back(sheet: Sheet) -> None:
    number = run(str(sheet(CLIENTS)))["import"]
    assert run("undo", str(number)) == {"import": number, "undone": 1, "kept": 0}
    assert not Client.objects.exists()
    with pytest.raises(CommandError, match=r"nothing|нечего|отмен"):
        run("undo", str(number))


def test_the_command_takes_a_mapping_and_keys(sheet: Sheet, tmp_path: Path) -> None:
    mapping = tmp_path / "map.json"
    mapping.write_text(json.dumps({"kind": "sales", "columns": {"A": "order_id", "Кто": "full_name", "C": "ordered_at", "D": "line_total", "E": "phone"}}))  # fmt: skip
    rows = [
        ("#", "Кто", "?", "??", "???"),
        ("1", "Иванов Иван", "01.02.2024", "500", "89161234567"),
        ("2", "Иванов И.", "02.02.2024", "700", "89161234567"),
    ]
    path = str(sheet(rows))
    result = run(path, "--map", str(mapping), "--match", "external_id,phone")
    assert (result["created"], Client.objects.count()) == (2, 1)
    assert [order.total for order in Order.objects.order_by("pk")] == [50_000, 70_000]
    again = run(path, "--map", str(mapping), "--on-match", "overwrite")
    assert again["unchanged"] == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.xlsx", None),
        ("empty.xlsx", b""),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + b"x" * 100),
        ("zip.xlsx", b"PK\x03\x04" + b"x" * 100),
        ("blank.csv", b"\n\n\n"),
        ("nul.csv", b"\0" * 5000),
        ("page.xls", b"<html><table></table></html>"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as error:
        run(str(path))
    assert name in str(error.value) or content == b""
    assert "\n" not in str(error.value)
    assert "Traceback" not in str(error.value)
    assert not Import.objects.exists()
    assert not list((tmp_path / "data").rglob("*.*"))


@pytest.mark.parametrize("text", ["[]", "{", '{"columns": {"A": "nonsense"}}', '{"kind": "?"}'])
def test_a_mapping_that_says_nonsense_is_one_clear_line(
    sheet: Sheet, tmp_path: Path, text: str
) -> None:
    mapping = tmp_path / "map.json"
    mapping.write_text(text)
    with pytest.raises(CommandError) as error:
        run(str(sheet(CLIENTS)), "--map", str(mapping))
    assert "\n" not in str(error.value)
    assert not Import.objects.exists()


def test_a_phone_book_is_a_source_too(tmp_path: Path) -> None:
    path = tmp_path / "book.vcf"
    path.write_text(
        "BEGIN:VCARD\nVERSION:3.0\nN:Иванов;Иван;;;\nTEL:+79161234567\nEMAIL:a@b.ru\n"
        "ORG:ООО Ромашка\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:Такси\nTEL:4567\nEND:VCARD\n",
        encoding="utf-8",
    )
    result = run(str(path))
    assert (result["rows"], result["created"]) == (2, 2)
    card = Client.objects.get(last_name="Иванов")
    assert set(card.contacts.values_list("key", flat=True)) == {"+79161234567", "a@b.ru"}
    assert card.companies.get().company.name == "ООО «Ромашка»"
