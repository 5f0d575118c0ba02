"""What each role may do.

A role is a Django group of the same name; every migration brings the groups in step with this
table. Names of permissions of apps above are plain words here: ``app.action_model``.
"""

from __future__ import annotations


def _may(actions: str, app: str, models: str) -> frozenset[str]:
    return frozenset(
        f"{app}.{action}_{model}" for action in actions.split() for model in models.split()
    )


_ALL = "add change delete view"
_CATALOG = "category collection media product productoption review stock variant"
# Written by services alone: nobody edits them by hand.
_CATALOG_RECORDS = "productlisting searchword stockmovement"
_IMPORTS = "importrow importrowerror productimport"
_ORDERS = (
    "fulfillment fulfillmentline order orderevent orderline ordernote"
    " payment paymentevent paymentoperation return returnline"
)
_CARTS = "cart cartline cartvoucher quote"
_ACCOUNTS = "address message notification user"
_LOG_INS = "browsersession mailedtoken refreshsession"
_TERMS = "shippingmethod shippingzone taxrate voucher"

_CATALOG_MANAGER = (
    _may(_ALL, "catalog", _CATALOG)
    | _may("view", "catalog", f"{_CATALOG_RECORDS} {_IMPORTS}")
    | _may("add change", "catalog", "productimport")
    | _may("view", "tasks", "job")
)
_ORDER_MANAGER = (
    _may("view", "commerce", f"{_ORDERS} {_CARTS} voucherredemption")
    | _may("change", "commerce", "order payment")
    | _may("add change", "commerce", "fulfillment fulfillmentline return returnline")
    | _may("add", "commerce", "ordernote")
    | _may(_ALL, "commerce", _TERMS)
    | _may("view", "catalog", f"{_CATALOG} {_CATALOG_RECORDS}")
    | _may("view change", "tasks", "job")
    | _may("add view", "users", "message")
)
_SUPPORT = (
    _may("view", "commerce", _ORDERS)
    | _may("add", "commerce", "ordernote")
    | _may("view", "users", "address user")
    | _may("add view", "users", "message")
)
_ADMIN = (
    _may(_ALL, "catalog", f"{_CATALOG} {_CATALOG_RECORDS} {_IMPORTS}")
    | _may(_ALL, "commerce", f"{_ORDERS} {_CARTS} {_TERMS} voucherredemption")
    | _may(_ALL, "users", f"{_ACCOUNTS} {_LOG_INS}")
    | _may(_ALL, "tasks", "idempotencyrecord inboxentry job")
    | _may(_ALL, "webhooks", "webhookdelivery webhookendpoint")
    | _may(_ALL, "auth", "group permission")
)

ADMIN = "admin"
ROLES: dict[str, frozenset[str]] = {
    "catalog_manager": _CATALOG_MANAGER,
    "order_manager": _ORDER_MANAGER,
    "support": _SUPPORT,
    ADMIN: _ADMIN,
}
