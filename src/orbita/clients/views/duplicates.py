"""The queue of likely duplicates: groups, cards side by side, decisions, merging of the sure ones."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy, watching
from orbita.accounts.models import User
from orbita.clients import actions, card_fields, wording
from orbita.clients.actions.merge_runs import LOWEST, sure_groups
from orbita.clients.actions.merging import NAME
from orbita.clients.actions.pairs import MOST_CARDS
from orbita.clients.actions.scanning import is_scanning
from orbita.clients.collections import COLLECTIONS
from orbita.clients.duplicates import evidence_words
from orbita.clients.duplicates.evidence import AGAINST
from orbita.clients.fields.known import own_field, seen
from orbita.clients.fields.values import seen_value
from orbita.clients.forms import EntryRuleForm, into_form
from orbita.clients.guarding import Sight, mask, reach_of, sight, told
from orbita.clients.models import (
    Client,
    DuplicateGroup,
    DuplicatePair,
    DuplicateScan,
    Merge,
    MergeRun,
)
from orbita.clients.views.common import actor_of, form_page
from orbita.core.models import Company
from orbita.ui import formats, toasts

PAGE = 20
MOST_WORDS = 7
SALT = "orbita.clients.duplicates"
COUNTED_TO = 1000
DEFAULT_THRESHOLD = 0.99


@dataclass
class Line:
    """A card of a group in a few words."""

    client: Client
    name: str
    url: str
    notes: list[str]


@dataclass
class GroupLine:
    """A group as the queue shows it."""

    group: DuplicateGroup
    lines: list[Line] = field(default_factory=list)
    hidden: int = 0
    words: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    percent: str = ""


@require_safe
def duplicates(request: HttpRequest) -> HttpResponse:
    """The open groups, the surest first."""
    actor = actor_of(request)
    policy.require(actor, "clients.merge")
    rows = DuplicateGroup.objects.visible_to(actor).order_by("-score", "id")
    page = list(_after(rows, request.GET.get("after", ""))[: PAGE + 1])
    shown = page[:PAGE]
    watching.note_rows(actor, sum(group.size for group in shown))
    last = shown[-1] if shown else None
    count = rows[: COUNTED_TO + 1].count()
    return render(
        request,
        "clients/duplicates.html",
        {
            "groups": _group_lines(actor, shown),
            "count": formats.bounded(count, COUNTED_TO),
            "next": f"{last.score!r}-{last.pk}" if last and len(page) > PAGE else "",
            "later": bool(request.GET.get("after")),
            "scan": DuplicateScan.current(),
            "scanning": is_scanning(),
            "run": MergeRun.objects.order_by("-pk").first(),
        },
    )


def _after(rows: Any, text: str) -> Any:
    score, _dash, pk = text.partition("-")
    try:
        return rows.filter(Q(score__lt=float(score)) | Q(score=float(score), pk__gt=int(pk)))
    except (ValueError, OverflowError):
        return rows


def _group_lines(actor: User, groups: Sequence[DuplicateGroup]) -> list[GroupLine]:
    pairs: dict[int, list[DuplicatePair]] = defaultdict(list)
    standing = DuplicatePair.objects.filter(
        group__in=groups, status="open", a__deleted_at=None, b__deleted_at=None
    )
    for pair in standing.order_by("-score", "pk"):
        pairs[pair.group_id or 0].append(pair)
    ids = {pk for found in pairs.values() for pair in found for pk in (pair.a_id, pair.b_id)}
    cards, seen = _cards(actor, ids), sight(actor)
    found = []
    for group in groups:
        mine = pairs[group.pk]
        numbers = sorted({pk for pair in mine for pk in (pair.a_id, pair.b_id)})
        if len(numbers) < 2:
            continue
        words, against = _words(mine)
        found.append(
            GroupLine(
                group,
                [_line(cards[pk], seen) for pk in numbers if pk in cards],
                sum(pk not in cards for pk in numbers),
                words,
                against,
                percent_of(group.score),
            )
        )
    return found


def percent_of(score: float) -> str:
    """Likeness in whole percent, never a false hundred."""
    return formats.percent(min(score, 0.99) if score < 0.9995 else score)


def _words(pairs: Iterable[DuplicatePair]) -> tuple[list[str], list[str]]:
    codes = dict.fromkeys(code for pair in pairs for code in pair.evidence)
    words = [evidence_words(code) for code in codes if code not in AGAINST]
    return words[:MOST_WORDS], [evidence_words(code) for code in codes if code in AGAINST]


def _cards(actor: User, ids: Collection[int]) -> dict[int, Client]:
    rows = Client.objects.visible_to(actor).filter(pk__in=ids)
    rows = rows.select_related("facts", "responsible", "source").prefetch_related("contacts")
    return {client.pk: client for client in rows}


def _line(client: Client, seen: Sight) -> Line:
    shown = (reach_of(point, seen) for point in client.contacts.all())
    contacts = [one.text for one in shown if one][:2]
    count = client.facts.orders_count
    orders = ngettext("%(n)s order", "%(n)s orders", count) % {"n": formats.number(count)}
    notes = [*contacts, seen.city_of(client), orders if count else ""]
    url = reverse("clients:card", args=[client.pk])
    return Line(client, client.name, url, [note for note in notes if note])


# ---- side by side ----


@dataclass
class Cell:
    pk: int
    text: str
    is_chosen: bool


@dataclass
class Row:
    """A field of the cards; `differs` says that there is something to choose."""

    name: str
    label: str
    cells: list[Cell]
    differs: bool


@form_page
def group(request: HttpRequest, pk: int) -> HttpResponse:
    """The cards of a group side by side, and what to do with them."""
    actor = actor_of(request)
    policy.require(actor, "clients.merge")
    found = get_object_or_404(DuplicateGroup.objects.filter(is_open=True), pk=pk)
    numbers = _numbers_of(found)
    if not Client.objects.within(actor, "clients.merge").filter(pk__in=numbers).exists():
        raise Http404
    return _side_by_side(request, numbers, found)


@form_page
def compare(request: HttpRequest) -> HttpResponse:
    """Cards that somebody has chosen himself, side by side."""
    policy.require(request.user, "clients.merge")
    asked = request.GET.get("ids", "").split(",")
    numbers = sorted({int(one) for one in asked if one.isascii() and one.isdigit()})
    if not 2 <= len(numbers) <= MOST_CARDS or numbers[-1] > 2**62:
        raise Http404
    return _side_by_side(request, numbers, None)


def _numbers_of(found: DuplicateGroup) -> list[int]:
    pairs = found.pairs.filter(status="open", a__deleted_at=None, b__deleted_at=None)
    return sorted({pk for pair in pairs.values_list("a_id", "b_id") for pk in pair})


def _side_by_side(
    request: HttpRequest, numbers: Sequence[int], found: DuplicateGroup | None
) -> HttpResponse:
    actor = actor_of(request)
    cards = _cards(actor, numbers)
    clients = [cards[pk] for pk in numbers if pk in cards]
    error = ""
    if request.method == "POST":
        try:
            return _decide(request, clients)
        except ValidationError as refused:
            error = " ".join(refused.messages)
    if not clients:
        raise Http404
    watching.note(actor, watching.CARD, *(client.pk for client in clients))
    keep = _kept(request, clients)
    hidden = Client.objects.alive().filter(pk__in=set(numbers) - set(cards))
    pairs = DuplicatePair.objects.filter(a_id__in=numbers, b_id__in=numbers)
    words, against = _words(pairs.order_by("-score", "pk"))
    currency = Company.current().currency
    return render(
        request,
        "clients/duplicate_group.html",
        {
            "group": found,
            "clients": clients,
            "keep": keep,
            "rows": _rows(request, clients, keep),
            "lists": _lists(clients, sight(actor)),
            "figures": [
                (
                    formats.number(client.facts.orders_count),
                    formats.money(client.facts.gross, currency),
                )
                for client in clients
            ],
            "hidden": [
                one.responsible.display_name if one.responsible else ""
                for one in hidden.select_related("responsible")
            ],
            "words": words,
            "against": against,
            "percent": percent_of(found.score) if found else "",
            "error": error,
            "may": len(clients) > 1,
        },
        status=422 if error else 200,
    )


def _kept(request: HttpRequest, clients: Sequence[Client]) -> Client:
    asked = request.POST.get("keep", "")
    return next((c for c in clients if str(c.pk) == asked), None) or actions.best_survivor(clients)


def _rows(request: HttpRequest, clients: Sequence[Client], keep: Client) -> list[Row]:
    found = []
    for name in _names(request):
        texts = [_text(client, name, actor_of(request)) for client in clients]
        if not any(texts):
            continue
        own = texts[clients.index(keep)]
        first = next(place for place, text in enumerate(texts) if text)
        chosen = clients.index(keep) if own else first
        asked = request.POST.get(f"choice-{name}", "")
        chosen = next((n for n, one in enumerate(clients) if str(one.pk) == asked), chosen)
        cells = [
            Cell(client.pk, text, place == chosen)
            for place, (client, text) in enumerate(zip(clients, texts, strict=True))
        ]
        label = _("Name") if name == "name" else wording.label_of(name)
        # Comments are joined unless one is chosen over the other.
        differs = len({text for text in texts if text}) > 1
        found.append(Row(name, label[:1].upper() + label[1:], cells, differs))
    return found


def _names(request: HttpRequest) -> list[str]:
    """The fields that the cards are compared by: the name as one, and own fields he may see."""
    closed = sight(request.user)
    plain = [
        name
        for name in card_fields.READERS
        if name not in (*NAME, "kind") and not closed.hides(name)
    ]
    return ["name", *plain, *(each.name for each in seen("client", request.user))]


def _text(client: Client, name: str, actor: User) -> str:
    if name == "name":
        return client.name
    if own := own_field("client", name):
        return wording.value_of(name, seen_value(client, own, actor))
    value = card_fields.plain_value(client, name)
    masked = sight(actor).masks(name)
    return mask(name, value) if masked else wording.value_of(name, value)


def _lists(clients: Sequence[Client], seen: Sight) -> list[tuple[str, list[list[str]]]]:
    """Contacts, addresses, tags: nothing to choose, everything is kept."""
    found = []
    for name, collection in COLLECTIONS.items():
        cells = [
            [
                str(wording.entry_text(name, entry))
                for entry in told({name: collection.current(client)}, seen).get(name, ())
            ]
            for client in clients
        ]
        if any(cells):
            label = wording.label_of(name)
            found.append((label[:1].upper() + label[1:], cells))
    return found


def _decide(request: HttpRequest, clients: Sequence[Client]) -> HttpResponse:
    actor, deed = actor_of(request), request.POST.get("do", "")
    asked = set(request.POST.getlist("with"))
    chosen = [client for client in clients if str(client.pk) in asked]
    if len(chosen) < 2:
        raise ValidationError(_("Choose from two cards up."))
    if deed == "merge":
        keep = _kept(request, chosen)
        others = [client for client in chosen if client.pk != keep.pk]
        merges = actions.merge_cards(
            actor=actor, keep=keep, others=others, choices=_choices(request, chosen)
        )
        toasts.success(
            request,
            _("Merged: %(name)s") % {"name": keep.name},
            undo=reverse("clients:unmerge") + "?token=" + _token([one.pk for one in merges]),
        )
    else:
        actions.mark_not_same(actor=actor, clients=chosen, household=deed == "household")
        toasts.success(
            request,
            _("Remembered: one household")
            if deed == "household"
            else _("Remembered: not the same"),
            undo=reverse("clients:same-again") + "?token=" + _token([one.pk for one in chosen]),
        )
    return redirect("clients:duplicates")


def _choices(request: HttpRequest, clients: Sequence[Client]) -> dict[str, int]:
    """Field → card, of what was really chosen; a card that is not merged has no say."""
    numbers = {str(client.pk): client.pk for client in clients}
    asked = {name: request.POST.get(f"choice-{name}", "") for name in _names(request)}
    return {name: numbers[pk] for name, pk in asked.items() if pk in numbers}


def _token(numbers: Sequence[int]) -> str:
    return signing.dumps(list(numbers), salt=SALT)


def _from_token(request: HttpRequest) -> list[int]:
    try:
        numbers: list[int] = signing.loads(
            request.GET.get("token", ""), salt=SALT, max_age=86_400 * 30
        )
    except signing.BadSignature:
        raise Http404 from None
    return numbers


@require_POST
def unmerge(request: HttpRequest) -> HttpResponse:
    """Takes back the merges of a toast, the last first."""
    actor = actor_of(request)
    policy.require(actor, "clients.merge")
    merges = Merge.objects.filter(pk__in=_from_token(request)).order_by("-pk")
    try:
        for merge in merges:
            actions.undo_merge(actor=actor, merge=merge)
        toasts.success(request, _("The cards are apart again"))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return redirect("clients:duplicates")


@require_POST
def same_again(request: HttpRequest) -> HttpResponse:
    """Takes back «not the same»."""
    actor = actor_of(request)
    policy.require(actor, "clients.merge")
    clients = list(Client.objects.visible_to(actor).filter(pk__in=_from_token(request)))
    actions.reopen_pairs(actor=actor, clients=clients)
    toasts.success(request, _("They are in the queue again"))
    return redirect("clients:duplicates")


@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Looks through the whole base for duplicates, in the background."""
    if actions.start_scan(actor=actor_of(request)):
        toasts.info(request, _("The base is being searched: come back in a few minutes"))
    else:
        toasts.info(request, _("The base is being searched already"))
    return redirect("clients:duplicates")


