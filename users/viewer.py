"""Who asks: the one argument of every ``visible_to``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Viewer:
    """A caller's identity, permissions and the keys that the caller presented.

    ``user_id`` and the presented keys may be database expressions instead of values: the read
    compiler passes placeholders, so that one compiled statement serves every viewer of a kind.

    Attributes:
        user_id: the account's primary key, or None for an anonymous caller.
        permissions: Django permission names such as ``"commerce.view_order"``.
        cart_token: the token of a cart that the caller holds, or None.
        order_token: the token of an order that the caller holds, or None.
        job_ids: public ids of jobs that the caller received from a mutation's payload, or None.
    """

    user_id: Any = None
    permissions: frozenset[str] = frozenset()
    cart_token: Any = None
    order_token: Any = None
    job_ids: Any = None

    @property
    def is_authenticated(self) -> bool:
        """Whether the caller has an account."""
        return self.user_id is not None

    def may(self, permission: str) -> bool:
        """Whether the caller's roles include ``permission``, e.g. ``"catalog.change_product"``."""
        return permission in self.permissions

    def holding(self, **keys: Any) -> Viewer:
        """The same caller, holding more keys: ``viewer.holding(cart_token=...)``."""
        return replace(self, **keys)


ANONYMOUS = Viewer()
