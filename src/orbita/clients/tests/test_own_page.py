"""The page of a client by his link: what its holder sees and may do, and what he may not."""

import contextlib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation
from tests.security.hostile import XSS, Page, everything

from orbita.accounts import policy
from orbita.accounts.actions import service_user
from orbita.accounts.testing import World, make_world
from orbita.clients.actions import (
    add_note,
    create_client,
    delete_client,
    merge_clients,
    undo_merge,
)
from orbita.clients.contacts import read_contact
from orbita.clients.models import (
    Address,
    Client,
    ClientLink,
    Consent,
    ContactPoint,
    DataRequest,
    RequestRules,
)
from orbita.clients.privacy.consents import add_text, may_contact, record_consent
from orbita.clients.privacy.erasing import erase_client
from orbita.clients.privacy.own_page import actions, links
from orbita.core import limits
from orbita.core.models import Event, OutgoingMail

pytestmark = pytest.mark.django_db
EMAIL, PHONE = "markerova.ul@example.org", "+79035550177"
CLOSED = "The link does not work"


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.ORBITA_DATA = tmp_path
    limits.forget()
    translation.activate("en")
    return make_world()


@pytest.fixture
def browser() -> Browser:
    return Browser(headers={"accept-language": "en"})


def make(world: World, name: str = "Маркерова Ульяна Ильинична") -> Client:
    return create_client(
        actor=world.owner,
        values={"name": name, "hobbies": "квазихобби", "birthday": "1987-03-14"},
        contacts=[read_contact("phone", PHONE), read_contact("email", EMAIL)],
        addresses=[{"city": "Казань", "text": "Квазиулица 17", "postcode": "420000"}],
        bank_accounts=[{"bik": "044525225", "account": "40702810310000000001"}],
    )


def address(world: World, client: Client) -> str:
    return reverse("clients:own-page", args=[links.make_link(actor=world.head, client=client)])


def post(browser: Browser, url: str, do: str, **data: str) -> Any:
    return browser.post(url, {"do": do, **data})


# ---- the link ----


def test_the_link_opens_the_page_without_signing_in_and_the_base_does_not_know_it(
    world: World, browser: Browser
) -> None:
    client = make(world)
    token = links.make_link(actor=world.head, client=client)
    assert len(token) >= 43  # 256 bits
    row = ClientLink.objects.get()
    assert token not in repr(ClientLink.objects.values_list())
    assert row.token_hash == links.digest(token)
    answer = browser.get(reverse("clients:own-page", args=[token]))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Ульяна М." in page
    assert "/sign-in/" not in page
    assert "o-side" not in page


def test_answers_are_kept_nowhere_and_tell_nobody_where_they_came_from(
    world: World, browser: Browser
) -> None:
    url = address(world, make(world))
    for path in (url, url[:-2] + "/"):
        headers = browser.get(path).headers
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
    page = Page(browser.get(url).content.decode())
    assert not [one for one in page.addresses if one.startswith(("http", "//"))]
    assert page.dangers == []


def test_forged_cut_lengthened_and_odd_tokens_open_nothing_and_say_the_same(
    world: World, browser: Browser
) -> None:
    token = links.make_link(actor=world.head, client=make(world))
    row = ClientLink.objects.get()
    forged = [
        token[:-1],
        token + "A",
        token.swapcase(),
        "A" * 43,
        row.token_hash,
        str(row.pk),
        f"{token}%00",
        f"{token} ",
        "' OR 1=1 --",
    ]
    said = {
        (answer.status_code, CLOSED in answer.content.decode())
        for answer in (browser.get(f"/my/{one}/") for one in forged)
    }
    assert said == {(404, True)}
    assert browser.get("/my/..%2F..%2Fsettings/").status_code == 404
    for one in forged[:4]:
        assert post(browser, f"/my/{one}/", "withdraw").status_code == 404
    assert not Consent.objects.exists()


def test_a_link_ends_with_its_term_when_revoked_and_when_a_newer_one_is_made(
    world: World, browser: Browser
) -> None:
    client = make(world)
    first = address(world, client)
    second = address(world, client)
    assert browser.get(first).status_code == 404
    assert browser.get(second).status_code == 200
    ClientLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser.get(second).status_code == 404
    assert post(browser, second, "withdraw").status_code == 404
    third = address(world, client)
    assert links.revoke_links(actor=world.head, client=client) == 1
    assert browser.get(third).status_code == 404
    with pytest.raises(ValidationError):
        links.revoke_links(actor=world.head, client=client)


