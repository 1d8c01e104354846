"""Real processes, really killed in the middle of an import. Runs on the database of DATABASE_URL."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orbita.devtools.fixtures import Place, eventually

pytestmark = pytest.mark.server
ROWS = 24_000
SUMMARY = """
import json
from orbita.clients import facts
from orbita.clients.models import *
from orbita.clients.search.index import unpacked
from orbita.commerce.models import *
from orbita.core.models import Event
from orbita.gateways.models import *
row = Import.objects.order_by("pk").last()
words = [unpacked(words) for words in SearchedClient.objects.values_list("words", flat=True)]
print(json.dumps({
    "status": row and row.status, "done": row and row.done, "error": row and row.error,
    "created": row and row.created,
    "clients": Client.objects.count(), "orders": Order.objects.count(),
    "lines": OrderLine.objects.count(),
    "numbers": ExternalId.objects.values("value").distinct().count(),
    "contacts": ContactPoint.objects.count(),
    "searched": len(words), "words": sum(map(len, words)), "postings": Posting.objects.count(),
    "told": Event.objects.filter(kind="client.created").count(),
    "changes": ImportChange.objects.count(), "facts": len(list(facts.compare())),
}))
"""


def ask(place: Place) -> dict[str, Any]:
    done = place.run("manage", "shell", "-v", "0", "-c", SUMMARY)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def rows_done(place: Place) -> int:
    """How far the import is: asked often, so past the start of a process."""
    done = place.ask("SELECT created + updated + unchanged + rejected FROM gateways_import")
    return int(done or 0)


def import_says(place: Place, column: str) -> str:
    return str(place.ask(f"SELECT {column} FROM gateways_import"))


@pytest.fixture
def big_sheet(sheet: Callable[..., Path]) -> Path:
    rows = [
        ("Код", "ФИО", "Телефон", "E-mail", "Город"),
        *(
            (str(n), f"Иванов{n} Иван", f"8916{n:07d}", f"a{n}@b.ru", "Тула")
            for n in range(1, ROWS + 1)
        ),
    ]
    return sheet(rows, "big.csv")


@pytest.fixture
def scattered_sales(sheet: Callable[..., Path]) -> Path:
    rows = [
        ("Номер чека", "Дата", "Код клиента", "Товар", "Кол-во", "Цена"),
        *(
            (f"A{n % 4000}", "01.02.2024", str(n % 700), f"Лак {n % 9}", 1, "10")
            for n in range(ROWS)
        ),
    ]
    return sheet(rows, "sales.csv")


@pytest.mark.parametrize("kind", ["big_sheet", "scattered_sales"])
def test_an_import_killed_twice_loses_no_row_and_brings_none_twice(
    place: Place, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(kind)
    place.environment["ORBITA_JOB_LEASE"] = "2"
    assert place.run("manage", "shell", "-c", "pass").returncode == 0
    first = place.command("import", str(path), "--format", "json")
    eventually(lambda: rows_done(place))
    first.kill()
    first.wait()
    cut = ask(place)
    assert 0 < cut["done"] < ROWS
    time.sleep(2.5)
    second = place.command("worker", "--poll", "0.1")
    eventually(lambda: rows_done(place) > cut["done"])
    second.kill()
    second.wait()
    time.sleep(2.5)
    third = place.command("worker", "--poll", "0.1")
    eventually(lambda: import_says(place, "status") == "done")
    third.terminate()
    third.wait()
    result = ask(place)
    assert result["done"] == result["created"] == ROWS
    assert result["facts"] == 0
    assert result["searched"] == result["clients"] == result["numbers"]
    assert result["postings"] == result["words"]
    if kind == "big_sheet":
        assert result["clients"] == result["told"] == result["changes"] == ROWS
        assert result["contacts"] == 2 * ROWS
    else:
        assert (result["orders"], result["lines"], result["clients"]) == (4000, ROWS, 700)
    undone = place.run("import", "undo", import_says(place, "id"), "--format", "json")
    assert json.loads(undone.stdout)["kept"] == 0, undone.stderr
    empty = ask(place)
    assert (empty["clients"], empty["orders"], empty["lines"]) == (0, 0, 0)
    assert (empty["searched"], empty["postings"]) == (0, 0)


def test_an_import_stops_when_it_is_cancelled_and_can_be_taken_back(
    place: Place, big_sheet: Path
) -> None:
    assert place.run("manage", "shell", "-c", "pass").returncode == 0
    process = place.command("import", str(big_sheet))
    eventually(lambda: rows_done(place))
    cancel = (
        "from orbita.gateways import actions; from orbita.gateways.models import Import; "
        "from orbita.accounts.actions import service_user; "
        "actions.cancel_import(actor=service_user(), row=Import.objects.get())"
    )
    assert place.run("manage", "shell", "-v", "0", "-c", cancel).returncode == 0
    _out, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    result = ask(place)
    assert result["status"] == "cancelled"
    assert result["clients"] == result["done"] < ROWS
