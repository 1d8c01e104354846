"""What an order must be to be taken: one sentence per fault."""

from collections.abc import Iterable

from orbita.commerce.models import Order
from orbita.commerce.records import LineData, OrderData
from orbita.commerce.sums import LARGEST_FACTOR, LARGEST_SUM
from orbita.core.sentences import Sentence
from orbita.core.sentences import Sentence as _

_WORDS = {
    "kind": frozenset(Order.Kind.values),
    "status": frozenset(["", *Order.Status.values]),
    "payment": frozenset(Order.Payment.values),
    "delivery": frozenset(Order.Delivery.values),
}
_LENGTHS = {
    name: getattr(Order._meta.get_field(name), "max_length", None) or 0
    for name in ("number", "external_id", "delivery_method", "delivery_address", "comment")
}
LONGEST_NAME = 300


def fault(data: OrderData) -> Sentence | None:
    """Why the order cannot be kept at all, None when it can. Asks nothing of the database."""
    for name, words in _WORDS.items():
        if getattr(data, name) not in words:
            return _("“%(value)s” is not known here.") % {"value": str(getattr(data, name))[:40]}
    for name, length in _LENGTHS.items():
        value = getattr(data, name) or ""
        if len(value) > length:
            return _("“%(value)s…” is too long.") % {"value": value[:40]}
        if "\0" in value:
            return _("The text has characters that cannot be kept.")
    if data.currency and not (len(data.currency) == 3 and data.currency.isascii()):
        return _("“%(value)s” is not a currency.") % {"value": data.currency[:40]}
    if data.discount < 0:
        return _("A discount cannot be below zero.")
    if not 0 <= data.paid <= LARGEST_SUM or data.discount > LARGEST_SUM:
        return _("The sum is too large.")
    return _fault_of_lines(data.lines)


def _fault_of_lines(lines: Iterable[LineData]) -> Sentence | None:
    ordinals: set[int] = set()
    total = 0
    for place, line in enumerate(lines, start=1):
        ordinal = line.ordinal if line.ordinal is not None else place
        if ordinal in ordinals or not 0 <= ordinal <= 2**31 - 1:
            return _("Two lines have the number %(ordinal)s.") % {"ordinal": ordinal}
        ordinals.add(ordinal)
        if abs(line.quantity) > LARGEST_FACTOR or abs(line.price) > LARGEST_FACTOR:
            return _("The sum is too large.")
        total += abs(line.price * line.quantity)
        if not 0 <= line.discount <= LARGEST_SUM or abs(line.cost or 0) > LARGEST_SUM:
            return _("A discount cannot be below zero.")
        if len(line.name) > LONGEST_NAME or "\0" in line.name:
            return _("“%(value)s…” is too long.") % {"value": line.name[:40]}
    # 1/10 000 × 1/1000, with up to three decimal places of the currency.
    return _("The sum is too large.") if total > LARGEST_SUM * 10**4 else None
