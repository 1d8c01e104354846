"""The pages of orders."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields.shown import groups_of, open_part
from orbita.clients.guarding import sight
from orbita.clients.models import Client
from orbita.clients.search import clients_like
from orbita.commerce import actions, cells, forms, lists
from orbita.commerce.models import Order, OrderLine, Product
from orbita.core.events import KINDS, payload_of
from orbita.core.models import Company, Event
from orbita.ui import formats, toasts
from orbita.ui.lists import list_page

HISTORY = 50
MOST_OPTIONS = 12
form_page = require_http_methods(["GET", "HEAD", "POST"])


def actor_of(request: HttpRequest) -> User:
    """The signed-in user; pages are closed to strangers before a view runs."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101
    return user


def order_or_404(actor: User, pk: int) -> Order:
    """The order when the actor sees it."""
    rows = Order.objects.visible_to(actor).select_related("client", "responsible", "return_of")
    return get_object_or_404(rows, pk=pk)


def deleted_or_404(actor: User, pk: int) -> Order:
    policy.require(actor, "orders.delete")
    return get_object_or_404(Order.objects.binned(actor), pk=pk)


@contextmanager
def into_form(form: django_forms.Form) -> Iterator[None]:
    """Puts what an action says against the input to the form's fields."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            form.add_error(None, error)
            return
        for name, messages in error.message_dict.items():
            for message in messages:
                form.add_error(name if name in form.fields else None, message)


@require_http_methods(["GET", "HEAD", "POST"])
def orders(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "orders.view")
    return list_page(request, lists.ORDERS)


@require_http_methods(["GET", "HEAD", "POST"])
def orders_bin(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "orders.delete")
    return list_page(request, lists.ORDERS_BIN)


# ---- one order ----


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as the page shows it."""

    name: str
    url: str
    quantity: str
    price: str
    discount: str
    total: str
    cost: str
    counted: bool
    returned: str


@dataclass(frozen=True, slots=True)
class Said:
    """An event of the order in words."""

    moment: str
    words: str
    icon: str
    who: str


@require_safe
def order(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    today = Company.current().business_date()
    sees_costs = policy.allows(actor, cells.COSTS)
    may_edit = policy.allows(actor, "orders.edit", one)
    lines = list(one.lines.select_related("product"))
    has_costs = sees_costs and any(line.cost is not None for line in lines)
    back = one.returns.alive().order_by("ordered_at")
    left = actions.returnable(one) if one.kind == Order.Kind.SALE else {}
    cancelled = one.status == Order.Status.CANCELLED
    return render(
        request,
        "commerce/order.html",
        {
            "order": one,
            "title": cells.order_title(one),
            "client_url": cells.client_url(one.client) if one.client else "",
            "lines": [_line_row(line, one, left) for line in lines],
            "has_discounts": any(line.discount for line in lines),
            "has_costs": has_costs,
            "has_uncounted": any(not line.is_counted for line in lines),
            "when": _when(one, today),
            "sums": _sums(one, lines),
            "margin": _margin_words(one) if sees_costs else "",
            "sign": formats.sign(one.currency),
            "columns": 2 + any(line.discount for line in lines) + has_costs,
            "paid_text": formats.money(one.paid, one.currency),
            "payment": cells.payment_cell(one),
            "delivery": cells.delivery_cell(one, today),
            "is_late": cells.is_late(one, today),
            "returns": [(each, formats.money(each.total, each.currency)) for each in back],
            "history": _history(one, actor),
            "own": groups_of(one, "order", actor),
            "delivery_address": one.delivery_address if sight(actor).shows("addresses") else "",
            "may_edit": may_edit,
            "may_pay": may_edit and not cancelled and one.paid < one.total,
            "may_return": may_edit and not cancelled and bool(left),
            "may_cancel": may_edit and not cancelled,
            "may_delete": policy.allows(actor, "orders.delete", one),
            "statuses": [
                choice
                for choice in Order.Status.choices
                if choice[0] not in (one.status, Order.Status.CANCELLED)
            ],
        },
    )


def _line_row(line: OrderLine, one: Order, left: dict[int, int]) -> LineRow:
    product = line.product
    sold = line.is_counted and one.kind == Order.Kind.SALE
    returned = line.quantity - left.get(line.ordinal, 0) if sold else 0
    return LineRow(
        name=line.name or _("Without a name"),
        url=reverse("commerce:product", args=[product.pk])
        if product and not product.deleted_at
        else "",
        quantity=cells.quantity_text(line.quantity),
        price=cells.price_text(line.price, one.currency),
        discount=formats.amount(line.discount, one.currency) if line.discount else "",
        total=formats.amount(line.total, one.currency),
        cost=formats.amount(line.cost, one.currency),
        counted=line.is_counted,
        returned=cells.quantity_text(returned) if returned else "",
    )


def _when(one: Order, today: Any) -> str:
    if one.date_only:
        return formats.day(one.business_date, today)
    return formats.full_moment(one.ordered_at)


def _sums(one: Order, lines: list[OrderLine]) -> list[tuple[str, str, bool]]:
    """The lines under the table: what, how much, whether it is the sum of all."""
    rows = []
    if one.discount:
        before = sum(line.total for line in lines if line.is_counted)
        rows.append((_("Lines"), formats.money(before, one.currency), False))
        rows.append((_("Discount"), formats.money(-one.discount, one.currency), False))
    rows.append((_("Total"), formats.money(one.total, one.currency), True))
    base = Company.current().currency
    if one.currency != base:
        rows.append((_("At the day's rate"), formats.money(one.gross_base, base), False))
    return rows


def _margin_words(one: Order) -> str:
    if one.margin is None:
        return _("unknown: the cost of some lines is not known")
    share = formats.percent(one.margin / one.total) if one.total else ""
    return ", ".join(part for part in (formats.money(one.margin, one.currency), share) if part)


def _history(one: Order, actor: User) -> list[Said]:
    """The last events of the order, newest first; two reads."""
    events = list(
        Event.objects.filter(subject_type="order", subject_id=one.pk)
        .select_related("payload")
        .order_by("-id")[:HISTORY]
    )
    people = User.objects.in_bulk({event.actor_id for event in events if event.actor_id})
    said = []
    seen: set[tuple[str, str]] = set()
    for event in events:
        kind = KINDS.get(event.kind)
        if kind is None or (event.request_id and (event.kind, event.request_id) in seen):
            continue  # a moved order is told to both clients; here once
        seen.add((event.kind, event.request_id))
        data = open_part(payload_of(event), "order", actor)
        words = kind.sentence(data) if kind.sentence else str(kind.label)
        who = people.get(event.actor_id or 0)
        said.append(
            Said(
                formats.full_moment(event.happened_at),
                words,
                kind.icon,
                who.display_name if who else "",
            )
        )
    return said


# ---- making and changing ----


@form_page
def order_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "orders.edit")
    kind = Order.Kind.RETURN if request.GET.get("kind") == "return" else Order.Kind.SALE
    editor = forms.OrderEditor(
        actor,
        request.POST if request.method == "POST" else None,
        kind=kind,
        client=_client_of(request, actor),
    )
    return _edited(request, editor, lambda: actions.create_order(actor=actor, data=editor.data()))


