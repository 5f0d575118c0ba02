"""What an input's lines name, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q

from catalog.models import Variant
from tasks.errors import Rejected

MAX_QUANTITY = 999
MAX_LINES = 200


@dataclass(frozen=True, slots=True)
class LineInput:
    """How many of a variant somebody wants; the variant by its SKU or its primary key."""

    sku: str | None
    variant_id: int | None
    quantity: int

    @property
    def path(self) -> str:
        """The input's field that names the variant."""
        return "sku" if self.variant_id is None else "variantId"


def refuse_malformed(lines: Sequence[LineInput], *, fewest: int) -> None:
    """Refuse what is wrong with lines whatever the shop sells.

    Args:
        fewest: the least quantity; 0 where a line may be removed.

    Raises:
        ValidationError: ``REQUIRED`` or ``INVALID`` on ``lines`` or ``lines.N...``.
    """
    if len(lines) > MAX_LINES:
        raise Rejected("INVALID", f"A cart holds at most {MAX_LINES} lines.", field="lines")
    errors = []
    for position, line in enumerate(lines):
        path = f"lines.{position}"
        if line.sku is None and line.variant_id is None:
            errors.append(Rejected("REQUIRED", "Give sku or variantId.", field=f"{path}.sku"))
        if line.sku is not None and line.variant_id is not None:
            errors.append(
                Rejected("INVALID", "Give sku or variantId, not both.", field=f"{path}.sku")
            )
        if not fewest <= line.quantity <= MAX_QUANTITY:
            errors.append(
                Rejected(
                    "INVALID",
                    f"Give a quantity from {fewest} to {MAX_QUANTITY}.",
                    field=f"{path}.quantity",
                )
            )
    if errors:
        raise ValidationError(errors)


def variants_for(lines: Sequence[LineInput], *, kept: Collection[int]) -> list[Variant]:
    """Find the variant of each line, in their order, in one query.

    Args:
        kept: primary keys of the variants in the cart; those may be removed whether or not they
            are still sold.

    Raises:
        ValidationError: ``NOT_FOUND`` for what the shop has not published, ``INVALID`` for what
            is named twice, on ``lines.N.sku`` or ``lines.N.variantId``.
    """
    if not lines:
        return []
    by_key: dict[str | int, Variant] = {}
    named = Q(sku__in=[line.sku for line in lines if line.sku is not None])
    named |= Q(pk__in=[line.variant_id for line in lines if line.variant_id is not None])
    for variant in Variant.objects.filter(named).select_related("product"):
        by_key[variant.pk] = variant
        if variant.sku is not None:
            by_key[variant.sku] = variant
    variants: list[Variant] = []
    seen: set[int] = set()
    errors = []
    for position, line in enumerate(lines):
        field = f"lines.{position}.{line.path}"
        key = line.sku if line.variant_id is None else line.variant_id
        found = by_key.get(key) if key is not None else None
        if found is None or not (
            found.product.is_published or (line.quantity == 0 and found.pk in kept)
        ):
            errors.append(Rejected("NOT_FOUND", f"The shop has no {key}.", field=field))
        elif found.pk in seen:
            errors.append(Rejected("INVALID", f"{key} is named twice.", field=field))
        else:
            seen.add(found.pk)
            variants.append(found)
    if errors:
        raise ValidationError(errors)
    return variants
