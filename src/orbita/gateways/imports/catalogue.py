"""Goods and services of an import: a price list, and the articles that lines of orders name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields import in_bulk as own_in_bulk
from orbita.commerce.actions import load_products, save_product
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import Product
from orbita.core.models import Origin
from orbita.core.sentences import keep, said_by
from orbita.core.text import normalise
from orbita.gateways.imports import own_cells
from orbita.gateways.imports.journal import Journal, Subject
from orbita.gateways.imports.records import OrderGroup, ProductRow, Rejected
from orbita.gateways.models import Import

FIELDS = (
    "name", "kind", "sku", "group", "unit", "currency", "price", "cost", "is_active", "description",
)  # fmt: skip


class Catalogue:
    def __init__(self, batch: Import, actor: User, journal: Journal) -> None:
        self._batch, self._actor, self._journal = batch, actor, journal

    # -- lines of orders

    def of_lines(self, groups: Sequence[OrderGroup]) -> dict[str, int]:
        """The products that lines mean: by article, or by the whole name behind a NUL.

        An article that nobody knows becomes a product, where the actor may make one.
        """
        by_sku: dict[str, tuple[str, int]] = {}
        names: set[str] = set()
        for group in groups:
            for place, line in enumerate(group.lines):
                if line.sku:
                    number = group.cells[place][0] if place < len(group.cells) else group.number
                    if not by_sku.get(line.sku, ("",))[0]:
                        by_sku[line.sku] = (line.name, number)
                elif line.name:
                    names.add(line.name)
        found = dict(Product.objects.filter(sku__in=by_sku).values_list("sku", "pk"))
        missing = [sku for sku in by_sku if sku not in found]
        if missing and policy.allows(self._actor, "products.edit"):
            own = own_cells.defaults("product", ())
            rows = [ProductData(name=by_sku[sku][0] or sku, sku=sku, own=own) for sku in missing]
            for sku, product in zip(missing, load_products(rows, actor=self._actor), strict=True):
                found[sku] = product.pk
                self._journal.created(Subject.PRODUCT, product.pk, by_sku[sku][1])
        return {**self._by_name(names), **{sku or "": pk for sku, pk in found.items()}}

    def _by_name(self, names: set[str]) -> dict[str, int]:
        if not names:
            return {}
        keys = {normalise(name)[:300]: name for name in names}
        rows = Product.objects.filter(name_key__in=keys, deleted_at=None).order_by("-pk")
        return {f"\0{keys[key]}": pk for key, pk in rows.values_list("name_key", "pk")}

    # -- a price list

    def write(self, rows: Sequence[ProductRow]) -> Counter[str]:
        """Makes and changes products; by article, those without one by name."""
        counts: Counter[str] = Counter()
        known = self._known(rows)
        new: dict[str, ProductRow] = {}
        for row in rows:
            key = _key(row.sku, row.name)
            product = known.get(key)
            if product is not None:
                counts[self._match(product, row)] += 1
            elif key in new:
                counts["updated" if self._join(new[key], row) else "unchanged"] += 1
            else:
                new[key] = row
                counts["created"] += 1
        columns = (self._batch.mapping or {}).get("columns", {}).values()
        for row in new.values():
            row.own = own_cells.defaults("product", columns) | row.own
        made = load_products([_data(row) for row in new.values()], actor=self._actor)
        for row, product in zip(new.values(), made, strict=True):
            self._journal.created(Subject.PRODUCT, product.pk, row.number)
        return counts

    def _known(self, rows: Sequence[ProductRow]) -> dict[str, Product]:
        skus = [row.sku for row in rows if row.sku]
        names = [normalise(row.name)[:300] for row in rows if not row.sku]
        known: dict[str, Product] = {}
        if names:
            for product in (
                Product.objects.select_related("group")
                .filter(name_key__in=names, sku=None, deleted_at=None)
                .order_by("-pk")
            ):
                known[_key("", product.name)] = product
        for product in Product.objects.select_related("group").filter(sku__in=skus):
            known[_key(product.sku or "", product.name)] = product
        return known

    def _match(self, product: Product, row: ProductRow) -> str:
        if self._batch.on_match == Import.OnMatch.SKIP:
            return "unchanged"
        before = product_data(product)
        after = self._merged(before, _data(row), with_kind=bool(row.kind))
        if after == before:
            return "unchanged"
        # Named are only those that change: the others may be closed to the actor.
        changed = {name: one for name, one in after.own.items() if one != before.own[name]}
        try:
            saved = save_product(
                actor=self._actor,
                data=replace(after, own=changed),
                product=product,
                event_origin=Origin.IMPORT,
            )
        except ValidationError as error:
            self._journal.rejected(Rejected(row.number, keep(*said_by(error)), row.cells))
            return "rejected"
        product.__dict__.update(saved.__dict__)
        self._journal.changed(
            Subject.PRODUCT, product.pk, row.number, saved.version, _plain(before)
        )
        return "updated"

    def _merged(self, before: ProductData, given: ProductData, *, with_kind: bool) -> ProductData:
        overwrites = self._batch.on_match == Import.OnMatch.OVERWRITE
        values: dict[str, Any] = {name: getattr(before, name) for name in FIELDS}
        for name in FIELDS:
            new = getattr(given, name)
            if name in ("is_active", "kind", "sku"):
                continue
            if new not in (None, "") and (overwrites or values[name] in (None, "")):
                values[name] = new
        if overwrites:
            values["is_active"] = given.is_active
            values["kind"] = given.kind if with_kind else before.kind
        own = own_in_bulk.joined(before.own, given.own, overwrites=overwrites)
        return ProductData(**values, own=own)

    def _join(self, first: ProductRow, again: ProductRow) -> bool:
        """A second row of a product that is new in this chunk."""
        if self._batch.on_match == Import.OnMatch.SKIP:
            return False
        merged = self._merged(_data(first), _data(again), with_kind=bool(again.kind))
        if merged == _data(first):
            return False
        for name in (*FIELDS, "own"):
            setattr(
                first,
                name,
                getattr(merged, name) or ("" if name == "sku" else getattr(merged, name)),
            )
        return True


def _key(sku: str, name: str) -> str:
    return f"sku:{sku}" if sku else f"name:{normalise(name)[:300]}"


def _data(row: ProductRow) -> ProductData:
    return ProductData(
        name=row.name,
        kind=row.kind or Product.Kind.GOOD,
        sku=row.sku or None,
        group=row.group,
        unit=row.unit,
        currency=row.currency,
        price=row.price,
        cost=row.cost,
        is_active=row.is_active,
        description=row.description,
        own=row.own,
    )


def product_data(product: Product) -> ProductData:
    """The product as the data it could be saved from."""
    return ProductData(
        name=product.name,
        kind=product.kind,
        sku=product.sku,
        group=product.group.name if product.group else "",
        unit=product.unit,
        currency=product.currency,
        price=product.price,
        cost=product.cost,
        is_active=product.is_active,
        description=product.description,
        own=own_in_bulk.plain_all(product, "product"),
    )


def _plain(data: ProductData) -> dict[str, Any]:
    return {name: getattr(data, name) for name in (*FIELDS, "own")}
