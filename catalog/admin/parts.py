"""What belongs to a product."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class GoesWithItsProduct:
    """Can't be deleted by itself, only along with its product."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        match = request.resolver_match
        return match is not None and str(match.url_name).startswith("catalog_product_")
