"""A list as a file: what the screen shows, to whom it may go, and on record."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from orbita.accounts.models import Role, User
from orbita.clients.models import Client
from orbita.core.events import payload_of
from orbita.core.jobs import run_all
from orbita.core.models import Event
from orbita.core.text import normalise
from orbita.gateways.exports import actions
from orbita.gateways.exports.models import Export, folder
from orbita.ui.lists import LISTS, Column, EmptyState, ListSpec, SortKey

pytestmark = pytest.mark.django_db

PEOPLE = ListSpec(
    name="people",
    label="People",
    url_name="gateways:import",
    queryset=lambda actor: Client.objects.visible_to(actor),
    subject="client",
    columns=(
        Column("name", "Name", lambda row, look: row.name, sort=SortKey("name_key"), fixed=True),
        Column("phone", "Call", lambda row, look: "☎", css="c-call"),
        Column("inn", "INN", lambda row, look: row.inn, default=False),
        Column("secret", "Secret", lambda row, look: "s3cret", permission="commerce.costs"),
        Column(
            "added",
            "Added",
            lambda row, look: "",
            value=lambda row, look: row.created_at,
            default=False,
        ),
        Column("half", "Half", lambda row, look: "", value=lambda row, look: 0.5, default=False),
    ),
    default_sort="name",
    empty=EmptyState("Nobody"),
    search=lambda rows, text, actor: rows.filter(name__contains=text),
    export="clients.export",
)


@pytest.fixture(autouse=True)
def people(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.ORBITA_DATA = tmp_path
    LISTS.register(PEOPLE)
    yield
    del LISTS._items["people"]


@pytest.fixture
def put() -> Callable[..., Client]:
    def put(name: str, responsible: User | None = None, **fields: Any) -> Client:
        return Client.objects.create(
            name=name, name_key=normalise(name), responsible=responsible, **fields
        )

    return put


def fetch(user: User, way: str = "csv", query: str = "", **data: Any) -> Any:
    browser = Browser()
    browser.force_login(user)
    return browser.post(reverse(f"gateways:export-{way}", args=["people"]) + query, data)


def table(response: Any, delimiter: str = ",") -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def may_export(user: User, granted: str) -> User:
    role = Role.objects.get(pk=user.role_id)
    role.permissions["clients.export"] = granted
    role.save()
    return User.objects.get(pk=user.pk)


def test_a_text_table_has_the_columns_of_the_screen_and_opens_in_excel(admin: User, put: Any) -> None:  # fmt: skip
    put("Борис")
    put("Анна <3 & Ко")
    response = fetch(admin)
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith('attachment; filename="people-')
    raw = b"".join(response.streaming_content)
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig") == "Name,Secret\r\nАнна <3 & Ко,s3cret\r\nБорис,s3cret\r\n"


def test_russian_tables_have_semicolons_and_decimal_commas(admin: User, put: Any) -> None:
    User.objects.filter(pk=admin.pk).update(language="ru")
    put("Анна")
    head, row = table(fetch(admin, "csv-all"), ";")
    assert head == ["Name", "INN", "Secret", "Added", "Half"]
    assert row[-1] == "0,5"


def test_all_columns_come_when_asked_but_never_those_closed_to_the_person(
    alice: User, put: Any
) -> None:
    alice = may_export(alice, "all")
    put("Анна", alice)
    head, row = table(fetch(alice, "csv-all"))
    assert head == ["Name", "INN", "Added", "Half"]
    assert "s3cret" not in row


def test_a_workbook_holds_the_same_and_says_who_took_it(admin: User, put: Any) -> None:
    put("=1+1")
    content = b"".join(fetch(admin, "xlsx").streaming_content)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.get_sheet_by_index(0).to_python() == [["Name", "Secret"], ["'=1+1", "s3cret"]]
    assert list(folder().iterdir()) == []


def test_filter_and_search_of_the_list_hold_in_the_export(admin: User, put: Any) -> None:
    put("Анна", kind="person")
    put("Астра", kind="company")
    rule = json.dumps({"fact": "kind", "op": "in", "value": ["company"]})
    assert [row[0] for row in table(fetch(admin, query=f"?f={rule}"))[1:]] == ["Астра"]
    assert [row[0] for row in table(fetch(admin, query="?q=Анна"))[1:]] == ["Анна"]


def test_only_ticked_rows_are_taken_or_all_that_fit(admin: User, put: Any) -> None:
    one, _two = put("Анна"), put("Борис")
    chosen = table(fetch(admin, all="", ids=[one.pk]))
    assert [row[0] for row in chosen[1:]] == ["Анна"]
    assert len(table(fetch(admin, all="1"))) == 3
    empty = fetch(admin, all="")
    assert empty.status_code == 302


def test_a_broken_filter_leads_back_to_the_list(admin: User) -> None:
    assert fetch(admin, query="?f={").status_code == 302
    assert not Event.objects.filter(kind="export.made").exists()


@pytest.mark.parametrize(("granted", "names"), [("own", ["Own"]), ("team", ["Own", "Team"])])
def test_no_more_is_taken_than_the_right_to_export_covers(
    granted: str, names: list[str], alice: User, bob: User, charlie: User, put: Any
) -> None:
    put("Own", alice)
    put("Team", bob)
    put("Strange", charlie)
    alice = may_export(alice, granted)
    assert [row[0] for row in table(fetch(alice))[1:]] == names
    ids = list(Client.objects.values_list("pk", flat=True))
    assert [row[0] for row in table(fetch(alice, all="", ids=ids))[1:]] == names


def test_without_the_right_nothing_is_given_and_nothing_recorded(alice: User, put: Any) -> None:
    put("Анна", alice)
    for way in ("csv", "csv-all", "xlsx", "xlsx-all"):
        assert fetch(alice, way).status_code == 403
    assert not Event.objects.filter(kind__startswith="export.").exists()


def test_a_list_that_is_not_exported_has_no_way_out(admin: User) -> None:
    browser = Browser()
    browser.force_login(admin)
    for name in ("kit", "nothing"):
        assert browser.post(reverse("gateways:export-csv", args=[name])).status_code == 404


def test_who_took_what_by_which_filter_is_on_record(admin: User, put: Any) -> None:
    put("Астра", kind="company")
    rule = json.dumps({"fact": "kind", "op": "in", "value": ["company"]})
    b"".join(fetch(admin, "xlsx", f"?f={rule}&q=Астра").streaming_content)
    event = Event.objects.get(kind="export.made")
    said = payload_of(event)
    assert event.actor_id == admin.pk
    assert (said["list"], said["format"], said["count"]) == ("people", "xlsx", 1)
    assert said["columns"] == ["name", "secret"]
    assert "Company" in said["filter"]
    assert "Астра" in said["filter"]


def test_a_get_takes_nothing(admin: User) -> None:
    browser = Browser()
    browser.force_login(admin)
    assert browser.get(reverse("gateways:export-csv", args=["people"])).status_code == 405


class TestLargeExports:
    """Those that nobody waits for."""

    @pytest.fixture
    def ordered(self, admin: User, put: Any, monkeypatch: pytest.MonkeyPatch) -> Export:
        monkeypatch.setattr(actions, "MOST_AT_ONCE", 1)
        put("Анна")
        put("Борис")
        response = fetch(admin, "csv", "?q=")
        export = Export.objects.get()
        assert response["Location"] == reverse("gateways:export", args=[export.pk])
        return export

    def page(self, user: User, export: Export, name: str = "export", method: str = "get") -> Any:
        browser = Browser()
        browser.force_login(user)
        return getattr(browser, method)(reverse(f"gateways:{name}", args=[export.pk]))

    def test_the_file_is_made_in_the_background_and_given_out_once(
        self, admin: User, ordered: Export, django_capture_on_commit_callbacks: Any
    ) -> None:
        assert "being made" in self.page(admin, ordered).content.decode()
        run_all()
        assert "ready" in self.page(admin, ordered).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            response = self.page(admin, ordered, "export-file", "post")
        assert [row[0] for row in table(response)] == ["Name", "Анна", "Борис"]
        assert list(folder().iterdir()) == []
        again = self.page(admin, ordered, "export-file", "post")
        assert again.status_code == 302
        kinds = Event.objects.filter(kind__startswith="export.").order_by("pk")
        assert [event.kind for event in kinds] == ["export.asked", "export.made", "export.fetched"]

    def test_nobody_else_sees_it(self, head: User, ordered: Export) -> None:
        run_all()
        assert self.page(head, ordered).status_code == 404
        assert self.page(head, ordered, "export-file", "post").status_code == 404

    def test_it_is_gone_after_a_day(self, admin: User, ordered: Export) -> None:
        run_all()
        Export.objects.update(finished_at=timezone.now() - timedelta(hours=25))
        assert self.page(admin, ordered, "export-file", "post").status_code == 302
        assert actions.remove_old_exports() == 1
        assert list(folder().iterdir()) == []
        assert "gone" in self.page(admin, ordered).content.decode()

    def test_a_right_taken_away_meanwhile_stops_it(self, admin: User, ordered: Export) -> None:
        User.objects.filter(pk=admin.pk).update(role=Role.objects.get(key="manager"))
        run_all()
        ordered.refresh_from_db()
        assert (ordered.status, ordered.stored_as) == ("failed", "")
        assert list(folder().iterdir()) == []

    def test_a_killed_worker_leaves_no_second_file(self, admin: User, ordered: Export) -> None:
        Export.objects.update(status="running")
        actions.make_export(ordered.pk)
        actions.make_export(ordered.pk)
        assert len(list(folder().iterdir())) == 1