def test_only_those_with_the_right_make_links_and_none_is_on_record(world: World) -> None:
    client = make(world)
    for user in (world.owner, world.viewer, world.stranger):
        with pytest.raises(policy.Denied):
            links.make_link(actor=user, client=client)
    token = links.make_link(actor=world.head, client=client)
    told = repr([list(row.values()) for row in Event.objects.values()])
    assert token not in told
    assert Event.objects.filter(kind="client_link.made", client_id=client.pk).count() == 1


def test_the_link_of_one_client_neither_shows_nor_changes_another(
    world: World, browser: Browser
) -> None:
    mine, other = make(world), create_client(actor=world.owner, values={"name": "Чужой Борис"})
    url = address(world, mine)
    assert "Борис" not in browser.get(url).content.decode()
    post(browser, f"{url}?client={other.pk}", "correct", first_name="Взлом", client=str(other.pk))
    post(browser, url, "withdraw", client=str(other.pk), pk=str(other.pk))
    assert not Consent.objects.filter(client=other).exists()
    assert not DataRequest.objects.filter(client=other).exists()


def test_the_link_of_a_merged_card_goes_on_to_the_survivor_and_comes_back(
    world: World, browser: Browser
) -> None:
    keep, drop = make(world), make(world, "Маркерова Уля")
    url = address(world, drop)
    merge = merge_clients(actor=world.administrator, keep=keep, drop=drop)
    assert "Ульяна М." in browser.get(url).content.decode()
    post(browser, url, "withdraw")
    assert not may_contact(keep, "service")
    undo_merge(actor=world.administrator, merge=merge)
    assert "Уля М." in browser.get(url).content.decode()


def test_an_erased_client_and_one_in_the_recycle_bin_have_no_page(
    world: World, browser: Browser
) -> None:
    binned, erased = make(world), make(world, "Стиранов Глеб Янович")
    in_bin, gone = address(world, binned), address(world, erased)
    delete_client(actor=world.administrator, client=binned)
    erase_client(actor=world.administrator, client=erased, reason="Asked")
    for url in (in_bin, gone):
        answer = browser.get(url)
        assert answer.status_code == 404
        assert CLOSED in answer.content.decode()
    assert not ClientLink.objects.filter(client=erased.pk).exists()


# ---- what it shows ----


def test_who_was_forwarded_the_link_reads_no_contact_whole(world: World, browser: Browser) -> None:
    client = make(world)
    add_note(actor=world.owner, client=client, text="Тайнозаметка")
    page = browser.get(address(world, client)).content.decode()
    hidden = [EMAIL, "markerova", "5550177", "555-01", "Маркерова", "Ильинична", "Квазиулица"]
    hidden += ["квазихобби", "Тайнозаметка", "1987", "40702810310000000001", "044525225", "420000"]
    assert [value for value in hidden if value in page] == []
    for shown in ("m***@example.org", "01-77", "Казань, ***"):
        assert shown in page
    assert "hobbies" in page.lower()


def test_the_page_speaks_both_languages(world: World) -> None:
    url = address(world, make(world))
    russian = Browser(headers={"accept-language": "ru"}).get(url).content.decode()
    assert "Ваши персональные данные" in russian
    assert 'lang="ru"' in russian


def test_opening_the_page_writes_nothing_whatever_its_address_says(
    world: World, browser: Browser
) -> None:
    url = address(world, make(world))
    before = everything()
    for query in ("", "?do=withdraw", "?done=withdrawn", "?do=ask&kind=erase", "?done=<script>"):
        assert browser.get(url + query).status_code == 200
    assert browser.head(url).status_code == 200
    assert everything() == before
    for method in ("put", "delete", "patch", "options"):
        assert getattr(browser, method)(url).status_code == 405
    assert everything() == before


# ---- what is done on it ----


def test_a_form_without_its_csrf_token_is_refused(world: World) -> None:
    client = make(world)
    url = address(world, client)
    strict = Browser(enforce_csrf_checks=True)
    assert post(strict, url, "withdraw").status_code == 403
    assert not Consent.objects.exists()
    page = strict.get(url).content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert post(strict, url, "withdraw", csrfmiddlewaretoken=token).status_code == 302
    assert not may_contact(client, "service")


