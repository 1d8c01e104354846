"""Two to six clients side by side, by chosen characteristics and facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orbita.accounts import policy, watching
from orbita.clients import card_fields, wording
from orbita.clients.card import ABOUT, TERMS
from orbita.clients.guarding import Sight, mask, sight
from orbita.clients.lists import CLIENTS, FEWEST_COMPARED, MOST_COMPARED
from orbita.clients.models import Client
from orbita.clients.views.common import actor_of
from orbita.ui.lists import Column, Look

# The name stands in the heading of each column, and a call is no characteristic.
LEFT_OUT = frozenset(["name", "call"])
FIELDS = ("source", *ABOUT, *TERMS, "comment")
AT_FIRST = (
    "status", "base_kind", "orders", "gross", "average", "first_order", "last_order",
    "last_contact", "rfm", "responsible", "tags", "source", "birthday", "occupation", "position",
    "interests", "preferred_channel", "difficulties",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A characteristic and what it is for each client; `differs` when they are not all the same."""

    name: str
    label: str
    cells: Sequence[Any]
    differs: bool


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "clients.view")
    ids = _ids(request)
    columns = [column for column in CLIENTS.columns_for(actor) if column.name not in LEFT_OUT]
    seen = sight(actor)
    known = {column.name for column in CLIENTS.columns}
    fields = [name for name in FIELDS if name not in known and not seen.hides(name)]
    chosen = set(request.GET.getlist("show")) or set(AT_FIRST)
    shown = [column for column in columns if column.name in chosen]
    clients = _clients(actor, ids, shown)
    watching.note(actor, watching.CARD, *sorted(ids))
    lines = [
        *_of_columns(clients, shown, actor),
        *_of_fields(clients, [name for name in fields if name in chosen], seen),
    ]
    if "differing" in request.GET:
        lines = [line for line in lines if line.differs]
    return render(
        request,
        "clients/compare.html",
        {
            "clients": clients,
            "ids": ",".join(map(str, ids)),
            "lines": lines,
            "differing": "differing" in request.GET,
            "choices": [
                (name, label, name in chosen)
                for name, label in (
                    *((column.name, _capital(str(column.label))) for column in columns),
                    *((name, _capital(wording.label_of(name))) for name in fields),
                )
            ],
        },
    )


def _ids(request: HttpRequest) -> list[int]:
    texts = request.GET.get("ids", "").split(",")
    given = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 18]
    ids = list(dict.fromkeys(given))
    if len(ids) != len(texts) or not FEWEST_COMPARED <= len(ids) <= MOST_COMPARED:
        raise Http404
    return ids


def _clients(actor: Any, ids: Sequence[int], columns: Sequence[Column]) -> list[Client]:
    rows: Any = Client.objects.visible_to(actor).select_related("facts", "source")
    for column in columns:
        if column.prepare:
            rows = column.prepare(rows)
    found = rows.in_bulk(ids)
    if len(found) != len(ids):
        raise Http404  # a hidden card is not there
    return [found[pk] for pk in ids]


def _of_columns(clients: Sequence[Client], columns: Sequence[Column], actor: Any) -> list[Line]:
    ids = [client.pk for client in clients]
    loaded = {column.name: column.load(ids, actor) for column in columns if column.load}
    now = timezone.localtime()
    look = Look(actor, now, now.date(), loaded)
    lines = []
    for column in columns:
        cells = [column.cell(client, look) for client in clients]
        lines.append(Line(column.name, _capital(str(column.label)), cells, _differs(cells)))
    return lines


def _of_fields(clients: Sequence[Client], names: Sequence[str], seen: Sight) -> list[Line]:
    lines = []
    for name in names:
        values = [card_fields.plain_value(client, name) for client in clients]
        masked = seen.masks(name)
        cells = [mask(name, one) if masked else wording.value_of(name, one) for one in values]
        lines.append(Line(name, _capital(wording.label_of(name)), cells, _differs(cells)))
    return lines


def _differs(cells: Sequence[Any]) -> bool:
    return len({str(cell) for cell in cells}) > 1


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
