"""A row of cells as a product of the catalogue."""

from collections.abc import Callable
from decimal import Decimal

from orbita.commerce.models import Product
from orbita.commerce.sums import LARGEST_FACTOR
from orbita.core.sentences import Sentence as _
from orbita.core.text import normalise
from orbita.gateways.files import values
from orbita.gateways.files.columns import Mapping
from orbita.gateways.files.source import Cell
from orbita.gateways.imports.own_cells import OwnColumns
from orbita.gateways.imports.plan import Plan
from orbita.gateways.imports.records import ProductRow, UnreadableError


class ProductReader:
    def __init__(self, plan: Plan, mapping: Mapping) -> None:
        self._own = OwnColumns(plan, "product", mapping.columns, mapping.date_orders)
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
        row.own, doubts = self._own.read([cells])
        row.description = "\n".join(filter(None, [row.description, *doubts]))
        row.name = row.name or row.sku
        if not row.name:
            raise UnreadableError(_("The product has neither a name nor an article."))
        return row

    def _put(self, row: ProductRow, name: str, cell: Cell) -> None:
        if name in _TEXTS:
            field, longest = _TEXTS[name]
            setattr(row, field, values.to_text(cell)[:longest])
        elif name in _OTHERS:
            _OTHERS[name](row, cell)


_TEXTS = {"product": ("name", 300), "product_group": ("group", 150), "unit": ("unit", 20)}


def _sku(row: ProductRow, cell: Cell) -> None:
    row.sku = values.to_identifier(cell)
    if len(row.sku) > 60:
        raise ValueError(_("At most %(n)s characters.") % {"n": 60})


def _prices(name: str) -> Callable[[ProductRow, Cell], None]:
    def put(row: ProductRow, cell: Cell) -> None:
        setattr(row, name, _price(values.parse_money(cell)))

    return put


def _currency(row: ProductRow, cell: Cell) -> None:
    text = values.to_text(cell).upper()
    row.currency = text if len(text) == 3 and text.isascii() else ""


def _kind(row: ProductRow, cell: Cell) -> None:
    is_service = normalise(values.to_text(cell)).startswith(("усл", "serv", "работ"))
    row.kind = Product.Kind.SERVICE if is_service else Product.Kind.GOOD


def _archived(row: ProductRow, cell: Cell) -> None:
    row.is_active = not values.parse_boolean(cell)


def _note(row: ProductRow, cell: Cell) -> None:
    row.description = "\n".join(filter(None, [row.description, values.to_note(cell)]))


def _barcode(row: ProductRow, cell: Cell) -> None:
    _note(row, f"EAN: {values.to_identifier(cell)}")


_OTHERS: dict[str, Callable[[ProductRow, Cell], None]] = {
    "sku": _sku,
    "unit_price": _prices("price"),
    "cost_price": _prices("cost"),
    "currency": _currency,
    "product_kind": _kind,
    "is_archived": _archived,
    "product_note": _note,
    "barcode": _barcode,
}


def _price(amount: Decimal | None) -> int | None:
    if amount is None:
        return None
    scaled = int((amount * 10_000).to_integral_value())
    if not 0 <= scaled <= LARGEST_FACTOR:
        raise ValueError(_("A number is too large to be true."))
    return scaled
