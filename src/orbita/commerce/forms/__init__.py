"""Forms of orders and products."""

from .fields import DecimalTextField, Discount, DiscountField, plain_decimal
from .order import OrderEditor
from .product import ProductForm
from .small import CancelForm, DeliveryForm, PaymentForm, RateForm, ReturnForm

__all__ = [
    "CancelForm",
    "DecimalTextField",
    "DeliveryForm",
    "Discount",
    "DiscountField",
    "OrderEditor",
    "PaymentForm",
    "ProductForm",
    "RateForm",
    "ReturnForm",
    "plain_decimal",
]
