"""What the shop sells and the files that it came in, one module a subject."""

from catalog.models.imports import ImportRow, ImportRowError, ProductImport
from catalog.models.products import (
    MAX_PATH,
    Availability,
    Category,
    Collection,
    Media,
    Product,
    ProductListing,
    ProductOption,
    Review,
    SearchWord,
    Stock,
    StockMovement,
    Variant,
    default_currency,
)

__all__ = [
    "MAX_PATH",
    "Availability",
    "Category",
    "Collection",
    "ImportRow",
    "ImportRowError",
    "Media",
    "Product",
    "ProductImport",
    "ProductListing",
    "ProductOption",
    "Review",
    "SearchWord",
    "Stock",
    "StockMovement",
    "Variant",
    "default_currency",
]
