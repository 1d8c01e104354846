"""The list of clients, the recycle bin, and what upper rooms add to the list."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise, lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from orbita.clients import actions
from orbita.clients.actions.pairs import MOST_CARDS
from orbita.clients.fields.columns import columns_of
from orbita.clients.guarding import mask, masked_value, not_hidden_from, shown_to, sight
from orbita.clients.models import Client, ClientTag, ContactPoint, Relation
from orbita.clients.querysets import client_is_seen
from orbita.clients.search import text_condition
from orbita.clients.status import shown
from orbita.core.models import Company
from orbita.core.money import from_minor
from orbita.core.phones import format_phone
from orbita.ui import formats, icons, toasts
from orbita.ui.lists import (
    BuiltinView,
    BulkAction,
    Button,
    Column,
    EmptyState,
    ListSpec,
    Look,
    Selection,
    SortKey,
)

Kind = ContactPoint.Kind


def client_url(client: Client) -> str:
    return reverse("clients:card", args=[client.pk])


def _name(client: Client, look: Look) -> SafeString:
    return format_html(
        '<a href="{}">{}</a><span class="mute">{}</span>',
        client_url(client),
        client.name,
        sight(look.actor).city_of(client),
    )


def _orders(client: Client, look: Look) -> str:
    if not client.facts.orders_known:
        return "?"
    return formats.number(client.facts.orders_count) if client.facts.orders_count else formats.DASH


def _gross(client: Client, look: Look) -> str:
    return formats.amount(client.facts.gross) if client.facts.gross else formats.DASH


def _responsible(client: Client, look: Look) -> SafeString | str:
    if client.responsible is None:
        return ""
    return icons.avatar(client.responsible.display_name, client.responsible.pk)


def _main_phones(ids: Sequence[int], actor: Any) -> Mapping[int, str]:
    rows = ContactPoint.objects.filter(client_id__in=ids, kind=Kind.PHONE, is_main=True)
    return _masked("phone", rows.exclude(key="").values_list("client_id", "key"), actor)


def _masked(kind: str, found: Iterable[tuple[int, str]], actor: Any) -> dict[int, str]:
    masks = sight(actor).masks(kind)
    return {pk: mask(kind, value) if masks else value for pk, value in found}


def _callable_phones(ids: Sequence[int], actor: Any) -> Mapping[int, str]:
    """The first phone of each client that nobody has marked as not working."""
    rows = ContactPoint.objects.filter(client_id__in=ids, kind=Kind.PHONE).exclude(key="")
    usable = rows.filter(Q(state=None) | Q(state__mark="")).order_by("is_main", "-pk")
    return dict(usable.values_list("client_id", "key"))


def _main_emails(ids: Sequence[int], actor: Any) -> Mapping[int, str]:
    rows = ContactPoint.objects.filter(client_id__in=ids, kind=Kind.EMAIL, is_main=True)
    return _masked("email", rows.values_list("client_id", "value"), actor)


def _tags(ids: Sequence[int], actor: Any) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = ClientTag.objects.filter(client_id__in=ids).order_by("tag__name_key")
    for pk, name in rows.values_list("client_id", "tag__name"):
        found.setdefault(pk, []).append(name)
    return found


def _recommenders(ids: Sequence[int], actor: Any) -> Mapping[int, str]:
    rows = Relation.objects.filter(kind=Relation.Kind.RECOMMENDED, client_id__in=ids)
    seen = rows.filter(client_is_seen(actor, "other_id"))
    return dict(seen.values_list("client_id", "other__name"))


def _call(client: Client, look: Look) -> SafeString | str:
    phone = look.loaded_for("call", client)
    if not phone:
        return ""
    return format_html(
        '<a href="tel:{}" aria-label="{}">{}</a>',
        phone,
        _("Call: %(name)s") % {"name": client.name},
        icons.icon("phone"),
    )


def _phone(client: Client, look: Look) -> SafeString | str:
    phone = look.loaded_for("phone", client)
    if phone and phone.startswith("+"):
        phone = format_phone(phone)
    return format_html('<span class="tn">{}</span>', phone) if phone else ""


def _email(client: Client, look: Look) -> str:
    return look.loaded_for("email", client) or ""


def _birthday(client: Client, look: Look) -> str:
    if client.birthday is None:
        return ""
    if sight(look.actor).masks("birthday"):
        return mask("birthday", client.birthday)
    return formats.short_day(client.birthday, look.today)


def _tag_names(client: Client, look: Look) -> str:
    return formats.listed(look.loaded_for("tags", client) or [])


def _with_facts(rows: Any) -> Any:
    return rows.select_related("facts")


def _with_responsible(rows: Any) -> Any:
    return rows.select_related("responsible")


def _with_source(rows: Any) -> Any:
    return rows.select_related("source")


def _sort(name: str, *, nullable: bool = False, descending: bool = True) -> SortKey:
    return SortKey(
        f"facts__{name}",
        nullable=nullable,
        tie="facts__client_id",
        descending_first=descending,
        inner=True,
    )


def _signed(label: str | Promise) -> str:
    return str(label) % {"sign": formats.sign(Company.current().currency)}


def with_currency(label: str | Promise) -> Promise:
    """A heading with the sign of the base currency, so that the cells need none."""
    heading: Promise = lazy(_signed, str)(label)  # type: ignore[assignment]
    return heading


COLUMNS: list[Column] = [
    Column(
        "name",
        gettext_lazy("Client"),
        _name,
        sort=SortKey("name_key"),
        css="c-name",
        fixed=True,
        value=lambda client, look: client.name,
    ),
    shown.STATUS,
    Column(
        "orders",
        gettext_lazy("Orders"),
        _orders,
        sort=_sort("orders_count"),
        numeric=True,
        css="c-n",
        prepare=_with_facts,
        value=lambda client, look: client.facts.orders_count if client.facts.orders_known else None,
    ),
    Column(
        "gross",
        with_currency(gettext_lazy("Bought for, %(sign)s")),
        _gross,
        sort=_sort("gross"),
        numeric=True,
        css="c-sum",
        prepare=_with_facts,
        value=lambda client, look: from_minor(client.facts.gross, Company.current().currency),
    ),
    Column(
        "last_order",
        gettext_lazy("Last order"),
        lambda client, look: formats.ago(client.facts.last_order_on, look.now, formats.DASH),
        sort=_sort("last_order_on", nullable=True),
        css="c-last",
        prepare=_with_facts,
        value=lambda client, look: client.facts.last_order_on,
    ),
    Column(
        "last_contact",
        gettext_lazy("Last contact"),
        lambda client, look: formats.ago(client.facts.last_contact_at, look.now, formats.DASH),
        sort=_sort("last_contact_at", nullable=True),
        css="c-next",
        prepare=_with_facts,
        value=lambda client, look: client.facts.last_contact_at,
    ),
    Column(
        "responsible",
        gettext_lazy("Responsible"),
        _responsible,
        css="c-own",
        short=gettext_lazy("Resp."),
        prepare=_with_responsible,
        value=lambda client, look: client.responsible.display_name if client.responsible else "",
    ),
    Column(
        "number",
        gettext_lazy("No."),
        lambda client, look: str(client.pk),
        sort=SortKey("pk"),
        numeric=True,
        default=False,
        value=lambda client, look: client.pk,
    ),
    Column(
        "phone",
        gettext_lazy("Phone"),
        _phone,
        default=False,
        load=_main_phones,
        open_to=not_hidden_from("phone"),
    ),
    Column(
        "email",
        gettext_lazy("E-mail"),
        _email,
        default=False,
        load=_main_emails,
        open_to=not_hidden_from("email"),
    ),
    Column(
        "tags",
        gettext_lazy("Tags"),
        _tag_names,
        default=False,
        css="c-cut",
        load=_tags,
        open_to=shown_to("tags"),
    ),
    Column(
        "source",
        gettext_lazy("Source"),
        lambda client, look: client.source.name if client.source else "",
        default=False,
        prepare=_with_source,
        open_to=shown_to("source"),
    ),
    Column(
        "recommended_by",
        gettext_lazy("Recommended by"),
        lambda client, look: look.loaded_for("recommended_by", client) or "",
        default=False,
        css="c-cut",
        load=_recommenders,
    ),
    Column(
        "average",
        with_currency(gettext_lazy("Average order, %(sign)s")),
        lambda client, look: formats.amount(client.facts.average),
        numeric=True,
        default=False,
        prepare=_with_facts,
        value=lambda client, look: (
            from_minor(client.facts.average, Company.current().currency)
            if client.facts.average is not None
            else None
        ),
    ),
    Column(
        "first_order",
        gettext_lazy("First order"),
        lambda client, look: formats.short_day(client.facts.first_order_on, look.today),
        default=False,
        prepare=_with_facts,
        value=lambda client, look: client.facts.first_order_on,
    ),
    Column(
        "birthday",
        gettext_lazy("Birthday"),
        _birthday,
        default=False,
        value=lambda client, look: (
            mask("birthday", client.birthday)
            if sight(look.actor).masks("birthday")
            else client.birthday
        ),
        open_to=not_hidden_from("birthday"),
    ),
    Column(
        "inn",
        gettext_lazy("INN"),
        lambda client, look: masked_value("inn", client.inn, sight(look.actor)),
        default=False,
        open_to=not_hidden_from("inn"),
    ),
    shown.KIND,
    shown.SINCE,
    Column(
        "created",
        gettext_lazy("Added"),
        lambda client, look: formats.ago(client.created_at, look.now),
        sort=SortKey("created_at", descending_first=True),
        default=False,
        value=lambda client, look: client.created_at,
    ),
    Column(
        "call",
        pgettext_lazy("column", "Call"),
        _call,
        css="c-call",
        load=_callable_phones,
        open_to=shown_to("phone"),
        value=lambda client, look: look.loaded_for("call", client) or "",
    ),
]


def add_column(column: Column, *, after: str = "status") -> None:
    """Puts a column of an upper room beside one of ours."""
    names = [known.name for known in COLUMNS]
    if column.name in names:
        raise RuntimeError(f"column {column.name!r} is registered twice")
    COLUMNS.insert(names.index(after) + 1, column)


def search(rows: Any, text: str, actor: Any) -> Any:
    """The clients that answer to what was typed."""
    condition = text_condition(text, sight(actor), region=Company.current().phone_region)
    return rows.none() if condition is None else rows.filter(condition)


def _delete(request: HttpRequest, selection: Selection) -> HttpResponse:
    result = actions.delete_clients(actor=request.user, client_ids=selection.ids())  # type: ignore[arg-type]
    say(
        request,
        result,
        ngettext(
            "%(n)s client is in the recycle bin",
            "%(n)s clients are in the recycle bin",
            result.changed,
        ),
    )
    return redirect(reverse("clients:list") + selection.query)


def say(request: HttpRequest, result: actions.BulkResult, words: str) -> None:
    """Tells what a bulk action did, with the way back; `words` has a place for the number."""
    if not result.changed:
        toasts.info(request, _("Nothing was changed") + _left_out(result))
        return
    text = words % {"n": formats.number(result.changed)} + _left_out(result)
    toasts.success(request, text, undo=f"{reverse('clients:undo-many')}?token={result.undo_token}")


def _left_out(result: actions.BulkResult) -> str:
    if not result.skipped:
        return ""
    text = ngettext(
        ". Left out: %(n)s client that is not yours to change",
        ". Left out: %(n)s clients that are not yours to change",
        result.skipped,
    )
    return text % {"n": formats.number(result.skipped)}


def _compare(request: HttpRequest, selection: Selection) -> HttpResponse:
    if not 2 <= selection.count() <= MOST_CARDS:
        toasts.failure(request, _("Choose from two to %(n)s cards.") % {"n": MOST_CARDS})
        return redirect(reverse("clients:list") + selection.query)
    ids = ",".join(map(str, sorted(selection.ids())))
    return redirect(f"{reverse('clients:compare')}?ids={ids}")


FEWEST_COMPARED, MOST_COMPARED = 2, 6


def _side_by_side(request: HttpRequest, selection: Selection) -> HttpResponse:
    ids = list(islice(selection.ids(), MOST_COMPARED + 1))
    if not FEWEST_COMPARED <= len(ids) <= MOST_COMPARED:
        toasts.failure(request, _("Choose two to six clients to compare"))
        return redirect(reverse("clients:list") + selection.query)
    return redirect(f"{reverse('clients:side-by-side')}?ids={','.join(map(str, ids))}")


BULK: list[BulkAction] = [
    BulkAction(
        "assign",
        gettext_lazy("Responsible"),
        "users",
        "clients.edit",
        url_name="clients:bulk-assign",
    ),
    BulkAction("tag", gettext_lazy("Tag"), "tag", "clients.edit", url_name="clients:bulk-tag"),
    BulkAction(
        "segment",
        gettext_lazy("To a segment"),
        "grid",
        "segments.edit",
        url_name="clients:bulk-segment",
    ),
    BulkAction("merge", gettext_lazy("Merge"), "merge", "clients.merge", handler=_compare),
    BulkAction("compare", gettext_lazy("Compare"), "cols", "clients.view", handler=_side_by_side),
    BulkAction("delete", gettext_lazy("Delete"), "trash", "clients.delete", handler=_delete),
]
BUTTONS: list[Button] = [
    Button(
        gettext_lazy("Client"),
        "clients:new",
        "plus",
        "clients.edit",
        primary=True,
        dialog=False,
    ),
]
EMPTY_BUTTONS: list[Button] = [
    Button(gettext_lazy("Add a client"), "clients:new", "plus", "clients.edit", primary=True),
]
VIEWS: list[BuiltinView] = [
    BuiltinView(
        "mine",
        gettext_lazy("Mine"),
        {"fact": "responsible", "op": "in", "value": ["me"]},
        permission="clients.edit",
    ),
    BuiltinView(
        "birthdays",
        gettext_lazy("Birthdays of the week"),
        {"fact": "birthday_within", "op": "lte", "value": 7},
    ),
    BuiltinView(
        "quiet",
        gettext_lazy("Regulars gone quiet"),
        {
            "all": [
                {"fact": "orders", "op": "gte", "value": 3},
                {"fact": "last_order", "op": "older_days", "value": 90},
            ]
        },
        sort="-gross",
    ),
    BuiltinView(
        "nobody",
        gettext_lazy("Without a responsible"),
        {"fact": "responsible", "op": "empty"},
    ),
]

CLIENTS = ListSpec(
    name="clients",
    personal=True,
    label=gettext_lazy("Clients"),
    url_name="clients:list",
    queryset=lambda actor: Client.objects.visible_to(actor),
    subject="client",
    columns=COLUMNS,
    default_sort="-last_order",
    search=search,
    search_hint=gettext_lazy("Name, phone, city…"),
    row_url=client_url,
    views=VIEWS,
    bulk=BULK,
    buttons=BUTTONS,
    export="clients.export",
    empty=EmptyState(
        gettext_lazy("No clients yet"),
        gettext_lazy("Add the first one by hand, or upload the list you have."),
        EMPTY_BUTTONS,
    ),
    more_columns=lambda: columns_of("client"),
)


# ---- the recycle bin ----


def _restore(request: HttpRequest, selection: Selection) -> HttpResponse:
    count = 0
    for client in selection.queryset:
        count += actions.restore_client(actor=request.user, client=client) is not None  # type: ignore[arg-type]
    words = ngettext("%(n)s client restored", "%(n)s clients restored", count)
    toasts.success(request, words % {"n": formats.number(count)})
    return redirect(reverse("clients:bin"))


def _erase(request: HttpRequest, selection: Selection) -> HttpResponse:
    """One after the other: each erasure has its reason and its act."""
    chosen = list(selection.queryset.values_list("pk", flat=True)[:2])
    if len(chosen) == 1:
        return redirect("clients:privacy-erase", pk=chosen[0])
    toasts.failure(
        request, _("Choose one client: each is erased with a reason and an act of his own.")
    )
    return redirect(reverse("clients:bin"))


BIN = ListSpec(
    name="clients-bin",
    personal=True,
    label=gettext_lazy("Deleted clients"),
    url_name="clients:bin",
    queryset=lambda actor: Client.objects.in_bin_of(actor),
    columns=(
        Column(
            "name",
            gettext_lazy("Client"),
            lambda client, look: format_html(
                '<b>{}</b> <span class="mute">{}</span>',
                client.name,
                sight(look.actor).city_of(client),
            ),
            sort=SortKey("name_key"),
            css="c-name",
            fixed=True,
        ),
        next(column for column in COLUMNS if column.name == "gross"),
        Column(
            "deleted",
            gettext_lazy("Deleted"),
            lambda client, look: formats.ago(client.deleted_at, look.now),
            sort=SortKey("deleted_at", descending_first=True),
            css="c-st",
        ),
        next(column for column in COLUMNS if column.name == "responsible"),
    ),
    default_sort="-deleted",
    search=search,
    bulk=(
        BulkAction("restore", gettext_lazy("Restore"), "undo", "clients.delete", _restore),
        BulkAction("erase", gettext_lazy("Erase for good"), "trash", "privacy.erase", _erase),
    ),
    empty=EmptyState(
        gettext_lazy("The recycle bin is empty"),
        gettext_lazy("Deleted clients stay here with all they had, until somebody restores them."),
    ),
)
