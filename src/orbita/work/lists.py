"""The list of deals and their part of the recycle bin."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from orbita.accounts.models import User
from orbita.clients.fields.columns import columns_of
from orbita.clients.guarding import sight
from orbita.clients.models import Client
from orbita.clients.search import text_condition
from orbita.commerce.cells import client_link
from orbita.core.models import Company
from orbita.core.money import from_minor
from orbita.core.rules import Rule
from orbita.core.text import normalise
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
from orbita.ui.lists.spec import Rows
from orbita.work import actions, cells
from orbita.work.models import Deal, DealHelper, LossReason

MOST_WORDS = 8


def deal_url(deal: Deal) -> str:
    return reverse("work:deal", args=[deal.pk])


def _name(deal: Deal, look: Look) -> str:
    return format_html('<a href="{}"><b>{}</b></a>', deal_url(deal), deal.name or formats.DASH)


def _responsible(deal: Deal, look: Look) -> str:
    user: User | None = deal.responsible
    return icons.avatar(user.display_name, user.pk) if user else ""


def _sum(deal: Deal, look: Look) -> str:
    return cells.sum_text(deal)


def _major(deal: Deal, look: Look) -> Any:
    return None if deal.amount is None else from_minor(deal.amount, deal.currency)


def _date(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


def _reasons(ids: Sequence[int], actor: Any) -> Mapping[int, str]:
    """Why each deal was lost, in words."""
    lost = dict(
        Deal.objects.filter(pk__in=ids, loss_reason__isnull=False).values_list(
            "pk", "loss_reason_id"
        )
    )
    reasons = LossReason.objects.select_related("parent").in_bulk(set(lost.values()))
    return {pk: str(reasons[reason]) for pk, reason in lost.items()}


def _helpers(ids: Sequence[int], actor: Any) -> Mapping[int, str]:
    found: dict[int, list[str]] = {}
    rows = DealHelper.objects.filter(deal__in=ids).select_related("user").order_by("user__name")
    for helper in rows:
        found.setdefault(helper.deal_id, []).append(helper.user.display_name)
    return {pk: ", ".join(names) for pk, names in found.items()}


def search_deals(rows: Rows, text: str, actor: Any) -> Rows:
    """By words of the deal's name, or by the client as the list of clients finds him."""
    words = normalise(text).split()[:MOST_WORDS]
    if not words:
        return rows.none()
    condition = Q()
    for word in words:
        condition &= Q(name_key__contains=word)
    found = text_condition(text, sight(actor))
    if found is not None:
        condition |= Q(client__in=Client.objects.visible_to(actor).filter(found).values("pk"))
    return rows.filter(condition)


def deals_foot(rows: Rows, actor: Any) -> str:
    """What the deals of the list come to, over no more rows than are counted."""
    bounded = rows.order_by("-pk").values("pk")[: DEALS.count_limit + 1]
    sums = Deal.objects.filter(pk__in=bounded).aggregate(
        n=Count("pk"),
        at_work=Sum("amount_base", filter=Q(state=Deal.State.OPEN), default=0),
        won=Sum("amount_base", filter=Q(state=Deal.State.WON), default=0),
    )
    if sums["n"] > DEALS.count_limit:
        return ""
    currency = Company.current().currency
    words = []
    if sums["at_work"]:
        words.append(_("At work for %(sum)s") % {"sum": formats.money(sums["at_work"], currency)})
    if sums["won"]:
        words.append(_("won for %(sum)s") % {"sum": formats.money(sums["won"], currency)})
    said = ", ".join(words)
    return said[:1].upper() + said[1:]