def test_a_choice_counts_at_once_and_keeps_its_proof(world: World, browser: Browser) -> None:
    client = make(world)
    text = add_text(actor=world.administrator, purpose="advertising", text="I agree")
    url = address(world, client)
    ticked = {"service-any": "on", "profiling-any": "on", "advertising-email": "on"}
    answer = post(browser, url, "answers", **ticked)
    assert answer["Location"] == f"{url}?done=answers"
    assert may_contact(client, "advertising", "email")
    assert not may_contact(client, "advertising", "sms")
    row = Consent.objects.get(client=client)  # what was not asked and not ticked is no answer
    assert (row.source, row.text, row.address, row.actor) == ("page", text, "127.0.0.1", None)
    assert "link №" in row.proof
    again = post(browser, url, "answers", **ticked)
    assert again["Location"] == f"{url}?done=same"
    post(browser, url, "answers", **{"service-any": "on"})
    assert not may_contact(client, "advertising", "email")
    assert not may_contact(client, "profiling")


def test_everything_is_withdrawn_with_one_button(world: World, browser: Browser) -> None:
    client = make(world)
    record_consent(
        actor=world.owner,
        client=client,
        purpose="advertising",
        channels=["email", "sms"],
        given=True,
        source="paper",
    )
    post(browser, address(world, client), "withdraw")
    for purpose, channel in (("advertising", "email"), ("advertising", "sms"), ("service", "")):
        assert not may_contact(client, purpose, channel)


@pytest.mark.parametrize("kind", actions.ASKED)
def test_a_copy_and_an_erasure_become_requests_and_are_not_given_to_the_holder(
    world: World, browser: Browser, kind: str
) -> None:
    client = make(world)
    url = address(world, client)
    answer = post(browser, url, "ask", kind=kind, text="Please")
    assert answer["Location"] == f"{url}?done=ask"
    row = DataRequest.objects.get()
    assert (row.kind, row.via, row.client, row.status) == (kind, "page", client, "open")
    assert row.contact == ""  # answered to what the card says, not to what the page was told
    assert Client.objects.filter(pk=client.pk).exists()
    told = OutgoingMail.objects.all()
    assert {mail.to for mail in told} == {world.head.email, world.administrator.email}
    assert not [mail for mail in told if "Маркерова" in mail.subject + mail.text]
    assert post(browser, url, "ask", kind=kind).status_code == 422
    assert DataRequest.objects.count() == 1
    assert post(browser, url, "ask", kind="unlawful").status_code == 422


def test_a_correction_waits_for_an_employee(world: World, browser: Browser) -> None:
    client = make(world)
    url = address(world, client)
    given = {"last_name": "Новикова", "phone": "8 903 555-02-88", "city": "Уфа", "name": "X"}
    post(browser, url, "correct", **given, responsible=str(world.stranger.pk), inn="7707083893")
    client.refresh_from_db()
    assert client.last_name == "Маркерова"
    row = DataRequest.objects.get()
    assert row.proposal == {"last_name": "Новикова", "phone": "8 903 555-02-88", "city": "Уфа"}
    with pytest.raises(policy.Denied):
        actions.accept(actor=world.owner, request=row)
    actions.accept(actor=world.head, request=row)
    client.refresh_from_db()
    assert (client.last_name, client.first_name) == ("Новикова", "Ульяна")
    main = ContactPoint.objects.get(client=client, kind="phone", is_main=True)
    assert main.key == PHONE
    assert ContactPoint.objects.filter(client=client, key="+79035550288").exists()
    assert set(Address.objects.filter(client=client).values_list("city", flat=True)) == {
        "Казань",
        "Уфа",
    }
    assert client.city == "Казань"
    assert client.inn == ""
    assert client.responsible == world.owner


