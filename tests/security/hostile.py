"""What the security tests share: worlds, browsers, and a reader of what a page would run."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import models
from django.test import Client

from orbita.accounts.actions import create_token
from orbita.accounts.models import User
from orbita.accounts.testing import World, make_world
from orbita.clients.actions import add_contact, add_note, add_tag, create_client, create_segment
from orbita.clients.models import Client as Card
from orbita.commerce.actions import create_order
from orbita.commerce.actions.catalogue import ProductData, save_product
from orbita.commerce.records import LineData, OrderData
from orbita.core.apps import rooms
from orbita.ui.actions import save_view

# Ends attributes of either quote, tags, scripts and comments, then runs.
XSS = "\"'></script></title><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
TRACES = ("accounts.UserSession", "accounts.ApiToken", "core.Event", "core.EventPayload")
ONE_QUERY = "' OR 1=1; DROP TABLE clients_client; --"


def world_of_all_rooms() -> World:
    """The people and the records of every room's access table."""
    world = make_world()
    for room in rooms():
        if find_spec(f"{room.name}.tests.access"):
            table = import_module(f"{room.name}.tests.access")
            if hasattr(table, "prepare"):
                table.prepare(world)
    return world


def hostile_card(actor: User) -> Card:
    """A client whose every text tries to leave its place on a page, with an order and a note."""
    line = XSS[:90]
    card = create_client(
        actor=actor,
        values={
            "last_name": line,
            "first_name": "<b>x</b>",
            "occupation": XSS,
            "position": XSS,
            "hobbies": XSS,
            "difficulties": XSS,
            "working_hours": line,
            "comment": XSS,
            "source": XSS[:100],
        },
        addresses=[{"city": XSS[:50], "text": XSS}],
        external_ids=[{"source": "x", "value": line, "is_primary": True}],
        tags=[XSS[:50]],
    )
    add_contact(actor=actor, client=card, kind="phone", value="+79161234567", label=line)
    add_contact(actor=actor, client=card, kind="link", value="example.org/'onclick=alert(1)"[:11])
    add_note(actor=actor, client=card, text=XSS)
    return card


def hostile_records(world: World) -> Card:
    """The same for goods, orders, tags, segments, saved views, teams and the people themselves."""
    admin = world.administrator
    card = hostile_card(admin)
    add_tag(actor=admin, client_ids=[card.pk], tag=XSS[:55])
    product = save_product(
        actor=admin,
        data=ProductData(
            name=XSS, sku=XSS[:50], unit="<i>", group=XSS, description=XSS, price=10_000
        ),
    )
    create_order(
        actor=admin,
        data=OrderData(
            client_id=card.pk,
            number="<script>1</script>",
            comment=XSS,
            delivery_address=XSS,
            delivery_method=XSS[:100],
            lines=[
                LineData(product_id=product.pk, price=10_000),
                LineData(name=XSS, price=10_000),
            ],
        ),
    )
    rule = {"fact": "name", "op": "contains", "value": XSS}
    create_segment(actor=admin, name=XSS[:90], rule=rule)
    save_view(actor=admin, list_name="clients", name=XSS[:75], rule=rule, is_shared=True)
    User.objects.filter(pk=admin.pk).update(name=XSS[:150])
    return card


def signed_in(user: User, **options: Any) -> Client:
    """A browser of the user that shows errors of the server as answers, like a real one."""
    client = Client(raise_request_exception=False, **options)
    client.force_login(user)
    return client


def caller(user: User, *scopes: str) -> Client:
    """A program with a token of the user."""
    _token, secret = create_token(actor=None, user=user, name="test", scopes=scopes or ["*"])
    return Client(raise_request_exception=False, headers={"authorization": f"Bearer {secret}"})


class Page(HTMLParser):
    """What a browser would run or follow on a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[str] = []
        self.dangers: list[str] = []
        self._in_script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_script = tag == "script"
        if tag in ("iframe", "object", "embed", "base", "style", "img"):
            self.dangers.append(f"<{tag}>")
        if tag == "script" and not given.get("src", "").startswith("/static/"):
            self.dangers.append("<script> of its own")
        if tag == "meta" and "http-equiv" in given and not given.get("content", "").isdigit():
            self.dangers.append("<meta http-equiv>")  # a page may only look again at itself
        for name, value in given.items():
            self._look_at(tag, name, value)

    def _look_at(self, tag: str, name: str, value: str) -> None:
        if name.startswith(("on", "hx-on")) or name in ("style", "srcdoc"):
            self.dangers.append(f"<{tag} {name}>")
        if name in ("href", "src", "action", "formaction", "hx-get", "hx-post"):
            scheme = "".join(value.split()).lower().partition(":")[0]
            if ":" in value and scheme in ("javascript", "data", "vbscript"):
                self.dangers.append(f"<{tag} {name}={value!r}>")
            if name in ("href", "hx-get") and tag != "link":
                self.addresses.append(value)

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.dangers.append("a script inside the page")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False


def everything() -> dict[str, list[Any]]:
    """All rows of all tables but the traces of who was here."""
    return {
        model._meta.label: sorted(model._base_manager.values_list(), key=repr)
        for model in _models()
        if model._meta.label not in TRACES
    }


def _models() -> Iterator[type[models.Model]]:
    return (model for model in apps.get_models() if model._meta.managed)


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """Ends work that would never end; generous, so that a slow machine does not matter."""

    def stop(number: int, frame: object) -> None:
        raise AssertionError(f"still at work after {seconds} s")

    before: Any = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


Work = Callable[[str], object]
