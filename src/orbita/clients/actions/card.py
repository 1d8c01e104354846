"""A card as a whole: making it, changing it field by field, the recycle bin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import card_fields
from orbita.clients.aliases import survivor_id
from orbita.clients.collections import COLLECTIONS, Entry, difference
from orbita.clients.facts import refresh
from orbita.clients.fields import values as own
from orbita.clients.fields.known import is_own
from orbita.clients.guarding import Sight, sight
from orbita.clients.models import Client, ExternalId
from orbita.clients.search import index_clients
from orbita.clients.work.limits import note_given, require_room
from orbita.core.events import emit, payload_of
from orbita.core.models import Event, Origin

SEARCHED = frozenset(
    {"name", "last_name", "first_name", "middle_name", "legal_form", "legal_name", "inn", "kind"}
    | {"contacts", "addresses", "external_ids", "comment", "difficulties", "special_terms"}
)
# How far back a stale version is looked up; a card that is staler conflicts in every field.
LONGEST_LOOK_BACK = 300


@dataclass(frozen=True)
class OtherChange:
    """Somebody else's change of a field since the editor read the card."""

    field: str
    value: Any
    actor_id: int | None
    at: datetime


class ConflictError(ValidationError):
    """The same fields were changed meanwhile; nothing was written."""

    def __init__(self, changes: list[OtherChange], version: int) -> None:
        self.changes = changes
        self.version = version
        super().__init__(
            ngettext(
                "Somebody changed this field while you were editing.",
                "Somebody changed these fields while you were editing.",
                len(changes),
            )
        )


def create_client(
    *,
    actor: User,
    values: Mapping[str, Any],
    contacts: Iterable[Any] = (),
    addresses: Iterable[Any] = (),
    bank_accounts: Iterable[Any] = (),
    external_ids: Iterable[Any] = (),
    tags: Iterable[Any] = (),
    origin: str = Origin.LIVE,
    happened_at: datetime | None = None,
) -> Client:
    """A new card. Without a responsible it is the actor's own, unless a program acts.

    `values` are fields of `card_fields.READERS`; `name` alone is taken apart by itself. Raises
    `ValidationError` with the fields at fault.
    """
    policy.require(actor, "clients.edit")
    kind = str(values.get("kind") or Client.Kind.PERSON)
    clean = {"kind": Client.Kind.PERSON} | card_fields.read(values, actor, kind)
    clean |= own.read("client", own.defaults("client", values, kind), kind=kind)
    own_names = frozenset(filter(is_own, clean))
    client = Client(created_at=happened_at or timezone.now())
    if "responsible" not in clean and not actor.is_service:
        clean["responsible"] = actor
    card_fields.assign(client, clean | {"name": clean.get("name", "")})
    policy.require(actor, "clients.edit", client)
    parts = _read_parts(
        contacts=contacts,
        addresses=addresses,
        bank_accounts=bank_accounts,
        external_ids=external_ids,
        tags=tags,
    )
    _refuse_hidden(sight(actor), clean, parts)
    plain = card_fields.plain(client).items()
    after = {name: value for name, value in plain if value or value is False}
    with own.distinct_saves(), transaction.atomic():
        _store_source(client)
        _refuse_taken_numbers(client, parts.get("external_ids", []))
        client.city = _main_city(parts.get("addresses", []))
        _check_own(client, clean, own_names, actor)
        client.save(force_insert=True)
        own.write_marks(client, "client", own_names)
        for name, entries in parts.items():
            if entries:
                COLLECTIONS[name].write(client, entries)
                after[name] = entries
        refresh([client.pk])
        index_clients([client.pk], fresh=True)
        if origin == Origin.LIVE and not actor.is_service:
            own.require_filled(client, "client", actor, kind=client.kind)
        emit(
            "client.created",
            actor=actor,
            client_id=client.pk,
            subject_type="client",
            subject_id=client.pk,
            origin=origin,
            happened_at=happened_at,
            data={"after": after, "version": client.version},
        )
    return client


def update_client(
    *,
    actor: User,
    client: Client,
    values: Mapping[str, Any] | None = None,
    version: int | None = None,
    origin: str = Origin.LIVE,
    undoes: int | None = None,
    **parts: Iterable[Any],
) -> Event | None:
    """Changes only what is given and differs; returns the event, or None when nothing did.

    `parts` are whole collections: contacts, addresses, bank_accounts, external_ids, tags. With the
    `version` the editor has read, a field that somebody else changed since raises `ConflictError`; other
    people's changes of other fields do no harm.
    """
    policy.require(actor, "clients.edit", client)
    return write_changes(
        actor, client, values or {}, parts, version=version, origin=origin, undoes=undoes
    )


