"""Staff's changes of stock: each named, explained, recorded as a movement, and done once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from catalog.models import Stock, StockMovement, Variant
from catalog.services.stock import MAX_ON_HAND, adjust_stock, open_stock
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.transactions import in_transaction
from users.viewer import Viewer


class StockReason(models.TextChoices):
    """The movements that people may enter; imports and parcels make the others themselves."""

    RECEIVED = StockMovement.Kind.RECEIVED
    CORRECTION = StockMovement.Kind.CORRECTION
    DAMAGED = StockMovement.Kind.DAMAGED
    RETURNED = StockMovement.Kind.RETURNED


@dataclass(frozen=True, slots=True)
class VariantName:
    """A variant as an input names it: by its SKU, or by its primary key, as it may lack a SKU."""

    sku: str | None
    variant_id: int | None


def enter_adjustment(
    *,
    viewer: Viewer,
    variant: VariantName,
    delta: int,
    reason: str,
    idempotency_key: str | None = None,
    now: datetime,
) -> int:
    """Record that stock came or went.

    Args:
        delta: how many came (positive) or went (negative).
        reason: a ``StockReason``.
        idempotency_key: a repeat with the same key changes nothing more.

    Returns:
        The variant's primary key.

    Raises:
        Rejected: ``REQUIRED``, ``INVALID`` or ``NOT_FOUND`` on ``sku`` or ``variantId``;
            ``INVALID`` on ``delta`` where it is 0 or takes what is not there or promised to orders,
            on ``reason`` where it is no ``StockReason``; ``IDEMPOTENCY_CONFLICT``.
    """
    _check_reason(reason)

    def adjust(variant_id: int, reference: str) -> None:
        adjust_stock(variant_id=variant_id, delta=delta, kind=reason, reference=reference, now=now)

    return _enter(
        "stockAdjust",
        viewer=viewer,
        variant=variant,
        key=idempotency_key,
        request={"delta": delta, "reason": reason},
        change=adjust,
    )


def enter_count(
    *,
    viewer: Viewer,
    variant: VariantName,
    on_hand: int,
    expected_on_hand: int | None = None,
    reason: str = StockReason.CORRECTION,
    idempotency_key: str | None = None,
    now: datetime,
) -> int:
    """Set what is on hand to what was counted; the difference becomes a movement.

    Args:
        on_hand: how many there are, those promised to orders among them.
        expected_on_hand: how many the caller believed there to be; None: whatever there are.
        reason: a ``StockReason``.
        idempotency_key: a repeat with the same key changes nothing more.

    Returns:
        The variant's primary key.

    Raises:
        Rejected: ``REQUIRED``, ``INVALID`` or ``NOT_FOUND`` on ``sku`` or ``variantId``;
            ``INVALID`` on ``onHand`` where it is negative or less than orders were promised, on
            ``reason``; ``VERSION_CONFLICT`` on ``expectedOnHand``; ``IDEMPOTENCY_CONFLICT``.
    """
    _check_reason(reason)
    if not 0 <= on_hand <= MAX_ON_HAND:
        raise Rejected("INVALID", f"Give a number from 0 to {MAX_ON_HAND}.", field="onHand")

    def count(variant_id: int, reference: str) -> None:
        open_stock(variant_ids=[variant_id])
        stock = Stock.objects.select_for_update().get(pk=variant_id)
        if expected_on_hand not in (None, stock.on_hand):
            message = f"There are {stock.on_hand} by now; count again."
            raise Rejected("VERSION_CONFLICT", message, field="expectedOnHand")
        if on_hand < stock.allocated:
            message = f"{stock.allocated} are promised to orders; there can't be fewer."
            raise Rejected("INVALID", message, field="onHand")
        if on_hand != stock.on_hand:
            adjust_stock(
                variant_id=variant_id,
                delta=on_hand - stock.on_hand,
                kind=reason,
                reference=reference,
                now=now,
            )

    return _enter(
        "stockSet",
        viewer=viewer,
        variant=variant,
        key=idempotency_key,
        request={"onHand": on_hand, "expectedOnHand": expected_on_hand, "reason": reason},
        change=count,
    )


def _enter(
    operation: str,
    *,
    viewer: Viewer,
    variant: VariantName,
    key: str | None,
    request: dict[str, Any],
    change: Callable[[int, str], None],
) -> int:
    """Make a change of the named variant's stock once; the variant's primary key."""
    _check_name(variant)

    def effect() -> dict[str, Any]:
        variant_id = _found(variant)
        change(variant_id, f"staff:{uuid.uuid4()}")
        return {"variant": variant_id}

    made = in_transaction(
        lambda: once(
            actor=f"user:{viewer.user_id}",
            operation=operation,
            key=key,
            request={"sku": variant.sku, "variantId": variant.variant_id, **request},
            effect=effect,
        )
    )
    return made["variant"]


def _check_reason(reason: str) -> None:
    if reason not in StockReason.values:
        choices = ", ".join(StockReason.values)
        raise Rejected("INVALID", f"Give one of {choices}.", field="reason")


def _check_name(variant: VariantName) -> None:
    if variant.sku is None and variant.variant_id is None:
        raise Rejected("REQUIRED", "Give sku or variantId.", field="sku")
    if variant.sku is not None and variant.variant_id is not None:
        raise Rejected("INVALID", "Give sku or variantId, not both.", field="sku")


def _found(variant: VariantName) -> int:
    named = {"pk": variant.variant_id} if variant.sku is None else {"sku": variant.sku}
    found = Variant.objects.filter(**named).values_list("pk", flat=True).first()
    if found is None:
        field = "variantId" if variant.sku is None else "sku"
        raise Rejected("NOT_FOUND", "The shop has no such variant.", field=field)
    return found
