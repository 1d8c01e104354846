"""The card of a client: what the page shows, gathered with as few reads as there are tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import card_fields, wording
from orbita.clients.contacts import Reach
from orbita.clients.extension import (
    CARD_BUTTONS,
    CARD_PANELS,
    CARD_STRIP,
    MAIN,
    RAIL,
    Figure,
    Shown,
    StripItem,
    permitted,
)
from orbita.clients.fields import kinds
from orbita.clients.fields.columns import opening, shown
from orbita.clients.fields.known import active, grouped, own_field, seen
from orbita.clients.fields.values import names_of, stored
from orbita.clients.guarding import TROUBLES, Sight, mask, reach_of, sight
from orbita.clients.models import (
    Alias,
    Client,
    CompanyPerson,
    Consent,
    ContactPoint,
    FieldDefinition,
    Relation,
    Tag,
)
from orbita.clients.quality.reading import keep_points
from orbita.clients.querysets import client_is_seen
from orbita.clients.status import shown as ladder
from orbita.core.models import Company
from orbita.core.money import from_minor, to_minor
from orbita.ui import formats, icons

MOST_PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Value:
    """A field of the rail: its name, label and text, and where it is edited."""

    name: str
    label: str
    text: str
    url: str
    # How an own field shows what is more than a text: coloured choices, and a way to open a link.
    html: SafeString | str = ""
    opens: SafeString | str = ""
    editable: bool = True
    is_masked: bool = False


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person of the company, or a company of the person, on the rail."""

    pk: int
    name: str
    words: str
    url: str
    reach: Reach | None
    edit_url: str
    is_past: bool = False

    @property
    def avatar(self) -> SafeString:
        return icons.avatar(self.name, self.pk)


TERMS = (
    "preferred_channel",
    "working_hours",
    "time_zone",
    "payment_terms",
    "delivery_terms",
    "special_terms",
    "difficulties",
)
ABOUT = (
    "birthday",
    "sex",
    "occupation",
    "position",
    "income_level",
    "family",
    "education",
    "hobbies",
    "interests",
)
WHOLE_SUMS_FROM = 100  # in major units: below it kopecks matter
REQUISITES = ("legal_name", "inn", "kpp", "ogrn")
EDITABLE = (*TERMS, *ABOUT, *REQUISITES, "source", "responsible", "comment", "tags")
# Shown even while empty, so that there is a place to fill them in.
ALWAYS = frozenset(
    [
        "preferred_channel",
        "payment_terms",
        "delivery_terms",
        "difficulties",
        "birthday",
        "source",
        "responsible",
        "inn",
        "tags",
    ]
)


def card_rows(actor: User) -> Any:
    """The clients that the actor sees, joined with what their cards need."""
    seen: Any = (
        Client.objects.visible_to(actor)
        .select_related("facts", "responsible", "source", "dead__marked_by")
        .prefetch_related("addresses")
    )
    own = Q(client=OuterRef("pk")) | Q(other=OuterRef("pk"))
    rows = seen.annotate(
        has_taken_in=Exists(Alias.objects.filter(survivor=OuterRef("pk"))),
        has_relations=Exists(Relation.objects.filter(own)),
        has_consents=Exists(Consent.objects.filter(client=OuterRef("pk"))),
    )
    for item in CARD_STRIP:
        if item.join and (item.permission is None or policy.allows(actor, item.permission)):
            rows = item.join(rows)
    return rows


