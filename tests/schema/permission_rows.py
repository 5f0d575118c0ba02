"""Who may call which root field: a row for every one that the schema has."""

from __future__ import annotations

from dataclasses import dataclass

from tests.schema.shop import PASSWORD

# "another customer" is one who names what is a customer's: with the ids, numbers and e-mail
# addresses of the owner and none of the tokens and passwords.
EVERYBODY = {
    "anonymous",
    "customer",
    "another customer",
    "catalog_manager",
    "order_manager",
    "support",
    "admin",
}
OWNERS = EVERYBODY - {"another customer"}
ACCOUNTS = EVERYBODY - {"anonymous"}
ACCOUNT_OWNERS = OWNERS & ACCOUNTS
ORDER_READERS = {"order_manager", "support", "admin"}
CATALOG_MANAGERS = {"catalog_manager", "admin"}
ORDER_MANAGERS = {"order_manager", "admin"}
PAYMENT_MANAGERS = {"order_manager", "admin"}
VOUCHER_MANAGERS = {"order_manager", "admin"}
JOB_READERS = {"catalog_manager", "order_manager", "admin"}
JOB_MANAGERS = {"order_manager", "admin"}
WEBHOOK_MANAGERS = {"admin"}


@dataclass(frozen=True)
class Row:
    """Who may call a root field, and with what.

    Attributes:
        callers: who is answered; the others are denied it. Where a customer is among them and
            another customer is not, the field works on what is somebody's own. Where both are, it
            names nothing that is anybody's.
        arguments: what it is called with: a call that would change something where it can.
            ``%(address)s`` is the caller's own, from ``things``.
        refusal: what another customer is told: a user error's field and code, or a top-level code.
            Empty for a query, which finds nothing.
        of_another: the arguments of another customer, where the owner's have a token in them for
            which there is an id or a number too.
    """

    callers: set[str]
    arguments: str = ""
    refusal: str = ""
    of_another: str = ""

    @property
    def is_owned(self) -> bool:
        """Whether customers call it for what is their own."""
        return "customer" in self.callers and "another customer" not in self.callers


