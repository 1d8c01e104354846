"""Ways to reach a client: what was typed, the key it is compared by, the link that opens it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from orbita.clients.checks import check_email
from orbita.clients.models import ContactPoint
from orbita.core.phones import format_phone, parse_phone
from orbita.core.text import clean_line

Kind = ContactPoint.Kind

SERVICES: dict[str, tuple[str, ...]] = {
    Kind.PHONE: ("mobile", "work", "home"),
    Kind.MESSENGER: ("telegram", "whatsapp", "vk", "max"),
    Kind.LINK: ("site", "vk", "social"),
    Kind.EMAIL: (),
}
_MESSENGER_HOSTS = {
    "t.me": "telegram",
    "telegram.me": "telegram",
    "wa.me": "whatsapp",
    "api.whatsapp.com": "whatsapp",
    "vk.com": "vk",
    "vk.me": "vk",
    "m.vk.com": "vk",
    "vk.ru": "vk",
    "max.ru": "max",
}
_SCHEME = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
_ANY_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
_HANDLE = re.compile(r"[\w.-]{2,64}")
_HOST = re.compile(r"(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W\d_]{2,24}(?::\d{1,5})?", re.IGNORECASE)
_UNSAFE = re.compile(r"[\s<>\"'`\\^{|}]")


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact ready to be stored; made by `read_contact`."""

    kind: str
    value: str
    key: str = ""
    service: str = ""
    label: str = ""
    is_main: bool = False


def read_contact(
    kind: str,
    value: str,
    *,
    service: str = "",
    label: str = "",
    is_main: bool = False,
    region: str = "RU",
    strict: bool = True,
) -> Contact:
    """The contact with its key. `region` is the country of phones typed without a country code.

    Raises ValueError with a sentence for the user when the value is not of its kind; with `strict`
    off such a value is kept without a key, so that an import loses nothing.
    """
    if kind not in Kind.values:
        raise ValueError(_("There is no such kind of contact."))
    value, label = clean_line(str(value)), clean_line(label)
    if not value:
        raise ValueError(_("The contact is empty."))
    if len(value) > 300 or len(label) > 100:
        raise ValueError(_("The contact is too long."))
    if service and service not in SERVICES[kind]:
        raise ValueError(_("There is no such type of contact."))
    try:
        service, key = _READERS[kind](value, service, region)
    except ValueError:
        if strict:
            raise
        key = ""
    return Contact(kind, value, key[:300], service, label, is_main)


def _phone(value: str, service: str, region: str) -> tuple[str, str]:
    phone = parse_phone(value, region)
    if phone is None:
        raise ValueError(
            _("This is not a whole phone number. Write it with its code: +7 916 123-45-67.")
        )
    return service or ("mobile" if phone.is_mobile else ""), phone.e164


def _email(value: str, service: str, region: str) -> tuple[str, str]:
    return "", check_email(value)


def _messenger(value: str, service: str, region: str) -> tuple[str, str]:
    text = _SCHEME.sub("", value)
    host, slash, path = text.partition("/")
    host = host.lower().removeprefix("www.")
    if slash and host in _MESSENGER_HOSTS:
        found = _MESSENGER_HOSTS[host]
        if service and service != found:
            raise ValueError(_("The address belongs to another messenger."))
        service, text = found, path.split("?")[0].strip("/")
    if not service:
        service = "telegram" if text.startswith("@") else ""
    if not service:
        raise ValueError(_("Choose the messenger."))
    phone = parse_phone(text, region) if sum(map(str.isdigit, text)) >= 10 else None
    if phone:
        return service, f"{service}:{phone.e164}"
    handle = text.strip().removeprefix("@").lower()
    if service == "whatsapp":
        raise ValueError(_("WhatsApp is known by a phone number."))
    if not _HANDLE.fullmatch(handle):
        raise ValueError(_("This is neither a name nor a phone number in the messenger."))
    return service, f"{service}:{handle}"


