"""How much may leave, who lets it, and which export a file came from."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.actions import save_role
from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import create_client
from orbita.core.events import payload_of
from orbita.core.jobs import run_all
from orbita.core.models import Event, OutgoingMail
from orbita.gateways.exports import actions, marking
from orbita.gateways.exports.limits import taken_today
from orbita.gateways.exports.models import Export

SITE = "https://crm.example.org/"


@pytest.fixture(autouse=True)
def _place(settings: Any, tmp_path: Path) -> None:
    settings.ORBITA_DATA = tmp_path


@pytest.fixture
def seller(alice: User, admin: User) -> User:
    """Alice, who may export her own clients, five of them."""
    save_role(actor=admin, name="", permissions={"clients.export": "own"}, role=alice.role)
    for number in range(5):
        create_client(actor=alice, values={"name": f"Соколова Ирина {number}"})
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def limit(admin: User) -> Callable[..., None]:
    def change(rows_a_day: int | None = None, approved_from: int | None = None) -> None:
        actions.change_rules(actor=admin, rows_a_day=rows_a_day, approved_from=approved_from)

    return change


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def take(user: User, **posted: str) -> Any:
    return signed_in(user).post(reverse("gateways:export-csv", args=["clients"]), posted)


def names(response: Any) -> list[str]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return [row[0] for row in csv.reader(StringIO(text))][1:]


@pytest.mark.django_db
def test_no_more_rows_leave_in_a_day_than_one_may_take(seller: User, limit: Any) -> None:
    limit(rows_a_day=9)
    assert len(names(take(seller))) == 5
    assert taken_today(seller) == 5
    refused = take(seller)
    assert refused.status_code == 302
    assert Export.objects.count() == 1
    limit(rows_a_day=10)
    assert len(names(take(seller))) == 5


@pytest.mark.django_db
def test_the_administrator_is_not_limited(admin: User, seller: User, limit: Any) -> None:
    limit(rows_a_day=1, approved_from=1)
    assert len(names(take(admin))) == 5


@pytest.mark.django_db
def test_only_who_sets_the_company_up_changes_the_limits(head: User) -> None:
    with pytest.raises(Denied):
        actions.change_rules(actor=head, rows_a_day=5, approved_from=None)
    assert signed_in(head).post(reverse("gateways:exports"), {}).status_code == 403


@pytest.mark.django_db
def test_a_large_export_waits_until_the_head_lets_it(seller: User, head: User, limit: Any) -> None:
    limit(approved_from=5)
    assert "What is it for?" in _english(seller, take)
    asked = take(seller, reason="Сверка с бухгалтерией")
    export = Export.objects.get()
    assert asked["Location"] == reverse("gateways:export", args=[export.pk])
    run_all()
    export.refresh_from_db()
    assert (export.status, export.stored_as) == ("asked", "")
    assert OutgoingMail.objects.filter(to=head.email).count() == 1
    page = signed_in(head).get(reverse("gateways:exports")).content.decode()
    assert "Сверка с бухгалтерией" in page
    signed_in(head).post(reverse("gateways:decide-export", args=[export.pk]), {"do": "approve"})
    run_all()
    assert OutgoingMail.objects.filter(to=seller.email).count() == 1
    fetched = signed_in(seller).post(reverse("gateways:export-file", args=[export.pk]))
    assert len(names(fetched)) == 5
    kinds = Event.objects.filter(kind__startswith="export.").order_by("pk")
    assert [event.kind for event in kinds] == [
        *("export.approval_asked", "export.approved", "export.made", "export.fetched")
    ]
    approved = payload_of(kinds[1])
    assert (kinds[1].actor_id, approved["count"], approved["reason"]) == (
        head.pk,
        5,
        "Сверка с бухгалтерией",
    )


def _english(user: User, ask: Callable[..., Any]) -> str:
    User.objects.filter(pk=user.pk).update(language="en")
    return str(ask(User.objects.get(pk=user.pk)).content.decode())


@pytest.mark.django_db
def test_a_refused_export_is_never_made_and_says_why(seller: User, head: User, limit: Any) -> None:
    limit(approved_from=1)
    take(seller, reason="нужно")
    export = Export.objects.get()
    actions.refuse_export(actor=head, export=export, reason="Не сейчас", site=SITE)
    run_all()
    assert "Не сейчас" in signed_in(seller).get(f"/exports/{export.pk}/").content.decode()
    with pytest.raises(ValidationError):
        actions.approve_export(actor=head, export=export, site=SITE)
    assert taken_today(seller) == 0


@pytest.mark.django_db
def test_nobody_approves_his_own_export_nor_that_of_another_team(
    seller: User, head: User, charlie: User, admin: User, limit: Any
) -> None:
    limit(approved_from=1)
    save_role(actor=admin, name="", permissions={"exports.approve": "all"}, role=seller.role)
    take(seller, reason="нужно")
    export = Export.objects.get()
    for actor in (User.objects.get(pk=seller.pk),):
        with pytest.raises(Denied):
            actions.approve_export(actor=actor, export=export, site=SITE)
    save_role(actor=admin, name="", permissions={"exports.approve": "team"}, role=seller.role)
    with pytest.raises(Denied):
        actions.approve_export(actor=User.objects.get(pk=charlie.pk), export=export, site=SITE)


@pytest.mark.django_db
def test_without_a_purpose_nothing_is_asked(seller: User, limit: Any) -> None:
    limit(approved_from=1)
    assert take(seller, reason="  ").status_code == 422
    assert not Export.objects.exists()


# ---- the mark ----

FIRST = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Ирина", "Кирилл")
LAST = ("Белов", "Громов", "Дроздов", "Жуков", "Зимин", "Котов", "Лосев", "Орлов", "Серов")


def people(count: int) -> list[list[Any]]:
    rng = Random(7)
    return [
        [f"{rng.choice(LAST)} {rng.choice(FIRST)} {number}", f"+7900{number:07}"]
        for number in range(count)
    ]


@pytest.mark.no_database
def test_the_mark_changes_the_order_of_few_rows_and_nothing_else() -> None:
    rows = people(1001)
    written = list(marking.marked(rows, marking.new_mark()))
    assert sorted(written) == sorted(rows)
    moved = sum(one != other for one, other in zip(rows, written, strict=True))
    assert 50 < moved < 250
    far = [abs(rows.index(row) - place) for place, row in enumerate(written)]
    assert max(far) == 1


def found(rows: list[list[Any]], marks: list[str]) -> str:
    likeliest = marking.likeliest(marking.columns_of(rows, 30), marks)
    return likeliest.mark if likeliest else ""


@pytest.mark.no_database
def test_a_file_tells_its_export_among_many() -> None:
    marks = [marking.new_mark() for _number in range(300)]
    for mark in marks[::60]:
        written = list(marking.marked(people(1000), mark))
        assert found(written, marks) == mark
        assert found([["Клиент", "Телефон"], *written], marks) == mark, "with a heading"
        assert found([row[::-1] for row in written], marks) == mark, "other order of columns"
        assert found(written[123:900], marks) == mark, "a part of it"
        rng = Random(mark)
        thinned = [row for row in written if rng.random() > 0.1]
        assert found(thinned, marks) == mark, "without a tenth of its rows"


@pytest.mark.no_database
def test_nothing_is_found_in_a_file_from_elsewhere() -> None:
    marks = [marking.new_mark() for _number in range(300)]
    assert found(people(1000), marks) == ""
    assert found(sorted(marking.marked(people(1000), marks[0])), marks) == ""
    assert found([], marks) == ""


@pytest.mark.django_db
def test_the_command_names_who_took_the_file(admin: User, alice: User, tmp_path: Path) -> None:
    for name, _phone in people(450):
        create_client(actor=alice, values={"name": name})
    taken = tmp_path / "leaked.csv"
    taken.write_bytes(b"".join(take(admin).streaming_content))
    take(admin)
    out = StringIO()
    call_command("trace", str(taken), stdout=out)
    export = Export.objects.order_by("pk")[0]
    assert str(export.pk) in out.getvalue()
    assert admin.email in out.getvalue()
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("Имя\n" + "\n".join(name for name, _phone in people(450)))
    with pytest.raises(CommandError):
        call_command("trace", str(elsewhere), stdout=out)