QUERIES: dict[str, Row] = {
    "cart": Row(OWNERS, 'token: "%(cart)s"'),
    "categories": Row(EVERYBODY),
    "category": Row(EVERYBODY, 'slug: "home"'),
    "collection": Row(EVERYBODY, 'slug: "summer"'),
    "collections": Row(EVERYBODY),
    "job": Row(OWNERS, 'id: "%(job)s"'),
    "jobs": Row(JOB_READERS),
    "node": Row(OWNERS, 'id: "%(address)s"'),
    "nodes": Row(OWNERS, 'ids: ["%(address)s"]'),
    "order": Row(OWNERS, 'token: "%(order)s"', of_another='number: "%(number)s"'),
    "orders": Row(ORDER_READERS),
    "product": Row(EVERYBODY, 'slug: "mug"'),
    "productImport": Row(CATALOG_MANAGERS, 'id: "%(import)s"'),
    "products": Row(EVERYBODY),
    "reviews": Row(CATALOG_MANAGERS),
    "viewer": Row(ACCOUNTS),
    "voucher": Row(VOUCHER_MANAGERS, 'code: "SAVE"'),
    "vouchers": Row(VOUCHER_MANAGERS),
    "webhookEndpoint": Row(WEBHOOK_MANAGERS, 'id: "%(endpoint)s"'),
    "webhookEndpoints": Row(WEBHOOK_MANAGERS),
}
SUBSCRIPTIONS: dict[str, Row] = {
    "jobUpdated": Row(OWNERS, 'id: "%(job)s"', "NOT_FOUND"),
    "notificationReceived": Row(ACCOUNTS, "after: 0"),
    "orderUpdated": Row(OWNERS, 'token: "%(order)s", after: 0', "NOT_FOUND"),
    "productImportProgress": Row(CATALOG_MANAGERS, 'id: "%(import)s"'),
}
MUTATIONS: dict[str, Row] = {
    "addressCreate": Row(ACCOUNTS, 'input: {name: "A", street: "B", city: "C", country: "GB"}'),
    "addressDelete": Row(ACCOUNT_OWNERS, 'input: {id: "%(address)s"}', "input.id NOT_FOUND"),
    "addressUpdate": Row(
        ACCOUNT_OWNERS, 'input: {id: "%(address)s", city: "Bath"}', "input.id NOT_FOUND"
    ),
    "cartClaim": Row(
        ACCOUNT_OWNERS,
        'input: {token: "%(guest_cart)s"}',
        "input.token NOT_FOUND",
        of_another='input: {token: "%(cart)s"}',
    ),
    "cartCreate": Row(EVERYBODY, "input: {}"),
    "cartLinesSet": Row(OWNERS, 'input: {token: "%(cart)s", lines: []}', "input.token NOT_FOUND"),
    "cartUpdate": Row(
        OWNERS, 'input: {token: "%(cart)s", voucherCodes: ["SAVE"]}', "input.token NOT_FOUND"
    ),
    "categoryCreate": Row(CATALOG_MANAGERS, 'input: {name: "New"}'),
    "categoryDelete": Row(CATALOG_MANAGERS, 'input: {id: "%(category)s"}'),
    "categoryUpdate": Row(CATALOG_MANAGERS, 'input: {id: "%(category)s", name: "New"}'),
    "checkoutComplete": Row(
        OWNERS,
        'input: {cartToken: "%(cart)s", idempotencyKey: "k", '
        'payment: {provider: "fake", data: {card: "4000000000003220"}}}',
        "input.cartToken NOT_FOUND",
    ),
    "collectionCreate": Row(CATALOG_MANAGERS, 'input: {name: "New"}'),
    "collectionDelete": Row(CATALOG_MANAGERS, 'input: {id: "%(collection)s"}'),
    "collectionUpdate": Row(CATALOG_MANAGERS, 'input: {id: "%(collection)s", name: "New"}'),
    "emailVerificationRequest": Row(ACCOUNTS, "input: {}"),
    "emailVerify": Row(OWNERS, 'input: {token: "%(verification)s"}', "input.token INVALID"),
    "fulfillmentCancel": Row(ORDER_MANAGERS, 'input: {id: "%(parcel)s"}'),
    "fulfillmentCreate": Row(ORDER_MANAGERS, 'input: {orderNumber: "%(number)s"}'),
    "fulfillmentDeliver": Row(ORDER_MANAGERS, 'input: {id: "%(parcel)s"}'),
    "jobRetry": Row(JOB_MANAGERS, 'input: {id: "%(job)s"}'),
    "mediaDelete": Row(CATALOG_MANAGERS, 'input: {id: "%(media)s"}'),
    "mediaUpdate": Row(CATALOG_MANAGERS, 'input: {id: "%(media)s", alt: "x"}'),
    "mediaUpload": Row(CATALOG_MANAGERS, 'input: {productId: "%(product)s", file: $file}'),
    "messageSend": Row(
        ACCOUNT_OWNERS,
        'input: {recipientEmail: "%(boss)s", body: "x", orderNumber: "%(number)s"}',
        "input.orderNumber NOT_FOUND",
    ),
    "notificationsMarkRead": Row(
        ACCOUNT_OWNERS, 'input: {ids: ["%(notification)s"]}', "input.ids.0 NOT_FOUND"
    ),
    "orderCancel": Row(
        OWNERS,
        'input: {token: "%(order)s"}',
        "input.number NOT_FOUND",
        of_another='input: {number: "%(number)s"}',
    ),
    "orderNoteCreate": Row(ORDER_READERS, 'input: {orderNumber: "%(number)s", body: "x"}'),
    "passwordChange": Row(
        ACCOUNTS, f'input: {{currentPassword: "{PASSWORD}", newPassword: "{PASSWORD}!"}}'
    ),
    "passwordResetConfirm": Row(
        OWNERS,
        f'input: {{token: "%(reset)s", newPassword: "{PASSWORD}!"}}',
        "input.token INVALID",
    ),
    "passwordResetRequest": Row(EVERYBODY, 'input: {email: "grace@example.com"}'),
    "paymentCapture": Row(
        PAYMENT_MANAGERS, 'input: {orderNumber: "%(number)s", idempotencyKey: "k"}'
    ),
    "paymentConfirm": Row(OWNERS, 'input: {paymentId: "%(payment)s"}', "input.paymentId NOT_FOUND"),
    "paymentRefund": Row(PAYMENT_MANAGERS, 'input: {orderNumber: "%(paid)s", idempotencyKey: "k"}'),
    "profileUpdate": Row(ACCOUNTS, 'input: {firstName: "Augusta"}'),
    "productCreate": Row(CATALOG_MANAGERS, 'input: {name: "New"}'),
    "productDelete": Row(CATALOG_MANAGERS, 'input: {id: "%(lamp)s"}'),
    "productImportCommit": Row(
        CATALOG_MANAGERS, 'input: {importId: "%(import)s", fileHash: "%(file_hash)s"}'
    ),
    "productImportValidate": Row(CATALOG_MANAGERS, "input: {file: $file}"),
    "productUpdate": Row(CATALOG_MANAGERS, 'input: {id: "%(lamp)s", name: "New"}'),
    "refreshToken": Row(OWNERS, 'refreshToken: "%(refresh)s"', "UNAUTHENTICATED"),
    "returnApprove": Row(ORDER_MANAGERS, 'input: {id: "%(asked)s"}'),
    "returnReceive": Row(ORDER_MANAGERS, 'input: {id: "%(approved)s"}'),
    "returnReject": Row(ORDER_MANAGERS, 'input: {id: "%(asked)s"}'),
    "returnRequest": Row(
        OWNERS,
        'input: {token: "%(sent)s", lines: [{orderLineId: "%(line)s", quantity: 1}]}',
        "input.number NOT_FOUND",
        of_another='input: {number: "%(sent_number)s", '
        'lines: [{orderLineId: "%(line)s", quantity: 1}]}',
    ),
    "revokeToken": Row(OWNERS, 'refreshToken: "%(refresh)s"', "UNAUTHENTICATED"),
    # That somebody else has bought the product lets nobody review it.
    "reviewCreate": Row(
        ACCOUNT_OWNERS,
        'input: {productId: "%(product)s", rating: 5}',
        "input.productId NOT_PURCHASED",
    ),
    "reviewModerate": Row(CATALOG_MANAGERS, 'input: {id: "%(review)s", status: REJECTED}'),
    "stockAdjust": Row(CATALOG_MANAGERS, 'input: {sku: "MUG-1", delta: 1, reason: RECEIVED}'),
    "stockSet": Row(CATALOG_MANAGERS, 'input: {sku: "MUG-1", onHand: 77}'),
    "tokenAuth": Row(OWNERS, 'email: "%(email)s", password: "%(password)s"', "INVALID_CREDENTIALS"),
    # An address that has an account is refused to everybody, as to another customer.
    "userRegister": Row(
        OWNERS,
        f'input: {{email: "new@example.com", password: "{PASSWORD}"}}',
        "input.email ALREADY_EXISTS",
        of_another=f'input: {{email: "%(email)s", password: "{PASSWORD}"}}',
    ),
    "userRolesSet": Row({"admin"}, 'input: {email: "%(boss)s", roles: ["support", "admin"]}'),
    "verifyToken": Row(OWNERS, 'token: "%(access)s"', "UNAUTHENTICATED"),
    "voucherCreate": Row(VOUCHER_MANAGERS, 'input: {code: "NEW", kind: PERCENTAGE, value: "10"}'),
    "voucherUpdate": Row(VOUCHER_MANAGERS, 'input: {id: "%(voucher)s", value: "20"}'),
    "webhookDeliveryResend": Row(WEBHOOK_MANAGERS, 'input: {id: "%(delivery)s"}'),
    "webhookEndpointCreate": Row(
        WEBHOOK_MANAGERS, 'input: {url: "https://b.example/", eventTypes: [ORDER_CREATED]}'
    ),
    "webhookEndpointDelete": Row(WEBHOOK_MANAGERS, 'input: {id: "%(endpoint)s"}'),
    "webhookEndpointPing": Row(WEBHOOK_MANAGERS, 'input: {id: "%(endpoint)s"}'),
    "webhookEndpointRotateSecret": Row(WEBHOOK_MANAGERS, 'input: {id: "%(endpoint)s"}'),
    "webhookEndpointUpdate": Row(WEBHOOK_MANAGERS, 'input: {id: "%(endpoint)s", isActive: false}'),
}
TABLES = {"Query": QUERIES, "Mutation": MUTATIONS, "Subscription": SUBSCRIPTIONS}
# Answered to all customers alike although they take a key: that of something which is the whole
# shop's, an address that the caller's own will have, or one of which nothing is told.
KEYS_OF_NOBODYS = {
    "cartCreate",
    "category",
    "collection",
    "passwordResetRequest",
    "product",
    "products",
}
