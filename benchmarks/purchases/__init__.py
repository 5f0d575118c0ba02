"""Whole purchases, from the empty cart to the order: how many a second, and beside what."""

from benchmarks.purchases.measure import Purchases, measure

__all__ = ["Purchases", "measure"]
