"""Erasing a client: what goes, what stays, what forbids it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from orbita.accounts import policy
from orbita.accounts.models import Role
from orbita.accounts.testing import World, make_world
from orbita.clients.actions import (
    add_note,
    create_client,
    create_segment,
    delete_client,
    link_person,
    merge_clients,
    relate,
)
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, Erasure, Merge, Note, Segment, Tag, Word
from orbita.clients.privacy import copying, erasing, register
from orbita.clients.privacy.cleaning import forget_words
from orbita.clients.privacy.erasing import ask_erasure, erase_client
from orbita.clients.privacy.holds import hold_data, release_data
from orbita.clients.privacy.values import values_of
from orbita.clients.search import find_clients
from orbita.core.events import payload_of
from orbita.core.models import Event, EventPayload
from orbita.core.seals import seal_all, verify
from orbita.core.seals.checkpoints import own

pytestmark = pytest.mark.django_db
REASON = "Consent withdrawn"


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.ORBITA_DATA = tmp_path
    translation.activate("en")
    return make_world()


def make(world: World, name: str = "Маркерова Ульяна Ильинична", **other: Any) -> Client:
    return create_client(
        actor=world.administrator, values={"name": name, "comment": "квазикоммент"}, **other
    )


def test_the_card_goes_with_all_that_hangs_on_it(world: World) -> None:
    phone = read_contact("phone", "89035557799")
    client = make(world, contacts=[phone], tags=["редкостный"])
    file = SimpleUploadedFile("скан.pdf", b"%PDF-1.4")
    add_note(actor=world.administrator, client=client, text="тайнослово", files=[file])
    act = erase_client(actor=world.administrator, client=client, reason=REASON)
    assert not Client._base_manager.filter(pk=client.pk).exists()
    assert not Note.objects.exists()
    assert not Tag.objects.exists()
    assert act.status == Erasure.Status.DONE
    assert act.tables["clients.client"] == [1, 0]
    assert act.tables["clients.note"] == [1, 0]
    assert act.files == 1


def test_words_of_the_index_go_unless_others_have_them(world: World) -> None:
    client = make(world)
    make(world, "Маркерова Анна")
    add_note(actor=world.administrator, client=client, text="тайнослово")
    words = list(Word.objects.filter(text__in=["ульяна", "тайнослово", "квазикоммент"]))
    assert len(words) == 3
    erase_client(actor=world.administrator, client=client, reason=REASON)
    forget_words()
    left = set(Word.objects.values_list("text", flat=True))
    assert not {"ульяна", "тайнослово"} & left
    assert {"маркерова", "анна", "квазикоммент"} <= left
    assert len(find_clients(world.administrator, "маркерова", 9)) == 1


def test_events_stay_without_what_they_say_and_the_chain_holds(world: World) -> None:
    client = make(world)
    add_note(actor=world.administrator, client=client, text="тайнослово")
    seal_all()
    before = Event.objects.filter(client_id=client.pk).count()
    erase_client(actor=world.administrator, client=client, reason=REASON)
    events = Event.objects.filter(client_id=client.pk)
    assert events.count() == before + 1
    assert [payload_of(event) for event in events.order_by("pk")[:before]] == [{}] * before
    seal_all()
    done = verify(own())
    assert done.ok, done.problem
    assert done.erased == before


def test_events_of_others_that_name_the_client_forget_it_too(world: World) -> None:
    boss = world.administrator
    client = make(world)
    company = create_client(actor=boss, values={"name": "ООО Ромашка", "kind": "company"})
    friend = create_client(actor=boss, values={"name": "Друг Олег"})
    link_person(actor=boss, company=company, person=client, role="decides")
    relate(actor=boss, client=friend, other=client, side="friend")
    erase_client(actor=boss, client=client, reason=REASON)
    assert not EventPayload.objects.filter(data__contains="Ульяна").exists()
    kept = Event.objects.get(client_id=friend.pk, kind="client.created")
    assert payload_of(kept)["after"]["last_name"] == "Друг"


def test_a_namesake_keeps_what_is_said_of_him(world: World) -> None:
    client, namesake = make(world), make(world)
    erase_client(actor=world.administrator, client=client, reason=REASON)
    event = Event.objects.get(client_id=namesake.pk, kind="client.created")
    assert payload_of(event)["after"]["last_name"] == namesake.last_name


def test_a_phone_that_a_family_shares_tells_nobody_apart(world: World) -> None:
    phone = read_contact("phone", "89035557799")
    client, _other = make(world, contacts=[phone]), make(world, "Другой Олег", contacts=[phone])
    assert not values_of([client.pk]).found_in("позвонить 8 903 555-77-99")


def test_a_phone_is_found_however_it_is_written(world: World) -> None:
    client = make(world, contacts=[read_contact("phone", "89035557799")])
    values = values_of([client.pk])
    for text in ("+79035557799", "8 (903) 555-77-99", "903.555.77.99"):
        assert values.found_in(text), text
    assert not values.found_in("8 903 555-77-98")
    assert not values.found_in("90355577991")


def test_merged_cards_are_one_person_and_their_merge_forgets_its_steps(world: World) -> None:
    keep, drop = make(world), make(world, "Маркёрова Уля", tags=["редкостный"])
    merge_clients(actor=world.administrator, keep=keep, drop=drop)
    act = erase_client(actor=world.administrator, client=drop, reason=REASON)
    assert act.cards == [keep.pk, drop.pk]
    assert not Client._base_manager.exists()
    assert list(Merge.objects.values_list("steps", flat=True)) == [[]]


def test_a_segment_that_names_the_client_loses_the_name_only(world: World) -> None:
    boss = world.administrator
    client = make(world)
    rule = {"all": [{"fact": "name", "op": "contains", "value": client.name}]}
    create_segment(actor=boss, name=f"Без {client.name}", rule=rule)
    erase_client(actor=boss, client=client, reason=REASON)
    segment = Segment.objects.get()
    assert "Ульяна" not in json.dumps([segment.rule, segment.name], ensure_ascii=False)


def test_a_legal_hold_forbids_it_in_plain_words_until_it_ends(world: World) -> None:
    boss = world.administrator
    client = make(world)
    day = timezone.localdate() + timedelta(days=30)
    held = hold_data(actor=boss, client=client, reason="Суд по гарантии", until=day)
    with pytest.raises(ValidationError, match=r"must be kept until .*Суд по гарантии"):
        erase_client(actor=boss, client=client, reason=REASON)
    assert Client.objects.filter(pk=client.pk).exists()
    release_data(actor=boss, hold=held)
    erase_client(actor=boss, client=client, reason=REASON)
    assert not EventPayload.objects.filter(data__contains="Суд по").exists()


def test_a_hold_in_the_past_or_without_a_reason_is_refused(world: World) -> None:
    client = make(world)
    yesterday = timezone.localdate() - timedelta(days=2)
    for reason, until in (("Суд", yesterday), ("", timezone.localdate() + timedelta(days=9))):
        with pytest.raises(ValidationError):
            hold_data(actor=world.administrator, client=client, reason=reason, until=until)


def test_the_reason_may_not_name_the_client(world: World) -> None:
    client = make(world)
    for reason in ("", "Просьба: Маркерова Ульяна Ильинична"):
        with pytest.raises(ValidationError):
            ask_erasure(actor=world.administrator, client=client, reason=reason)


def test_only_who_has_the_right_erases(world: World) -> None:
    client = make(world)
    for actor in (world.head, world.owner, world.viewer):
        with pytest.raises(policy.Denied):
            erase_client(actor=actor, client=client, reason=REASON)


def test_the_worker_erases_and_a_hold_set_meanwhile_refuses(world: World) -> None:
    boss = world.administrator
    first, second = make(world), make(world, "Другая Анна")
    asked = [ask_erasure(actor=boss, client=one, reason=REASON) for one in (first, second)]
    with pytest.raises(ValidationError, match="already"):
        ask_erasure(actor=boss, client=first, reason=REASON)
    until = timezone.localdate() + timedelta(days=1)
    hold_data(actor=boss, client=second, reason="Проверка", until=until)
    for one in asked:
        erasing.erase_asked(one.pk)
    done, refused = Erasure.objects.order_by("pk")
    assert (done.status, refused.status) == ("done", "refused")
    assert "must be kept" in refused.why_not
    assert Client.objects.get().pk == second.pk
    release_data(actor=boss, hold=second.legal_holds.get())
    erase_client(actor=boss, client=second, reason=REASON)
    refused.refresh_from_db()
    assert refused.error == "", "what was written of him goes with him"


def test_a_card_merged_after_it_was_asked_for_is_not_erased_unseen(world: World) -> None:
    boss = world.administrator
    client, other = make(world), make(world)
    asked = ask_erasure(actor=boss, client=client, reason=REASON)
    merge_clients(actor=boss, keep=other, drop=client)
    assert erasing.erase_asked(asked.pk).status == "refused"
    assert Client.objects.alive().get().pk == other.pk


def test_the_register_tells_nothing_of_the_client_and_finds_his_card_again(world: World) -> None:
    client, other = make(world), make(world, "Другая Анна")
    marks = register.marks_of([client.pk])
    erase_client(actor=world.administrator, client=other, reason=REASON)
    text = register.path().read_text()
    assert "Анна" not in text
    assert register.path().stat().st_mode & 0o077 == 0
    line = {"key": "0" * 32, "at": timezone.now().isoformat(), "marks": marks}
    register.path().write_text(text + json.dumps(line) + "\n")
    assert register._cards_marked(marks) == [client.pk]
    assert register._cards_marked([[marks[0][0], "0" * 64]]) == []


def test_a_damaged_register_is_told_and_nothing_is_erased(world: World) -> None:
    make(world)
    register.path().write_text('{"key": "x", "at": "never", "marks": []}\n')
    with pytest.raises(ValueError, match="line 1 is damaged"):
        register.apply()
    assert Client.objects.exists()


def test_the_copy_holds_everything_that_is_kept_and_nothing_of_others(world: World) -> None:
    boss = world.administrator
    client = make(world, contacts=[read_contact("phone", "89035557799")], tags=["редкостный"])
    friend = create_client(actor=boss, values={"name": "Друг Олег"})
    relate(actor=boss, client=client, other=friend, side="friend")
    file = SimpleUploadedFile("скан.pdf", b"%PDF-1.4")
    add_note(actor=boss, client=client, text="тайнослово", files=[file])
    told = copying.as_json(client)
    for value in (client.name, "квазикоммент", "89035557799", "редкостный", "тайнослово", "скан"):
        assert value in told, value
    assert "Олег" not in told
    page = copying.document(client)
    assert "тайнослово" in page
    assert "Олег" not in page


def test_no_copy_is_made_by_whom_a_field_is_closed_to(world: World) -> None:
    client = make(world)
    role = Role.objects.create(
        name="Keyhole",
        permissions={"clients.view": "all", "privacy.copy": "all"},
        field_rights={"client.phone": "masked"},
    )
    world.head.role = role
    with pytest.raises(policy.Denied, match="closed to your role"):
        copying.copy_client(actor=world.head, client=client)
    role.field_rights = {}
    copying.copy_client(actor=world.head, client=client).close()


def test_the_copy_is_an_archive_and_is_recorded(world: World) -> None:
    from zipfile import ZipFile

    boss = world.administrator
    client = make(world, "Иванов <script>alert(1)</script> Олег")
    file = SimpleUploadedFile("скан.pdf", b"%PDF-1.4 content")
    add_note(actor=boss, client=client, text="Скан", files=[file])
    with copying.copy_client(actor=boss, client=client) as package, ZipFile(package) as archive:
        names = archive.namelist()
        page = archive.read("document.html").decode()
    assert names[:2] == ["data.json", "document.html"]
    assert "<script>" not in page
    assert Event.objects.filter(kind="privacy.copied", client_id=client.pk).exists()


def test_a_card_in_the_recycle_bin_is_erased_from_there_by_right_only(world: World) -> None:
    client, other = make(world), make(world, "Другов Пётр")
    for one in (client, other):
        delete_client(actor=world.administrator, client=one)
    browser, bin_page = Browser(), reverse("clients:bin")
    browser.force_login(world.head)
    address = reverse("clients:privacy-erase", args=[client.pk])
    chosen = {"do": "bulk", "action": "erase", "ids": [str(client.pk)]}
    if not policy.allows(world.head, "privacy.erase"):
        assert browser.post(address, {"reason": REASON}).status_code in (403, 404)
        assert browser.post(bin_page, chosen).status_code in (400, 403, 404)
    browser.force_login(world.administrator)
    assert (
        "Erase for good"
        in browser.get(bin_page, headers={"accept-language": "en"}).content.decode()
    )
    assert browser.post(bin_page, chosen)["Location"] == address
    both = {"do": "bulk", "action": "erase", "ids": [str(client.pk), str(other.pk)]}
    assert browser.post(bin_page, both)["Location"] == bin_page
    page = browser.get(address).content.decode()
    assert f'href="{bin_page}"' in page
    number = {"reason": REASON, "number": str(client.pk)}
    assert browser.post(address, number).status_code == 302
    erasing.erase_asked(Erasure.objects.get().pk)
    assert not Client._base_manager.filter(pk=client.pk).exists()
    assert Client.objects.in_bin().get() == other
