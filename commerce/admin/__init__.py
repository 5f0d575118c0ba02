"""The shop's books in the admin: orders to read and act on, terms to edit.

Orders, payments and carts are read only here: services alone change them, those behind the
actions too.
"""

from commerce.admin import carts, orders, payments, terms

__all__ = ["carts", "orders", "payments", "terms"]
