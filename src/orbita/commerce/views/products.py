"""The pages of the catalogue and of exchange rates."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields.shown import groups_of
from orbita.commerce import actions, cells, forms, lists
from orbita.commerce.facts import COUNTED_SALE
from orbita.commerce.models import (
    ExchangeRate,
    Order,
    OrderLine,
    PriceChange,
    Product,
    ProductGroup,
)
from orbita.commerce.models.rate import RATE_SCALE
from orbita.commerce.views.orders import actor_of, form_page, into_form, moment_of
from orbita.core.models import Company
from orbita.core.money import scaled_to_price
from orbita.ui import charts, formats, toasts
from orbita.ui.lists import list_page

MOST_CHANGES = 60
LAST_ORDERS = 8
CHARTED = 5


def product_or_404(actor: User, pk: int) -> Product:
    policy.require(actor, "products.view")
    rows = Product.objects.visible_to(actor).select_related("group")
    return get_object_or_404(rows, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def products(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "products.view")
    return list_page(request, lists.PRODUCTS)


@require_http_methods(["GET", "HEAD", "POST"])
def products_bin(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "products.edit")
    return list_page(request, lists.PRODUCTS_BIN)


@require_safe
def product(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = product_or_404(actor, pk)
    sees_costs = policy.allows(actor, cells.COSTS)
    changes = list(one.price_changes.all()[:MOST_CHANGES])
    seen = Order.objects.visible_to(actor)
    since = Company.current().business_date() - timedelta(days=365)
    sold = OrderLine.objects.filter(
        product=one,
        quantity__gt=0,
        price__gt=0,
        order__in=seen.filter(COUNTED_SALE, business_date__gt=since),
    ).aggregate(
        n=Count("order", distinct=True), quantity=Sum("quantity"), last=Max("order__business_date")
    )
    lines = (
        OrderLine.objects.filter(product=one, order__in=seen)
        .select_related("order__client")
        .order_by("-order__ordered_at")[:LAST_ORDERS]
    )
    context = {
        "product": one,
        "own": groups_of(one, "product", actor),
        "price": cells.price_text(one.price, one.currency),
        "cost": cells.price_text(one.cost, one.currency) if sees_costs else "",
        "margin": formats.percent(cells.product_margin(one)) if sees_costs else "",
        "sold": sold,
        "sold_quantity": cells.quantity_text(sold["quantity"] or 0),
        "last_sold": formats.ago(sold["last"]),
        "chart": price_chart(changes, one.currency),
        "changes": [
            (
                formats.day(timezone.localtime(change.since).date()),
                cells.price_text(change.price, one.currency),
                cells.price_text(change.cost, one.currency) if sees_costs else "",
            )
            for change in changes
        ],
        "orders": [
            (
                line.order,
                formats.short_day(line.order.business_date),
                cells.quantity_text(line.quantity),
                cells.price_text(line.price, line.order.currency),
            )
            for line in lines
        ],
        "sees_costs": sees_costs,
        "may_edit": policy.allows(actor, "products.edit"),
    }
    return render(request, "commerce/product.html", context)


def price_chart(changes: list[PriceChange], currency: str) -> SafeString:
    """How the price went, oldest first; nothing under two prices."""
    known = [change for change in reversed(changes) if change.price is not None]
    if len(known) < 2:
        return SafeString("")
    prices = [float(scaled_to_price(change.price or 0)) for change in known]
    label = _("The price went from %(first)s to %(last)s") % {
        "first": cells.price_text(known[0].price, currency),
        "last": cells.price_text(known[-1].price, currency),
    }
    columns = [
        (
            formats.short_day(timezone.localtime(change.since).date()),
            price,
            cells.price_text(change.price, currency),
        )
        for change, price in zip(known[-CHARTED:], prices[-CHARTED:], strict=True)
    ]
    return charts.columns(columns, label, width=360, height=150)


@form_page
def product_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "products.edit")
    form = forms.ProductForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            saved = actions.save_product(actor=actor, data=form.data_given())
            toasts.success(request, _("Product “%(name)s” added") % {"name": saved.name})
            return toasts.redirect(request, reverse("commerce:product", args=[saved.pk]))
    return _form(request, form, _("New product"))


@form_page
def product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = product_or_404(actor, pk)
    policy.require(actor, "products.edit")
    form = forms.ProductForm(request.POST or None, actor=actor, product=one)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.save_product(actor=actor, data=form.data_given(), product=one)
            toasts.success(request, _("Product “%(name)s” saved") % {"name": one.name})
            return toasts.redirect(request, reverse("commerce:product", args=[pk]))
    return _form(request, form, one.name, one)


def _form(
    request: HttpRequest, form: forms.ProductForm, title: str, one: Product | None = None
) -> HttpResponse:
    groups = ProductGroup.objects.values_list("name", flat=True)[:200]
    context = {"form": form, "title": title, "groups": groups, "product": one}
    status = 422 if form.errors else 200
    return render(request, "commerce/product_form.html", context, status=status)


@require_POST
def product_sale(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    actor = actor_of(request)
    one = product_or_404(actor, pk)
    actions.set_on_sale(actor=actor, product=one, on_sale=way == "on")
    words = _("“%(name)s” is on sale") if way == "on" else _("“%(name)s” is off sale")
    undo = reverse("commerce:product-sale", args=[pk, "off" if way == "on" else "on"])
    toasts.success(request, words % {"name": one.name}, undo=undo)
    return toasts.redirect(request, reverse("commerce:product", args=[pk]))


@require_POST
def product_delete(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = product_or_404(actor, pk)
    actions.delete_product(actor=actor, product=one)
    undo = reverse("commerce:product-restore", args=[pk])
    toasts.success(request, _("Product “%(name)s” deleted") % {"name": one.name}, undo=undo)
    return toasts.redirect(request, reverse("commerce:products"))


@require_POST
def product_restore(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "products.edit")
    one = get_object_or_404(Product.objects.in_bin(), pk=pk)
    actions.restore_product(actor=actor, product=one)
    toasts.success(request, _("Product “%(name)s” restored") % {"name": one.name})
    return toasts.redirect(request, reverse("commerce:product", args=[pk]))


@require_POST
def products_undelete(request: HttpRequest, moment: int) -> HttpResponse:
    count = actions.restore_products(actor=actor_of(request), deleted_at=moment_of(moment))
    words = ngettext("%(n)s product restored", "%(n)s products restored", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, reverse("commerce:products"))


# ---- exchange rates ----


@form_page
def rates(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "core.settings")
    company = Company.current()
    form = forms.RateForm(request.POST or None, initial={"since": company.business_date()})
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.set_rate(actor=actor, **form.cleaned_data)
            toasts.success(request, _("The rate is saved, orders are counted at it"))
            return toasts.redirect(request, reverse("commerce:rates"))
    known = [
        (rate, formats.day(rate.since), formats.number(rate.rate / RATE_SCALE, 4))
        for rate in ExchangeRate.objects.all()[:200]
    ]
    context = {"form": form, "rates": known, "base": company.currency}
    return render(request, "commerce/rates.html", context, status=422 if form.errors else 200)


@require_POST
def rate_remove(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "core.settings")
    rate = get_object_or_404(ExchangeRate, pk=pk)
    try:
        actions.remove_rate(actor=actor, rate=rate)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        toasts.success(request, _("The rate is removed"))
    return toasts.redirect(request, reverse("commerce:rates"))
