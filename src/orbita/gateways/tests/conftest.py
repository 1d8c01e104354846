import csv
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from orbita.accounts.models import User
from orbita.clients.models import (
    Address,
    Client,
    ClientFacts,
    ClientTag,
    CompanyPerson,
    ContactPoint,
    ExternalId,
    Posting,
    SearchedClient,
    SearchedText,
    TextPosting,
)
from orbita.commerce.models import OpeningBalance, Order, OrderLine, PriceChange, Product
from orbita.gateways import actions
from orbita.gateways.imports import engine, undoing
from orbita.gateways.models import Import

Bring = Callable[..., Import]


@pytest.fixture
def data_sets() -> Path:
    """The folder of public data sets; a test that needs it is skipped without it."""
    folder = os.environ.get("ORBITA_TEST_DATA", "")
    if not folder:
        pytest.skip("the data sets are not here: set ORBITA_TEST_DATA")
    return Path(folder)


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as a workbook, or as CSV with `;` when the name ends so."""

    def write(rows: Iterable[Sequence[Any]], name: str = "file.xlsx") -> Path:
        path = tmp_path / name
        if name.endswith(".csv"):
            with path.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream, delimiter=";").writerows(rows)
            return path
        options = {"strings_to_formulas": False, "default_date_format": "dd.mm.yyyy"}
        with xlsxwriter.Workbook(str(path), options) as book:
            page = book.add_worksheet("Лист1")
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
        return path

    return write


@pytest.fixture
def bring(head: User, settings: Any, tmp_path: Path) -> Bring:
    """Brings a file in to its end: `bring(path, kind="sales", match=[…], on_match="overwrite")`."""
    settings.ORBITA_DATA = tmp_path / "data"

    def run(path: Path, *, kind: str = "auto", actor: User = head, **options: Any) -> Import:
        row = actions.receive_file(actor=actor, chunks=[path.read_bytes()], name=path.name)
        actions.propose_mapping(actor=actor, row=row, kind=kind)
        actions.configure_import(actor=actor, row=row, **options)
        actions.start_import(actor=actor, row=row, queue=False)
        engine.run(row.pk)
        row.refresh_from_db()
        return row

    return run


@pytest.fixture
def undo(head: User) -> Callable[[Import], Import]:
    def run(row: Import) -> Import:
        actions.undo_import(actor=head, row=row, queue=False)
        undoing.run(row.pk, head.pk)
        row.refresh_from_db()
        return row

    return run


def outcome(row: Import) -> dict[str, int]:
    """The counters, which must add up to the file."""
    assert row.status == Import.Status.DONE, row.error
    assert row.done == row.total
    return {
        name: getattr(row, name)
        for name in ("created", "updated", "unchanged", "rejected")
        if getattr(row, name)
    }


_BOOKKEEPING = {"version", "updated_at"}


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """Everything an import may touch, for comparing before and after."""
    dump = {}
    for model in (
        Client,
        ContactPoint,
        Address,
        ExternalId,
        ClientTag,
        ClientFacts,
        CompanyPerson,
        Order,
        OpeningBalance,
        Product,
        PriceChange,
    ):
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if field.attname not in _BOOKKEEPING
        ]
        dump[model.__name__] = list(model._base_manager.order_by("pk").values_list(*names))
    dump["OrderLine"] = list(
        OrderLine.objects.order_by("order_id", "ordinal").values_list(
            "order_id",
            "ordinal",
            "name",
            "quantity",
            "price",
            "discount",
            "total",
            "cost",
            "product",
        )
    )
    dump["Posting"] = sorted(Posting.objects.values_list("pk"))
    dump["TextPosting"] = sorted(TextPosting.objects.values_list("pk"))
    for kept in (SearchedClient.objects, SearchedText.objects):
        dump[kept.model.__name__] = sorted(
            (pk, bytes(words)) for pk, words in kept.values_list("pk", "words")
        )
    return dump
