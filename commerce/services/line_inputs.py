"""What an input's lines name, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, Q, TextField

from catalog.models import Variant
from commerce.compiled import Compiled, IsOneOf
from commerce.services.quotes import Line
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


_GOODS = Compiled(
    lambda skus, pks: Variant.objects.filter(
        Q(IsOneOf("sku", skus, TextField())) | Q(IsOneOf("pk", pks, BigIntegerField()))
    ).values_list("pk", "price", "sku", "product__name", "name", "product__is_published"),
    skus=["20260601"],
    pks=[-20_260_601],
)


def goods_for(lines: Sequence[LineInput], *, kept: Collection[int]) -> list[Line]:
    """Find the goods of each line, in their order, in one query.

    Args:
        kept: primary keys of the variants in the cart; those may be removed whether or not they
            are still sold.

    Raises:
        ValidationError: ``NOT_FOUND`` for what the shop has not published, ``INVALID`` for what
            is named twice, on ``lines.N.sku`` or ``lines.N.variantId``.
    """
    if not lines:
        return []
    by_key: dict[str | int, Line] = {}
    for pk, price, sku, product, name, is_published in _GOODS.rows(
        skus=[line.sku for line in lines if line.sku is not None],
        pks=[
            line.variant_id
            for line in lines
            if line.variant_id is not None and line.variant_id <= BigIntegerField.MAX_BIGINT
        ],
    ):
        by_key[pk] = Line(pk, 0, price, sku, product, name, is_published)
        if sku is not None:
            by_key[sku] = by_key[pk]
    goods: list[Line] = []
    seen: set[int] = set()
    errors = []
    for position, line in enumerate(lines):
        field = f"lines.{position}.{line.path}"
        key = line.sku if line.variant_id is None else line.variant_id
        found = by_key.get(key) if key is not None else None
        if found is None or not (
            found.is_sold or (line.quantity == 0 and found.variant_id in kept)
        ):
            errors.append(Rejected("NOT_FOUND", f"The shop has no {key}.", field=field))
        elif found.variant_id in seen:
            errors.append(Rejected("INVALID", f"{key} is named twice.", field=field))
        else:
            seen.add(found.variant_id)
            found.quantity = line.quantity
            goods.append(found)
    if errors:
        raise ValidationError(errors)
    return goods
