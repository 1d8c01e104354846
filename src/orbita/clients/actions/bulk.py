"""One change of many cards. Each chunk is one transaction with one event per client."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.card_fields import as_reference
from orbita.clients.collections import tags_named
from orbita.clients.guarding import sight
from orbita.clients.models import Client, ClientTag, Tag
from orbita.clients.work.limits import note_given, require_room
from orbita.core import context
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Event
from orbita.core.text import clean_line

CHUNK = 1000
LONGEST_REASON = 300
SALT = "orbita.clients.undo"


@dataclass(slots=True)
class BulkResult:
    """How many cards were changed, were so already, and were not the actor's to change."""

    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    first_event: int = 0
    last_event: int = 0

    def note(self, events: Sequence[Event]) -> None:
        if events:
            self.changed += len(events)
            self.first_event = self.first_event or events[0].pk
            self.last_event = events[-1].pk

    @property
    def undo_token(self) -> str:
        """What `undo_many` takes to bring all of it back; empty when nothing was changed."""
        if not self.changed:
            return ""
        return signing.dumps([self.first_event, self.last_event, context.request_id()], salt=SALT)


Change = Callable[["QuerySet[Client]"], list[NewEvent]]


def in_chunks(
    actor: User, permission: str, client_ids: Iterable[int], change: Change
) -> BulkResult:
    """Makes the change chunk by chunk on those of the clients that the actor may change."""
    policy.require(actor, permission)
    result = BulkResult()
    for ids in _chunks(client_ids):
        with transaction.atomic():
            rows = Client.objects.within(actor, permission).filter(pk__in=ids).order_by("pk")
            allowed = list(
                rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True)
            )
            events = emit_many(change(Client.objects.filter(pk__in=allowed)), actor=actor)
        result.note(events)
        result.skipped += len(ids) - len(allowed)
        result.unchanged += len(allowed) - len(events)
    return result


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    iterator = iter(dict.fromkeys(ids))
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _event(kind: str, pk: int, data: dict[str, Any]) -> NewEvent:
    return NewEvent(kind, pk, "client", pk, data)


def _grow(rows: "QuerySet[Client]", **values: Any) -> None:
    rows.update(version=F("version") + 1, updated_at=timezone.now(), **values)


def assign_responsible(
    *, actor: User, client_ids: Iterable[int], responsible: User | None, reason: str = ""
) -> BulkResult:
    """Gives the clients to a person, or to nobody. Cards the actor may not change are skipped.

    The reason goes to the history. Raises `ValidationError` when the person has no room for more.
    """
    reason = clean_line(reason)[:LONGEST_REASON]
    if responsible and not (responsible.is_active and not responsible.is_service):
        raise ValidationError(_("This person cannot be responsible: his account is closed."))
    after = as_reference(responsible)

    def change(rows: "QuerySet[Client]") -> list[NewEvent]:
        target = responsible.pk if responsible else None
        before = {
            row.pk: row
            for row in rows.select_related("responsible").only(
                "version", "responsible__name", "responsible__email"
            )
            if row.responsible_id != target
        }
        require_room(responsible, len(before))
        _grow(Client.objects.filter(pk__in=before), responsible=responsible)
        note_given(before, reason=reason)
        return [
            _event(
                "client.changed",
                pk,
                {
                    "before": {"responsible": as_reference(row.responsible)},
                    "after": {"responsible": after},
                    "version": row.version + 1,
                }
                | ({"reason": reason} if reason else {}),
            )
            for pk, row in before.items()
        ]

    return in_chunks(actor, "clients.edit", client_ids, change)


def add_tag(*, actor: User, client_ids: Iterable[int], tag: str) -> BulkResult:
    """Puts a tag on the clients; it is made when nobody has used it yet."""
    _require_tags(actor)
    name = _tag_name(tag)

    def change(rows: "QuerySet[Client]") -> list[NewEvent]:
        (row,) = tags_named([name])
        without = dict(rows.exclude(clienttag__tag=row).values_list("pk", "version"))
        ClientTag.objects.bulk_create(ClientTag(client_id=pk, tag=row) for pk in without)
        return _tagged(without, row, [], [{"name": row.name}])

    return in_chunks(actor, "clients.edit", client_ids, change)


def remove_tag(*, actor: User, client_ids: Iterable[int], tag: str) -> BulkResult:
    """Takes a tag off the clients."""
    _require_tags(actor)
    name = _tag_name(tag)

    def change(rows: "QuerySet[Client]") -> list[NewEvent]:
        (row,) = tags_named([name])
        having = dict(rows.filter(clienttag__tag=row).values_list("pk", "version"))
        ClientTag.objects.filter(tag=row, client_id__in=having).delete()
        return _tagged(having, row, [{"name": row.name}], [])

    return in_chunks(actor, "clients.edit", client_ids, change)


def _tagged(
    versions: dict[int, int], tag: Tag, before: list[Any], after: list[Any]
) -> list[NewEvent]:
    _grow(Client.objects.filter(pk__in=versions))
    return [
        _event(
            "client.changed",
            pk,
            {"before": {"tags": before}, "after": {"tags": after}, "version": version + 1},
        )
        for pk, version in versions.items()
    ]


def _require_tags(actor: User) -> None:
    if not sight(actor).allows("tags"):
        raise policy.Denied(_("Your role does not let you change this."))


def _tag_name(tag: str) -> str:
    name = clean_line(tag).strip("#, ")
    if not name or len(name) > 60:
        raise ValidationError(_("A tag is a word or two, at most 60 characters."))
    return name


def delete_clients(*, actor: User, client_ids: Iterable[int]) -> BulkResult:
    """Puts the cards into the recycle bin."""

    def change(rows: "QuerySet[Client]") -> list[NewEvent]:
        ids = list(rows.filter(deleted_at=None).values_list("pk", flat=True))
        rows.update(deleted_at=timezone.now())
        return [_event("client.deleted", pk, {}) for pk in ids]

    return in_chunks(actor, "clients.delete", client_ids, change)
