"""A column that says who recommended the client becomes a relation of the two."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, Relation
from orbita.core.models import Event
from orbita.gateways import actions
from orbita.gateways.imports import engine, recommending
from orbita.gateways.models import Import
from orbita.gateways.tests.conftest import Bring, contents, outcome

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
HEADINGS = ("Код", "ФИО", "Телефон", "Кто рекомендовал")


def told() -> dict[str, str]:
    rows = Relation.objects.filter(kind="recommended")
    return dict(rows.values_list("client__name", "other__name"))


def test_the_one_who_recommended_is_found_in_any_row_and_in_the_base(
    bring: Bring, sheet: Sheet, head: User
) -> None:
    old = create_client(
        actor=head,
        values={"name": "Старый Пётр"},
        contacts=[read_contact("phone", "89161112233")],
    )
    row = bring(
        sheet(
            [
                HEADINGS,
                ("1", "Иванов Иван", "", "3"),
                ("2", "Петров Пётр", "", "8 (916) 111-22-33"),
                ("3", "Сидоров Сидор", "", f"№ {old.pk}"),
                ("4", "Орлова Анна", "", "иванов  Иван"),
                ("5", "Волкова Ольга", "", ""),
            ]
        )
    )
    assert outcome(row) == {"created": 5}
    assert told() == {
        "Иванов Иван": "Сидоров Сидор",
        "Петров Пётр": "Старый Пётр",
        "Сидоров Сидор": "Старый Пётр",
        "Орлова Анна": "Иванов Иван",
    }
    assert not row.changes.filter(subject="said").exists()
    assert Event.objects.filter(subject_id=old.pk, kind="client.changed").count() == 2


def test_what_names_nobody_or_several_goes_to_the_comment(
    bring: Bring, sheet: Sheet, head: User
) -> None:
    for _again in range(2):
        create_client(actor=head, values={"name": "Иванова Мария"})
    rows = [
        HEADINGS,
        ("1", "Иванов Иван", "", "Иванова Мария"),
        ("2", "Петров Пётр", "", "соседка"),
        ("3", "Сидоров Сидор", "", "3"),
        ("4", "Орлов Олег", "", "5"),
        ("5", "Волков Илья", "", "4"),
    ]
    row = bring(sheet(rows))
    assert outcome(row) == {"created": 5}
    assert told() == {"Орлов Олег": "Волков Илья"}
    comments = dict(Client.objects.exclude(comment="").values_list("name", "comment"))
    assert comments == {
        "Иванов Иван": "Кто рекомендовал: Иванова Мария",
        "Петров Пётр": "Кто рекомендовал: соседка",
        "Сидоров Сидор": "Кто рекомендовал: 3",
        "Волков Илья": "Кто рекомендовал: 4",
    }
    assert row.rows.filter(outcome="noted").count() == 4 == row.noted
    again = bring(sheet(rows, "again.xlsx"))
    assert outcome(again) == {"unchanged": 5}
    assert dict(Client.objects.exclude(comment="").values_list("name", "comment")) == comments


def test_the_undo_takes_them_off(bring: Bring, sheet: Sheet, undo: Any, head: User) -> None:
    create_client(actor=head, values={"name": "Старый Пётр"})
    before = contents()
    row = bring(
        sheet(
            [
                HEADINGS,
                ("1", "Иванов Иван", "", "2"),
                ("2", "Петров Пётр", "", "Старый Пётр"),
                ("3", "Сидоров Сидор", "", "кто-то"),
            ]
        )
    )
    assert len(told()) == 2
    undo(row)
    assert row.kept == 0
    assert told() == {}
    assert contents() == before


def test_a_known_recommendation_stays(bring: Bring, sheet: Sheet) -> None:
    bring(sheet([HEADINGS, ("1", "Иванов Иван", "", "2"), ("2", "Петров Пётр", "", "")]))
    rows = [HEADINGS, ("1", "Иванов Иван", "", "3"), ("3", "Сидоров Сидор", "", "")]
    bring(sheet(rows, "b.xlsx"))
    assert told() == {"Иванов Иван": "Петров Пётр"}
    assert Client.objects.get(name="Иванов Иван").comment == "Кто рекомендовал: 3"


def test_a_killed_worker_is_followed_by_one_that_goes_on(
    bring: Bring, sheet: Sheet, head: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommending, "CHUNK", 1)
    settle, left = recommending.settle_some, [2]

    def mortal(batch: Import, actor: User) -> bool:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return settle(batch, actor)

    monkeypatch.setattr(recommending, "settle_some", mortal)
    rows = [HEADINGS, *((str(n), f"Иванов Иван{n}", "", str(n + 1)) for n in range(1, 6))]
    path = sheet(rows)
    row = actions.receive_file(actor=head, chunks=[path.read_bytes()], name=path.name)
    actions.propose_mapping(actor=head, row=row)
    actions.start_import(actor=head, row=row, queue=False)
    with pytest.raises(KeyboardInterrupt):
        engine.run(row.pk)
    assert Relation.objects.count() == 2
    left[0] = 100
    engine.run(row.pk)
    row.refresh_from_db()
    assert outcome(row) == {"created": 5}
    assert Relation.objects.count() == 4
    assert Client.objects.filter(comment__contains="рекомендовал").count() == 1
