"""Subscriptions: numbered rows, delivered in their order to whoever may see them."""
