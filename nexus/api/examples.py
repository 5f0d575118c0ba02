"""What requests and answers look like, for readers of the OpenAPI document."""

from __future__ import annotations

from typing import Any

PROBLEM: dict[str, Any] = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "A valid number is required.",
    "code": "INVALID",
    "errors": [
        {
            "field": "variants.0.price",
            "code": "INVALID",
            "message": "A valid number is required.",
        }
    ],
}

# By the name of the schema in the document.
EXAMPLES: dict[str, dict[str, Any]] = {
    "CredentialsRequest": {"email": "customer@example.com", "password": "nexus-demo-password"},
    "ProductRequest": {
        "name": "Mug",
        "description": "<p>Holds tea.</p>",
        "tags": ["kitchen"],
        "is_published": True,
        "options": [{"name": "Size", "values": ["S", "L"]}],
        "variants": [
            {
                "sku": "MUG-S",
                "price": "9.90",
                "stock": 5,
                "options": [{"name": "Size", "value": "S"}],
            },
            {
                "sku": "MUG-L",
                "price": "11.90",
                "stock": 3,
                "options": [{"name": "Size", "value": "L"}],
            },
        ],
        "media": [{"url": "https://example.com/mug.jpg", "alt": "A mug"}],
    },
    "CheckoutRequest": {
        "cart_token": "3nT0kL2mQ9xVb7Rc1yZf4g",
        "quote_total": "24.80",
        "payment": {"provider": "manual", "data": {}},
    },
}