class Card:
    """What the template of the card reads."""

    def __init__(self, request: HttpRequest, client: Client) -> None:
        assert isinstance(request.user, User)  # noqa: S101
        self.request = request
        self.actor: User = request.user
        self.client = client

    @cached_property
    def currency(self) -> str:
        """The base currency, in whose minor units the facts are."""
        return Company.current().currency

    # ---- rights ----

    @cached_property
    def may_edit(self) -> bool:
        return policy.allows(self.actor, "clients.edit", self.client)

    @cached_property
    def seen(self) -> Sight:
        """Which fields are closed to whoever looks."""
        return sight(self.actor)

    @cached_property
    def may_reveal(self) -> bool:
        return policy.allows(self.actor, "clients.reveal", self.client)

    @cached_property
    def may_note(self) -> bool:
        return policy.allows(self.actor, "clients.note", self.client)

    @cached_property
    def may_delete(self) -> bool:
        return policy.allows(self.actor, "clients.delete", self.client)

    # ---- head ----

    @property
    def avatar(self) -> SafeString:
        return icons.avatar(self.client.name, self.client.pk, "lg")

    @property
    def subtitle(self) -> str:
        """«Компания · Казань, у клиента 11:42 · работает 8–22 · ведёт Ирина Соколова»."""
        client, seen = self.client, self.seen
        place = seen.city_of(client)
        if client.time_zone and seen.shows("time_zone"):
            now = timezone.now().astimezone(ZoneInfo(client.time_zone))
            here = _("%(time)s there") % {"time": f"{now:%H:%M}"}
            place = f"{place}, {here}" if place else here
        parts = [
            str(Client.Kind(client.kind).label),
            client.position if not client.is_company and seen.shows("position") else "",
            place,
            _("works %(hours)s") % {"hours": client.working_hours}
            if client.working_hours and seen.shows("working_hours")
            else "",
            _("led by %(name)s") % {"name": client.responsible.display_name}
            if client.responsible
            else _("nobody is responsible"),
            f"№ {client.pk}",
        ]
        return " · ".join(part for part in parts if part)

    @cached_property
    def _links(self) -> list[CompanyPerson]:
        side, other = ("company", "person") if self.client.is_company else ("person", "company")
        rows = CompanyPerson.objects.filter(**{side: self.client}).select_related(other)
        # A hidden card does not show its name and phone through a card that is seen.
        rows = rows.filter(client_is_seen(self.actor, f"{other}_id"))
        return list(rows.order_by(F("until").desc(nulls_first=True), "pk")[:MOST_PEOPLE])

    @property
    def _staff(self) -> list[CompanyPerson]:
        """The people who work in this company now."""
        return [link for link in self._links if not link.until] if self.client.is_company else []

    @cached_property
    def _points(self) -> dict[int, list[ContactPoint]]:
        """Contacts of the client and, for a company, of its people: one read."""
        people = [link.person_id for link in self._staff]
        found: dict[int, list[ContactPoint]] = {}
        rows = ContactPoint.objects.filter(client_id__in=[self.client.pk, *people])
        for point in rows.select_related("state__marked_by"):
            found.setdefault(point.client_id, []).append(point)
        keep_points(self.client, found.get(self.client.pk, []))
        return found

    @cached_property
    def contacts(self) -> list[tuple[ContactPoint, Reach]]:
        order = list(ContactPoint.Kind.values)
        points = self._points.get(self.client.pk, [])
        points = sorted(points, key=lambda p: (order.index(p.kind), not p.is_main, p.pk))
        pairs = ((point, reach_of(point, self.seen)) for point in points)
        return [(point, shown) for point, shown in pairs if shown]

    @property
    def call(self) -> Reach | None:
        """The phone to call: the main one, else that of the first person of the company."""
        own = [
            shown
            for point, shown in self.contacts
            if point.kind == "phone" and shown.href and not point.mark
        ]
        if own:
            return own[0]
        for link in self._staff:
            for point in self._points.get(link.person_id, []):
                if point.kind == "phone" and point.key and not point.mark:
                    shown = reach_of(point, self.seen)
                    if shown and shown.href:
                        return shown
        return None

    @property
    def write(self) -> Reach | None:
        """Where to write: the preferred channel when there is one, else a messenger, else e-mail."""
        able = [
            (point, shown)
            for point, shown in self.contacts
            if point.kind in ("email", "messenger") and shown.href and not point.mark
        ]
        wanted = self.client.preferred_channel
        able.sort(
            key=lambda pair: (
                wanted not in (pair[0].service, pair[0].kind),
                pair[0].kind == "email",
            )
        )
        return able[0][1] if able else None

    @property
    def buttons(self) -> list[tuple[str, str, str]]:
        """What other rooms let one start from here: label, address, icon."""
        return [
            (str(button.label), button.url(self.client), button.icon)
            for button in sorted(CARD_BUTTONS, key=lambda button: button.order)
            if permitted(self.actor, button.permission, self.client)
        ]

    # ---- strip and panels ----

    @property
    def strip(self) -> list[tuple[str, Figure]]:
        items = sorted(CARD_STRIP, key=lambda item: item.order)
        figures = [
            (str(item.label), item.figure(self))
            for item in items
            if permitted(self.actor, item.permission, self.client)
        ]
        return [(label, figure) for label, figure in figures if figure]

    @property
    def main_panels(self) -> list[SafeString | str]:
        return self._panels(MAIN)

    @property
    def rail_panels(self) -> list[SafeString | str]:
        return self._panels(RAIL)

    def _panels(self, place: str) -> list[SafeString | str]:
        panels = sorted(CARD_PANELS, key=lambda panel: panel.order)
        drawn = [
            panel.render(self.request, self.client)
            for panel in panels
            if panel.place == place and permitted(self.actor, panel.permission, self.client)
        ]
        return [panel for panel in drawn if panel]

    # ---- rail ----

    @property
    def people(self) -> list[PersonLine]:
        lines = []
        for link in self._links:
            other = link.person if self.client.is_company else link.company
            role = str(CompanyPerson.Role(link.role).label) if link.role else ""
            days = wording.worked(link.since, link.until)
            words = " · ".join(part for part in (link.position, role, days) if part)
            shown = (
                [reach_of(p, self.seen) for p in self._points.get(other.pk, []) if not p.mark]
                if self.client.is_company
                else []
            )
            company = self.client.pk if self.client.is_company else other.pk
            person = other.pk if self.client.is_company else self.client.pk
            lines.append(
                PersonLine(
                    other.pk,
                    other.name,
                    words,
                    reverse("clients:card", args=[other.pk]),
                    next((one for one in shown if one and one.href and one.kind != "link"), None),
                    reverse("clients:person", args=[company, person]),
                    is_past=link.until is not None,
                )
            )
        return lines

    @property
    def terms(self) -> list[Value]:
        return self._values(TERMS)

    @property
    def about(self) -> list[Value]:
        return [] if self.client.is_company else self._values((*ABOUT, "inn"))

    @property
    def requisites(self) -> list[Value]:
        return self._values(REQUISITES) if self.client.is_company else []

    @property
    def origin(self) -> list[Value]:
        return self._values(("source", "tags", "comment"))

    def _values(self, names: Sequence[str]) -> list[Value]:
        found = [self.value(name) for name in names if not self.seen.hides(name)]
        return [
            value
            for value in found
            if value.text or (self.may_edit and value.editable and self._asks(value.name))
        ]

    @property
    def own(self) -> list[tuple[str, list[Value]]]:
        """The own fields under their groups, those that have a value or ask for one."""
        found = []
        for group, fields in grouped(seen("client", self.actor, self.client.kind)):
            values = [self._own_value(field) for field in fields]
            kept = [
                value
                for field, value in zip(fields, values, strict=True)
                if value.text or (self.may_edit and value.editable and field.on_card)
            ]
            if kept:
                found.append((group, kept))
        return found

    @cached_property
    def _linked(self) -> dict[int, str]:
        """The names of clients that own fields point at, of those the actor sees; one read."""
        fields = [field for field in active("client") if field.kind == FieldDefinition.Kind.CLIENT]
        ids = {stored(self.client, field) for field in fields} - {None}
        rows = Client.objects.visible_to(self.actor).filter(pk__in=ids) if ids else None
        return {} if rows is None else dict(rows.values_list("pk", "name"))

    def _own_value(self, field: FieldDefinition) -> Value:
        value = kinds.plain(field, stored(self.client, field))
        if value is not None and field.kind == FieldDefinition.Kind.CLIENT:
            value = {"id": value, "name": self._linked.get(value, "")}
        elif value is not None and field.kind == FieldDefinition.Kind.FILE:
            value = {"id": value, "name": names_of(field.kind, [value]).get(value, "")}
        chosen = field.kind in (FieldDefinition.Kind.CHOICE, FieldDefinition.Kind.CHOICES)
        return Value(
            field.name,
            field.label,
            kinds.words(field, value),
            reverse("clients:field", args=[self.client.pk, field.name]),
            html=shown(field, value) if chosen and value is not None else "",
            opens=opening(field, value) if value is not None else "",
            editable=field.is_changed_by(self.actor),
        )

    def _asks(self, name: str) -> bool:
        """Whether an empty value is worth asking for: few people have a tax number to tell."""
        return name in ALWAYS and (name != "inn" or self.client.is_company)

    def value(self, name: str) -> Value:
        """One field as the rail shows it."""
        if field := own_field("client", name):
            return self._own_value(field)
        url = reverse("clients:field", args=[self.client.pk, name])
        editable = self.seen.allows(name)
        if name == "tags":
            return Value(name, _("Tags"), ", ".join(self.tags), url, editable=editable)
        label = wording.label_of(name)
        plain = card_fields.plain_value(self.client, name)
        masked = bool(plain) and self.seen.masks(name)
        text = mask(name, plain) if masked else wording.value_of(name, plain)
        if name == "birthday" and self.client.birthday and not masked:
            text = f"{text}, {_age_words(self.client)}"
        heading = label[:1].upper() + label[1:]
        return Value(name, heading, text, url, editable=editable, is_masked=masked)

    @cached_property
    def tags(self) -> list[str]:
        rows = Tag.objects.filter(clienttag__client=self.client).order_by("name_key")
        return list(rows.values_list("name", flat=True))

    @property
    def shows_difficulties(self) -> bool:
        return self.seen.shows("difficulties")

    @property
    def shows_troubles(self) -> bool:
        return self.seen.shows(TROUBLES)

    @property
    def masks_addresses(self) -> bool:
        return self.seen.masks("addresses")

    @property
    def may_change_addresses(self) -> bool:
        return self.may_edit and self.seen.allows("addresses")

    @cached_property
    def addresses(self) -> list[tuple[str, str]]:
        """Kind and text of each address."""
        if self.seen.hides("addresses"):
            return []
        masked = self.seen.masks("addresses")
        return [
            (
                str(address.get_kind_display()),
                mask("addresses", address.city) if masked else str(address),
            )
            for address in self.client.addresses.all()
        ]