def user_of(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 – pages are closed to strangers
    return user


def _delete_chosen(request: HttpRequest, selection: Selection) -> HttpResponse:
    moment, count = actions.delete_deals(actor=user_of(request), deals=selection.queryset)
    words = ngettext("%(n)s deal deleted", "%(n)s deals deleted", count) % {"n": count}
    undo = reverse("work:deals-undelete", args=[round(moment.timestamp() * 1_000_000)])
    toasts.success(request, words, undo=undo if count else None)
    return toasts.redirect(request, request.path + selection.query)


def _restore_chosen(request: HttpRequest, selection: Selection) -> HttpResponse:
    count = actions.restore_chosen_deals(actor=user_of(request), deals=selection.queryset)
    words = ngettext("%(n)s deal restored", "%(n)s deals restored", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, request.path + selection.query)


def _is(fact: str) -> Rule:
    return {"fact": fact, "op": "eq", "value": True}


_OPEN: Rule = {"fact": "state", "op": "in", "value": ["open"]}
_WON: Rule = {"fact": "state", "op": "in", "value": ["won"]}

DEALS = ListSpec(
    name="deals",
    label=gettext_lazy("Deals"),
    url_name="work:deals",
    queryset=lambda actor: Deal.objects.visible_to(actor),
    subject="deal",
    columns=(
        Column(
            "name",
            gettext_lazy("Deal"),
            _name,
            sort=SortKey("name_key"),
            css="c-name c-cut",
            value=lambda deal, look: deal.name,
            fixed=True,
        ),
        Column(
            "client",
            gettext_lazy("Client"),
            lambda deal, look: client_link(deal.client),
            css="c-cut c-st",
            prepare=lambda rows: rows.select_related("client"),
            value=lambda deal, look: deal.client.name if deal.client else None,
        ),
        Column(
            "stage",
            gettext_lazy("Stage"),
            lambda deal, look: cells.stage_cell(deal.stage),
            css="c-rfm",
            prepare=lambda rows: rows.select_related("stage"),
            value=lambda deal, look: deal.stage.name,
        ),
        Column(
            "sum",
            gettext_lazy("Sum"),
            _sum,
            sort=SortKey("amount_base", nullable=True, descending_first=True),
            numeric=True,
            css="c-sum",
            value=_major,
        ),
        Column(
            "expected",
            gettext_lazy("Expected on"),
            lambda deal, look: cells.expected_cell(deal, look.today),
            sort=SortKey("expected_on", nullable=True),
            css="c-n",
            value=lambda deal, look: deal.expected_on,
        ),
        Column(
            "step",
            gettext_lazy("Next step"),
            lambda deal, look: cells.step_cell(deal, look.today),
            sort=SortKey("next_step_on", nullable=True),
            css="c-cut c-last",
            value=lambda deal, look: deal.next_step or None,
        ),
        Column(
            "step_on",
            gettext_lazy("Next step on"),
            lambda deal, look: formats.short_day(deal.next_step_on, look.today),
            default=False,
            value=lambda deal, look: deal.next_step_on,
        ),
        Column(
            "age",
            gettext_lazy("In the stage"),
            lambda deal, look: cells.age_cell(deal, look.now),
            css="c-next",
            prepare=lambda rows: rows.select_related("stage"),
            value=lambda deal, look: cells.days_in_stage(deal, look.now) if deal.is_open else None,
        ),
        Column(
            "responsible",
            gettext_lazy("Responsible"),
            _responsible,
            css="c-own",
            short=gettext_lazy("Resp."),
            prepare=lambda rows: rows.select_related("responsible"),
            value=lambda deal, look: deal.responsible.display_name if deal.responsible else None,
        ),
        Column(
            "pipeline",
            gettext_lazy("Pipeline"),
            lambda deal, look: deal.pipeline.name,
            default=False,
            prepare=lambda rows: rows.select_related("pipeline"),
        ),
        Column(
            "state",
            gettext_lazy("State"),
            lambda deal, look: str(deal.get_state_display()),
            default=False,
        ),
        Column(
            "source",
            gettext_lazy("Source"),
            lambda deal, look: deal.source.name if deal.source else "",
            css="c-cut",
            default=False,
            prepare=lambda rows: rows.select_related("source"),
            open_to=cells.sees_sources,
        ),
        Column(
            "helpers",
            gettext_lazy("Helpers"),
            lambda deal, look: look.loaded_for("helpers", deal) or "",
            css="c-cut",
            default=False,
            load=_helpers,
        ),
        Column(
            "created",
            pgettext_lazy("deal", "Added"),
            lambda deal, look: formats.ago(deal.created_at, look.now),
            sort=SortKey("created_at", descending_first=True),
            default=False,
            value=lambda deal, look: _date(deal.created_at),
        ),
        Column(
            "closed",
            gettext_lazy("Closed"),
            lambda deal, look: formats.ago(deal.closed_at, look.now) if deal.closed_at else "",
            sort=SortKey("closed_at", nullable=True, descending_first=True),
            default=False,
            value=lambda deal, look: _date(deal.closed_at),
        ),
        Column(
            "reason",
            gettext_lazy("Reason of loss"),
            lambda deal, look: look.loaded_for("reason", deal) or "",
            css="c-cut",
            default=False,
            load=_reasons,
        ),
        Column(
            "come_back",
            gettext_lazy("Come back on"),
            lambda deal, look: formats.short_day(deal.come_back_on, look.today),
            default=False,
            value=lambda deal, look: deal.come_back_on,
        ),
        Column(
            "currency", gettext_lazy("Currency"), lambda deal, look: deal.currency, default=False
        ),
        Column(
            "comment",
            gettext_lazy("Comment"),
            lambda deal, look: deal.comment,
            css="c-cut",
            default=False,
        ),
    ),
    default_sort="-created",
    empty=EmptyState(
        gettext_lazy("No deals yet"),
        gettext_lazy("A deal is a sale that is being worked on: from a request to the money."),
        (Button(gettext_lazy("New deal"), "work:deal-new", "plus", "deals.edit", primary=True),),
    ),
    search=search_deals,
    search_hint=gettext_lazy("Deal or client"),
    row_url=deal_url,
    row_label=cells.deal_title,
    views=(
        BuiltinView(
            "mine", gettext_lazy("Mine"), {"all": [_OPEN, _is("mine")]}, permission="deals.edit"
        ),
        BuiltinView("no_step", gettext_lazy("Without a next step"), _is("without_step")),
        BuiltinView("late", gettext_lazy("The step is late"), _is("late"), sort="step"),
        BuiltinView("stuck", gettext_lazy("Stuck"), _is("stuck")),
        BuiltinView(
            "won",
            gettext_lazy("Won this month"),
            {"all": [_WON, _is("closed_this_month")]},
            sort="-closed",
            columns=("name", "client", "stage", "sum", "closed", "responsible"),
        ),
        BuiltinView(
            "lost",
            gettext_lazy("Lost deals"),
            {"fact": "state", "op": "in", "value": ["lost"]},
            sort="-closed",
            columns=("name", "client", "stage", "sum", "closed", "reason", "responsible"),
        ),
    ),
    bulk=(
        BulkAction(
            "assign",
            gettext_lazy("Responsible"),
            "users",
            "deals.edit",
            url_name="work:deals-assign",
        ),
        BulkAction("delete", gettext_lazy("Delete"), "trash", "deals.delete", _delete_chosen),
    ),
    buttons=(
        Button(gettext_lazy("New deal"), "work:deal-new", "plus", "deals.edit", primary=True),
        Button(gettext_lazy("Board"), "work:deals-home", "columns", "deals.view"),
        Button(gettext_lazy("Bin"), "work:deals-bin", "trash", "deals.delete"),
    ),
    export="deals.export",
    foot=deals_foot,
    more_columns=lambda: columns_of("deal"),
)

DEALS_BIN = ListSpec(
    name="deals-bin",
    label=gettext_lazy("Deleted deals"),
    url_name="work:deals-bin",
    queryset=lambda actor: Deal.objects.binned(actor),
    columns=(
        Column(
            "name",
            gettext_lazy("Deal"),
            lambda deal, look: format_html("<b>{}</b>", deal.name or formats.DASH),
            css="c-name c-cut",
            fixed=True,
        ),
        *(column for column in DEALS.columns if column.name in ("client", "stage", "sum")),
        Column(
            "deleted",
            pgettext_lazy("deal", "Deleted"),
            lambda deal, look: formats.ago(deal.deleted_at, look.now),
            sort=SortKey("deleted_at", descending_first=True),
            css="c-last",
        ),
    ),
    default_sort="-deleted",
    empty=EmptyState(gettext_lazy("The bin is empty"), gettext_lazy("Deleted deals stay here.")),
    row_label=cells.deal_title,
    bulk=(BulkAction("restore", gettext_lazy("Restore"), "undo", "deals.delete", _restore_chosen),),
)
