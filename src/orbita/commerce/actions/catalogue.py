"""Goods and services, their groups and prices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields import in_bulk as own_in_bulk
from orbita.clients.fields import values as own
from orbita.commerce.models import PriceChange, Product, ProductGroup
from orbita.commerce.sums import LARGEST_FACTOR
from orbita.core.events import NewEvent, changes, emit, emit_many
from orbita.core.models import Company, Origin
from orbita.core.sentences import Sentence, conflict, joined, said_by
from orbita.core.sentences import Sentence as _
from orbita.core.text import clean_line, normalise

_TOLD = ("name", "kind", "sku", "unit", "currency", "price", "is_active", "description")


@dataclass(slots=True, kw_only=True)
class ProductData:
    """A product. `price` and `cost` are in 1/10 000 of the currency's major unit, None when not
    known; `currency` "" is the base. `prices` is its history for loaders: (since, price, cost). `own`
    are values of own fields by name; those that are not named stay as they are.
    """

    name: str
    kind: str = "good"
    sku: str | None = None
    group: str = ""
    unit: str = ""
    currency: str = ""
    price: int | None = None
    cost: int | None = None
    is_active: bool = True
    description: str = ""
    prices: Sequence[tuple[datetime, int | None, int | None]] = ()
    own: Mapping[str, Any] = field(default_factory=dict)


def save_product(
    *,
    actor: User,
    data: ProductData,
    product: Product | None = None,
    version: int | None = None,
    event_origin: str = Origin.LIVE,
) -> Product:
    """A new product, or an old one put into the given state. A new price goes into the history.

    Raises `Denied`, or `ValidationError` with sentences keyed by field.
    """
    policy.require(actor, "products.edit")
    with transaction.atomic():
        if product is None:
            product, before = Product(), {}
            old_costs: int | None = None
        else:
            product = _locked(product, version)
            before, old_costs = _told(product), product.cost
        old_price = product.price
        _fill(product, data)
        # An undo puts back what was there: whoever asks for it, and whatever is required by now.
        is_undo = event_origin == Origin.RESTORE
        names = own.put(product, "product", data.own, None if is_undo else actor, fresh=not before)
        _save(product)
        if is_undo:
            own.write_marks(product, "product", names)
        else:
            own.settle(product, "product", actor, names, fresh=not before)
        if (old_price, old_costs) != (product.price, product.cost):
            PriceChange.objects.create(product=product, price=product.price, cost=product.cost)
        difference = changes(before, _told(product))
        told: dict[str, Any] = {"name": product.name, "currency": product.currency} | difference
        if old_costs != product.cost:
            told["costs"] = {"before": old_costs, "after": product.cost}
        if difference["after"] or "costs" in told:
            kind = "product.changed" if before else "product.created"
            _emit(kind, product, actor, told, event_origin)
    return product


def set_on_sale(*, actor: User, product: Product, on_sale: bool) -> Product:
    """Takes the product off sale or puts it back; old orders keep it."""
    policy.require(actor, "products.edit")
    with transaction.atomic():
        product = _locked(product)
        if product.is_active != on_sale:
            product.is_active = on_sale
            _save(product)
            told = {
                "name": product.name,
                "before": {"is_active": not on_sale},
                "after": {"is_active": on_sale},
            }
            _emit("product.changed", product, actor, told)
    return product


def delete_product(*, actor: User, product: Product) -> Product:
    """To the recycle bin. Old orders keep showing it."""
    policy.require(actor, "products.edit")
    with transaction.atomic():
        product = _locked(product)
        if product.deleted_at is None:
            product.deleted_at = timezone.now()
            _save(product)
            _emit("product.deleted", product, actor, {"name": product.name})
    return product


def restore_product(*, actor: User, product: Product) -> Product:
    policy.require(actor, "products.edit")
    with transaction.atomic():
        product = _locked(product)
        if product.deleted_at is not None:
            product.deleted_at = None
            _save(product)
            _emit("product.restored", product, actor, {"name": product.name})
    return product


def save_group(*, actor: User, name: str, group: ProductGroup | None = None) -> ProductGroup:
    """A group by its name; an old one is renamed. Names differ by more than case."""
    policy.require(actor, "products.edit")
    name = clean_line(name)[:150]
    if not name:
        raise ValidationError({"name": _("Enter a name.")})
    with transaction.atomic():
        same = ProductGroup.objects.filter(name_key=normalise(name)[:150]).first()
        if group is None and same:
            return same
        if same and group and same.pk != group.pk:
            raise ValidationError({"name": _("There is a group with this name already.")})
        before = {"name": group.name} if group else {}
        group = group or ProductGroup()
        group.name, group.name_key = name, normalise(name)[:150]
        group.save()
        difference = changes(before, {"name": name})
        if difference["after"]:
            emit(
                "product_group.saved",
                actor=actor,
                subject_type="product_group",
                subject_id=group.pk,
                data=difference,
            )
    return group


def load_products(
    rows: Sequence[ProductData], *, actor: User, event_origin: str = Origin.IMPORT
) -> list[Product]:
    """Makes many new products with their groups and price histories; returned in order, with keys.

    The loader has matched them before: an article that exists raises `IntegrityError`.
    """
    policy.require(actor, "products.edit")
    with transaction.atomic():
        groups = _groups(rows)
        base, now = Company.current().currency, timezone.now()
        products = []
        for row in _distinct(rows):
            product = Product(group=groups.get(normalise(row.group)[:150]))
            _write(product, row, base)
            own.assign(product, "product", own.read("product", row.own))
            products.append(product)
        Product.objects.bulk_create(products, batch_size=500)
        own_in_bulk.mark(((product.pk, product.own or {}) for product in products), "product")
        PriceChange.objects.bulk_create(
            [
                PriceChange(product=product, since=since, price=price, cost=cost)
                for product, row in zip(products, rows, strict=True)
                for since, price, cost in row.prices or [(now, row.price, row.cost)]
                if price is not None or cost is not None
            ],
            batch_size=1000,
        )
        emit_many(
            [
                NewEvent("product.created", None, "product", p.pk, {"name": p.name})
                for p in products
            ],
            actor=actor,
            origin=event_origin,
        )
    return products


def unload_products(
    created: Mapping[int, int],
    updated: Sequence[tuple[int, int, ProductData]] = (),
    *,
    actor: User,
) -> list[tuple[int, Sentence]]:
    """Removes loaded products (id → version) and puts changed ones back (id, version, before).

    What was changed since or is used by an order, a cart or anything else stays: returned as
    (id, reason).
    """
    policy.require(actor, "products.edit")
    with transaction.atomic():
        rows = Product.objects.select_for_update(no_key=True).in_bulk(
            [*created, *(pk for pk, _version, _before in updated)]
        )
        kept = {
            pk: _("It was changed after the import.")
            for pk, version in (*created.items(), *((one[0], one[1]) for one in updated))
            if pk in rows and rows[pk].version != version
        }
        kept |= {pk: reason for pk, reason in _used(created).items() if pk not in kept}
        gone = [pk for pk in created if pk in rows and pk not in kept]
        told = [
            NewEvent("product.unloaded", None, "product", pk, {"name": rows[pk].name})
            for pk in gone
        ]
        PriceChange.objects.filter(product_id__in=gone).delete()
        own_in_bulk.unmark(gone, "product")
        Product.objects.filter(pk__in=gone).delete()
        for pk, _version, before in updated:
            if pk in rows and pk not in kept:
                try:
                    save_product(
                        actor=actor, data=before, product=rows[pk], event_origin=Origin.RESTORE
                    )
                except ValidationError as error:  # its article or a unique value is another's now
                    kept[pk] = joined(said_by(error))
        emit_many(told, actor=actor, origin=Origin.RESTORE)
    return sorted(kept.items())


def _distinct(rows: Sequence[ProductData]) -> Sequence[ProductData]:
    """The rows with own values that other products have already in their descriptions."""
    if not any(row.own for row in rows):
        return rows
    values = [dict(row.own) for row in rows]
    out = own_in_bulk.take_repeated(Product, "product", values, [None] * len(rows))
    return [
        replace(
            row, own=left, description="\n".join(filter(None, [row.description, *words.values()]))
        )
        for row, left, words in zip(rows, values, out, strict=True)
    ]


def _used(ids: Iterable[int]) -> dict[int, Sentence]:
    wanted, used = list(ids), dict[int, Sentence]()
    for relation in Product._meta.related_objects:
        model: Any = relation.related_model
        if model is PriceChange:
            continue
        name = relation.field.attname
        for pk in model._base_manager.filter(**{f"{name}__in": wanted}).values_list(
            name, flat=True
        ):
            used[pk] = _("It is used: %(what)s.") % {"what": Sentence(model._meta.verbose_name_raw)}
    return used


def _groups(rows: Sequence[ProductData]) -> Mapping[str, ProductGroup]:
    wanted = {normalise(row.group)[:150]: clean_line(row.group)[:150] for row in rows if row.group}
    ProductGroup.objects.bulk_create(
        [ProductGroup(name=name, name_key=key) for key, name in wanted.items() if key],
        ignore_conflicts=True,
    )
    return {group.name_key: group for group in ProductGroup.objects.filter(name_key__in=wanted)}


def _locked(product: Product, version: int | None = None) -> Product:
    fresh = Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    if version is not None and fresh.version != version:
        raise conflict(
            _("Somebody changed the product meanwhile. Look at it again and repeat your change.")
        )
    return fresh


def _fill(product: Product, data: ProductData) -> None:
    if data.kind not in Product.Kind.values:
        raise ValidationError({"kind": _("There is no such kind.")})
    if not clean_line(data.name):
        raise ValidationError({"name": _("Enter a name.")})
    for name in ("price", "cost"):
        value = getattr(data, name)
        if value is not None and not 0 <= value <= LARGEST_FACTOR:
            raise ValidationError({name: _("Enter a sum from zero up.")})
    key = normalise(data.group)[:150]
    if key:
        product.group, _made = ProductGroup.objects.get_or_create(
            name_key=key, defaults={"name": clean_line(data.group)[:150]}
        )
    else:
        product.group = None
    _write(product, data, Company.current().currency)


def _write(product: Product, data: ProductData, base: str) -> None:
    product.kind = data.kind
    product.name = clean_line(data.name)[:300]
    product.name_key = normalise(product.name)[:300]
    sku = clean_line(data.sku or "")[:60]
    product.sku, product.sku_key = sku or None, normalise(sku)[:60]
    product.unit = clean_line(data.unit)[:20]
    product.currency = (data.currency or base).upper()[:3]
    product.price, product.cost = data.price, data.cost
    product.is_active = data.is_active
    product.description = data.description.strip()


def _save(product: Product) -> None:
    if product.pk:
        product.version += 1
        product.updated_at = timezone.now()
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError as error:
        own.refuse_repeated(error)
        taken = conflict(_("Another product has this article."))
        raise ValidationError({"sku": taken}) from None


def _told(product: Product) -> dict[str, Any]:
    group = product.group.name if product.group else None
    told = {name: getattr(product, name) for name in _TOLD} | {"group": group}
    return told | own.plain(product, "product")


def _emit(
    kind: str,
    product: Product,
    actor: User,
    data: Mapping[str, Any],
    origin: str = Origin.LIVE,
) -> None:
    emit(kind, actor=actor, subject_type="product", subject_id=product.pk, data=data, origin=origin)
