from .balance import OpeningBalance
from .cart import Cart, CartLine, ProductView
from .catalogue import PriceChange, Product, ProductGroup
from .order import Order, OrderLine
from .rate import ExchangeRate

__all__ = [
    "Cart",
    "CartLine",
    "ExchangeRate",
    "OpeningBalance",
    "Order",
    "OrderLine",
    "PriceChange",
    "Product",
    "ProductGroup",
    "ProductView",
]
