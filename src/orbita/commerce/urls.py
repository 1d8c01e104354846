from django.urls import path

from orbita.commerce.views import orders, products

app_name = "commerce"
urlpatterns = [
    path("orders/", orders.orders, name="orders"),
    path("orders/new/", orders.order_new, name="order-new"),
    path("orders/bin/", orders.orders_bin, name="orders-bin"),
    path("orders/undelete/<int:moment>/", orders.orders_undelete, name="orders-undelete"),
    path("orders/products/", orders.product_options, name="product-options"),
    path("orders/clients/", orders.client_options, name="client-options"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("orders/<int:pk>/edit/", orders.order_edit, name="order-edit"),
    path("orders/<int:pk>/status/<slug:status>/", orders.order_status, name="order-status"),
    path("orders/<int:pk>/cancel/", orders.order_cancel, name="order-cancel"),
    path("orders/<int:pk>/payment/", orders.order_payment, name="order-payment"),
    path(
        "orders/<int:pk>/payment/<slug:way>/<int:amount>/",
        orders.order_payment_undo,
        name="order-payment-undo",
    ),
    path("orders/<int:pk>/delivery/", orders.order_delivery, name="order-delivery"),
    path("orders/<int:pk>/return/", orders.order_return, name="order-return"),
    path("orders/<int:pk>/delete/", orders.order_delete, name="order-delete"),
    path("orders/<int:pk>/restore/", orders.order_restore, name="order-restore"),
    path("products/", products.products, name="products"),
    path("products/new/", products.product_new, name="product-new"),
    path("products/bin/", products.products_bin, name="products-bin"),
    path("products/undelete/<int:moment>/", products.products_undelete, name="products-undelete"),
    path("products/<int:pk>/", products.product, name="product"),
    path("products/<int:pk>/edit/", products.product_edit, name="product-edit"),
    path("products/<int:pk>/sale/<slug:way>/", products.product_sale, name="product-sale"),
    path("products/<int:pk>/delete/", products.product_delete, name="product-delete"),
    path("products/<int:pk>/restore/", products.product_restore, name="product-restore"),
    path("settings/rates/", products.rates, name="rates"),
    path("settings/rates/<int:pk>/remove/", products.rate_remove, name="rate-remove"),
]
