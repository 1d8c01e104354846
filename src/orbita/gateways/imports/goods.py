"""A row of cells as a product of the catalogue."""

from decimal import Decimal

from django.utils.translation import gettext as _

from orbita.commerce.models import Product
from orbita.commerce.sums import LARGEST_FACTOR
from orbita.core.text import normalise
from orbita.gateways.files import values
from orbita.gateways.files.columns import Mapping
from orbita.gateways.files.source import Cell
from orbita.gateways.imports.records import ProductRow, UnreadableError


class ProductReader:
    def __init__(self, mapping: Mapping) -> None:
        self._columns = sorted(mapping.columns.items())
        self._labels = mapping.labels

    def read(self, number: int, cells: list[Cell]) -> ProductRow:
        """The product of a row. Raises UnreadableError."""
        row = ProductRow(number=number, name="")
        for index, name in self._columns:
            if index < len(cells) and not values.is_blank(cells[index]):
                try:
                    self._put(row, name, cells[index])
                except ValueError as error:
                    raise UnreadableError(
                        _("“%(column)s”: %(value)s. %(why)s")
                        % {
                            "column": self._labels.get(index, name),
                            "value": values.to_text(cells[index])[:60],
                            "why": error,
                        }
                    ) from None
        row.name = row.name or row.sku
        if not row.name:
            raise UnreadableError(_("The product has neither a name nor an article."))
        return row

    def _put(self, row: ProductRow, name: str, cell: Cell) -> None:
        if put := _PUT.get(name):
            put(row, cell)


def _put_name(row: ProductRow, cell: Cell) -> None:
    row.name = values.to_text(cell)[:300]


def _put_sku(row: ProductRow, cell: Cell) -> None:
    row.sku = values.to_identifier(cell)
    if len(row.sku) > 60:
        raise ValueError(_("At most %(n)s characters.") % {"n": 60})


def _put_price(row: ProductRow, cell: Cell) -> None:
    row.price = _price(values.parse_money(cell))


def _put_cost(row: ProductRow, cell: Cell) -> None:
    row.cost = _price(values.parse_money(cell))


def _put_group(row: ProductRow, cell: Cell) -> None:
    row.group = values.to_text(cell)[:150]


def _put_unit(row: ProductRow, cell: Cell) -> None:
    row.unit = values.to_text(cell)[:20]


def _put_currency(row: ProductRow, cell: Cell) -> None:
    text = values.to_text(cell).upper()
    row.currency = text if len(text) == 3 and text.isascii() else ""


def _put_kind(row: ProductRow, cell: Cell) -> None:
    is_service = normalise(values.to_text(cell)).startswith(("усл", "serv", "работ"))
    row.kind = Product.Kind.SERVICE if is_service else Product.Kind.GOOD


def _put_archived(row: ProductRow, cell: Cell) -> None:
    row.is_active = not values.parse_boolean(cell)


def _put_note(row: ProductRow, cell: Cell) -> None:
    _describe(row, values.to_note(cell))


def _put_barcode(row: ProductRow, cell: Cell) -> None:
    _describe(row, f"barcode: {values.to_note(cell)}")


def _describe(row: ProductRow, text: str) -> None:
    row.description = "\n".join(filter(None, [row.description, text]))


_PUT = {
    "product": _put_name,
    "sku": _put_sku,
    "unit_price": _put_price,
    "cost_price": _put_cost,
    "product_group": _put_group,
    "unit": _put_unit,
    "currency": _put_currency,
    "product_kind": _put_kind,
    "is_archived": _put_archived,
    "product_note": _put_note,
    "barcode": _put_barcode,
}


def _price(amount: Decimal | None) -> int | None:
    if amount is None:
        return None
    scaled = int((amount * 10_000).to_integral_value())
    if not 0 <= scaled <= LARGEST_FACTOR:
        raise ValueError(_("A number is too large to be true."))
    return scaled
