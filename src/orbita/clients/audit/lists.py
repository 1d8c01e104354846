"""The log as a list: filters, pages by key, export, as every list has them."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.audit import words
from orbita.clients.audit.facts import PERMISSION, SUBJECT, of_client, of_user, request_is
from orbita.clients.models import Client
from orbita.core.models import Event
from orbita.core.rules import compile_rule
from orbita.ui import formats
from orbita.ui.lists import BuiltinView, Column, EmptyState, ListSpec, Look, SortKey, address_of
from orbita.ui.lists.spec import Rows


def rows(actor: Any) -> Rows:
    if not policy.allows(actor, PERMISSION):
        return Event.objects.none()
    # A card that the reader may not see is not named, nor what the event says of it.
    card = Client.objects.known_to(actor).filter(pk=OuterRef("client_id"))
    return Event.objects.annotate(
        actor_name=Subquery(User.objects.filter(pk=OuterRef("actor_id")).values("name")[:1]),
        client_name=Subquery(card.values("name")[:1]),
    )


def _with_payload(found: Rows) -> Rows:
    return found.select_related("payload")


def may_read(event: Any, actor: Any) -> bool:
    """Whether what the event says is for this reader: all cards are his, or this one is."""
    if event.client_id is None or event.client_name is not None:
        return True
    return policy.covers_all(actor, "clients.view")


def _told(event: Event, look: Look) -> Mapping[str, Any]:
    return words.told(event, look.actor) if may_read(event, look.actor) else {}


def _when(event: Event, look: Look) -> SafeString:
    return words.link(
        reverse("clients:audit-event", args=[event.pk]), formats.full_moment(event.recorded_at)
    )


def _who(event: Any, look: Look) -> str:
    if event.actor_id is None:
        return _("the system")
    name = event.actor_name or f"№ {event.actor_id}"
    return words.link(address_of(AUDIT, of_user(event.actor_id)), name)


def _what(event: Event, look: Look) -> SafeString:
    return format_html("<b>{}</b>", words.label(event))


def _details(event: Event, look: Look) -> str | SafeString:
    return words.sentence(event, _told(event, look))


def _client(event: Any, look: Look) -> str:
    if event.client_id is None:
        return ""
    return words.link(
        address_of(AUDIT, of_client(event.client_id)), event.client_name or f"№ {event.client_id}"
    )


def _address(event: Event, look: Look) -> str:
    return str(_told(event, look).get("address") or "")


def search(found: Rows, text: str, actor: Any) -> Rows:
    """By the number of the event, an address, or the id of a request as error pages show it."""
    typed = text.strip().removeprefix("№").strip()
    try:
        rule = {"fact": "address", "op": "eq", "value": str(ip_address(typed))}
        return found.filter(compile_rule(SUBJECT, rule, actor=actor))
    except ValueError:
        pass
    if typed.isdecimal() and len(typed) < 16:
        return found.filter(pk=int(typed))
    return found.filter(request_is(typed[:32]))


AUDIT = ListSpec(
    name="audit",
    personal=True,
    label=gettext_lazy("Event log"),
    url_name="clients:audit",
    queryset=rows,
    subject=SUBJECT,
    columns=(
        Column(
            "recorded",
            gettext_lazy("When"),
            _when,
            sort=SortKey("recorded_at", descending_first=True),
            css="c-last tn",
            fixed=True,
            value=lambda event, look: timezone.localtime(event.recorded_at),
        ),
        Column("actor", gettext_lazy("Who"), _who, css="c-sum"),
        Column("what", gettext_lazy("What"), _what, css="c-name", fixed=True),
        Column(
            "client",
            gettext_lazy("Client"),
            _client,
            css="c-rfm",
            value=lambda event, look: event.client_name or event.client_id,
        ),
        Column(
            "details",
            gettext_lazy("Old and new"),
            _details,
            css="c-st",
            prepare=_with_payload,
        ),
        Column("address", gettext_lazy("Address"), _address, css="c-own", prepare=_with_payload),
        Column(
            "origin",
            gettext_lazy("How it came"),
            lambda event, look: event.get_origin_display(),
            default=False,
        ),
        Column(
            "request",
            gettext_lazy("Request"),
            lambda event, look: event.request_id,
            default=False,
        ),
        Column(
            "number",
            pgettext_lazy("event", "Number"),
            lambda event, look: str(event.pk),
            numeric=True,
            default=False,
            value=lambda event, look: event.pk,
        ),
    ),
    default_sort="-recorded",
    search=search,
    search_hint=gettext_lazy("Number, address, request…"),
    views=(
        BuiltinView(
            "security",
            gettext_lazy("Sign-ins and rights"),
            {"fact": "group", "op": "in", "value": ["security"]},
        ),
        BuiltinView(
            "files",
            gettext_lazy("Imports and exports"),
            {"fact": "group", "op": "in", "value": ["files"]},
        ),
        BuiltinView(
            "settings",
            gettext_lazy("Settings"),
            {"fact": "group", "op": "in", "value": ["settings"]},
        ),
    ),
    export=PERMISSION,
    count_limit=1000,
    empty=EmptyState(gettext_lazy("Nothing has happened yet")),
)


def card_of(pk: int, actor: Any) -> Any:
    """One event with what its page shows; None when there is none, or not for this reader."""
    return rows(actor).select_related("payload").filter(pk=pk).first()
