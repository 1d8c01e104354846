from ninja import Router

from . import (
    carts,
    clients,
    consents,
    deals,
    fields,
    imports,
    me,
    orders,
    products,
    relations,
    rfm,
    search,
)

clients.router.add_router("", relations.router)
clients.router.add_router("", consents.router)
ROUTERS: dict[str, Router] = {
    "/me": me.router,
    "/fields": fields.router,
    "/clients": clients.router,
    "/orders": orders.router,
    "/products": products.router,
    "/deals": deals.router,
    "/pipelines": deals.pipelines_router,
    "": carts.router,
    "/imports": imports.router,
    "/rfm": rfm.router,
    "/search": search.router,
}
