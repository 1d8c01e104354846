from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from orbita.accounts.models import User
from orbita.clients import facts
from orbita.core.context import request
from orbita.gateways import actions
from orbita.gateways.files.errors import FileError
from orbita.gateways.imports.preview import preview
from orbita.gateways.models import Import
from orbita.gateways.tests.conftest import Bring, contents, outcome

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
ROWS = [
    ("Код", "ФИО", "Телефон", "Дата рождения", "Мастер"),
    ("1", "Иванов Иван", "89161234567", "05.03.1980", "Лена"),
    ("2", "Петров Пётр", "89161234567", "30.02.1980", "Лена"),
    ("3", "Сидоров Сидор", "89161234567", "", ""),
]


def draft(path: Path, actor: User, kind: str = "auto") -> Import:
    row = actions.receive_file(actor=actor, chunks=[path.read_bytes()], name=path.name)
    actions.propose_mapping(actor=actor, row=row, kind=kind)
    return row


def test_a_preview_tells_what_would_happen_and_writes_nothing(
    bring: Bring, sheet: Sheet, head: User
) -> None:
    bring(sheet([("Код", "ФИО"), ("1", "Иванов Иван")], "first.xlsx"))
    before = contents()
    row = draft(sheet(ROWS), head)
    with translation.override("en"):
        looked = preview(row, actor=head)
    assert contents() == before
    assert looked.counts == {"created": 1, "updated": 1, "unchanged": 0, "rejected": 1}
    assert (looked.looked_at, looked.total, looked.noted) == (3, 3, 1)
    first, second, third = looked.rows
    assert (first.number, first.outcome, first.cells[1]) == (2, "updated", "Иванов Иван")
    assert first.client_id is not None
    assert "30.02.1980" in second.reason
    assert third.noted
    assert ("client", "Сидоров Сидор") in third.read
    assert looked.reasons == [(second.reason, 1)]
    assert [(one.label, one.field) for one in looked.columns][:2] == [
        ("Код", "external_id"),
        ("ФИО", "full_name"),
    ]
    actions.start_import(actor=head, row=row, queue=False)
    from orbita.gateways.imports import engine

    engine.run(row.pk)
    row.refresh_from_db()
    assert outcome(row) == {name: count for name, count in looked.counts.items() if count}


def test_a_preview_of_a_long_file_reckons_up_the_rest(
    bring: Bring, sheet: Sheet, head: User
) -> None:
    rows = [("Код", "ФИО"), *((str(n), f"Иванов Иван{n}") for n in range(1, 401))]
    looked = preview(draft(sheet(rows), head), actor=head, rows=100)
    assert (looked.looked_at, looked.total) == (100, 400)
    assert looked.estimate["created"] == 400


def test_the_same_content_is_recognised(bring: Bring, sheet: Sheet, head: User) -> None:
    path = sheet(ROWS)
    done = bring(path)
    assert preview(draft(path, head), actor=head).earlier == done


def test_saved_columns_come_back_for_files_with_the_same_headings(
    bring: Bring, sheet: Sheet, head: User
) -> None:
    headings = ("Код", "ФИО", "Заметка")
    row = draft(sheet([headings, ("1", "Иванов Иван", "повар")]), head)
    columns = {"Код": "external_id", "ФИО": "full_name", "Заметка": "occupation"}
    mapping = {"kind": "clients", "columns": columns}
    actions.configure_import(actor=head, row=row, mapping=mapping, on_match="skip")
    actions.save_mapping(actor=head, row=row, name="Old base")
    moved = draft(sheet([headings[::-1], ("повар", "Пётр", "2")], "moved.xlsx"), head)
    assert moved.mapping is not None
    assert moved.mapping["columns"] == {"0": "occupation", "1": "full_name", "2": "external_id"}
    assert moved.on_match == "skip"


def test_a_chunk_asks_the_base_a_few_questions_however_many_rows_it_has(
    bring: Bring, sheet: Sheet, django_assert_max_num_queries: CaptureQueriesContext
) -> None:
    rows = [
        ("Код", "ФИО", "Телефон", "Теги", "Источник", "Сумма покупок", "Последняя покупка"),
        *(
            (str(n), f"Иванов Иван{n}", f"8916{n:07d}", "опт", "сайт", n, "01.02.2024")
            for n in range(1, 301)
        ),
    ]
    path = sheet(rows)
    # As in a job, which reads the company once.
    with request(), django_assert_max_num_queries(110):  # type: ignore[operator]
        assert outcome(bring(path)) == {"created": 300}
    with request(), django_assert_max_num_queries(70):  # type: ignore[operator]
        assert outcome(bring(path)) == {"unchanged": 300}


CELLS = st.one_of(
    st.none(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=25),
    st.sampled_from(
        ["Иванов Иван", "ООО Ромашка", "89161234567", "a@b.ru", "30.02.1980", "01.02.2024", "-", "1", "2", "итого", "7707083893"]
    ),
)  # fmt: skip
HEADINGS = [
    "Код", "ФИО", "Телефон", "E-mail", "Дата рождения", "ИНН", "Компания", "Город", "Адрес",
    "Сумма покупок", "Последняя покупка", "Номер заказа", "Дата", "Товар", "Кол-во", "Цена", "Сумма",
    "Статус", "Примечание", "Теги", "Сайт", "Менеджер",
]  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    headings=st.lists(st.sampled_from(HEADINGS), min_size=2, max_size=8, unique=True),
    cells=st.lists(st.lists(CELLS, min_size=8, max_size=8), min_size=1, max_size=8),
    kind=st.sampled_from(["clients", "orders", "sales"]),
    on_match=st.sampled_from(["skip", "fill", "overwrite"]),
)
def test_whatever_the_sheet_holds_the_counts_add_up_and_the_undo_empties_the_base(
    bring: Bring,
    sheet: Sheet,
    undo: Callable[[Import], Import],
    headings: list[str],
    cells: list[list[object]],
    kind: str,
    on_match: str,
) -> None:
    before = contents()
    rows = [headings, *([_writable(c) for c in row[: len(headings)]] for row in cells)]
    mapping = {"kind": kind, "sheet": "Лист1", "header_row": 1}
    options = {"match": ["external_id", "phone", "email", "inn"], "on_match": on_match}
    try:
        row = bring(sheet(rows), kind=kind, mapping=mapping, **options)
    except (ValidationError, FileError):  # nothing in it looks like a table
        assume(False)
    filled = sum(any(map(_says, line[: len(headings)])) for line in cells)
    outcome(row)
    assert row.done <= len(cells)
    assert row.done >= filled - 1
    assert list(facts.compare()) == []
    assert undo(row).kept == 0
    assert contents() == before


def _writable(cell: object) -> object:
    return cell.replace("\x00", "")[:100] if isinstance(cell, str) else cell


def _says(cell: object) -> bool:
    return bool(str(cell).strip(" -")) if cell is not None else False
