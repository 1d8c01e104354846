from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router

from orbita.accounts import policy, watching
from orbita.accounts.models import User
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import Page, PageParams, json_response, page_of, page_response
from orbita.api.problems import COMMON, WRITING, ConflictError, KnownClient, KnownClientError
from orbita.api.related import relations_seen
from orbita.api.schemas import (
    ClientFull,
    ClientIn,
    ClientPatch,
    ClientRow,
    Contact,
    ContactIn,
    LadderMark,
    RowId,
    Standing,
)
from orbita.clients import actions
from orbita.clients.actions.contacts import read as read_contact
from orbita.clients.entry import Answer, Match, answer_to, matches_of
from orbita.clients.fields.values import from_outside, to_outside
from orbita.clients.guarding import Sight, mask, masked_entry, sight
from orbita.clients.models import Client, ClientMark, ContactPoint, ExternalId, StatusMove
from orbita.clients.quality.problems import TROUBLES
from orbita.clients.status.ladder import POTENTIAL, RECORDED
from orbita.clients.status.marks import clear_mark, set_mark
from orbita.clients.status.words import why
from orbita.core.models import Company
from orbita.core.money import from_minor

router = Router(tags=["clients"])
FIELDS = (
    "id", "kind", "name", "city", "responsible_id", "created_at", "updated_at", "version", "own",
)  # fmt: skip
OWN_FIELDS = (
    "last_name", "first_name", "middle_name", "legal_form", "legal_name", "inn", "kpp", "ogrn",
    "birthday", "sex", "occupation", "position", "income_level", "family", "education", "hobbies",
    "interests", "preferred_channel", "payment_terms", "delivery_terms", "special_terms",
    "difficulties", "working_hours", "time_zone", "comment",
)  # fmt: skip
CONTACT_FIELDS = ("id", "kind", "service", "value", "key", "label", "is_main")
STATE_FIELDS = {
    "mark": Coalesce(F("state__mark"), Value("")),
    "confirmed_at": F("state__confirmed_at"),
}
EXTERNAL_SOURCE = "api"


def client_rows(clients: "QuerySet[Client]", *more: str) -> "QuerySet[Any, dict[str, Any]]":
    """Plain rows with the facts and the primary external id, by one query."""
    primary = ExternalId.objects.filter(client=OuterRef("pk"), is_primary=True).values("value")
    rows: QuerySet[Any, dict[str, Any]] = clients.values(
        *FIELDS,
        *more,
        external_id=Subquery(primary[:1]),
        status=Coalesce(F("ladder__step"), Value(RECORDED)),
        base_kind=Coalesce(F("ladder__kind"), Value(POTENTIAL)),
        orders_count=F("facts__orders_count"),
        orders_known=F("facts__orders_known"),
        gross=F("facts__gross"),
        returned=F("facts__returned"),
        first_order_on=F("facts__first_order_on"),
        last_order_on=F("facts__last_order_on"),
        completeness=F("facts__completeness"),
        problems=F("facts__problems"),
        check_on=F("facts__check_on"),
    )
    return rows


def as_json(row: dict[str, Any], currency: str, user: User, seen: Sight) -> dict[str, Any]:
    row["fields"] = to_outside("client", row.pop("own"), user)
    if seen.hides("addresses"):
        row["city"] = ""
    for name in OWN_FIELDS if seen.closed else ():
        if name in row and not seen.shows(name):
            row[name] = _closed(name, row[name], seen)
    if not row.pop("orders_known"):
        row["orders_count"] = None
    row["problems"] = [one.name for one in TROUBLES if (row["problems"] or 0) & one.bit]
    for name in ("gross", "returned"):
        row[name] = str(from_minor(row[name] or 0, currency))
    return row


def _closed(name: str, value: Any, seen: Sight) -> Any:
    """A field that is not shown whole: what is left of a masked text, else as if it were empty."""
    if value and seen.masks(name) and isinstance(value, str):
        return mask(name, value)
    return "" if isinstance(value, str) else None


