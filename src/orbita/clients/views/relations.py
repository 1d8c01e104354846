"""Families, branches and recommendations: their part of the card and its dialogs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orbita.accounts import policy
from orbita.clients import actions
from orbita.clients.card import orders_words, whole_sum
from orbita.clients.extension import CardPanel
from orbita.clients.forms import NoteOfRelationForm, RelationForm, into_form
from orbita.clients.guarding import Sight, sight
from orbita.clients.models import Client, Relation
from orbita.clients.relations import FAMILY, KINDS, Kind, other_id, relations_of, side_of
from orbita.clients.search import clients_like
from orbita.clients.views.common import actor_of, client_or_404, form_page
from orbita.core.models import Company, Event
from orbita.ui import icons, toasts

MOST, AT_ONCE = 1000, 8
# Branches of branches, so far down.
LEVELS = 5


# ---- on the card ----


@dataclass(frozen=True, slots=True)
class Line:
    """Another client on the card: who it is to this one."""

    client: Client
    words: str
    edit_url: str

    @property
    def avatar(self) -> SafeString:
        return icons.avatar(self.client.name, self.client.pk)


def _panel(request: HttpRequest, client: Client) -> SafeString | str:
    actor = actor_of(request)
    may_edit = policy.allows(actor, "clients.edit", client)
    # The card's own query knows whether there are any.
    known = getattr(client, "has_relations", True)
    rows = list(relations_of(client.pk)[:MOST]) if known else []
    if not rows and not may_edit:
        return ""
    # A hidden card does not show its name and sums through a card that is seen.
    cards = Client.objects.visible_to(actor).select_related("facts")
    others = cards.in_bulk([other_id(row, client.pk) for row in rows]) if rows else {}
    lines = _lines(client, rows, others, sight(actor))
    context = {
        "client": client,
        "lines": lines[:AT_ONCE],
        "folded": lines[AT_ONCE:],
        "total": _total(cards, client, rows, others),
        "may_edit": may_edit,
    }
    return SafeString(render_to_string("clients/_relations.html", context, request))


def _lines(
    client: Client, rows: Sequence[Relation], others: Mapping[int, Client], seen: Sight
) -> list[Line]:
    order = list(KINDS)
    rows = sorted(rows, key=lambda row: (order.index(row.kind), row.other_id == client.pk, row.pk))
    return [
        Line(other, _words(row, client, other, seen), _url(client, row))
        for row in rows
        if (other := others.get(other_id(row, client.pk)))
    ]


def _words(row: Relation, client: Client, other: Client, seen: Sight) -> str:
    word = side_of(row, client.pk).word_for(other)
    return " · ".join(part for part in (word, seen.city_of(other), row.note) if part)


def _url(client: Client, row: Relation) -> str:
    return reverse("clients:relation", args=[client.pk, row.pk])


def _total(
    seen: "QuerySet[Client]",
    client: Client,
    rows: Sequence[Relation],
    others: Mapping[int, Client],
) -> str:
    """«С филиалами: 12 заказов, 340 000 ₽»; of a person, what his family has bought."""
    branches = {row.client_id for row in rows if row.kind == Kind.BRANCH} - {client.pk}
    family = {other_id(row, client.pk) for row in rows if row.kind in FAMILY}
    if branches:
        deeper = _below(branches)
        found = [*seen.filter(pk__in=deeper)] if deeper else []
        return _sum_words(_("With branches: %(sum)s"), [client, *_of(others, branches), *found])
    if family:
        return _sum_words(_("Family together: %(sum)s"), [client, *_of(others, family)])
    return ""


def _of(others: Mapping[int, Client], ids: Iterable[int]) -> list[Client]:
    return [others[pk] for pk in ids if pk in others]


def _sum_words(words: str, clients: Sequence[Client]) -> str:
    facts = [client.facts for client in clients]
    gross = sum(one.gross for one in facts)
    if not gross:
        return ""
    money = whole_sum(gross, Company.current().currency)
    if not all(one.orders_known for one in facts):
        return words % {"sum": money}
    return words % {"sum": f"{orders_words(sum(one.orders_count for one in facts))}, {money}"}


def _below(branches: Collection[int]) -> set[int]:
    """The branches of these branches, and theirs."""
    found: set[int] = set()
    level = set(branches)
    for _level in range(LEVELS):
        rows = Relation.objects.filter(kind=Kind.BRANCH, other_id__in=level)
        level = set(rows.values_list("client_id", flat=True)) - found
        if not level:
            break
        found |= level
    return found.difference(branches)


PANEL = CardPanel("relations", _panel, order=15)


# ---- dialogs ----


@require_safe
def options(request: HttpRequest, pk: int) -> HttpResponse:
    """Clients to choose from while somebody types a name, without this one."""
    client = client_or_404(request, pk)
    typed = request.GET.get("name", "")
    others = Client.objects.exclude(pk=client.pk)
    found = clients_like(actor_of(request), typed, others)
    context = {"clients": found, "name": "other", "typed": typed.strip()}
    return render(request, "clients/_options.html", context)


@form_page
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Relates the client to another one of the base."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    form = RelationForm(request.POST if request.method == "POST" else None, client=client)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            _tell(request, _relate(request, client, form), _("Relation added"))
            return toasts.redirect(request, reverse("clients:card", args=[pk]))
    context = {"form": form, "client": client, "found": _typed(request, client, form)}
    return render(request, "clients/relation_new.html", context, status=422 if form.errors else 200)


def _relate(request: HttpRequest, client: Client, form: RelationForm) -> Event | None:
    data, actor = form.cleaned_data, actor_of(request)
    if not data["other"]:
        raise ValidationError({"name": [_("Choose a client of those found.")]})
    other = get_object_or_404(Client.objects.visible_to(actor), pk=data["other"])
    return actions.relate(
        actor=actor, client=client, other=other, side=data["side"], note=data["note"]
    )


def _typed(request: HttpRequest, client: Client, form: RelationForm) -> list[Client]:
    """Whom the typed name finds, for a form that comes back."""
    if not form.errors:
        return []
    others = Client.objects.exclude(pk=client.pk)
    return clients_like(actor_of(request), form.data.get("name", ""), others)


@form_page
def change(request: HttpRequest, pk: int, relation: int) -> HttpResponse:
    """The note of a relation, or its end."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    actor = actor_of(request)
    row = get_object_or_404(relations_of(client.pk).select_related("client", "other"), pk=relation)
    other = get_object_or_404(Client.objects.visible_to(actor), pk=other_id(row, client.pk))
    side = side_of(row, client.pk)
    if request.method == "POST" and request.POST.get("do") == "remove":
        removed = actions.unrelate(actor=actor, client=client, relation=row)
        _tell(request, removed, _("Relation removed"))
        return toasts.redirect(request, reverse("clients:card", args=[pk]))
    data = request.POST if request.method == "POST" else None
    form = NoteOfRelationForm(data, initial={"note": row.note})
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            event = actions.relate(
                actor=actor,
                client=client,
                other=other,
                side=side.name,
                note=form.cleaned_data["note"],
            )
            _tell(request, event, _("Note saved"))
            return toasts.redirect(request, reverse("clients:card", args=[pk]))
    context = {"form": form, "client": client, "other": other, "relation": row}
    context["word"] = side.word_for(other)
    return render(request, "clients/relation.html", context, status=422 if form.errors else 200)


def _tell(request: HttpRequest, event: Event | None, text: str) -> None:
    if event:
        toasts.success(request, text, undo=reverse("clients:undo", args=[event.pk]))
