"""What the pages of clients show and do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import (
    add_note,
    create_client,
    create_segment,
    link_person,
    update_client,
)
from orbita.clients.contacts import read_contact
from orbita.clients.extension import CARD_PANELS
from orbita.clients.lists import COLUMNS
from orbita.clients.models import Attachment, Client, ClientFacts, Note, Segment
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
# Of this room; a column or a panel of an upper room may cost one more.
MOST_QUERIES = 10


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }


@pytest.fixture
def browse() -> Callable[[User], Browser]:
    def signed_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return signed_in


@pytest.fixture
def row(alice: User) -> Client:
    return create_client(
        actor=alice,
        values={"name": "Соколова Ирина", "position": "повар"},
        contacts=[read_contact("phone", "89000001427"), read_contact("messenger", "@irina")],
        addresses=[{"city": "Казань"}],
        tags=["Опт"],
    )


def card(client: Client) -> str:
    return reverse("clients:card", args=[client.pk])


def text(response: Any) -> str:
    return str(response.content.decode())


# ---- the list ----


def test_the_list_shows_only_what_its_user_may_see(
    alice: User, charlie: User, browse: Any, row: Client
) -> None:
    assert "Соколова Ирина" in text(browse(alice).get(reverse("clients:list")))
    assert "Соколова Ирина" not in text(browse(charlie).get(reverse("clients:list")))
    found = browse(charlie).get(reverse("clients:list"), {"q": "0001427"})
    assert "Соколова" not in text(found)


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_however_long_it_is(
    alice: User, browse: Any, count: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(count):
        create_client(
            actor=alice,
            values={"name": f"Иванов Иван{n}"},
            contacts=[read_contact("phone", f"8900000{n:04}")],
        )
    browser = browse(alice)
    own = {"call", "phone", "email", "tags"}
    others = [column for column in COLUMNS if column.load and column.name not in own]
    with django_assert_max_num_queries(MOST_QUERIES + len(others)):
        response = browser.get(reverse("clients:list"))
    assert text(response).count('<tr role="row">') > min(count, 25) - 1


@pytest.mark.parametrize(
    "column", ["name", "orders", "gross", "last_order", "last_contact", "number", "created"]
)
def test_the_list_sorts_by_every_sortable_column(
    alice: User, browse: Any, row: Client, column: str
) -> None:
    for sort in (column, f"-{column}"):
        assert "Соколова" in text(browse(alice).get(reverse("clients:list"), {"sort": sort}))


def test_hostile_names_are_shown_as_text(alice: User, browse: Any) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'{{ 7*7 }}"
    client = create_client(
        actor=alice,
        values={"name": hostile, "kind": "company", "comment": hostile, "source": hostile[:90]},
        contacts=[read_contact("email", "a@example.org", label=hostile)],
        addresses=[{"city": hostile[:90]}],
        tags=[hostile[:50]],
    )
    add_note(actor=alice, client=client, text=hostile)
    update_client(actor=alice, client=client, values={"position": hostile})
    for url in (reverse("clients:list"), card(client), reverse("clients:edit", args=[client.pk])):
        page = text(browse(alice).get(url))
        assert "<img src=x" not in page
        assert "49" not in page.replace(str(client.pk), "").split("onerror")[-1][:20]


# ---- the card ----


def test_the_card_tells_how_to_reach_the_client(alice: User, browse: Any, row: Client) -> None:
    page = text(browse(alice).get(card(row)))
    assert 'href="tel:+79000001427"' in page
    assert 'href="https://t.me/irina"' in page
    assert "Казань" in page
    assert "Опт" in page


def test_the_card_costs_the_same_however_much_is_on_it(
    alice: User, browse: Any, django_assert_max_num_queries: Any
) -> None:
    company = create_client(
        actor=alice,
        values={"name": "ООО Ромашка", "kind": "company"},
        addresses=[{"city": "Казань"}, {"city": "Самара"}],
        tags=["Опт", "VIP"],
    )
    for n in range(12):
        person = create_client(
            actor=alice,
            values={"last_name": f"Иванов-{n}", "first_name": "Иван"},
            contacts=[read_contact("phone", f"8900000{n:04}")],
        )
        link_person(actor=alice, company=company, person=person, role="uses")
        add_note(actor=alice, client=company, text=f"Заметка {n}", kind="call")
    browser = browse(alice)
    with django_assert_max_num_queries(MOST_QUERIES + len(CARD_PANELS)):
        page = text(browser.get(card(company)))
    assert "Иванов-11" in page
    assert "Show earlier" not in page


def test_the_history_goes_on_page_by_page(alice: User, browse: Any, row: Client) -> None:
    for n in range(70):
        add_note(actor=alice, client=row, text=f"Заметка-{n};")
    browser, seen, url = browse(alice), [], reverse("clients:history", args=[row.pk])
    pages = 0
    while url:
        page = text(browser.get(url))
        seen += [n for n in range(70) if f"Заметка-{n};" in page]
        more = page.partition('hx-get="' + reverse("clients:history", args=[row.pk]) + "?after=")[2]
        after = more.partition('"')[0]
        url = f"{reverse('clients:history', args=[row.pk])}?after={after}" if after else ""
        pages += 1
    assert sorted(seen) == list(range(70))
    assert pages == 3


def test_a_change_is_told_with_old_and_new_value_and_who(
    alice: User, head: User, browse: Any, row: Client
) -> None:
    update_client(actor=head, client=row, values={"position": "шеф-повар"})
    page = text(browse(alice).get(card(row)))
    assert "<s>повар</s> → <b>шеф-повар</b>" in page
    assert "Helen" in page


def test_the_history_is_filtered_by_group(alice: User, browse: Any, row: Client) -> None:
    add_note(actor=alice, client=row, text="Говорили о ценах", kind="call")
    url = reverse("clients:history", args=[row.pk])
    assert "Говорили" in text(browse(alice).get(url, {"group": "talks"}))
    assert "Говорили" not in text(browse(alice).get(url, {"group": "changes"}))
    for odd in ("'", "../..", "nothing"):
        assert browse(alice).get(url, {"group": odd}).status_code == 200
    for odd in ("1", "a-b", "9" * 30 + "-1", "-"):
        assert browse(alice).get(url, {"after": odd}).status_code == 200


def test_events_of_a_room_are_shown_to_those_with_its_right_only(
    alice: User, browse: Any, row: Client
) -> None:
    from orbita.clients.timeline import kinds_for

    assert "client.changed" in kinds_for(alice, row)
    assert "user.signed_in" not in kinds_for(alice, row)


def test_a_deleted_note_leaves_the_history(alice: User, browse: Any, row: Client) -> None:
    add_note(actor=alice, client=row, text="Лишняя запись")
    event = Event.objects.get(kind="note.added")
    browse(alice).post(reverse("clients:undo", args=[event.pk]))
    assert "Лишняя" not in text(browse(alice).get(card(row)))


def test_a_viewer_gets_no_forms(viewer: User, browse: Any, row: Client) -> None:
    page = text(browse(viewer).get(card(row)))
    assert reverse("clients:edit", args=[row.pk]) not in page
    assert reverse("clients:note", args=[row.pk]) not in page
    assert "o-edit" not in page


# ---- editing ----


def test_one_field_is_edited_in_place_and_undone_from_its_toast(
    alice: User, browse: Any, row: Client
) -> None:
    browser, url = browse(alice), reverse("clients:field", args=[row.pk, "position"])
    piece = text(browser.get(url, headers={"HX-Request": "true"}))
    assert "<html" not in piece
    assert 'value="повар"' in piece
    saved = browser.post(
        url, {"position": "шеф", "version": row.version}, headers={"HX-Request": "true"}
    )
    assert "шеф" in text(saved)
    event = Event.objects.filter(kind="client.changed").latest("pk")
    assert reverse("clients:undo", args=[event.pk]) in text(saved)
    browser.post(reverse("clients:undo", args=[event.pk]))
    row.refresh_from_db()
    assert row.position == "повар"


def test_one_field_is_edited_without_scripts_too(alice: User, browse: Any, row: Client) -> None:
    url = reverse("clients:field", args=[row.pk, "tags"])
    browser = browse(alice)
    assert "<html" in text(browser.get(url))
    assert browser.post(url, {"tags": "VIP, Опт, vip"}).status_code == 302
    assert sorted(row.tags.values_list("name", flat=True)) == ["VIP", "Опт"]


def test_a_wrong_value_comes_back_with_its_reason(alice: User, browse: Any, row: Client) -> None:
    url = reverse("clients:field", args=[row.pk, "inn"])
    response = browse(alice).post(url, {"inn": "123"}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "An INN has" in text(response)


@pytest.mark.parametrize("name", ["name", "deleted_at", "version", "kind", "facts", "tags__name"])
def test_only_the_cards_own_fields_are_edited_in_place(
    alice: User, browse: Any, row: Client, name: str
) -> None:
    url = reverse("clients:field", args=[row.pk, name])
    assert browse(alice).post(url, {name: "1"}).status_code == 404


def test_a_field_changed_meanwhile_is_shown_before_it_is_overwritten(
    alice: User, head: User, browse: Any, row: Client
) -> None:
    update_client(actor=head, client=Client.objects.get(pk=row.pk), values={"position": "шеф"})
    browser, url = browse(alice), reverse("clients:field", args=[row.pk, "position"])
    refused = browser.post(url, {"position": "су-шеф", "version": row.version})
    assert refused.status_code == 422
    assert "Helen" in text(refused)
    assert "шеф" in text(refused)
    again = browser.post(url, {"position": "су-шеф", "version": row.version + 1})
    assert again.status_code == 302
    row.refresh_from_db()
    assert row.position == "су-шеф"


def whole_form(browser: Browser, url: str) -> dict[str, str]:
    """The inputs of the whole form as the browser would post them back."""
    form = browser.get(url).context["form"]
    data = {name: str(form[name].value() or "") for name in form.fields}
    data |= {"kind": form.kind, "seen": form.seen_json, "version": str(form.version or "")}
    for name, rows in form.rows.items():
        for item in rows.rows:
            for key, value in item.values.items():
                if not (key == "main" and not value):
                    data[f"{name}-{item.index}-{key}"] = value
        data[f"{name}-main"] = rows.main
    return data


def test_the_whole_form_sent_back_as_it_was_changes_nothing(
    alice: User, browse: Any, row: Client
) -> None:
    browser, url = browse(alice), reverse("clients:edit", args=[row.pk])
    before = Event.objects.count()
    assert browser.post(url, whole_form(browser, url)).status_code == 302
    assert Event.objects.count() == before


def test_the_whole_form_writes_only_what_its_user_changed(
    alice: User, head: User, browse: Any, row: Client
) -> None:
    browser, url = browse(alice), reverse("clients:edit", args=[row.pk])
    data = whole_form(browser, url)
    update_client(
        actor=head,
        client=Client.objects.get(pk=row.pk),
        values={"position": "шеф"},
        tags=["VIP"],
    )
    assert browser.post(url, data | {"hobbies": "шахматы"}).status_code == 302
    row.refresh_from_db()
    assert (row.position, row.hobbies) == ("шеф", "шахматы")
    assert [tag.name for tag in row.tags.all()] == ["VIP"]


def test_the_whole_form_asks_before_it_overwrites_a_colleague(
    alice: User, head: User, browse: Any, row: Client
) -> None:
    browser, url = browse(alice), reverse("clients:edit", args=[row.pk])
    data = whole_form(browser, url) | {"position": "су-шеф"}
    update_client(actor=head, client=Client.objects.get(pk=row.pk), values={"position": "шеф"})
    refused = browser.post(url, data)
    assert refused.status_code == 422
    assert "Helen" in text(refused)
    data["version"] = str(refused.context["form"].version)
    assert browser.post(url, data).status_code == 302
    row.refresh_from_db()
    assert row.position == "су-шеф"


def test_rows_of_contacts_are_added_changed_emptied_and_made_main(
    alice: User, browse: Any, row: Client
) -> None:
    browser, url = browse(alice), reverse("clients:edit", args=[row.pk])
    data = whole_form(browser, url)
    data |= {
        "contacts-1-value": "",
        "contacts-2-type": "phone:work",
        "contacts-2-value": "8 916 123 45 67",
        "contacts-2-main": "1",
        "contacts-2-label": "офис",
    }
    assert browser.post(url, data).status_code == 302
    found = [(c.key, c.service, c.label, c.is_main) for c in row.contacts.order_by("pk")]
    assert found == [
        ("+79000001427", "mobile", "", False),
        ("+79161234567", "work", "офис", True),
    ]


def test_a_wrong_row_is_named_and_nothing_is_written(alice: User, browse: Any, row: Client) -> None:
    browser, url = browse(alice), reverse("clients:edit", args=[row.pk])
    data = whole_form(browser, url) | {"position": "шеф"}
    data |= {"contacts-2-type": "phone:", "contacts-2-value": "не телефон"}
    response = browser.post(url, data)
    assert response.status_code == 422
    assert "not a whole phone number" in text(response)
    row.refresh_from_db()
    assert row.position == "повар"


def test_damaged_hidden_fields_do_no_harm(alice: User, browse: Any, row: Client) -> None:
    browser, url = browse(alice), reverse("clients:edit", args=[row.pk])
    data = whole_form(browser, url) | {"position": "шеф"}
    for seen in ("", "{", "[]", '{"values": 1, "parts": []}', "[" * 5000, json.dumps({"a": 1})):
        for version in ("", "x", "99999999999999", "-1"):
            answer = browser.post(url, data | {"seen": seen, "version": version})
            assert answer.status_code in (302, 422)


def test_more_rows_are_offered_without_losing_what_was_typed(alice: User, browse: Any) -> None:
    data = {"kind": "person", "last_name": "Новый", "more": "contacts", "contacts-0-type": "phone:"}
    page = browse(alice).post(reverse("clients:new"), data)
    assert page.status_code == 200
    assert 'value="Новый"' in text(page)
    assert "contacts-3-value" in text(page)
    assert not Client.objects.exists()


# ---- new clients ----


def test_a_phone_of_the_base_in_any_spelling_is_told_before_a_second_card_is_made(
    alice: User, browse: Any, row: Client
) -> None:
    browser, url = browse(alice), reverse("clients:quick")
    data = {"kind": "person", "name": "Соколова И.", "phone": "+7 (900) 000-14-27"}
    told = browser.post(url, data)
    assert told.status_code == 422
    assert card(row) in text(told)
    assert Client.objects.count() == 1
    assert browser.post(url, data | {"anyway": "1"}).status_code == 302
    assert Client.objects.count() == 2


def test_of_a_client_one_may_not_see_only_the_responsible_is_told(
    charlie: User, browse: Any, row: Client
) -> None:
    data = {"kind": "person", "name": "Кто-то", "phone": "89000001427"}
    told = text(browse(charlie).post(reverse("clients:quick"), data))
    assert "Alice" in told
    assert "Соколова" not in told
    assert card(row) not in told


def test_a_name_with_a_legal_form_makes_a_company(alice: User, browse: Any) -> None:
    browse(alice).post(reverse("clients:quick"), {"kind": "person", "name": "ООО Ромашка"})
    assert Client.objects.get().kind == "company"


def test_out_of_a_dialog_one_goes_on_to_the_new_card(alice: User, browse: Any) -> None:
    headers = {"HX-Request": "true", "HX-Target": "o-dialog-body"}
    data = {"kind": "person", "name": "Новый Пётр"}
    response = browse(alice).post(reverse("clients:quick"), data, headers=headers)
    assert response["HX-Redirect"] == card(Client.objects.get())


def test_undoing_a_new_card_leads_back_to_the_list(alice: User, browse: Any) -> None:
    browser = browse(alice)
    browser.post(reverse("clients:quick"), {"kind": "person", "name": "Новый Пётр"})
    client = Client.objects.get()
    event = Event.objects.get(kind="client.created")
    response = browser.post(reverse("clients:undo", args=[event.pk]), {"next": card(client)})
    assert response["Location"] == reverse("clients:list")
    outside = browser.post(
        reverse("clients:undo", args=[event.pk]), {"next": "https://evil.example/"}
    )
    assert outside["Location"] == reverse("clients:list")


# ---- notes and files ----


def test_a_file_is_only_ever_downloaded(alice: User, browse: Any, row: Client) -> None:
    file = SimpleUploadedFile("план.pdf", b"%PDF <script>alert(1)</script>", "text/html")
    url = reverse("clients:note", args=[row.pk])
    assert browse(alice).post(url, {"kind": "note", "text": "", "files": file}).status_code == 302
    attachment = Attachment.objects.get()
    response = browse(alice).get(reverse("clients:file", args=[attachment.pk]))
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"".join(response.streaming_content).startswith(b"%PDF")


def test_a_file_of_a_deleted_note_is_gone(alice: User, browse: Any, row: Client) -> None:
    file = SimpleUploadedFile("план.pdf", b"%PDF")
    add_note(actor=alice, client=row, text="Вот", files=[file])
    browse(alice).post(reverse("clients:undo", args=[Event.objects.latest("pk").pk]))
    url = reverse("clients:file", args=[Attachment.objects.get().pk])
    assert browse(alice).get(url).status_code == 404


def test_a_file_of_another_kind_is_refused_with_the_text_kept(
    alice: User, browse: Any, row: Client
) -> None:
    file = SimpleUploadedFile("page.html", b"<script>")
    data = {"kind": "call", "text": "Длинный разговор", "files": file}
    response = browse(alice).post(reverse("clients:note", args=[row.pk]), data)
    assert response.status_code == 422
    assert "Длинный разговор" in text(response)
    assert not Note.objects.exists()


def test_a_request_that_is_too_large_is_refused_before_it_is_read(
    alice: User, browse: Any, row: Client
) -> None:
    class Unreadable:
        def read(self, *args: object) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    response = browse(alice).generic(
        "POST",
        reverse("clients:note", args=[row.pk]),
        CONTENT_LENGTH=str(10**9),
        CONTENT_TYPE="multipart/form-data; boundary=x",
        **{"wsgi.input": Unreadable()},
    )
    assert response.status_code == 413


# ---- segments, bulk, search ----


def test_the_conditions_of_the_list_become_a_segment_and_a_segment_a_list(
    alice: User, browse: Any, row: Client
) -> None:
    ClientFacts.objects.filter(client=row).update(orders_count=3)
    browser = browse(alice)
    rule = {"fact": "orders", "op": "gte", "value": 1}
    form = browser.get(reverse("clients:segment-new"), {"f": json.dumps(rule)})
    assert json.loads(form.context["rule_text"]) == rule
    data = {"name": "Покупали", "rule": form.context["rule_text"]}
    assert browser.post(reverse("clients:segment-new"), data).status_code == 302
    segment = Segment.objects.get()
    assert (segment.name, segment.rule, segment.is_shared) == ("Покупали", rule, False)
    count = browser.get(reverse("clients:segments"), {"count": segment.pk})
    assert text(count) == "1"
    listed = browser.get(
        reverse("clients:list"),
        {"f": json.dumps({"fact": "segment", "op": "in", "value": [segment.pk]})},
    )
    assert "Соколова" in text(listed)


def test_a_private_segment_of_another_is_not_there(alice: User, bob: User, browse: Any) -> None:
    segment = create_segment(actor=alice, name="Моё", rule={}, is_shared=False)
    for name in ("clients:segment", "clients:segment-delete"):
        url = reverse(name, args=[segment.pk])
        assert browse(bob).post(url, {"name": "Чужое"}).status_code == 404
    url = reverse("clients:segments")
    assert browse(bob).get(url, {"count": segment.pk}).status_code == 404
    assert "Моё" not in text(browse(bob).get(url))


def test_everything_that_fits_is_tagged_and_untagged_again(
    head: User, alice: User, browse: Any
) -> None:
    for n in range(40):
        create_client(actor=alice, values={"name": f"Иванов Иван{n}"})
    browser = browse(head)
    query = "?q=" + "Иванов"
    answer = browser.post(
        reverse("clients:bulk-tag") + query, {"all": "1", "go": "1", "tag": "Опт"}, follow=True
    )
    assert Client.objects.filter(tags__name="Опт").count() == 40
    undo = next(toast.undo for toast in answer.context["frame"].toasts)
    browser.post(undo)
    assert Client.objects.filter(tags__name="Опт").count() == 0


def test_deleting_many_offers_the_way_back(head: User, browse: Any, row: Client) -> None:
    browser = browse(head)
    data = {"do": "bulk", "action": "delete", "ids": [row.pk]}
    answer = browser.post(reverse("clients:list"), data, follow=True)
    assert Client.objects.alive().count() == 0
    browser.post(next(toast.undo for toast in answer.context["frame"].toasts))
    assert Client.objects.alive().count() == 1


def test_the_recycle_bin_gives_back(head: User, browse: Any, row: Client) -> None:
    browser = browse(head)
    browser.post(reverse("clients:delete", args=[row.pk]))
    assert "Соколова" in text(browser.get(reverse("clients:bin")))
    data = {"do": "bulk", "action": "restore", "ids": [row.pk]}
    browser.post(reverse("clients:bin"), data)
    assert list(Client.objects.alive()) == [row]


@pytest.mark.parametrize("query", ["соколова", "900 000-14-27", "1427", "irina"])
def test_the_global_search_finds_clients_that_its_user_sees(
    alice: User, charlie: User, browse: Any, row: Client, query: str
) -> None:
    url = reverse("ui:search")
    assert card(row) in text(browse(alice).get(url, {"q": query}))
    assert card(row) not in text(browse(charlie).get(url, {"q": query}))


def test_people_to_choose_from_are_those_one_sees(
    alice: User, charlie: User, browse: Any, row: Client
) -> None:
    url = reverse("clients:options")
    assert "Соколова" in text(browse(alice).get(url, {"name": "соко"}))
    assert "Соколова" not in text(browse(charlie).get(url, {"name": "соко"}))


def test_a_hidden_person_is_not_put_into_a_company(
    alice: User, charlie: User, browse: Any, row: Client
) -> None:
    company = create_client(actor=charlie, values={"name": "ООО Ромашка", "kind": "company"})
    url = reverse("clients:person-new", args=[company.pk])
    assert browse(charlie).post(url, {"person": row.pk, "role": "uses"}).status_code == 404
    assert not company.people.exists()
