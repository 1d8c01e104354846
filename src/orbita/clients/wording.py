"""Events of clients in words, old → new, as safe HTML for the timeline."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.clients.card_fields import model_field
from orbita.clients.contacts import Contact, reach
from orbita.clients.fields import kinds
from orbita.clients.fields.known import is_own, own_field
from orbita.clients.models import Address, CompanyPerson, ContactPoint, Note, Relation
from orbita.clients.work.words import reason
from orbita.core import zones
from orbita.ui import formats

Payload = Mapping[str, Any]
LONGEST_VALUE = 160

COLLECTION_LABELS = {
    "contacts": gettext_lazy("contact"),
    "addresses": gettext_lazy("address"),
    "bank_accounts": gettext_lazy("account"),
    "external_ids": gettext_lazy("number in another system"),
    "tags": gettext_lazy("tag"),
    "people": gettext_lazy("person"),
    "relations": gettext_lazy("relation"),
}


def label_of(name: str) -> str:
    """What a field is called; its own name when the field is not known any more."""
    if name in COLLECTION_LABELS:
        return str(COLLECTION_LABELS[name])
    if field := own_field("client", name):
        return field.label
    try:
        return str(model_field(name).verbose_name)
    except FieldDoesNotExist:
        return name


def value_of(name: str, value: Any) -> str:
    """A field's value as a person reads it."""
    if value in (None, "", [], {}):
        return ""
    if is_own(name):
        field = own_field("client", name)
        return _shortly(kinds.words(field, value) if field else str(value))
    if isinstance(value, Mapping):
        return str(value.get("name", ""))
    if name == "birthday":
        return _day(str(value))
    if name == "time_zone":
        return zones.label(str(value))
    choices = dict(model_field(name).flatchoices) if name in _CHOSEN else {}
    return _shortly(str(choices.get(value, value)))


def _day(text: str) -> str:
    """The day in words; a masked one as it is."""
    try:
        return formats.day(date.fromisoformat(text), date(1, 1, 1))
    except ValueError:
        return text


