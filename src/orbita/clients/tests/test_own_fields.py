"""Own fields: what may be defined, how values are set, told, taken back and closed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import translation

from orbita.accounts.models import Role, User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    create_client,
    create_segment,
    undo_event,
    update_client,
)
from orbita.clients.fields.actions import archive_field, change_field, define_field, move_field
from orbita.clients.fields.indexing import (
    create_sql,
    index_for_search,
    indexes_of,
    known_indexes,
    mend_indexes,
)
from orbita.clients.fields.known import active
from orbita.clients.fields.trades import TRADES, apply
from orbita.clients.guarding import OPEN
from orbita.clients.models import AcquisitionSource, Client, FieldDefinition, FieldMark, Tag
from orbita.clients.search import text_condition
from orbita.clients.tests.own_fields import build
from orbita.core.events import payload_of
from orbita.core.models import Event, Job

pytestmark = pytest.mark.django_db
Define = Callable[..., FieldDefinition]


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
def define(admin: User) -> Define:
    def make(kind: str = "text", label: str = "Марка", **more: Any) -> FieldDefinition:
        return define_field(
            actor=admin,
            subject=more.pop("subject", "client"),
            kind=kind,
            label=label,
            **more,
        )

    return make


@pytest.fixture
def browse() -> Callable[[User], Browser]:
    def signed_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return signed_in


def make(actor: User, **values: Any) -> Client:
    return create_client(actor=actor, values={"name": "Соколова Ирина"} | values)


def text(response: Any) -> str:
    return str(response.content.decode())


COLOURED = [{"label": "Новый", "colour": "grow"}, {"label": "VIP, золото", "colour": "watch"}]

# ---- definitions ----


def test_a_key_is_made_of_the_name_and_never_given_twice(define: Define) -> None:
    assert define(label="Длина волос, см").key == "dlina_volos_sm"
    assert define(label="Длина волос см!").key == "dlina_volos_sm_2"
    assert define(label="2 скидка").key == "f_2_skidka"
    assert define(label="★★★").key == "field"


@pytest.mark.parametrize("key", ["Car", "1car", "car'); --", "a__b", "_a", "a_", "к", "x" * 41])
def test_a_key_that_could_not_stand_in_sql_is_refused(define: Define, key: str) -> None:
    with pytest.raises(ValidationError) as error:
        define(key=key)
    assert "key" in error.value.message_dict


def test_only_an_administrator_defines_fields(alice: User, head: User, define: Define) -> None:
    for actor in (alice, head):
        with pytest.raises(Denied):
            define_field(actor=actor, subject="client", kind="text", label="Марка")


def test_names_in_use_are_told_apart_and_choices_are_asked_for(define: Define) -> None:
    define(label="Марка")
    with pytest.raises(ValidationError) as error:
        define(label=" марка ")
    assert list(error.value.message_dict) == ["label"]
    with pytest.raises(ValidationError) as error:
        define("choice", "Ступень")
    assert list(error.value.message_dict) == ["options"]


def test_a_choice_that_is_left_out_stays_on_the_cards_that_have_it(
    admin: User, alice: User, define: Define
) -> None:
    field = define("choice", "Ступень", options=COLOURED)
    client = make(alice, own_stupen="Новый")
    change_field(actor=admin, field=field, options=[{"label": "VIP, золото"}])
    client.refresh_from_db()
    assert (client.own or {})["stupen"] == "novyy"
    with pytest.raises(ValidationError):
        update_client(actor=alice, client=make(alice), values={"own_stupen": "Новый"})
    change_field(actor=admin, field=field, options=COLOURED)
    field.refresh_from_db()
    assert [option["key"] for option in field.live_options] == ["novyy", "vip_zoloto"]


def test_fields_are_moved_and_archived_and_come_back(
    admin: User, alice: User, define: Define
) -> None:
    first, second = define(label="Первое"), define(label="Второе")
    client = make(alice, **{first.name: "раз"})
    move_field(actor=admin, field=second, up=True)
    assert [field.label for field in active("client")] == ["Второе", "Первое"]
    archive_field(actor=admin, field=first)
    assert [field.label for field in active("client")] == ["Второе"]
    with pytest.raises(ValidationError):
        update_client(actor=alice, client=client, values={first.name: "два"})
    update_client(actor=alice, client=client, values={second.name: "х"})
    archive_field(actor=admin, field=first, archived=False)
    client.refresh_from_db()
    assert (client.own or {})[first.key] == "раз"
    kinds = list(
        Event.objects.filter(kind__startswith="field.")
        .order_by("pk")
        .values_list("kind", flat=True)
    )
    assert kinds[-2:] == ["field.archived", "field.restored"]


# ---- values ----

VALUES: list[tuple[str, Any, Any, str]] = [
    ("text", "  BMW   X5 ", "BMW X5", "BMW X5"),
    ("long", "раз\r\nдва", "раз\nдва", "раз\nдва"),
    ("number", "1 234,5", "1234.5", "1\N{NO-BREAK SPACE}234,5"),
    ("number", 0, "0", "0"),
    ("number", "-7", "-7", "\N{MINUS SIGN}7"),
    ("money", "1 500,50", "1500.50", "1\N{NO-BREAK SPACE}500,50\N{NO-BREAK SPACE}₽"),
    ("date", "31.12.2026", "2026-12-31", "31\N{NO-BREAK SPACE}декабря\N{NO-BREAK SPACE}2026"),
    ("flag", "да", True, "да"),
    ("flag", False, False, "нет"),
    ("link", "Example.org/a", "https://Example.org/a", "https://Example.org/a"),
    ("choice", "vip, золото", "vip_zoloto", "VIP, золото"),
    ("choices", "VIP, золото", ["vip_zoloto"], "VIP, золото"),
    ("choices", "новый; VIP_zoloto", None, ""),
    ("choices", ["vip_zoloto", "Новый"], ["novyy", "vip_zoloto"], "Новый, VIP, золото"),
]


@pytest.mark.parametrize(("kind", "typed", "plain", "words"), VALUES)
def test_values_of_every_type_are_put_right_told_and_taken_back(
    alice: User, define: Define, kind: str, typed: Any, plain: Any, words: str
) -> None:
    from orbita.clients import card_fields, wording

    field = define(kind, "Поле", **({"options": COLOURED} if kind in ("choice", "choices") else {}))
    client = make(alice)
    if plain is None:
        with pytest.raises(ValidationError) as error:
            update_client(actor=alice, client=client, values={field.name: typed})
        assert list(error.value.message_dict) == [field.name]
        return
    event = update_client(actor=alice, client=client, values={field.name: typed})
    assert event is not None
    assert payload_of(event)["after"] == {field.name: plain}
    assert card_fields.plain_value(client, field.name) == plain
    with translation.override("ru"):
        assert wording.value_of(field.name, plain) == words
        assert "Поле" in wording.changed(payload_of(event))
    assert update_client(actor=alice, client=client, values={field.name: plain}) is None
    undo_event(actor=alice, event=event)
    client.refresh_from_db()
    assert client.own is None


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("number", "много"),
        ("number", "1e400"),
        ("number", "nan"),
        ("number", "0.00001"),
        ("number", True),
        ("money", "1.005"),
        ("money", "9" * 20),
        ("date", "31.02.2026"),
        ("date", "0001-01-01"),
        ("flag", "может быть"),
        ("link", "javascript:alert(1)"),
        ("link", "//nowhere"),
        ("link", "http://[broken"),
        ("choice", "Третий"),
        ("choices", ["Новый", "Третий"]),
        ("choices", 5),
        ("text", ["a"]),
        ("text", "x" * 301),
        ("client", "999999"),
        ("client", "Ирина"),
        ("file", 7),
    ],
)
def test_what_does_not_fit_the_type_is_refused_with_one_sentence(
    alice: User, define: Define, kind: str, typed: Any
) -> None:
    field = define(kind, "Поле", **({"options": COLOURED} if kind in ("choice", "choices") else {}))
    client = make(alice)
    with pytest.raises(ValidationError) as error:
        update_client(actor=alice, client=client, values={field.name: typed})
    assert {name: len(said) for name, said in error.value.message_dict.items()} == {field.name: 1}
    client.refresh_from_db()
    assert client.own is None
    with pytest.raises(ValidationError):
        make(alice, **{field.name: typed})


def test_unknown_fields_are_refused(alice: User) -> None:
    with pytest.raises(ValidationError) as error:
        make(alice, own_nothing="x")
    assert list(error.value.message_dict) == ["own_nothing"]


def test_new_cards_get_defaults_unless_told_otherwise(alice: User, define: Define) -> None:
    field = define("choice", "Ступень", options=COLOURED, default="Новый")
    assert (make(alice).own or {}) == {field.key: "novyy"}
    assert make(alice, **{field.name: None}).own is None
    after = payload_of(Event.objects.filter(kind="client.created").earliest("pk"))["after"]
    assert after[field.name] == "novyy"


def test_a_field_of_companies_is_not_for_people(alice: User, define: Define) -> None:
    field = define(label="Договор", holder="company", default="б/н")
    assert make(alice).own is None
    with pytest.raises(ValidationError):
        make(alice, **{field.name: "1"})
    company = make(alice, kind="company", name="ООО Ромашка")
    assert (company.own or {})[field.key] == "б/н"


def test_what_is_required_is_asked_of_new_cards_and_of_its_own_change_only(
    alice: User, define: Define
) -> None:
    old = make(alice)
    field = define(label="Марка", required="always")
    with pytest.raises(ValidationError) as error:
        make(alice)
    assert list(error.value.message_dict) == [field.name]
    update_client(actor=alice, client=old, values={"position": "повар"})
    update_client(actor=alice, client=old, values={field.name: "Лада"})
    with pytest.raises(ValidationError):
        update_client(actor=alice, client=old, values={field.name: ""})


def test_a_segment_can_say_who_must_have_a_field(admin: User, alice: User, define: Define) -> None:
    rule = {"fact": "position", "op": "eq", "value": "водитель"}
    segment = create_segment(actor=admin, name="Водители", rule=rule)
    field = define(label="Марка", required="segment", required_segment=segment.pk)
    make(alice)
    with pytest.raises(ValidationError):
        make(alice, position="водитель")
    assert Client.objects.count() == 1
    make(alice, position="водитель", **{field.name: "Лада"})


def test_a_unique_value_stands_on_one_card_however_it_is_spelt(alice: User, define: Define) -> None:
    field = define(label="VIN", is_unique=True)
    first = make(alice, **{field.name: "xta Ё210"})
    with pytest.raises(ValidationError) as error:
        make(alice, **{field.name: "XTA  е210"})
    assert list(error.value.message_dict) == [field.name]
    update_client(actor=alice, client=first, values={field.name: "XTA Ё210"})
    update_client(actor=alice, client=first, values={field.name: ""})
    make(alice, **{field.name: "XTA е210"})


def test_marks_follow_the_choices_of_a_card(alice: User, define: Define) -> None:
    field = define("choices", "Интересы", options=COLOURED)
    client = make(alice, **{field.name: ["Новый", "VIP, золото"]})
    marks = FieldMark.objects.filter(record_id=client.pk)
    assert set(marks.values_list("option", flat=True)) == {"novyy", "vip_zoloto"}
    event = update_client(actor=alice, client=client, values={field.name: ["Новый"]})
    assert list(marks.values_list("option", flat=True)) == ["novyy"]
    assert event is not None
    undo_event(actor=alice, event=event)
    assert marks.count() == 2


def test_a_link_leads_to_a_client_whom_the_actor_sees(
    alice: User, charlie: User, define: Define
) -> None:
    field = define("client", "Платит")
    hidden, payer = make(charlie), make(alice, name="Петров Пётр")
    client = make(alice)
    with pytest.raises(ValidationError):
        update_client(actor=alice, client=client, values={field.name: hidden.pk})
    event = update_client(actor=alice, client=client, values={field.name: f"№ {payer.pk} Петров"})
    assert event is not None
    assert payload_of(event)["after"] == {field.name: {"id": payer.pk, "name": "Петров Пётр"}}


# ---- roles ----


def test_a_closed_field_is_neither_set_nor_told_to_the_roles_it_is_closed_to(
    admin: User, alice: User, head: User, define: Define, browse: Any
) -> None:
    field = define(label="Тайна", see_roles=[head.role_id])
    client = make(alice)
    with pytest.raises(ValidationError):
        update_client(actor=alice, client=client, values={field.name: "x"})
    event = update_client(actor=head, client=client, values={field.name: "золотая жила"})
    assert event is not None
    address = reverse("clients:card", args=[client.pk])
    assert "золотая жила" in text(browse(head).get(address))
    page = text(browse(alice).get(address))
    assert "золотая жила" not in page
    assert "Тайна" not in page
    history = text(browse(alice).get(reverse("clients:history", args=[client.pk])))
    assert "золотая жила" not in history
    undone = undo_event(actor=admin, event=event)
    assert undone.done


def test_a_role_may_see_a_field_and_not_change_it(
    alice: User, head: User, define: Define, browse: Any
) -> None:
    field = define(label="Лимит", edit_roles=[head.role_id])
    client = make(alice)
    update_client(actor=head, client=client, values={field.name: "100"})
    with pytest.raises(ValidationError):
        update_client(actor=alice, client=client, values={field.name: "200"})
    page = text(browse(alice).get(reverse("clients:card", args=[client.pk])))
    assert "Лимит" in page
    assert reverse("clients:field", args=[client.pk, field.name]) not in page


# ---- pages ----


def test_the_card_and_its_form_show_and_change_own_fields(
    alice: User, define: Define, browse: Any
) -> None:
    text_field = define(label="Марка", group="Машина")
    many = define("choices", "Интересы", options=COLOURED)
    flag = define("flag", "Фото можно")
    browser, client = browse(alice), make(alice)
    edit = reverse("clients:edit", args=[client.pk])
    page = text(browser.get(edit))
    assert "Машина" in page
    answer = browser.post(
        edit,
        {
            "last_name": "Соколова",
            "first_name": "Ирина",
            "responsible": str(alice.pk),
            text_field.name: "<b>Лада</b>",
            many.name: ["novyy", "vip_zoloto"],
            flag.name: "no",
        },
    )
    assert answer.status_code == 302
    card = text(browser.get(reverse("clients:card", args=[client.pk])))
    assert "&lt;b&gt;Лада&lt;/b&gt;" in card
    assert 'class="o-rfm g-watch">VIP, золото' in card
    client.refresh_from_db()
    assert client.own == {
        "marka": "<b>Лада</b>",
        "_marka": "<b>лада</b>",
        "interesy": ["novyy", "vip_zoloto"],
        "foto_mozhno": 0,
    }
    url = reverse("clients:field", args=[client.pk, many.name])
    assert 'type="checkbox"' in text(browser.get(url, headers={"HX-Request": "true"}))
    browser.post(url, {})
    client.refresh_from_db()
    assert "interesy" not in (client.own or {})


def test_the_quick_form_asks_for_what_is_required(alice: User, define: Define, browse: Any) -> None:
    field = define(label="Марка", required="always")
    browser, url = browse(alice), reverse("clients:quick")
    assert field.name in text(browser.get(url))
    assert browser.post(url, {"kind": "person", "name": "Новый Пётр"}).status_code == 422
    answer = browser.post(url, {"kind": "person", "name": "Новый Пётр", field.name: "Лада"})
    assert answer.status_code == 302


def test_a_file_is_put_on_the_card_and_taken_off(alice: User, define: Define, browse: Any) -> None:
    field = define("file", "Договор")
    browser, client = browse(alice), make(alice)
    url = reverse("clients:field", args=[client.pk, field.name])
    file = SimpleUploadedFile("договор.pdf", b"%PDF-1.4")
    assert browser.post(url, {field.name: file}).status_code == 302
    page = text(browser.get(reverse("clients:card", args=[client.pk])))
    assert "договор.pdf" in page
    browser.post(url, {})
    client.refresh_from_db()
    assert client.own is None


def test_a_file_in_a_closed_field_is_neither_named_nor_given(
    alice: User, head: User, define: Define, browse: Any
) -> None:
    field = define("file", "Паспорт", see_roles=[head.role_id])
    client = make(alice)
    url = reverse("clients:field", args=[client.pk, field.name])
    file = SimpleUploadedFile("паспорт.pdf", b"%PDF-1.4")
    assert browse(head).post(url, {field.name: file}).status_code == 302
    client.refresh_from_db()
    download = reverse("clients:file", args=[(client.own or {})[field.key]])
    card = reverse("clients:card", args=[client.pk])
    assert browse(head).get(download).status_code == 200
    assert "паспорт.pdf" in text(browse(head).get(card))
    assert browse(alice).get(download).status_code == 404
    assert "паспорт.pdf" not in text(browse(alice).get(card))


def test_settings_add_change_move_archive_and_restore_a_field(admin: User, browse: Any) -> None:
    browser = browse(admin)
    new = reverse("clients:field-new") + "?subject=client&kind=choice"
    rows = {
        "options-0-label": "Второй",
        "options-0-place": "2",
        "options-0-colour": "keep",
        "options-1-label": "Первый",
        "options-1-place": "1",
    }
    assert browser.post(new, {"label": "", **rows}).status_code == 422
    answer = browser.post(new, {"label": "Ступень", "is_filterable": "on", **rows})
    assert answer.status_code == 302
    field = FieldDefinition.objects.get()
    assert [option["label"] for option in field.options] == ["Первый", "Второй"]
    assert "Ступень" in text(browser.get(reverse("clients:fields")))
    url = reverse("clients:field-settings", args=[field.pk])
    assert "Второй" in text(browser.get(url))
    browser.post(url, {"label": "Шаг", "options-0-key": "pervyy", "options-0-label": "Раз"})
    field.refresh_from_db()
    assert (field.label, field.live_options[0]["label"]) == ("Шаг", "Раз")
    archive = reverse("clients:field-archive", args=[field.pk])
    browser.post(archive)
    field.refresh_from_db()
    assert field.archived_at
    browser.post(f"{archive}?do=restore")
    field.refresh_from_db()
    assert field.archived_at is None


def test_hostile_names_of_fields_and_choices_are_shown_as_text(
    admin: User, alice: User, define: Define, browse: Any
) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    field = define("choice", hostile, options=[{"label": hostile, "colour": 'x" onclick="'}])
    client = make(alice, **{field.name: hostile})
    for user, url in (
        (alice, reverse("clients:card", args=[client.pk])),
        (alice, reverse("clients:edit", args=[client.pk])),
        (admin, reverse("clients:fields")),
        (admin, reverse("clients:field-settings", args=[field.pk])),
    ):
        page = text(browse(user).get(url))
        assert "<img src=x" not in page
        assert 'onclick="' not in page


# ---- search ----


def test_a_searchable_field_is_searched_from_then_on(
    admin: User, alice: User, define: Define
) -> None:
    field = define(label="Госномер")
    client = make(alice, **{field.name: "А123ВС 77"})
    condition = text_condition("а123вс", OPEN)
    assert condition
    assert not Client.objects.filter(condition).exists()
    change_field(actor=admin, field=field, is_searchable=True)
    assert Job.objects.filter(task__endswith="index_for_search").exists()
    assert index_for_search.call(field.pk) == 1
    assert Client.objects.filter(condition).exists()
    update_client(actor=alice, client=client, values={field.name: "К777КК 99"})
    assert not Client.objects.filter(condition).exists()
    archive_field(actor=admin, field=field)
    index_for_search.call(field.pk)
    found = text_condition("к777кк", OPEN)
    assert found
    assert not Client.objects.filter(found).exists()


# ---- sets ----


@pytest.mark.parametrize("name", list(TRADES))
def test_a_set_of_a_trade_is_added_once_whole(admin: User, name: str) -> None:
    with translation.override("ru"):
        added = apply(actor=admin, trade=TRADES[name])
        assert added.fields == FieldDefinition.objects.count() > 4
        assert added.sources == AcquisitionSource.objects.count()
        assert added.tags == Tag.objects.count()
        again = apply(actor=admin, trade=TRADES[name])
    assert (again.fields, again.sources, again.tags) == (0, 0, 0)


# ---- indexes ----


def test_an_index_is_made_beside_the_work_and_serves_filter_and_order(
    alice: User, define: Define
) -> None:
    field = define("number", "Пробег")
    field.refresh_from_db()
    assert field.index_state == "waiting"
    assert Job.objects.filter(task__endswith="build_index").exists()
    assert build(field) == "ready"
    assert known_indexes(field) == {f"own_field_{field.pk}"}
    for n in range(60):
        make(alice, **{field.name: n})
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        rows = Client.objects.filter(own__whole_probeg__gte=550000).order_by(
            "own__whole_probeg", "pk"
        )
        assert f"own_field_{field.pk}" in rows.explain()
    assert [(client.own or {})["probeg"] for client in rows] == [
        550000,
        560000,
        570000,
        580000,
        590000,
    ]


def test_a_unique_index_over_repeated_values_says_why_it_is_not_made(
    admin: User, alice: User, define: Define
) -> None:
    field = define(label="VIN")
    make(alice, **{field.name: "А"})
    make(alice, **{field.name: "а"})
    change_field(actor=admin, field=field, is_unique=True)
    assert build(field) == "failed"
    field.refresh_from_db()
    assert field.index_note == "repeated"
    (once,) = indexes_of(field).items()
    assert "UNIQUE" in create_sql(field, *once)


def test_an_index_that_has_gone_is_asked_for_again_and_an_archived_one_goes(
    admin: User, define: Define
) -> None:
    field = define(label="Марка")
    build(field)
    assert mend_indexes.call() == 0
    with connection.cursor() as cursor:
        cursor.execute(f'DROP INDEX "own_field_{field.pk}"')
    assert mend_indexes.call() == 1
    build(field)
    archive_field(actor=admin, field=field)
    assert build(field) == ""
    assert known_indexes(field) == set()


def test_a_role_that_may_do_everything_sees_every_field(define: Define, admin: User) -> None:
    other = Role.objects.create(name="Other")
    assert define(see_roles=[other.pk]).is_seen_by(admin)