# ---- the sure ones at one go ----


@form_page
def merge_sure(request: HttpRequest) -> HttpResponse:
    """How many groups are above a threshold, the first of them, and the start of the merging."""
    actor = actor_of(request)
    policy.require(actor, "clients.merge")
    text = request.POST.get("threshold") or request.GET.get("threshold") or ""
    error, threshold = "", DEFAULT_THRESHOLD
    try:
        threshold = float(text.replace(",", ".").rstrip("% ")) if text else DEFAULT_THRESHOLD
        threshold = threshold / 100 if threshold > 1 else threshold
        if not LOWEST <= threshold <= 1:
            raise ValueError
        if request.method == "POST":
            run = actions.start_merge_run(actor=actor, threshold=threshold)
            return redirect("clients:merge-run", pk=run.pk)
    except ValueError:
        error, threshold = _("From %(low)s to 100.") % {"low": round(LOWEST * 100)}, 1.0
    except ValidationError as refused:
        error = " ".join(refused.messages)
    rows = sure_groups(actor, threshold)
    return render(
        request,
        "clients/merge_sure.html",
        {
            "threshold": f"{threshold * 100:g}",
            "count": formats.bounded(rows[: COUNTED_TO + 1].count(), COUNTED_TO),
            "groups": _group_lines(actor, list(rows.order_by("score", "id")[:5])),
            "error": error,
        },
        status=422 if error else 200,
    )