def _age_words(client: Client) -> str:
    born, today = client.birthday, timezone.localdate()
    assert born is not None  # noqa: S101
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return ngettext("%(n)s year old", "%(n)s years old", years) % {"n": years}


# ---- the strip's own figures ----


def whole_sum(minor: int, currency: str) -> str:
    """A sum at a glance: without kopecks once it is large enough."""
    value = from_minor(minor, currency)
    if abs(value) >= WHOLE_SUMS_FROM:
        minor = to_minor(value.quantize(Decimal(1), rounding=ROUND_HALF_UP), currency)
    return formats.money(minor, currency)


def orders_words(count: int) -> str:
    return ngettext("%(n)s order", "%(n)s orders", count) % {"n": formats.number(count)}


def _bought(card: Shown) -> Figure:
    facts = card.client.facts
    if not facts.gross and not facts.orders_count:
        return Figure(formats.DASH, _("no orders yet"))
    note = orders_words(facts.orders_count) if facts.orders_known else _("from totals")
    if facts.returned:
        note = _("%(orders)s, returned %(sum)s") % {
            "orders": note,
            "sum": whole_sum(facts.returned, card.currency),
        }
    return Figure(whole_sum(facts.gross, card.currency), note)


def _average(card: Shown) -> Figure | None:
    average = card.client.facts.average
    return Figure(whole_sum(average, card.currency)) if average else None


def _last_order(card: Shown) -> Figure | None:
    day = card.client.facts.last_order_on
    return Figure(formats.ago(day), formats.day(day)) if day else None


def _last_contact(card: Shown) -> Figure | None:
    moment: datetime | None = card.client.facts.last_contact_at
    return Figure(formats.ago(moment), formats.day(timezone.localtime(moment))) if moment else None


STRIP = (
    ladder.STRIP,
    StripItem("bought", gettext_lazy("Bought for"), _bought, order=30),
    StripItem("average", gettext_lazy("Average order"), _average, order=40),
    StripItem("last_order", gettext_lazy("Last order"), _last_order, order=50),
    StripItem("last_contact", gettext_lazy("Last contact"), _last_contact, order=60),
)