def _shortly(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


_CHOSEN = ("kind", "sex", "preferred_channel")


def changed(data: Payload) -> SafeString:
    """«Должность: менеджер → директор; добавлен контакт +7 900 000-14-27»."""
    before, after = data.get("before") or {}, data.get("after") or {}
    parts: list[SafeString] = []
    for name in after:
        if name in COLLECTION_LABELS:
            parts += _entries(name, before.get(name) or [], after[name] or [])
        elif not (name == "name" and (after[name] is None or before.get(name) is None)):
            parts.append(_field(name, before.get(name), after[name]))
    words = format_html_join(mark_safe("; "), "{}", ((part,) for part in parts))
    if "undoes" in data:
        return format_html("{} {}", _("Taken back:"), words)
    if words and (why := reason(data)):
        return format_html("{} ({})", words, why)
    return words or SafeString(_("Card changed"))


def merged(data: Payload) -> SafeString:
    """«Карточка № 27 Иванов Иван влита в эту; добавлен контакт …»."""
    return _merge_words(data, _("Card № %(number)s %(name)s was merged into this one"))


def unmerged(data: Payload) -> SafeString:
    words = _merge_words(data, _("The merge with № %(number)s %(name)s was taken back"))
    kept = ", ".join(dict.fromkeys(label_of(name) for name in data.get("kept") or ()))
    if not kept:
        return words
    left = _("stays as changed since: %(fields)s") % {"fields": kept}
    return format_html("{}; {}", words, left)


def not_same(data: Payload) -> SafeString:
    """«Разные клиенты: эта карточка и № 27 Иванов Иван»."""
    others = format_html_join(
        ", ", "№ {} {}", ((one["id"], one["name"]) for one in data.get("others") or ())
    )
    if data.get("status") == "household":
        return format_html(_("One household, different people: this card and {}"), others)
    return format_html(_("Different clients: this card and {}"), others)


def _merge_words(data: Payload, sentence: str) -> SafeString:
    other = data.get("merged") or {}
    first = sentence % {"number": other.get("id", ""), "name": other.get("name", "")}
    if not data.get("after"):
        return format_html("{}", first)
    return format_html("{}; {}", first, changed(data))


def _field(name: str, old: Any, new: Any) -> SafeString:
    label, old_text, new_text = _capital(label_of(name)), value_of(name, old), value_of(name, new)
    if not old_text:
        return format_html("{}: <b>{}</b>", label, new_text)
    if not new_text:
        return format_html("{}: <s>{}</s>", label, old_text)
    return format_html("{}: <s>{}</s> → <b>{}</b>", label, old_text, new_text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _entries(name: str, went: Sequence[Payload], came: Sequence[Payload]) -> list[SafeString]:
    old = {_same(name, entry): entry for entry in went}
    new = {_same(name, entry): entry for entry in came}
    parts: list[SafeString] = []
    for key, entry in new.items():
        if key not in old:
            parts.append(format_html("+ {} <b>{}</b>", label_of(name), entry_text(name, entry)))
        elif words := _entry_change(name, old[key], entry):
            parts.append(format_html("{} {}: {}", label_of(name), entry_text(name, entry), words))
    for key, entry in old.items():
        if key not in new:
            parts.append(format_html("− {} <s>{}</s>", label_of(name), entry_text(name, entry)))
    return parts


def _same(name: str, entry: Payload) -> Any:
    if name == "contacts":
        return entry["kind"], entry["key"] or entry["value"]
    if name == "people":
        return entry["company"], entry["person"]
    if name == "relations":
        return entry["kind"], entry["client"], entry["other"]
    return tuple(str(value) for key, value in entry.items() if key not in ("is_main", "is_primary"))


def _entry_change(name: str, old: Payload, new: Payload) -> SafeString:
    if name == "people":
        return format_html("<s>{}</s> → <b>{}</b>", place_text(old), place_text(new))
    if name == "relations":
        return format_html("<s>{}</s> → <b>{}</b>", old["note"], new["note"])
    if name == "contacts" and old["label"] != new["label"]:
        return format_html("<s>{}</s> → <b>{}</b>", old["label"] or "—", new["label"] or "—")
    if new.get("is_main") and not old.get("is_main"):
        return SafeString(_("now the main one"))
    return SafeString("")


def place_text(entry: Payload) -> str:
    """The position, the role and the days of somebody in a company."""
    role = dict(CompanyPerson.Role.choices).get(entry["role"], entry["role"])
    days = _days_of(entry.get("since"), entry.get("until"))
    return ", ".join(str(part) for part in (entry["position"], role, days) if part)


def _days_of(since: str | None, until: str | None) -> str:
    first, last = (date.fromisoformat(day) if day else None for day in (since, until))
    return worked(first, last)


def worked(since: date | None, until: date | None) -> str:
    """«С 03.2021», «в компании до 05.2025»: when somebody has worked in a company."""
    first, last = (f"{day:%m.%Y}" if day else "" for day in (since, until))
    if first and last:
        return _("worked there %(since)s – %(until)s") % {"since": first, "until": last}
    if last:
        return _("worked there until %(until)s") % {"until": last}
    return _("works there since %(since)s") % {"since": first} if first else ""


def entry_text(name: str, entry: Payload) -> SafeString | str:
    """An entry of a collection in one line."""
    if name == "contacts":
        shown = reach(Contact(**entry))
        return f"{shown.text} ({entry['label']})" if entry["label"] else shown.text
    if name == "addresses":
        kinds = dict(Address.Kind.choices)
        place = ", ".join(
            entry[part] for part in ("postcode", "region", "city", "text") if entry[part]
        )
        return f"{place} ({str(kinds.get(entry['kind'], '')).lower()})"
    if name == "bank_accounts":
        return " ".join(part for part in (entry["account"], entry["bank"]) if part)
    if name == "people":
        return format_html("{} — {}", _card(entry, "person"), _card(entry, "company"))
    if name == "relations":
        kind = dict(Relation.Kind.choices).get(entry["kind"], entry["kind"])
        words = f"{kind}, {entry['note']}" if entry["note"] else str(kind)
        return format_html("{} — {} ({})", _card(entry, "client"), _card(entry, "other"), words)
    return str(entry.get("value") or entry.get("name") or "")


def _card(entry: Payload, side: str) -> SafeString | str:
    """A link to a card; one that the reader does not see is not named."""
    if entry[f"{side}_name"] is None:
        return _("a client you do not see")
    url = reverse("clients:card", args=[entry[side]])
    return format_html('<a href="{}">{}</a>', url, entry[f"{side}_name"])


def revealed(data: Payload) -> SafeString:
    """«Показано целиком: телефон»."""
    name = data.get("field", "")
    label = dict(ContactPoint.Kind.choices).get(name) or label_of(name)
    return SafeString(_("Shown whole: %(field)s") % {"field": str(label).lower()})


def created(data: Payload) -> SafeString:
    return SafeString(_("Card made"))


def note(data: Payload) -> SafeString:
    """The heading of a note, its text below, its files as links."""
    kinds = dict(Note.Kind.choices)
    heading = kinds.get(data.get("kind", ""), Note.Kind.NOTE.label)
    text = data.get("text", "")
    said = format_html('<div class="say">{}</div>', _lines(text)) if text else SafeString("")
    return format_html("<b>{}</b>{}{}", heading, said, _files(data))


def _lines(text: str) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in text.split("\n")))


def files(data: Payload) -> SafeString:
    return format_html("{}{}", _("File"), _files(data))


def _files(data: Payload) -> SafeString:
    links = format_html_join(
        " ",
        '<a class="o-file" href="{}">{}</a> <span class="mute">{}</span>',
        (
            (
                reverse("clients:file", args=[item["id"]]),
                item["name"],
                formats.file_size(item["size"]),
            )
            for item in data.get("files") or []
        ),
    )
    return format_html("<p>{}</p>", links) if links else SafeString("")