@require_safe
def merge_run(request: HttpRequest, pk: int) -> HttpResponse:
    """One merging from its start to its undo; `part=progress` is its moving part."""
    policy.require(request.user, "clients.merge")
    run = get_object_or_404(MergeRun.objects.select_related("actor"), pk=pk)
    total = run.merged if run.status == MergeRun.Status.UNDOING else run.total
    share = (
        min(99, (run.done + run.left * (run.status == "undoing")) * 100 // total) if total else 0
    )
    context = {"run": run, "share": share}
    if request.GET.get("part") == "progress":
        if not run.is_active:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "clients/_merge_progress.html", context)
    return render(request, "clients/merge_run.html", context)


@require_POST
def merge_run_undo(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(MergeRun, pk=pk)
    try:
        actions.start_undo_of_run(actor=actor_of(request), run=run)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return redirect("clients:merge-run", pk=pk)


@form_page
def entry_rules(request: HttpRequest) -> HttpResponse:
    """What to do with a new client who looks like a known one, by the way he comes in."""
    actor = actor_of(request)
    policy.require(actor, "core.settings")
    form = EntryRuleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            for entrance, exact, likely in form.rules():
                actions.set_entry_rule(actor=actor, entrance=entrance, exact=exact, likely=likely)
            toasts.success(request, _("Saved"))
            return redirect("clients:entry-rules")
    status = 422 if form.errors else 200
    return render(request, "clients/entry_rules.html", {"form": form}, status=status)
