"""The free pool: clients of nobody, for those who may take them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext

from orbita.accounts import policy
from orbita.clients.guarding import sight
from orbita.clients.lists import COLUMNS, say, search
from orbita.clients.models import Client
from orbita.clients.work.giving import free_pool, give_out, take_clients
from orbita.ui import formats, toasts
from orbita.ui.lists import BulkAction, Column, EmptyState, ListSpec, Look, Selection, SortKey


def _rows(actor: Any) -> Any:
    return free_pool(actor) if policy.allows(actor, "clients.take") else Client.objects.none()


def _name(client: Client, look: Look) -> SafeString:
    city = sight(look.actor).city_of(client)
    # Whoever sees his own clients only does not open the card before he has taken it.
    if policy.allows(look.actor, "clients.view", client):
        return format_html(
            '<a href="{}">{}</a><span class="mute">{}</span>',
            reverse("clients:card", args=[client.pk]),
            client.name,
            city,
        )
    return format_html('<b>{}</b> <span class="mute">{}</span>', client.name, city)


def _released(client: Client, look: Look) -> str:
    work = getattr(client, "work", None)
    if work is None or work.released_on is None:
        return ""
    day = formats.short_day(work.released_on, look.today)
    return f"{day}, {work.released_from.display_name}" if work.released_from else day


def _with_work(rows: Any) -> Any:
    return rows.select_related("work__released_from")


def _take(request: HttpRequest, selection: Selection) -> HttpResponse:
    try:
        result = take_clients(actor=request.user, client_ids=selection.ids())  # type: ignore[arg-type]
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        say(
            request,
            result,
            ngettext("%(n)s client is yours now", "%(n)s clients are yours now", result.changed),
        )
    return redirect(reverse("clients:pool") + selection.query)


def _give(request: HttpRequest, selection: Selection) -> HttpResponse:
    try:
        result = give_out(actor=request.user, client_ids=selection.ids())  # type: ignore[arg-type]
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        say(
            request,
            result,
            ngettext(
                "%(n)s client has a responsible now",
                "%(n)s clients have a responsible now",
                result.changed,
            ),
        )
    return redirect(reverse("clients:pool") + selection.query)


def _column(name: str) -> Column:
    return next(column for column in COLUMNS if column.name == name)


POOL = ListSpec(
    name="clients-pool",
    personal=True,
    label=gettext_lazy("Free pool"),
    url_name="clients:pool",
    queryset=_rows,
    subject="client",
    columns=(
        Column(
            "name",
            gettext_lazy("Client"),
            _name,
            sort=SortKey("name_key"),
            css="c-name",
            fixed=True,
            value=lambda client, look: client.name,
        ),
        *map(_column, ("status", "orders", "gross", "last_order", "last_contact")),
        Column(
            "released",
            gettext_lazy("Released, from whom"),
            _released,
            css="c-own",
            prepare=_with_work,
        ),
        _column("created"),
    ),
    default_sort="-last_order",
    search=search,
    search_hint=gettext_lazy("Name, phone, city…"),
    bulk=(
        BulkAction("take", gettext_lazy("Take"), "plus", "clients.take", handler=_take),
        BulkAction(
            "give", gettext_lazy("Give out by rule"), "flow", "clients.rules", handler=_give
        ),
    ),
    empty=EmptyState(
        gettext_lazy("Everybody has a responsible"),
        gettext_lazy(
            "Clients whom nobody leads appear here, and those released by the time limit."
        ),
    ),
)
