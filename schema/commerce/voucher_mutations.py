"""What staff may do with vouchers: thin doors to the services."""

from __future__ import annotations

from typing import Any

from commerce.services.vouchers import create_voucher, update_voucher
from schema.commerce.inputs import VoucherCreateInput, VoucherUpdateInput
from schema.commerce.types.vouchers import Voucher
from schema.compiler.ids import row_key
from schema.mutation import Context, Made, entity, mutation
from users.permissions import HasPermission


def _voucher(given: Any) -> dict[str, Any]:
    """What is said of a voucher, as plain values."""
    said = {name: given[name] for name in given if name not in ("id", "idempotency_key")}
    if said.get("kind") is not None:
        said["kind"] = said["kind"].name
    return said


@mutation(
    VoucherCreateInput,
    "Make a voucher.",
    voucher=entity(Voucher, "The voucher."),
    permission=HasPermission("commerce.add_voucher"),
)
def voucher_create(context: Context, given: Any) -> Made:
    """``create_voucher``."""
    # Null says nothing of something new.
    said = {name: value for name, value in _voucher(given).items() if value is not None}
    voucher_id = create_voucher(
        viewer=context.viewer,
        given=said,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(voucher=voucher_id)


@mutation(
    VoucherUpdateInput,
    "Change a voucher.",
    voucher=entity(Voucher, "The voucher."),
    permission=HasPermission("commerce.change_voucher"),
)
def voucher_update(context: Context, given: Any) -> Made:
    """``update_voucher``."""
    voucher_id = row_key(given["id"], "Voucher")
    update_voucher(voucher_id=voucher_id, given=_voucher(given))
    return Made(voucher=voucher_id)


class VoucherMutations:
    """Root fields."""

    voucher_create = voucher_create
    voucher_update = voucher_update