@router.get("", response={200: Page[ClientRow], **COMMON}, summary="List clients")
def list_clients(request: HttpRequest, params: PageParams) -> HttpResponse:
    """Clients that the token's user may see, without the recycle bin."""
    user = actor(request)
    policy.require(user, "clients.view")
    rows, limit = page_of(Client.objects.visible_to(user), params, subject="client", actor=user)
    currency = Company.current().currency
    seen = sight(user)
    found = [as_json(row, currency, user, seen) for row in client_rows(rows)[: limit + 1]]
    watching.note_rows(user, min(len(found), limit))
    return page_response(found, limit)


@router.get("/{client_id}", response={200: ClientFull, **COMMON}, summary="Get a client")
def get_client(request: HttpRequest, client_id: RowId) -> HttpResponse:
    user = actor(request)
    client = visible(user, client_id)
    watching.note(user, watching.CARD, client.pk)
    return json_response(full(user, client))


@router.post("", response={200: ClientFull, 201: ClientFull, **WRITING}, summary="Add a client")
@once
def add_client(request: HttpRequest, data: ClientIn) -> tuple[int, Any]:
    """Adds a person or a company. An `external_id` that a client has already is a conflict.

    One who looks like a known client is treated by the rule of the company: added all the same,
    refused (409 with whom he looks like), or taken as the known one, who is answered with 200.
    """
    user = actor(request)
    values = data.dict(exclude_unset=True)
    parts = _parts(values)
    if data.external_id and _owner_of(data.external_id):
        raise ConflictError(_("There is a client with this external_id already."))
    matches = matches_of(user, values=values, contacts=parts.get("contacts") or ())
    answer = answer_to("api", matches)
    known = actions.taken_as(user, matches) if answer == Answer.TAKE else None
    if known:
        contacts = parts.get("contacts") or ()
        actions.supplement(actor=user, client=known, values=values, contacts=contacts)
        return 200, full(user, known)
    if answer in (Answer.BLOCK, Answer.TAKE):
        raise KnownClientError([_known(match) for match in matches])
    make = actions.create_and_queue if matches else actions.create_client
    return 201, full(user, make(actor=user, values=values, **parts))


def _known(match: Match) -> KnownClient:
    return KnownClient(id=match.pk or None, name=match.name or None, responsible=match.responsible)


@router.patch("/{client_id}", response={200: ClientFull, **WRITING}, summary="Change a client")
def change_client(request: HttpRequest, client_id: RowId, data: ClientPatch) -> HttpResponse:
    """Changes the fields that are given; `contacts` and `tags` are replaced as a whole.

    Of `fields` those change that are named; null empties one.

    With `version`, a field that somebody else changed since is a conflict.
    """
    user = actor(request)
    client = visible(user, client_id)
    values = data.dict(exclude_unset=True)
    version = values.pop("version", None)
    if values.get("external_id") and _owner_of(values["external_id"]) not in (None, client.pk):
        raise ConflictError(_("There is a client with this external_id already."))
    parts = _parts(values)
    actions.update_client(actor=user, client=client, values=values, version=version, **parts)
    return json_response(full(user, visible(user, client_id)))


@router.delete("/{client_id}", response={204: None, **WRITING}, summary="Delete a client")
def delete_client(request: HttpRequest, client_id: RowId) -> HttpResponse:
    """Puts the client into the recycle bin."""
    user = actor(request)
    actions.delete_client(actor=user, client=visible(user, client_id))
    return HttpResponse(status=204)


@router.get(
    "/{client_id}/contacts", response={200: list[Contact], **COMMON}, summary="List contacts"
)
def list_contacts(request: HttpRequest, client_id: RowId) -> HttpResponse:
    user = actor(request)
    return json_response(_contacts(user, visible(user, client_id)))


@router.post("/{client_id}/contacts", response={201: Contact, **WRITING}, summary="Add a contact")
@once
def add_contact(request: HttpRequest, client_id: RowId, data: ContactIn) -> tuple[int, Any]:
    """Adds a phone, an e-mail, a messenger or a link; a phone is kept as E.164 beside what came."""
    user = actor(request)
    client = visible(user, client_id)
    before = {contact["id"] for contact in _contacts(user, client)}
    actions.add_contact(actor=user, client=client, **data.dict())
    return 201, next(one for one in _contacts(user, client) if one["id"] not in before)


