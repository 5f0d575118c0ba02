"""The catalogue in the admin. What is saved here ends in the same services as everything else."""

from catalog.admin import categories, collections, products, reviews, stock

__all__ = ["categories", "collections", "products", "reviews", "stock"]
