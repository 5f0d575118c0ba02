"""What both doors refuse: bad input of every kind, requests that can't be done, and repeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.catalog.pictures import picture

NOBODY = 2**40
NOBODYS = "00000000-0000-4000-8000-000000000000"
PICTURE = picture()


@dataclass(frozen=True)
class Refused:
    """A request that can't be done, as both doors take it.

    Attributes:
        mutation: GraphQL's.
        call: REST's method and path, of ``things``.
        body: what REST is sent; GraphQL likewise, by its names. Bytes are a file.
        key: what GraphQL takes besides, which stands in REST's address.
        role: who sends it; a customer where it is empty.
        first: the body of a request that is done before, by the same idempotency key.
    """

    mutation: str
    call: str
    body: dict[str, Any] = field(default_factory=dict)
    key: dict[str, Any] = field(default_factory=dict)
    role: str = ""
    first: dict[str, Any] | None = None


CATALOG, ORDERS = "catalog_manager", "order_manager"
REFUSED = [
    # Products.
    *(
        Refused("productCreate", "POST products/", {"name": "Cup", **body}, role=CATALOG)
        for body in (
            {"name": ""},
            {"name": "x" * 251},
            {"slug": "mug"},
            {"slug": "no slug"},
            {"category_slug": "nowhere"},
            {"tags": ["x" * 101]},
            {"variants": [{"sku": "NEW", "price": "-1"}]},
            {"variants": [{"sku": "NEW"}]},
            {"variants": [{"sku": "MUG-1", "price": "1"}]},
            {"variants": [{"sku": "A", "price": "1.001"}]},
            {"variants": [{"sku": "A", "price": "1"}, {"sku": "A", "price": "1"}]},
            {"options": [{"name": "Size", "values": ["S", "S"]}]},
            {"options": [{"name": "Size", "values": []}]},
            {"media": [{"url": "ftp://example.com/x.jpg"}]},
        )
    ),
    Refused("productUpdate", "PATCH products/%(mug)s/", {"name": None}, {"id": "mug_id"}, CATALOG),
    Refused(
        "productUpdate", "PATCH products/%(nobody)s/", {"name": "x"}, {"id": "nobody_id"}, CATALOG
    ),
    Refused("productDelete", "DELETE products/%(mug)s/", {}, {"id": "mug_id"}, CATALOG),
    # Pictures.
    *(
        Refused("mediaUpload", f"POST products/{path}/media/", body, {"productId": key}, CATALOG)
        for path, key, body in (
            ("%(mug)s", "mug_id", {"file": b"no picture"}),
            ("%(mug)s", "mug_id", {"file": PICTURE, "alt": "x" * 501}),
            ("%(mug)s", "mug_id", {"file": PICTURE, "position": -1}),
            ("%(nobody)s", "nobody_id", {"file": PICTURE}),
        )
    ),
    *(
        Refused("mediaUpdate", f"PATCH media/{path}/", body, {"id": key}, CATALOG)
        for path, key, body in (
            ("%(media)s", "media_id", {"alt": "x" * 501}),
            ("%(media)s", "media_id", {"position": -1}),
            ("%(nobody)s", "nobody_id", {"alt": "x"}),
        )
    ),
    Refused("mediaDelete", "DELETE media/%(nobody)s/", {}, {"id": "nobody_id"}, CATALOG),
    # Imports.
    *(
        Refused("productImportValidate", "POST imports/", {"file": file}, role=CATALOG)
        for file in (b"", b"Handle,Title,Variant Price\n", b"Title\nMug\n", b"\xff\xfe\n")
    ),
    *(
        Refused(
            "productImportCommit",
            f"POST imports/{path}/commit/",
            {"file_hash": file_hash},
            {"importId": key},
            CATALOG,
        )
        for path, key, file_hash in (
            ("%(import)s", "import_id", "1" * 64),
            ("%(flawed)s", "flawed_id", "%(flawed_hash)s"),
            ("%(empty)s", "empty_id", "%(empty_hash)s"),
            ("%(committed)s", "committed_id", "%(committed_hash)s"),
            ("%(nobody)s", "nobody_id", "1" * 64),
        )
    ),
    # Categories.
    *(
        Refused("categoryCreate", "POST categories/", body, role=CATALOG)
        for body in (
            {"name": ""},
            {"name": "Home", "slug": "home"},
            {"name": "x", "parent_slug": "nowhere"},
            {"name": "x", "position": -1},
        )
    ),
    Refused(
        "categoryUpdate",
        "PATCH categories/%(home)s/",
        {"parent_slug": "home"},
        {"id": "home_id"},
        CATALOG,
    ),
    # Reviews.
    *(
        Refused("reviewCreate", "POST reviews/", {"product_id": product, "rating": rating})
        for product, rating in (("%(mug)s", 6), ("%(mug)s", 0), ("%(lamp)s", 5), (NOBODY, 5))
    ),
    *(
        Refused(
            "reviewModerate", f"PATCH reviews/{path}/", {"status": status}, {"id": key}, CATALOG
        )
        for path, key, status in (
            ("%(review)s", "review_id", "PENDING"),
            ("%(nobody)s", "nobody_id", "PUBLISHED"),
        )
    ),
    # Carts and checkout.
    *(
        Refused("cartCreate", "POST carts/", body)
        for body in (
            {"lines": [{"sku": "NONE", "quantity": 1}]},
            {"lines": [{"sku": "MUG-1", "quantity": 0}]},
            {"lines": [{"sku": "MUG-1", "quantity": 1000}]},
            {"lines": [{"quantity": 1}]},
            {"lines": [{"variant_id": NOBODY, "quantity": 1}]},
            {"lines": [{"sku": "MUG-1", "quantity": 1}, {"sku": "MUG-1", "quantity": 1}]},
            {"email": "no address"},
        )
    ),
    Refused(
        "cartLinesSet",
        "POST carts/%(cart)s/lines/",
        {"lines": [], "expected_version": 99},
        {"token": "cart"},
    ),
    *(
        Refused("cartUpdate", "PATCH carts/%(cart)s/", body, {"token": "cart"})
        for body in (
            {"email": "no address"},
            {"shipping_method_id": NOBODY},
            {"voucher_codes": ["NONE"]},
            {"voucher_codes": ["x" * 51]},
            {"expected_version": 99},
            {"shipping_address": {"name": "A", "street": "B", "city": "C", "country": "XX"}},
            {"shipping_address": {"name": "", "street": "B", "city": "C", "country": "GB"}},
        )
    ),
    Refused("cartUpdate", "PATCH carts/nothing/", {}, {"token": "nothing"}),
    *(
        Refused(
            "checkoutComplete", "POST orders/", {"cart_token": "%(cart)s", "payment": paid, **body}
        )
        for paid, body in (
            ({"provider": "none"}, {}),
            ({"provider": "manual"}, {"quote_total": "0.01"}),
            ({"provider": "manual"}, {"cart_token": "nothing"}),
            ({"provider": "fake", "data": {"card": "4000000000000002"}}, {}),
        )
    ),
    # Orders.
    Refused("orderCancel", "POST orders/%(sent)s/cancel/", {}, {"number": "sent"}),
    Refused(
        "orderCancel", "POST orders/%(number)s/cancel/", {"reason": "x" * 401}, {"number": "number"}
    ),
    Refused("orderCancel", "POST orders/N-0/cancel/", {}, {"number": "N-0"}),
    *(
        Refused(
            "fulfillmentCreate",
            f"POST orders/{path}/fulfillments/",
            body,
            {"orderNumber": key},
            ORDERS,
        )
        for path, key, body in (
            ("%(sent)s", "sent", {}),
            ("N-0", "N-0", {}),
            ("%(number)s", "number", {"tracking_number": "x" * 101}),
            ("%(number)s", "number", {"lines": [{"order_line_id": NOBODY, "quantity": 1}]}),
            ("%(number)s", "number", {"lines": []}),
        )
    ),
    *(
        Refused("returnRequest", "POST orders/%(sent)s/returns/", body, {"number": "sent"})
        for body in (
            {"lines": []},
            {"lines": [{"order_line_id": NOBODY, "quantity": 1}]},
            {"lines": [{"order_line_id": "%(line)s", "quantity": 99}]},
            {"lines": [{"order_line_id": "%(line)s", "quantity": 0}]},
        )
    ),
    *(
        Refused(
            f"return{word}", f"POST returns/%({name})s/{word.lower()}/", {}, {"id": key}, ORDERS
        )
        for word, name, key in (
            ("Receive", "asked", "asked_id"),
            ("Receive", "nobody", "nobody_id"),
            ("Approve", "approved", "approved_id"),
            ("Approve", "nobody", "nobody_id"),
            ("Reject", "rejected", "rejected_id"),
            ("Reject", "nobody", "nobody_id"),
        )
    ),
    *(
        Refused(
            f"fulfillment{word}",
            f"POST fulfillments/%({name})s/{word.lower()}/",
            {},
            {"id": f"{name}_id"},
            ORDERS,
        )
        for word in ("Deliver", "Cancel")
        for name in ("arrived", "nobody")
    ),
    # Of this one, some is on its way back.
    Refused(
        "fulfillmentCancel", "POST fulfillments/%(parcel)s/cancel/", {}, {"id": "parcel_id"}, ORDERS
    ),
    Refused(
        "paymentRefund", "POST orders/%(number)s/refund/", {}, {"orderNumber": "number"}, ORDERS
    ),
    *(
        Refused(
            "paymentCapture", f"POST orders/{path}/capture/", body, {"orderNumber": key}, ORDERS
        )
        for path, key, body in (
            ("N-0", "N-0", {}),
            ("%(number)s", "number", {"amount": "0"}),
            ("%(number)s", "number", {"amount": "9999"}),
        )
    ),
    Refused(
        "orderNoteCreate",
        "POST orders/%(number)s/notes/",
        {"body": " "},
        {"orderNumber": "number"},
        ORDERS,
    ),
    # Messages, notifications, jobs.
    *(
        Refused("messageSend", "POST messages/", {"recipient_email": to, "body": body})
        for to, body in (("nobody@example.com", "x"), ("boss@example.com", ""), ("", "x"))
    ),
    Refused("notificationsMarkRead", "POST notifications/mark-read/", {"ids": [NOBODY]}),
    Refused("jobRetry", "POST jobs/%(done)s/retry/", {}, {"id": "done_id"}, ORDERS),
    Refused("jobRetry", f"POST jobs/{NOBODYS}/retry/", {}, {"id": "nobodys_id"}, ORDERS),
    # The idempotency key of another request.
    *(
        Refused(mutation, call, {**first, **body}, key, role, first)
        for mutation, call, key, role, first, body in (
            ("productCreate", "POST products/", {}, CATALOG, {"name": "Cup"}, {"name": "Jug"}),
            ("categoryCreate", "POST categories/", {}, CATALOG, {"name": "A"}, {"name": "B"}),
            (
                "mediaUpload",
                "POST products/%(mug)s/media/",
                {"productId": "mug_id"},
                CATALOG,
                {"file": PICTURE},
                {"alt": "x"},
            ),
            (
                "productImportValidate",
                "POST imports/",
                {},
                CATALOG,
                {"file": b"Handle,Title,Variant Price\nmug,Mug,5\n"},
                {"file": b"Handle,Title,Variant Price\nmug,Mug,6\n"},
            ),
            (
                "productImportCommit",
                "POST imports/%(import)s/commit/",
                {"importId": "import_id"},
                CATALOG,
                {"file_hash": "%(import_hash)s"},
                {"file_hash": "1" * 64},
            ),
            (
                "reviewCreate",
                "POST reviews/",
                {},
                "",
                {"product_id": "%(mug)s", "rating": 5},
                {"rating": 4},
            ),
            ("cartCreate", "POST carts/", {}, "", {}, {"email": "a@example.com"}),
            (
                "checkoutComplete",
                "POST orders/",
                {},
                "",
                {"cart_token": "%(cart)s", "payment": {"provider": "manual"}},
                {"quote_total": "0.01"},
            ),
            (
                "fulfillmentCreate",
                "POST orders/%(number)s/fulfillments/",
                {"orderNumber": "number"},
                ORDERS,
                {},
                {"tracking_number": "x"},
            ),
            (
                "returnRequest",
                "POST orders/%(sent)s/returns/",
                {"number": "sent"},
                "",
                {"lines": [{"order_line_id": "%(line)s", "quantity": 1}]},
                {"reason": "x"},
            ),
            (
                "orderNoteCreate",
                "POST orders/%(number)s/notes/",
                {"orderNumber": "number"},
                ORDERS,
                {"body": "x"},
                {"body": "y"},
            ),
            *(
                (
                    f"payment{word}",
                    f"POST orders/%({name})s/{word.lower()}/",
                    {"orderNumber": name},
                    ORDERS,
                    {"amount": "1.00"},
                    {"amount": "2.00"},
                )
                for word, name in (("Capture", "number"), ("Refund", "paid"))
            ),
            (
                "messageSend",
                "POST messages/",
                {},
                "",
                {"recipient_email": "boss@example.com", "body": "x"},
                {"body": "y"},
            ),
        )
    ),
    # Who may not.
    Refused("productCreate", "POST products/", {"name": "Cup"}),
    Refused(
        "fulfillmentCreate", "POST orders/%(number)s/fulfillments/", {}, {"orderNumber": "number"}
    ),
    Refused(
        "orderNoteCreate",
        "POST orders/%(number)s/notes/",
        {"body": "x"},
        {"orderNumber": "number"},
        CATALOG,
    ),
]