def _link(value: str, service: str, region: str) -> tuple[str, str]:
    text = _SCHEME.sub("", value)
    if _ANY_SCHEME.match(text) or _UNSAFE.search(text):
        raise ValueError(_("This is not an address of a site."))
    host, slash, path = text.partition("/")
    if not _HOST.fullmatch(host):
        raise ValueError(_("This is not an address of a site."))
    host = host.lower().removeprefix("www.")
    if not service:
        service = "vk" if _MESSENGER_HOSTS.get(host) == "vk" else "site"
    return service, (host + slash + path).rstrip("/")


_READERS: dict[str, Callable[[str, str, str], tuple[str, str]]] = {
    Kind.PHONE: _phone,
    Kind.EMAIL: _email,
    Kind.MESSENGER: _messenger,
    Kind.LINK: _link,
}


def with_one_main(contacts: Iterable[Contact]) -> list[Contact]:
    """The contacts without repeats, each kind with exactly one main: the first marked, else the first."""
    unique: dict[tuple[str, str], Contact] = {}
    for contact in contacts:
        known = unique.setdefault(identity(contact), contact)
        if contact.is_main and not known.is_main:
            unique[identity(contact)] = replace(known, is_main=True)
    main: dict[str, tuple[str, str]] = {}
    for key, contact in unique.items():
        if contact.is_main:
            main.setdefault(contact.kind, key)
    for key, contact in unique.items():
        main.setdefault(contact.kind, key)
    return [replace(contact, is_main=main[contact.kind] == key) for key, contact in unique.items()]


def identity(contact: Contact | ContactPoint) -> tuple[str, str]:
    """What makes two contacts of a client one: the kind and the key, or what was typed."""
    return contact.kind, contact.key or contact.value


@dataclass(frozen=True, slots=True)
class Reach:
    """A contact as the card shows it: text, link (empty when nothing can open it), icon."""

    text: str
    href: str
    icon: str
    label: str
    is_main: bool
    kind: str
    # Shown in part, and not to be changed, by the rights of whoever looks.
    is_masked: bool = False
    is_fixed: bool = False


_ICONS = {Kind.PHONE: "phone", Kind.EMAIL: "mail", Kind.MESSENGER: "chat", Kind.LINK: "globe"}
_NAMES = {"telegram": "Telegram", "whatsapp": "WhatsApp", "vk": "VK", "max": "MAX"}


def reach(point: ContactPoint | Contact) -> Reach:
    """How a contact is shown and opened."""
    text, href, icon = point.value, "", _ICONS[Kind(point.kind)]
    if point.kind == Kind.PHONE and point.key:
        text, href = format_phone(point.key), f"tel:{point.key}"
    elif point.kind == Kind.EMAIL and point.key:
        href = f"mailto:{point.key}"
    elif point.kind == Kind.MESSENGER:
        text, href = _messenger_link(point)
        icon = "send" if point.service == "telegram" else icon
    elif point.kind == Kind.LINK and point.key:
        text, href = point.key, f"https://{point.key}"
    return Reach(text, href, icon, point.label, point.is_main, point.kind)


def _messenger_link(point: ContactPoint | Contact) -> tuple[str, str]:
    name = _NAMES.get(point.service, "")
    if not point.key:
        return f"{name} {point.value}".strip(), ""
    handle = point.key.partition(":")[2]
    if handle.startswith("+"):
        shown, bare = format_phone(handle), handle[1:]
        link = {"telegram": f"https://t.me/{handle}", "whatsapp": f"https://wa.me/{bare}"}
    else:
        shown, bare = f"@{handle}", handle
        link = {
            "telegram": f"https://t.me/{handle}",
            "vk": f"https://vk.com/{handle}",
            "max": f"https://max.ru/{handle}",
        }
    return f"{name} {shown}", link.get(point.service, "")


def keys_of(contacts: Sequence[Contact | ContactPoint]) -> set[str]:
    """The keys by which another card may turn out to be the same client."""
    return {c.key for c in contacts if c.key and c.kind != Kind.LINK}


def entry(point: ContactPoint | Contact) -> dict[str, Any]:
    """A contact as an event keeps it."""
    return {name: getattr(point, name) for name in ENTRY}


def from_entry(data: Mapping[str, Any]) -> Contact:
    return Contact(**{name: data[name] for name in ENTRY})


ENTRY = ("kind", "service", "value", "key", "label", "is_main")
