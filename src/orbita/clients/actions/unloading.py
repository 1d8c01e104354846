"""The undo of `load_clients` and `update_clients`, a chunk at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import card_fields, facts, naming
from orbita.clients.actions.loading import Kept
from orbita.clients.collections import COLLECTIONS
from orbita.clients.derived import DERIVED
from orbita.clients.fields import in_bulk as own_in_bulk
from orbita.clients.fields import kinds
from orbita.clients.fields import values as own
from orbita.clients.fields.known import own_field
from orbita.clients.models import (
    AcquisitionSource,
    Address,
    BankAccount,
    Client,
    ClientFacts,
    ClientTag,
    ContactPoint,
    ExternalId,
    SearchedClient,
)
from orbita.clients.records import NAME_PARTS
from orbita.clients.search import forget_clients, index_clients
from orbita.core.events import NewEvent, emit_bulk
from orbita.core.models import Origin
from orbita.core.sentences import Sentence
from orbita.core.sentences import Sentence as _
from orbita.core.text import normalise

# What a card consists of: it goes with the card.
_OWN = (SearchedClient, ContactPoint, Address, BankAccount, ClientTag, ExternalId, ClientFacts)


@dataclass(slots=True)
class Loaded:
    """A known client that loading changed: its version then, and what was before and after."""

    client_id: int
    version: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def unload_clients(
    created: Mapping[int, int],
    updated: Iterable[Loaded] = (),
    *,
    actor: User,
    origin: str = Origin.RESTORE,
    marks: Mapping[str, Any] | None = None,
) -> list[Kept]:
    """Removes created clients (id → version) and puts back the fields of updated ones.

    A created client that was changed since, or has got anything attached, stays whole; of an
    updated one, a field that holds another value now stays. Both are returned with the reason.
    """
    policy.require(actor, "clients.import")
    said = dict(marks or {})
    with transaction.atomic():
        kept, events = _remove(created, said)
        for one in updated:
            kept += _put_back(one, events, said)
        emit_bulk(events, actor=actor, origin=origin)
    return kept


def _remove(created: Mapping[int, int], said: dict[str, Any]) -> tuple[list[Kept], list[NewEvent]]:
    rows = Client.objects.select_for_update(no_key=True).filter(pk__in=created)
    found = {pk: (version, name) for pk, version, name in rows.values_list("pk", "version", "name")}
    reasons = _attached(list(found))
    reasons |= {
        pk: _("The card was changed after the import.")
        for pk, (version, _name) in found.items()
        if version != created[pk]
    }
    gone = [pk for pk in found if pk not in reasons]
    forget_clients(gone)
    for model in (*_OWN, *(derived.model for derived in DERIVED)):
        rows_of = model.objects.filter(client_id__in=gone)
        rows_of._raw_delete(rows_of.db)
    own_in_bulk.unmark(gone)
    clients = Client.objects.filter(pk__in=gone)
    clients._raw_delete(clients.db)
    kept = [Kept(pk, found[pk][1], reason) for pk, reason in sorted(reasons.items())]
    return kept, [NewEvent("client.unloaded", pk, "client", pk, dict(said)) for pk in gone]


def _attached(ids: Sequence[int]) -> dict[int, Sentence]:
    """The clients that something refers to, with what it is. Whatever room brings it."""
    own = {*_OWN, *(derived.model for derived in DERIVED)}
    reasons: dict[int, Sentence] = {}
    for relation in Client._meta.related_objects:
        model: Any = relation.related_model
        if model in own or not relation.field.concrete:
            continue
        name = relation.field.attname
        rows = model._base_manager.filter(**{f"{name}__in": ids}).order_by()
        for pk in rows.values_list(name, flat=True).distinct():
            reasons.setdefault(
                pk, _("The card has got: %(what)s.") % {"what": model._meta.verbose_name}
            )
    return reasons


def _put_back(one: Loaded, events: list[NewEvent], said: dict[str, Any]) -> list[Kept]:
    row = (
        Client.objects.select_related("source", "responsible")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=one.client_id)
        .first()
    )
    if row is None:
        return []
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    left: list[str] = []
    for name, put in one.after.items():
        old = one.before.get(name)
        done = (
            _restore_part(row, name, old or [], put)
            if name in COLLECTIONS
            else _restore_field(row, name, old, put)
        )
        if done:
            before[name], after[name] = put, old
        else:
            left.append(name)
    if after:
        _save(row, set(after))
        events.append(
            NewEvent(
                "client.changed",
                row.pk,
                "client",
                row.pk,
                {"before": before, "after": after, "version": row.version} | said,
            )
        )
    if not left:
        return []
    labels = ", ".join(_label(name) for name in left)
    return [Kept(row.pk, row.name, _("Changed after the import: %(fields)s.") % {"fields": labels})]


def _restore_field(row: Client, name: str, old: Any, put: Any) -> bool:
    if field := own_field("client", name):
        if kinds.plain(field, own.stored(row, field)) != put:
            return False
        own.assign(row, "client", {name: kinds.read(field, old)})
        own.write_marks(row, "client", {name})
        return True
    current = getattr(row, name)
    if name == "source":
        if (current.name if current else None) != put:
            return False
        row.source = AcquisitionSource.objects.filter(name=old).first() if old else None
        return True
    if name == "responsible":
        if not card_fields.same(card_fields.as_reference(current), put):
            return False
        row.responsible = User.objects.filter(pk=old["id"]).first() if old else None
        return True
    if name == "birthday":
        if (current.isoformat() if current else None) != put:
            return False
        row.birthday = date.fromisoformat(old) if old else None
        return True
    if current != put:
        return False
    setattr(row, name, old or "")
    return True


def _restore_part(row: Client, name: str, gone: Sequence[Any], come: Sequence[Any]) -> bool:
    collection = COLLECTIONS[name]
    entries = collection.current(row)
    if any(entry not in entries for entry in come):
        return False
    if name == "addresses" and len(gone) == len(come):
        changed = dict(zip(map(_address_key, come), gone, strict=True))
        _change_addresses(row, changed)
        return True
    left = [entry for entry in entries if entry not in come]
    collection.write(row, [*left, *gone])
    return True


def _address_key(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry[name] for name in _ADDRESS_COLUMNS)


_ADDRESS_COLUMNS = COLLECTIONS["addresses"].columns


def _change_addresses(row: Client, changed: Mapping[tuple[Any, ...], Mapping[str, Any]]) -> None:
    """Puts the old values into the same rows, so that their order stays."""
    for address in Address.objects.filter(client=row):
        old = changed.get(tuple(getattr(address, name) for name in _ADDRESS_COLUMNS))
        if old:
            for name, value in old.items():
                setattr(address, name, value)
            address.region_key = normalise(address.region)[:100]
            address.save()


def _save(row: Client, names: set[str]) -> None:
    if names & {"name", "kind", "legal_form", *NAME_PARTS}:
        if row.is_company:
            row.name_key = naming.read_company(row.name).key
        else:
            parts = (row.last_name, row.first_name, row.middle_name)
            if any(parts):
                row.name, row.name_key = naming.person_name(*parts)
    row.birthday_md = row.birthday.month * 100 + row.birthday.day if row.birthday else None
    addresses = Address.objects.filter(client=row).order_by("-is_main", "pk")
    row.city = next((one.city for one in addresses if one.city), "")
    row.version += 1
    row.updated_at = timezone.now()
    row.save()
    index_clients([row.pk])
    facts.refresh([row.pk], origin=Origin.RESTORE)


def _label(name: str) -> str:
    from orbita.clients.wording import label_of

    return label_of(name)
