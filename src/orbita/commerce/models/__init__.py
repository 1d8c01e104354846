from .balance import OpeningBalance
from .cart import Cart, CartLine, ProductView
from .catalogue import PriceChange, Product, ProductGroup
from .order import Order, OrderLine

__all__ = [
    "Cart",
    "CartLine",
    "OpeningBalance",
    "Order",
    "OrderLine",
    "PriceChange",
    "Product",
    "ProductGroup",
    "ProductView",
]
