"""Everything that changes the catalogue, orders, balances, carts and exchange rates."""

from .balances import (
    remove_opening_balance,
    remove_opening_balances,
    set_opening_balance,
    set_opening_balances,
)
from .carts import (
    add_product_view,
    create_or_update_cart,
    mark_abandoned_carts,
    order_cart,
)
from .catalogue import (
    delete_product,
    load_products,
    restore_product,
    save_group,
    save_product,
    set_on_sale,
    unload_products,
)
from .loading import Loaded, Outcome, load_orders, unload_orders
from .many import (
    complete_orders,
    delete_orders,
    delete_products,
    put_on_sale,
    restore_orders,
    restore_products,
)
from .orders import (
    cancel_order,
    create_order,
    delete_order,
    restore_order,
    set_status,
    update_order,
)
from .progress import record_payment, set_delivery
from .rates import remove_rate, set_rate
from .returns import create_return, returnable

__all__ = [
    "Loaded",
    "Outcome",
    "add_product_view",
    "cancel_order",
    "complete_orders",
    "create_or_update_cart",
    "create_order",
    "create_return",
    "delete_order",
    "delete_orders",
    "delete_product",
    "delete_products",
    "load_orders",
    "load_products",
    "mark_abandoned_carts",
    "order_cart",
    "put_on_sale",
    "record_payment",
    "remove_opening_balance",
    "remove_opening_balances",
    "remove_rate",
    "restore_order",
    "restore_orders",
    "restore_product",
    "restore_products",
    "returnable",
    "save_group",
    "save_product",
    "set_delivery",
    "set_on_sale",
    "set_opening_balance",
    "set_opening_balances",
    "set_rate",
    "set_status",
    "unload_orders",
    "unload_products",
    "update_order",
]