@router.delete(
    "/{client_id}/contacts/{contact_id}",
    response={204: None, **WRITING},
    summary="Remove a contact",
)
def remove_contact(request: HttpRequest, client_id: RowId, contact_id: RowId) -> HttpResponse:
    user = actor(request)
    client = visible(user, client_id)
    contact = get_object_or_404(ContactPoint, pk=contact_id, client=client)
    actions.remove_contact(actor=user, client=client, contact=contact)
    return HttpResponse(status=204)


@router.get("/{client_id}/status", response={200: Standing, **COMMON}, summary="Get the status")
def get_status(request: HttpRequest, client_id: RowId) -> HttpResponse:
    """The step of the ladder and the base kind, why, the marks, and the moves, newest first."""
    return json_response(_standing(visible(actor(request), client_id)))


@router.put("/{client_id}/marks/{mark}", response={200: Standing, **WRITING}, summary="Put a mark")
def put_mark(request: HttpRequest, client_id: RowId, mark: LadderMark) -> HttpResponse:
    """What only people can know: `offer`, `mailings`, `asked` or `refused`. The status follows."""
    user = actor(request)
    client = visible(user, client_id)
    set_mark(actor=user, client=client, mark=mark)
    return json_response(_standing(client))


@router.delete(
    "/{client_id}/marks/{mark}", response={200: Standing, **WRITING}, summary="Take a mark off"
)
def remove_mark(request: HttpRequest, client_id: RowId, mark: LadderMark) -> HttpResponse:
    user = actor(request)
    client = visible(user, client_id)
    clear_mark(actor=user, client=client, mark=mark)
    return json_response(_standing(client))


def _standing(client: Client) -> dict[str, Any]:
    row = Client.objects.select_related("facts", "ladder").get(pk=client.pk)
    ladder = getattr(row, "ladder", None)
    return {
        "status": ladder.step if ladder else RECORDED,
        "base_kind": ladder.kind if ladder else POTENTIAL,
        "since": ladder.since if ladder else None,
        "changes_on": ladder.due_on if ladder else None,
        "why": why(row),
        "marks": list(
            ClientMark.objects.filter(client=row).order_by("at").values("mark", "at", "actor_id")
        ),
        "moves": list(
            StatusMove.objects.filter(client=row)
            .order_by("-pk")
            .values("at", "was", "step", "cause", "orders", "silent")[:100]
        ),
    }


def visible(user: User, client_id: int) -> Client:
    """The client of the number; of a merged card, the survivor."""
    return get_object_or_404(Client.objects.visible_to(user).answering(client_id))


def full(user: User, client: Client) -> dict[str, Any]:
    row = client_rows(Client.objects.filter(pk=client.pk), *OWN_FIELDS).get()
    seen = sight(user)
    return as_json(dict(row), Company.current().currency, user, seen) | {
        "tags": list(client.tags.values_list("name", flat=True)) if seen.shows("tags") else [],
        "contacts": _contacts(user, client),
        "relations": relations_seen(user, client),
    }


def _contacts(user: User, client: Client) -> list[dict[str, Any]]:
    seen = sight(user)
    rows = client.contacts.order_by("-is_main", "pk").values(*CONTACT_FIELDS, **STATE_FIELDS)
    shown = (masked_entry("contacts", row, seen) for row in rows)
    return [row for row in shown if row is not None]


def _owner_of(external_id: str) -> int | None:
    return (
        ExternalId.objects.filter(source=EXTERNAL_SOURCE, value=external_id)
        .values_list("client_id", flat=True)
        .first()
    )


def _parts(values: dict[str, Any]) -> dict[str, Any]:
    """Takes the collections out of the values, in the shape of the actions."""
    parts: dict[str, Any] = {}
    values |= from_outside(values.pop("fields", None))
    for name in ("contacts", "tags"):
        if name in values:
            parts[name] = values.pop(name) or []
    if "contacts" in parts:
        parts["contacts"] = [read_contact(**one) for one in parts["contacts"]]
    external = values.pop("external_id", None)
    if external:
        parts["external_ids"] = [{"source": EXTERNAL_SOURCE, "value": external, "is_primary": True}]
    return parts
