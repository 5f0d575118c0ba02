"""Brings products in from CSV files.

``table`` reads the file, a format such as ``shopify`` makes products of its rows, ``importer``
validates and saves them.
"""

from catalog.csv_import.importer import (
    ImportReport,
    Outcome,
    ProductFile,
    RowError,
    import_product,
    import_products,
)
from catalog.csv_import.shopify import Draft
from catalog.csv_import.table import UnreadableFile

__all__ = [
    "Draft",
    "ImportReport",
    "Outcome",
    "ProductFile",
    "RowError",
    "UnreadableFile",
    "import_product",
    "import_products",
]
