"""Which fields of cards are closed to an actor, and how a masked one is shown.

Names are those of `card_fields` and `collections`; a contact is guarded by its kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from orbita.accounts import field_rights
from orbita.accounts.field_rights import GuardedField
from orbita.clients.contacts import Contact, Reach, reach
from orbita.clients.fields.known import hidden_from, is_own
from orbita.clients.models import Client, ContactPoint
from orbita.core.phones import format_phone
from orbita.ui import formats

SUBJECT = "client."
STARS = "***"
# Complaints, and why somebody refused, was put aside or is not to be contacted.
TROUBLES = "troubles"
CONTACTS = tuple(ContactPoint.Kind.values)
COLUMNS = (
    *("inn", "kpp", "ogrn", "birthday", "sex", "occupation", "position"),
    *("income_level", "family", "education", "hobbies", "interests", "source", "tags"),
    *("preferred_channel", "working_hours", "time_zone", "payment_terms", "delivery_terms"),
    *("special_terms", "difficulties", "comment"),
)


@dataclass(frozen=True)
class Sight:
    """What of cards an actor is kept from. `fixed` is what he may not change: also what is closed."""

    hidden: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()

    def hides(self, name: str) -> bool:
        return name in self.hidden

    def masks(self, name: str) -> bool:
        return name in self.masked

    def shows(self, name: str) -> bool:
        """Whether the actor reads the field whole."""
        return name not in self.hidden and name not in self.masked

    def allows(self, name: str) -> bool:
        """Whether the actor may change the field."""
        return name not in self.fixed

    def city_of(self, client: Client) -> str:
        """Where the client is; empty for whoever is not shown addresses."""
        return "" if self.hides("addresses") else client.city

    @property
    def closed(self) -> frozenset[str]:
        return self.hidden | self.masked

    @property
    def hides_own(self) -> bool:
        """Whether some own field is hidden."""
        return any(map(is_own, self.hidden))


OPEN = Sight()


def sight(actor: Any) -> Sight:
    """What of cards is closed to the actor, whatever the card."""
    levels = {
        name.removeprefix(SUBJECT): level
        for name, level in field_rights.closed_to(actor).items()
        if name.startswith(SUBJECT)
    }
    own = hidden_from("client", actor)
    if not levels and not own:
        return OPEN
    hidden = {name for name, level in levels.items() if level == field_rights.HIDDEN}
    masked = {name for name, level in levels.items() if level == field_rights.MASKED}
    return Sight(own | hidden, frozenset(masked), own | levels.keys())


def shown_to(name: str) -> Callable[[Any], bool]:
    """Says of an actor whether he reads this field whole: for columns, filters, orders."""
    return lambda actor: sight(actor).shows(name)


def not_hidden_from(name: str) -> Callable[[Any], bool]:
    """Says of an actor whether he is shown anything of this field."""
    return lambda actor: not sight(actor).hides(name)


# ---- what a masked field shows ----


def mask(name: str, value: Any) -> str:
    """The part of a value that a masked field shows; empty for an empty value."""
    return MASKS[name](value) if value not in (None, "", []) else ""


def _phone(text: str) -> str:
    """«+7 *** ***-12-34»: the country and the last four digits, of a number that is whole."""
    shown = format_phone(text) if text.startswith("+") else ""
    country, space, rest = shown.partition(" ")
    if not space:
        return STARS
    left = sum(map(str.isdigit, rest)) - 4
    for place, sign in enumerate(rest):
        if sign.isdigit() and left > 0:
            rest, left = f"{rest[:place]}*{rest[place + 1 :]}", left - 1
    return f"{country} {rest}"


def _email(text: str) -> str:
    """«i***@mail.ru»."""
    local, at, domain = text.rpartition("@")
    return f"{local[:1]}{STARS}@{domain}" if at else STARS


def _messenger(text: str) -> str:
    """«@i***», or as a phone."""
    service, _colon, handle = text.rpartition(":")
    shown = _phone(handle) if handle.startswith("+") else f"@{handle.lstrip('@')[:1]}{STARS}"
    return f"{service} {shown}".strip()


def _last_two(text: str) -> str:
    return f"{STARS} {text[-2:]}"


def _last_four(text: str) -> str:
    return f"{STARS} {text[-4:]}"


def _birthday(day: date | str) -> str:
    """«14 марта ***»: whom to wish well, not how old he is."""
    born = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{formats.day(born, born)} {STARS}"


MASKS: dict[str, Callable[[Any], str]] = {
    "phone": _phone,
    "email": _email,
    "messenger": _messenger,
    "addresses": lambda city: f"{city}, {STARS}",
    "bank_accounts": _last_four,
    "inn": _last_two,
    "birthday": _birthday,
}


def reach_of(point: ContactPoint | Contact, seen: Sight) -> Reach | None:
    """A contact as the actor is shown it; None when he is not."""
    if seen.hides(point.kind):
        return None
    shown = reach(point)
    if seen.masks(point.kind):
        said = mask(point.kind, point.key or point.value)
        return replace(shown, text=said, href="", is_masked=True, is_fixed=True)
    return shown if seen.allows(point.kind) else replace(shown, is_fixed=True)


def masked_entry(collection: str, entry: Mapping[str, Any], seen: Sight) -> dict[str, Any] | None:
    """An entry of a collection as the actor is shown it; None when he is not."""
    name = str(entry.get("kind")) if collection == "contacts" else collection
    if seen.hides(name):
        return None
    if not seen.masks(name):
        return dict(entry)
    if collection == "contacts":
        said = mask(name, entry.get("key") or entry.get("value"))
        return {**entry, "value": said, "key": ""}
    if collection == "addresses":
        return {**entry, "postcode": "", "text": STARS}
    said = mask(name, entry.get("account"))
    return {**entry, "account": said, "bank": "", "bik": "", "correspondent": ""}


def masked_value(name: str, value: Any, seen: Sight) -> Any:
    """A value of a field as the actor is shown it; None when he is not."""
    if seen.hides(name):
        return None
    return mask(name, value) or value if seen.masks(name) else value


def told(values: Mapping[str, Any], seen: Sight) -> dict[str, Any]:
    """One side of an event as the actor is shown it: fields and entries that are hidden left out."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("contacts", "addresses", "bank_accounts") and isinstance(value, list):
            entries = [masked_entry(name, entry, seen) for entry in value]
            if kept := [entry for entry in entries if entry is not None]:
                found[name] = kept
        elif not seen.hides(name):
            found[name] = masked_value(name, value, seen)
    return found


# ---- the fields ----


def _label(column: str) -> Any:
    field: Any = Client._meta.get_field(column)
    return field.verbose_name


def guarded() -> list[GuardedField]:
    """The fields of cards that a role can be kept from, in the order of the card."""
    kinds = [(kind, label) for kind, label in ContactPoint.Kind.choices]
    collections = [
        ("addresses", gettext_lazy("Addresses and city")),
        ("bank_accounts", gettext_lazy("Bank accounts")),
    ]
    columns = [(name, _label(name)) for name in COLUMNS]
    troubles = GuardedField(
        f"{SUBJECT}{TROUBLES}",
        gettext_lazy("Complaints and reasons of refusals"),
        fixable=False,
    )
    fields = [
        GuardedField(f"{SUBJECT}{name}", capfirst(label), maskable=name in MASKS)
        for name, label in (*kinds, *collections, *columns)
    ]
    return [*fields, troubles]
