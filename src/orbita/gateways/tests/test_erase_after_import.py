"""An import that brought somebody who was erased since: its undo, its file, its rejected rows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.actions import service_user
from orbita.accounts.models import User
from orbita.clients.actions import assign_responsible, undo_many
from orbita.clients.models import Client, Erasure
from orbita.clients.privacy import jobs as privacy_jobs
from orbita.clients.privacy.erasing import ask_erasure, erase_client
from orbita.commerce.models import Order
from orbita.core import context
from orbita.core.models import Job
from orbita.gateways.actions import receive_file
from orbita.gateways.exports.models import Export
from orbita.gateways.models import Import, ImportRow
from orbita.gateways.tests.conftest import Bring

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
Undo = Callable[[Import], Import]
ROWS = [
    ("Код", "ФИО", "Телефон", "Примечание"),
    ("1", "Уходящий Пафнутий Ильич", "8 916 123-45-67", "любит халву"),
    ("2", "Петрова Анна", "89161234568", ""),
]
SALES = [
    ("Номер чека", "Дата", "Код клиента", "Товар", "Кол-во", "Цена"),
    ("A-1", "01.02.2024", "1", "Лак", 2, "390"),
    ("A-2", "03.02.2024", "2", "Лак", 1, "390"),
]


def leaving() -> Client:
    return Client.objects.get(external_ids__value="1")


def erase(client: Client) -> Erasure:
    return erase_client(actor=service_user(), client=client, reason="He asked")


def test_the_undo_takes_back_the_others_and_leaves_the_orders(
    bring: Bring, sheet: Sheet, undo: Undo
) -> None:
    people = bring(sheet(ROWS))
    sales = bring(sheet(SALES, "sales.xlsx"))
    erase(leaving())
    undone = undo(sales)
    assert undone.status == "undone"
    assert Order.objects.get().client is None, "an order without its client stays for the books"
    assert undo(people).status == "undone"
    assert not Client.objects.exists()


def test_the_file_he_came_with_goes_and_a_file_without_him_stays(
    bring: Bring, sheet: Sheet
) -> None:
    his = bring(sheet(ROWS))
    other = bring(sheet([ROWS[0], ROWS[2]], "other.xlsx"))
    act = erase(leaving())
    his.refresh_from_db()
    other.refresh_from_db()
    assert (his.stored_as, bool(other.stored_as)) == ("", True)
    assert act.files >= 1


def test_a_file_that_waits_and_names_him_goes_whole(bring: Bring, sheet: Sheet) -> None:
    bring(sheet(ROWS))
    row = receive_file(
        actor=service_user(),
        chunks=["Имя;Телефон\nПафнутий;+7 (916) 123 45 67\n".encode()],
        name="draft.csv",
    )
    erase(leaving())
    assert not Import.objects.filter(pk=row.pk).exists()


def test_rejected_rows_forget_him(bring: Bring, sheet: Sheet) -> None:
    batch = bring(sheet(ROWS))
    ImportRow.objects.create(
        batch=batch, number=9, outcome="rejected", reason="x", cells=["", "8(916)1234567"]
    )
    other = ImportRow.objects.create(batch=batch, number=10, outcome="rejected", cells=["Анна"])
    erase(leaving())
    assert ImportRow.objects.get(number=9).cells == []
    other.refresh_from_db()
    assert other.cells == ["Анна"]


def test_tables_that_wait_to_be_fetched_are_withdrawn(
    bring: Bring, sheet: Sheet, alice: User
) -> None:
    bring(sheet(ROWS))
    export = Export.objects.create(
        owner=alice,
        list_name="clients",
        format="csv",
        file_name="clients.csv",
        stored_as="tmp1",
        status="ready",
        query={"q": "8 916 123 45 67"},
    )
    erase(leaving())
    export.refresh_from_db()
    assert (export.status, export.stored_as) == ("expired", "")
    assert "916" not in str(export.query)


def test_an_erasure_waits_while_an_import_runs(bring: Bring, sheet: Sheet, alice: User) -> None:
    running = bring(sheet(ROWS))
    Import.objects.filter(pk=running.pk).update(status="running")
    with pytest.raises(ValidationError, match=r"import is running|Идёт импорт"):
        erase(leaving())
    asked = ask_erasure(actor=service_user(), client=leaving(), reason="He asked")
    privacy_jobs.erase.func(asked.pk)
    asked.refresh_from_db()
    assert asked.status == "queued"
    assert Job.objects.filter(task=privacy_jobs.erase.module_path, status="queued").count() == 2
    Import.objects.filter(pk=running.pk).update(status="done")
    privacy_jobs.erase.func(asked.pk)
    asked.refresh_from_db()
    assert asked.status == "done"


def test_the_undo_of_a_bulk_change_passes_over_who_was_erased(
    bring: Bring, sheet: Sheet, alice: User
) -> None:
    boss = service_user()
    bring(sheet(ROWS))
    ids = list(Client.objects.order_by("pk").values_list("pk", flat=True))
    with context.request("bulk"):
        token = assign_responsible(actor=boss, client_ids=ids, responsible=alice).undo_token
    erase(leaving())
    assert undo_many(actor=boss, token=token).restored == 1
    assert Client.objects.get().responsible is None