def write_changes(
    actor: User,
    client: Client,
    values: Mapping[str, Any],
    parts: Mapping[str, Iterable[Any]],
    *,
    version: int | None = None,
    origin: str = Origin.LIVE,
    undoes: int | None = None,
) -> Event | None:
    """The change itself, for callers that have checked the right."""
    given_parts = _read_parts(**parts)
    seen = sight(actor)
    with own.distinct_saves(), transaction.atomic():
        row = locked(client)
        clean = card_fields.read(values, actor, row.kind)
        if seen.fixed and "contacts" in given_parts:
            given_parts["contacts"] = _with_fixed(row, given_parts["contacts"], seen)
        before, after = _difference(row, clean, given_parts)
        if not after and not before:
            return None
        _refuse_fixed(seen, after)
        if version is not None and version != row.version:
            _refuse_overwriting(row, version, set(before) | set(after))
        own_names = frozenset(filter(is_own, after))
        _check_own(row, clean, own_names, actor)
        event = _write(row, given_parts, before, after, actor, origin, undoes)
        if origin == Origin.LIVE and not undoes and not actor.is_service:
            own.require_filled(row, "client", actor, kind=row.kind, names=own_names)
    client.refresh_from_db()
    return event


def _refuse_hidden(seen: Sight, clean: Mapping[str, Any], parts: Mapping[str, list[Entry]]) -> None:
    """A new card is filled in by whoever makes it, but for what he is not even to see."""
    given = [name for name, value in clean.items() if value]
    given += [name for name, entries in parts.items() if entries]
    given += [one["kind"] for one in parts.get("contacts", ())]
    _refuse([name for name in given if not is_own(name) and seen.hides(name)])


def _refuse_fixed(seen: Sight, after: Mapping[str, Any]) -> None:
    _refuse([name for name in after if not is_own(name) and not seen.allows(name)])


def refuse_fixed_contact(actor: User, kind: str) -> None:
    """Raises `ValidationError` when contacts of this kind are closed to the actor's changes."""
    _refuse([] if sight(actor).allows(kind) else [kind])


def _refuse(names: Iterable[str]) -> None:
    if errors := {name: [_("Your role does not let you change this.")] for name in names}:
        raise ValidationError(errors)


def _with_fixed(row: Client, given: Sequence[Entry], seen: Sight) -> list[Entry]:
    """The contacts as given, with those of kinds that the actor may not change as they are."""
    fixed = [one for one in COLLECTIONS["contacts"].current(row) if not seen.allows(one["kind"])]
    known = {COLLECTIONS["contacts"].identity(one) for one in fixed}
    rest = [one for one in given if COLLECTIONS["contacts"].identity(one) not in known]
    _refuse(one["kind"] for one in rest if not seen.allows(one["kind"]))
    return COLLECTIONS["contacts"].read([*fixed, *rest])


def _check_own(
    row: Client, clean: Mapping[str, Any], own_names: frozenset[str], actor: User
) -> None:
    """What own fields ask of their values beyond their types, against the base."""
    if own_names:
        changed = {name: clean.get(name) for name in own_names}
        own.require_references("client", changed, actor, row.pk)
        own.require_distinct(row, "client", own_names)


def locked(client: Client) -> Client:
    """The row as it is now, held until the end of the transaction."""
    rows = Client.objects.alive().select_related("source", "responsible")
    row = rows.select_for_update(of=("self",), no_key=True).filter(pk=client.pk).first()
    if row is None:
        survivor = survivor_id(client.pk)
        if survivor != client.pk:
            raise ValidationError(
                _("Meanwhile this card was merged into № %(number)s.") % {"number": survivor}
            )
        raise ValidationError(_("This card is in the recycle bin. Restore it first."))
    return row


def _read_parts(**parts: Iterable[Any]) -> dict[str, list[Entry]]:
    read: dict[str, list[Entry]] = {}
    errors: dict[str, list[str]] = {}
    for name, entries in parts.items():
        try:
            read[name] = COLLECTIONS[name].read(entries)
        except ValidationError as error:
            errors[name] = error.messages
    if errors:
        raise ValidationError(errors)
    return read


