"""Brings products in from CSV files.

``table`` reads the file, a format such as ``shopify`` makes products of its rows, ``importer``
validates and saves them.
"""

from catalog.csv_import.importer import ImportReport, RowError, import_products
from catalog.csv_import.table import UnreadableFile

__all__ = ["ImportReport", "RowError", "UnreadableFile", "import_products"]
