import pytest
from django.test import Client, RequestFactory, override_settings

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.core.registry import Registry
from orbita.ui import errors, menu
from orbita.ui.menu import Badge, Hit, MenuItem, QuickCreate, SearchProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A menu of this test alone."""
    entries: Registry[MenuItem] = Registry("menu entry")
    entries.register(
        MenuItem("search", "Search", "ui:search", "search", order=2, section="insight"),
        MenuItem("kit", "Kit & co", "ui:components", "grid", permission="ui.components", order=1),
        MenuItem(
            "list",
            "People",
            "ui:components-list",
            "users",
            order=3,
            phone=True,
            badge=lambda actor: Badge(1240, hot=True),
        ),
        MenuItem("later", "Later", "nowhere:at-all", "clock"),
    )
    creates: Registry[QuickCreate] = Registry("quick create")
    creates.register(QuickCreate("client", "Client", "ui:more", "person"))
    providers: Registry[SearchProvider] = Registry("search provider")
    providers.register(
        SearchProvider(
            "open", "Clients", lambda actor, query, limit: [Hit("Anna <b>", "Kazan", "/a")]
        ),
        SearchProvider(
            "closed",
            "Secrets",
            lambda actor, query, limit: [Hit("Secret", "", "/s")],
            permission="accounts.manage",
        ),
    )
    monkeypatch.setattr(menu, "MENU", entries)
    monkeypatch.setattr(menu, "QUICK_CREATE", creates)
    monkeypatch.setattr(menu, "SEARCH", providers)


def page_of(client: Client, user: User, address: str) -> str:
    client.force_login(user)
    return client.get(address).content.decode()


@pytest.mark.usefixtures("registries")
def test_the_menu_holds_what_the_user_may_open_and_marks_where_he_is(
    client: Client, alice: User, admin: User
) -> None:
    page = page_of(client, admin, "/ui/components/list/")
    side = page.split('class="o-side"')[1].split("</nav>")[0]
    assert side.index("Kit &amp; co") < side.index("People") < side.index("Search")
    assert side.count('aria-current="page"') == 1
    assert 'href="/ui/components/list/" title="People" aria-current="page"' in side
    assert '<em class="hot">1,240</em>' in side
    assert "Later" not in side
    assert "Kit" not in page_of(client, alice, "/menu/")


@pytest.mark.usefixtures("registries")
def test_the_palette_finds_things_and_commands_that_are_open_to_the_user(
    client: Client, alice: User, admin: User
) -> None:
    found = page_of(client, alice, "/search/palette/?q=pe")
    assert "Anna &lt;b&gt;" in found
    assert "People" in found
    assert "Secret" not in found
    assert "Secret" in page_of(client, admin, "/search/palette/?q=pe")
    empty = page_of(client, alice, "/search/palette/")
    assert "Client" in empty
    assert "Anna" not in empty


@pytest.mark.usefixtures("registries")
def test_the_search_page_works_without_scripts_and_survives_odd_text(
    client: Client, alice: User
) -> None:
    assert "Anna" in page_of(client, alice, "/search/?q=an%00na")
    assert "Whom are you looking for?" in page_of(client, alice, "/search/")
    assert "<script>alert" not in page_of(client, alice, "/search/?q=<script>alert(1)</script>")


def test_theme_and_language_are_kept_on_the_user(client: Client, alice: User) -> None:
    client.force_login(alice)
    answer = client.post("/preferences/", {"theme": "dark", "next": "/menu/"})
    assert answer["Location"] == "/menu/"
    assert 'data-bs-theme="dark"' in client.get("/menu/").content.decode()
    client.post("/preferences/", {"language": "ru"})
    assert '<html lang="ru"' in client.get("/menu/").content.decode()
    client.post("/preferences/", {"theme": "neon", "language": "xx"})
    alice.refresh_from_db()
    assert (alice.theme, alice.language) == ("dark", "ru")


def test_a_stranger_switches_the_language_in_a_cookie(client: Client) -> None:
    answer = client.post("/preferences/", {"language": "en"})
    assert answer.cookies["django_language"].value == "en"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_after_a_form_one_stays_on_this_site(client: Client, alice: User, elsewhere: str) -> None:
    client.force_login(alice)
    answer = client.post("/preferences/", {"theme": "dark", "next": elsewhere})
    assert answer["Location"] == "/"


def test_preferences_are_not_changed_by_a_link(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/preferences/?theme=dark").status_code == 405


@override_settings(ROOT_URLCONF="orbita.ui.tests.wrong_urls")
@pytest.mark.parametrize(
    ("address", "code", "english", "russian"),
    [
        ("/nowhere", 404, "There is no such page", "Такой страницы нет"),
        ("/refused", 403, "This is closed to you", "Сюда вам нельзя"),
        ("/broken", 500, "Something broke on our side", "Что-то сломалось у нас"),
    ],
)
def test_error_pages_speak_both_languages_and_show_a_way_on(
    alice: User, address: str, code: int, english: str, russian: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    for language, words in (("en", english), ("ru", russian)):
        User.objects.filter(pk=alice.pk).update(language=language)
        answer = client.get(address)
        page = answer.content.decode()
        assert answer.status_code == code
        assert words in page
        assert 'href="/"' in page
    if code == 403:
        assert "Your role does not include: fly." in page


@override_settings(ROOT_URLCONF="orbita.ui.tests.wrong_urls")
def test_a_foreign_host_name_gives_a_plain_refusal(client: Client) -> None:
    answer = client.get("/", headers={"host": "evil.example", "referer": "http://evil.example/x"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


def test_too_many_attempts_say_how_long_to_wait() -> None:
    answer = errors.too_many(RequestFactory().get("/"), wait_minutes=15)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")


def test_an_error_reaches_htmx_as_one_line() -> None:
    request = RequestFactory().get("/", headers={"HX-Request": "true"})
    answer = errors.forbidden(request, Denied("No."))
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_pages_keep_to_the_content_policy_by_having_no_inline_code(
    client: Client, admin: User
) -> None:
    page = page_of(client, admin, "/ui/components/")
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count("<script src=")
    assert not any(f" {event}=" in page for event in ("onclick", "onload", "onsubmit", "onerror"))
