"""The lists of orders and products, and their parts of the recycle bin."""

from orbita.commerce.lists.orders import ORDERS, ORDERS_BIN, search_orders
from orbita.commerce.lists.products import PRODUCTS, PRODUCTS_BIN, search_products

__all__ = [
    "ORDERS",
    "ORDERS_BIN",
    "PRODUCTS",
    "PRODUCTS_BIN",
    "search_orders",
    "search_products",
]
