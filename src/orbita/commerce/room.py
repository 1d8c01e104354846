"""The commerce room: catalogue, orders, returns, carts."""

from datetime import timedelta
from functools import partial

from django.utils.translation import gettext_lazy as _

from orbita.accounts.explaining import RECORDS, RecordKind
from orbita.accounts.policy import AREAS, PERMISSIONS, Area, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.extension import (
    CARD_BUTTONS,
    CARD_PANELS,
    CARD_STRIP,
    MAIN,
    TIMELINE_GROUPS,
    TIMELINE_RIGHTS,
    CardButton,
    CardPanel,
    StripItem,
    TimelineGroup,
    TimelineRight,
)
from orbita.clients.facts import RECORDERS
from orbita.clients.fields.facts import facts_of
from orbita.clients.fields.subjects import register_subject
from orbita.clients.mergers import MERGERS
from orbita.commerce import card, jobs, lists, merging, privacy, rule_facts, search, words
from orbita.commerce.facts import RECORDER
from orbita.commerce.models import Order, Product
from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES, Schedule
from orbita.core.rules import FACTS
from orbita.ui.lists import LISTS
from orbita.ui.menu import MENU, QUICK_CREATE, SEARCH, MenuItem, QuickCreate, SearchProvider

RECORDS.register(
    RecordKind(
        "order",
        _("Order"),
        lambda pk: Order.objects.select_related("client").filter(pk=pk).first(),
        "orders",
        lambda user, order: Order.objects.filter(pk=order.pk).visible_to(user).exists(),
    )
)
AREAS.register(Area("sales", _("Sales"), ("orders", "products", "commerce"), order=20))
PERMISSIONS.register(
    Permission(
        "orders.view",
        _("see orders"),
        starter={
            "head": "all",
            "manager": "team",
            "marketer": "all",
            "support": "all",
            "viewer": "all",
        },
    ),
    Permission(
        "orders.edit", _("add and change orders"), starter={"head": "all", "manager": "own"}
    ),
    Permission("orders.delete", _("delete orders"), starter={"head": "all"}),
    Permission("orders.export", _("export orders"), starter={"head": "all"}),
    Permission(
        "products.view",
        _("see the catalogue"),
        scoped=False,
        starter=dict.fromkeys(("head", "manager", "marketer", "support", "viewer"), "all"),
    ),
    Permission("products.edit", _("change the catalogue"), scoped=False, starter={"head": "all"}),
    Permission(
        "commerce.costs", _("see cost prices and margins"), scoped=False, starter={"head": "all"}
    ),
    Permission("products.export", _("export the catalogue"), scoped=False, starter={"head": "all"}),
)
RECORDERS.register(RECORDER)
MERGERS.register(merging.MERGER)
FACTS.register("client", *rule_facts.CLIENT_FACTS)
FACTS.register("order", *rule_facts.ORDER_FACTS)
FACTS.register("product", *rule_facts.PRODUCT_FACTS)
for subject, model in (("order", Order), ("product", Product)):
    register_subject(subject, model)
    FACTS.add_source(subject, partial(facts_of, subject))
KINDS.register(
    EventKind("order.created", _("Order"), "cart", "orders", words.order_made),
    EventKind("order.changed", _("Order changed"), "cart", "changes", words.order_changed),
    EventKind("order.cancelled", _("Order cancelled"), "cart", "orders", words.order_cancelled),
    EventKind("order.deleted", _("Order deleted"), "cart", "changes", words.order_deleted),
    EventKind("order.restored", _("Order restored"), "cart", "changes", words.order_restored),
    EventKind("order.returned", _("Return"), "undo", "orders", words.returned),
    EventKind("order.paid", _("Payment"), "ruble", "orders", words.order_paid, erase=()),
    EventKind("order.delivery", _("Delivery"), "truck", "changes", words.delivery_set),
    EventKind(
        "orders.loaded", _("Orders loaded"), "upload", "orders", words.orders_loaded, erase=()
    ),
    EventKind(
        "orders.unloaded",
        _("Loading of orders undone"),
        "undo",
        "changes",
        words.orders_unloaded,
        erase=(),
    ),
    EventKind("balance.set", _("Purchases from totals"), "upload", "orders", words.balance_set),
    EventKind("balance.removed", _("Purchases from totals removed"), "undo", "changes"),
    EventKind("cart.changed", _("Cart"), "cart", "visits", words.cart_changed, erase=()),
    EventKind(
        "cart.abandoned", _("Abandoned cart"), "cart", "visits", words.cart_abandoned, erase=()
    ),
    EventKind("product.viewed", _("Looked at a product"), "eye", "visits", words.product_viewed),
    EventKind("product.created", _("Product added"), "box", erase=()),
    EventKind("product.changed", _("Product changed"), "box", erase=()),
    EventKind("product.deleted", _("Product deleted"), "box", erase=()),
    EventKind("product.unloaded", _("Product removed with its import"), "box", erase=()),
    EventKind("product.restored", _("Product restored"), "box", erase=()),
    EventKind("product_group.saved", _("Group of products saved"), "box", erase=()),
    EventKind("rate.set", _("Exchange rate set"), "ruble", group="settings", erase=()),
    EventKind("rate.removed", _("Exchange rate removed"), "ruble", group="settings", erase=()),
)
TIMELINE_RIGHTS.register(
    *(TimelineRight(name, "orders.view") for name in ("order", "orders", "balance", "cart")),
    TimelineRight("product", "products.view"),
)
TIMELINE_GROUPS.register(
    TimelineGroup("orders", _("Orders"), order=20),
    TimelineGroup("visits", _("Carts and views"), order=60),
)
CARD_STRIP.register(
    StripItem("rhythm", _("Usually orders"), card.rhythm, order=55, permission="orders.view")
)
CARD_PANELS.register(CardPanel("purchases", card.purchases, place=MAIN, order=20))
CARD_BUTTONS.register(
    CardButton("order", _("New order"), card.new_order_url, "cart", "orders.edit", order=10)
)
LISTS.register(lists.ORDERS, lists.ORDERS_BIN, lists.PRODUCTS, lists.PRODUCTS_BIN)
SETTINGS_TABS.register(
    Tab("rates", _("Exchange rates"), "core.settings", "commerce:rates", 21, "company"),
)
MENU.register(
    MenuItem("orders", _("Orders"), "commerce:orders", "cart", "orders.view", order=30, phone=True),
    MenuItem("products", _("Products"), "commerce:products", "box", "products.view", order=32),
)
QUICK_CREATE.register(
    QuickCreate("order", _("Order"), "commerce:order-new", "cart", "orders.edit", order=20),
    QuickCreate(
        "product",
        _("Product"),
        "commerce:product-new",
        "box",
        "products.edit",
        order=60,
        dialog=True,
    ),
)
SCHEDULES.register(
    Schedule("abandoned-carts", jobs.find_abandoned_carts, every=timedelta(minutes=15))
)
SEARCH.register(
    SearchProvider("orders", _("Orders"), search.orders, "orders.view"),
    SearchProvider("products", _("Products"), search.products, "products.view"),
)
privacy.register()
