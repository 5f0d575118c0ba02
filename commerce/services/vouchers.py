"""Making and changing vouchers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from commerce.models import Voucher
from commerce.serializers import VoucherChangesSerializer
from tasks.errors import Rejected
from tasks.idempotency import once
from users.validation import validated
from users.viewer import Viewer


def create_voucher(
    *,
    viewer: Viewer,
    given: Mapping[str, Any],
    idempotency_key: str | None = None,
    now: datetime,
) -> int:
    """Make a voucher.

    Args:
        given: what ``VoucherChangesSerializer`` takes; it is valid from now on where
            ``valid_from`` is absent.
        idempotency_key: a repeat with the same key makes no second one.

    Returns:
        Its primary key.

    Raises:
        ValidationError: ``REQUIRED`` or ``INVALID`` on a field, ``ALREADY_EXISTS`` on ``code``,
            ``IDEMPOTENCY_CONFLICT`` on ``idempotencyKey``.
    """

    def effect() -> dict[str, Any]:
        fields = {"valid_from": now, **validated(VoucherChangesSerializer(data=given))}
        with _code_taken(fields["code"]):
            voucher = Voucher.objects.create(**fields)
        return {"voucher": voucher.pk}

    with transaction.atomic():
        made = once(
            actor=f"user:{viewer.user_id}",
            operation="voucherCreate",
            key=idempotency_key,
            request=given,
            effect=effect,
        )
    return made["voucher"]


def update_voucher(*, voucher_id: int, given: Mapping[str, Any]) -> None:
    """Change a voucher; carts notice when they are next changed or checked out.

    Args:
        given: what ``VoucherChangesSerializer`` takes; what is absent stays.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``id``; ``REQUIRED`` or ``INVALID`` on a field,
            ``ALREADY_EXISTS`` on ``code``.
    """
    with transaction.atomic():
        # Locked, so that no order uses it between the look at its uses and the change.
        voucher = Voucher.objects.select_for_update().filter(pk=voucher_id).first()
        if voucher is None:
            raise Rejected("NOT_FOUND", "There is no such voucher.", field="id")
        fields = validated(VoucherChangesSerializer(voucher, data=given, partial=True))
        with _code_taken(fields.get("code", voucher.code)):
            for name, value in fields.items():
                setattr(voucher, name, value)
            voucher.save(update_fields=fields)


@contextmanager
def _code_taken(code: str) -> Iterator[None]:
    """A transaction that is refused where another voucher has the code."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "voucher_code_unique" not in str(error):
            raise
        message = f"There is a voucher {code} already."
        raise Rejected("ALREADY_EXISTS", message, field="code") from error