@pytest.mark.parametrize("corrections", ["reviewed", "at_once"])
def test_a_double_click_sends_one_request(world: World, browser: Browser, corrections: str) -> None:
    RequestRules.objects.create(pk=1, corrections=corrections)
    url = address(world, make(world))
    for _click in range(2):
        assert post(browser, url, "correct", first_name="Юлия").status_code == 302
        post(browser, url, "ask", kind="access")
    assert sorted(DataRequest.objects.values_list("kind", flat=True)) == ["access", "correct"]
    post(browser, url, "correct", first_name="Юлиана")
    assert DataRequest.objects.filter(kind="correct").count() == 2


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite's test base lives in one connection"
)
@pytest.mark.django_db(transaction=True)
def test_two_requests_at_the_same_moment_are_one(world: World, monkeypatch: Any) -> None:
    client = make(world)
    link = links.find(address(world, client).rstrip("/").rpartition("/")[2])
    assert link
    service_user()  # made with the first thing that Orbita does by itself
    received, slow = actions._receive, threading.Barrier(2)

    def receive(*given: Any, **named: Any) -> DataRequest:
        with contextlib.suppress(threading.BrokenBarrierError):
            slow.wait(2)  # both would be here at once if they could
        return received(*given, **named)

    monkeypatch.setattr(actions, "_receive", receive)

    def work() -> None:
        try:
            with contextlib.suppress(ValidationError):
                actions.ask(link=link, kind="access")
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _click in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert DataRequest.objects.filter(client=client, kind="access").count() == 1


def test_by_the_rule_a_correction_is_written_at_once_and_never_takes_a_contact_away(
    world: World, browser: Browser
) -> None:
    RequestRules.objects.create(pk=1, corrections="at_once")
    client = make(world)
    url = address(world, client)
    answer = post(browser, url, "correct", first_name="Юлия", email="thief@example.com")
    assert answer["Location"] == f"{url}?done=correct"
    client.refresh_from_db()
    assert client.first_name == "Юлия"
    emails = ContactPoint.objects.filter(client=client, kind="email").order_by("-is_main")
    assert [(one.key, one.is_main) for one in emails] == [
        (EMAIL, True),
        ("thief@example.com", False),
    ]
    row = DataRequest.objects.get()
    assert row.status == DataRequest.Status.ANSWERED
    assert list(row.steps.values_list("kind", flat=True)) == ["received", "corrected", "answered"]


def test_what_a_card_would_refuse_is_refused_on_the_page_with_words(
    world: World, browser: Browser
) -> None:
    url = address(world, make(world))
    for wrong in ({"phone": "12"}, {"email": "nonsense"}, {"birthday": "1066-10-14"}):
        answer = post(browser, url, "correct", **wrong)
        assert answer.status_code == 422
    assert post(browser, url, "correct")["Location"] == f"{url}?done=same"
    assert post(browser, url, "nonsense")["Location"] == f"{url}?done=same"
    assert not DataRequest.objects.exists()


def test_hostile_texts_in_corrections_and_requests_stay_texts(
    world: World, browser: Browser
) -> None:
    client = make(world)
    url = address(world, client)
    post(browser, url, "correct", last_name=XSS[:200], city=XSS[:80], address=XSS)
    post(browser, url, "ask", kind="access", text=XSS)
    inside = Browser()
    inside.force_login(world.administrator)
    row = DataRequest.objects.get(kind="correct")
    paths = [reverse("clients:request", args=[one.pk]) for one in DataRequest.objects.all()]
    paths += [reverse("clients:requests"), reverse("clients:privacy", args=[client.pk])]
    paths += [reverse("clients:request-letter", args=[row.pk, "answer"])]
    for path in paths:
        answer = inside.get(path)
        assert answer.status_code == 200
        assert Page(answer.content.decode()).dangers == []
    actions.accept(actor=world.administrator, request=row)
    assert Page(browser.get(url).content.decode()).dangers == []
    assert "49" not in browser.get(url).content.decode().partition("<main")[2].partition("№")[0]


def test_opening_and_writing_are_limited(world: World, browser: Browser, monkeypatch: Any) -> None:
    from orbita.clients.privacy.own_page import views

    url = address(world, make(world))
    monkeypatch.setattr(views, "WRITES", limits.Limit("own test writes", most=2, seconds=3600))
    codes = [post(browser, url, "correct").status_code for _n in range(3)]
    assert codes == [302, 302, 429]
    monkeypatch.setattr(views, "LOOKS", limits.Limit("own test looks", most=3, seconds=60))
    codes = [browser.get(f"/my/{'B' * 43}/").status_code for _n in range(4)]
    assert codes == [404, 404, 404, 429]


def test_the_key_of_the_page_stays_out_of_the_log_of_the_server(world: World) -> None:
    import logging

    from orbita.core.logs import WithoutKeys

    token = links.make_link(actor=world.head, client=make(world))
    record = logging.LogRecord("x", 20, "x", 1, "Not Found: %s", (f"/my/{token}/",), None)
    WithoutKeys().filter(record)
    assert token not in record.getMessage()