def _difference(
    row: Client, clean: Mapping[str, Any], parts: Mapping[str, list[Entry]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sets the fields on the row; returns what differs before and after."""
    old = card_fields.plain(row)
    if clean:
        card_fields.assign(row, clean)
    new = card_fields.plain(row)
    differing = [name for name in new if not card_fields.same(old[name], new[name])]
    before = {name: old[name] for name in differing}
    after = {name: new[name] for name in differing}
    for name, entries in parts.items():
        gone, come = difference(COLLECTIONS[name].current(row), entries)
        if gone or come:
            before[name], after[name] = gone, come
    return before, after


def _write(
    row: Client,
    parts: Mapping[str, list[Entry]],
    before: dict[str, Any],
    after: dict[str, Any],
    actor: User,
    origin: str,
    undoes: int | None,
) -> Event:
    changed = set(after)
    _store_source(row)
    if "external_ids" in changed:
        _refuse_taken_numbers(row, parts["external_ids"])
    for name in parts:
        if name in changed:
            COLLECTIONS[name].write(row, parts[name])
    if "addresses" in changed:
        row.city = _main_city(parts["addresses"])
    row.version += 1
    row.updated_at = timezone.now()
    row.save()
    own.write_marks(row, "client", changed)
    refresh([row.pk])
    if "responsible" in changed:
        if undoes is None:
            require_room(row.responsible, 1)
        note_given([row.pk])
    if changed & SEARCHED or any(is_own(name) for name in changed):
        index_clients([row.pk])
    data = {"before": before, "after": after, "version": row.version}
    return emit(
        "client.changed",
        actor=actor,
        client_id=row.pk,
        subject_type="client",
        subject_id=row.pk,
        origin=origin,
        data=data | ({"undoes": undoes} if undoes else {}),
    )


def _refuse_overwriting(row: Client, version: int, fields: set[str]) -> None:
    events = (
        Event.objects.filter(
            client_id=row.pk, kind__in=("client.changed", "client.merged", "client.unmerged")
        )
        .select_related("payload")
        .order_by("-happened_at", "-id")[:LONGEST_LOOK_BACK]
    )
    others: dict[str, OtherChange] = {}
    for event in events:
        data = payload_of(event)
        if data.get("version", 0) <= version:
            break
        for name, value in data.get("after", {}).items():
            if name in fields:
                others.setdefault(name, OtherChange(name, value, event.actor_id, event.happened_at))
    if others:
        raise ConflictError(list(others.values()), row.version)


def _store_source(client: Client) -> None:
    if client.source and client.source.pk is None:
        known = type(client.source).objects.get_or_create(
            name_key=client.source.name_key, defaults={"name": client.source.name}
        )[0]
        client.source = known


def _refuse_taken_numbers(client: Client, entries: list[Entry]) -> None:
    for entry in entries:
        taken = ExternalId.objects.filter(source=entry["source"], value=entry["value"])
        if taken.exclude(client_id=client.pk).exists():
            raise ValidationError(
                {
                    "external_ids": [
                        _("The number %(number)s belongs to another client.")
                        % {"number": entry["value"]}
                    ]
                }
            )


def _main_city(addresses: list[Entry]) -> str:
    """The city of the main address, else of the first that has one."""
    cities = [entry["city"] for entry in addresses if entry["city"]]
    return str(cities[0]) if cities else ""


# ---- the recycle bin ----


def delete_client(*, actor: User, client: Client) -> Event | None:
    """Puts the card into the recycle bin; None when it lies there already."""
    policy.require(actor, "clients.delete", client)
    return move_to_bin(actor, client)


def move_to_bin(actor: User, client: Client, undoes: int | None = None) -> Event | None:
    """The move itself, for callers that have checked the right."""
    with transaction.atomic():
        moved = Client.objects.filter(pk=client.pk, deleted_at=None).update(
            deleted_at=timezone.now()
        )
        if not moved:
            return None
        client.refresh_from_db(fields=["deleted_at"])
        return emit(
            "client.deleted",
            actor=actor,
            client_id=client.pk,
            subject_type="client",
            subject_id=client.pk,
            data={"undoes": undoes} if undoes else {},
        )


def restore_client(*, actor: User, client: Client) -> Event | None:
    """Takes the card out of the recycle bin; None when it is not there."""
    policy.require(actor, "clients.delete", client)
    return take_from_bin(actor, client)


def take_from_bin(actor: User, client: Client, undoes: int | None = None) -> Event | None:
    """The move back itself, for callers that have checked the right."""
    with transaction.atomic():
        restored = Client.objects.in_bin().filter(pk=client.pk).update(deleted_at=None)
        if not restored:
            return None
        client.refresh_from_db(fields=["deleted_at"])
        return emit(
            "client.restored",
            actor=actor,
            client_id=client.pk,
            subject_type="client",
            subject_id=client.pk,
            data={"undoes": undoes} if undoes else {},
        )