@form_page
def order_edit(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    policy.require(actor, "orders.edit", one)
    editor = forms.OrderEditor(actor, request.POST if request.method == "POST" else None, order=one)
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else one.version
    return _edited(
        request,
        editor,
        lambda: actions.update_order(actor=actor, order=one, data=editor.data(), version=version),
        version,
    )


def _client_of(request: HttpRequest, actor: User) -> Client | None:
    """The client that a card asked an order for."""
    pk = request.GET.get("client", "")
    if not (pk.isascii() and pk.isdecimal() and len(pk) < 18):
        return None
    return Client.objects.visible_to(actor).filter(pk=int(pk)).first()


def _edited(
    request: HttpRequest, editor: forms.OrderEditor, save: Callable[[], Order], version: int = 0
) -> HttpResponse:
    status = 200
    if request.method == "POST" and request.POST.get("do"):
        editor.count()
    elif request.method == "POST":
        if editor.is_valid():
            try:
                saved = save()
            except ValidationError as error:
                editor.refuse(error)
            else:
                words = _("%(order)s saved") % {"order": cells.order_title(saved)}
                toasts.success(request, words)
                return toasts.redirect(request, reverse("commerce:order", args=[saved.pk]))
        status = 422
    context = {
        "editor": editor,
        "head": editor.head,
        "order": editor.order,
        "version": version,
        "title": _title(editor),
    }
    return render(request, "commerce/order_form.html", context, status=status)


def _title(editor: forms.OrderEditor) -> str:
    if editor.order:
        return cells.order_title(editor.order)
    return _("New return") if editor.is_return else _("New order")


@require_safe
def product_options(request: HttpRequest) -> HttpResponse:
    """Options of the product field as one types, for its list of hints."""
    actor = actor_of(request)
    policy.require(actor, "products.view")
    typed = next((str(text) for name, text in request.GET.items() if name.endswith("what")), "")
    rows = Product.objects.visible_to(actor).filter(is_active=True)
    found = lists.search_products(rows, typed, actor).order_by("name_key")[:MOST_OPTIONS]
    options = [
        (product.name, cells.price_text(product.price, product.currency)) for product in found
    ]
    return render(request, "commerce/_options.html", {"options": options})


@require_safe
def client_options(request: HttpRequest) -> HttpResponse:
    """Clients to choose from as one types."""
    actor = actor_of(request)
    policy.require(actor, "clients.view")
    typed = request.GET.get("client_name", "").strip()
    context = {"clients": clients_like(actor, typed), "typed": typed}
    return render(request, "commerce/_clients.html", context)


# ---- what is done to an order ----


@require_POST
def order_status(request: HttpRequest, pk: int, status: str) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    before = one.status
    try:
        one = actions.set_status(actor=actor, order=one, status=status)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        words = _("%(order)s: %(status)s") % {
            "order": cells.order_title(one),
            "status": one.get_status_display(),
        }
        toasts.success(request, words, undo=reverse("commerce:order-status", args=[pk, before]))
    return toasts.redirect(request, reverse("commerce:order", args=[pk]))


@form_page
def order_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    policy.require(actor, "orders.edit", one)
    form = forms.CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        before = one.status
        with into_form(form):
            actions.cancel_order(actor=actor, order=one, reason=form.cleaned_data["reason"])
            words = _("%(order)s cancelled") % {"order": cells.order_title(one)}
            toasts.success(request, words, undo=reverse("commerce:order-status", args=[pk, before]))
            return toasts.redirect(request, reverse("commerce:order", args=[pk]))
    return _small(request, one, form, _("Cancel the order"), _("Cancel the order"))


@form_page
def order_payment(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    policy.require(actor, "orders.edit", one)
    form = forms.PaymentForm(request.POST or None, order=one)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            amount = form.amount()
            actions.record_payment(actor=actor, order=one, amount=amount)
            words = _("Payment of %(sum)s recorded") % {"sum": formats.money(amount, one.currency)}
            way_back = ("back", amount) if amount > 0 else ("again", -amount)
            undo = reverse("commerce:order-payment-undo", args=[pk, *way_back])
            toasts.success(request, words, undo=undo)
            return toasts.redirect(request, reverse("commerce:order", args=[pk]))
    title = _("Money given back") if one.kind == Order.Kind.RETURN else _("Payment")
    return _small(request, one, form, title, _("Record"))


@require_POST
def order_payment_undo(request: HttpRequest, pk: int, way: str, amount: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    try:
        actions.record_payment(actor=actor, order=one, amount=-amount if way == "back" else amount)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        toasts.success(request, _("The payment is taken back"))
    return toasts.redirect(request, reverse("commerce:order", args=[pk]))


@form_page
def order_delivery(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    policy.require(actor, "orders.edit", one)
    initial = {
        "state": one.delivery,
        "method": one.delivery_method,
        "address": one.delivery_address,
        "promised_on": one.promised_on,
        "delivered_on": one.delivered_on,
    }
    form = forms.DeliveryForm(request.POST or None, initial=initial)
    if not sight(actor).allows("addresses"):
        del form.fields["address"]
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.set_delivery(actor=actor, order=one, **form.cleaned_data)
            toasts.success(request, _("Delivery saved"))
            return toasts.redirect(request, reverse("commerce:order", args=[pk]))
    return _small(request, one, form, _("Delivery"), _("Save"))


@form_page
def order_return(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    policy.require(actor, "orders.edit", one)
    left = actions.returnable(one)
    rows = [(line, left[line.ordinal]) for line in one.lines.all() if line.ordinal in left]
    if one.kind != Order.Kind.SALE or not rows:
        raise Http404
    form = forms.ReturnForm(request.POST or None, lines=rows)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            back = actions.create_return(
                actor=actor,
                order=one,
                quantities=form.quantities(),
                comment=form.cleaned_data["comment"],
            )
            words = _("%(order)s saved") % {"order": cells.order_title(back)}
            toasts.success(request, words)
            return toasts.redirect(request, reverse("commerce:order", args=[back.pk]))
    context = {
        "order": one,
        "form": form,
        "rows": [
            (line, cells.quantity_text(quantity), bound) for line, quantity, bound in form.rows
        ],
    }
    status = 422 if form.errors else 200
    return render(request, "commerce/order_return.html", context, status=status)


def _small(
    request: HttpRequest, one: Order, form: django_forms.Form, title: str, button: str
) -> HttpResponse:
    """A short form about an order, on a page or in a dialog."""
    context = {"order": one, "form": form, "title": title, "button": button}
    status = 422 if form.errors else 200
    return render(request, "commerce/order_small.html", context, status=status)


@require_POST
def order_delete(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = order_or_404(actor, pk)
    try:
        actions.delete_order(actor=actor, order=one)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return toasts.redirect(request, reverse("commerce:order", args=[pk]))
    words = _("%(order)s deleted") % {"order": cells.order_title(one)}
    toasts.success(request, words, undo=reverse("commerce:order-restore", args=[pk]))
    return toasts.redirect(request, reverse("commerce:orders"))


@require_POST
def order_restore(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = deleted_or_404(actor, pk)
    try:
        actions.restore_order(actor=actor, order=one)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return toasts.redirect(request, reverse("commerce:orders-bin"))
    toasts.success(request, _("%(order)s restored") % {"order": cells.order_title(one)})
    return toasts.redirect(request, reverse("commerce:order", args=[pk]))


@require_POST
def orders_undelete(request: HttpRequest, moment: int) -> HttpResponse:
    """Takes back one deletion of many orders, named by its moment in microseconds."""
    actor = actor_of(request)
    count = actions.restore_orders(actor=actor, deleted_at=moment_of(moment))
    words = ngettext("%(n)s order restored", "%(n)s orders restored", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, reverse("commerce:orders"))


def moment_of(microseconds: int) -> datetime:
    """The moment of a batch; raises `Http404` for one that cannot be."""
    try:
        whole, part = divmod(microseconds, 1_000_000)
        return datetime.fromtimestamp(whole, tz=UTC).replace(microsecond=part)
    except (OverflowError, ValueError, OSError):
        raise Http404 from None
