"""The commerce room: catalogue, orders, returns, carts."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.clients.facts import RECORDERS
from orbita.commerce.facts import RECORDER

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
    Permission("products.export", _("export the catalogue"), scoped=False, starter={"head": "all"}),
)
RECORDERS.register(RECORDER)
