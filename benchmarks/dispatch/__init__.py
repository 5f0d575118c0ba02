"""How fast committed jobs get to their workers, and what they cost who commits them."""

from benchmarks.dispatch.measure import Dispatch, measure

__all__ = ["Dispatch", "measure"]
