"""Carts, orders and payments, as clients read them."""
