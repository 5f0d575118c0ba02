"""The postal addresses that customers keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from tasks.errors import Rejected
from tasks.idempotency import once
from users.models import Address, User
from users.serializers import AddressSerializer
from users.validation import validated

DEFAULTS = ("is_default_shipping", "is_default_billing")
MAX_ADDRESSES = 50


def add_address(
    *,
    user_id: int,
    address: Mapping[str, Any],
    idempotency_key: str | None = None,
    now: datetime,
) -> Address:
    """Keep one more address; as a default it takes the place of the default before.

    Args:
        user_id: whose address.
        address: the fields of :class:`AddressSerializer`.
        idempotency_key: a repeat with the same key returns the same address.
        now: when it is added.

    Raises:
        ValidationError: of :class:`Rejected` REQUIRED or INVALID on the address's fields,
            INVALID where there are ``MAX_ADDRESSES``, IDEMPOTENCY_CONFLICT or, where the first
            one is deleted by now, NOT_FOUND on ``idempotencyKey``.
    """
    fields = validated(AddressSerializer(data=dict(address)))

    def add() -> dict[str, Any]:
        _lock(user_id)
        if Address.objects.filter(user_id=user_id).count() >= MAX_ADDRESSES:
            raise Rejected("INVALID", f"An account keeps at most {MAX_ADDRESSES} addresses.")
        _make_room(user_id, fields)
        return {"address": Address.objects.create(user_id=user_id, created_at=now, **fields).pk}

    with transaction.atomic():
        made = once(
            actor=f"user:{user_id}",
            operation="addressCreate",
            key=idempotency_key,
            request=dict(fields),
            effect=add,
        )
        return _own(user_id, made["address"], field="idempotencyKey")


def update_address(*, user_id: int, address_id: int, changes: Mapping[str, Any]) -> Address:
    """Change an address; orders keep the copies that they have.

    Args:
        user_id: whose address.
        address_id: its primary key.
        changes: some fields of :class:`AddressSerializer`; the others stay, None clears.

    Raises:
        ValidationError: of :class:`Rejected` REQUIRED or INVALID on the address's fields,
            NOT_FOUND on ``id``.
    """
    fields = validated(AddressSerializer(data=dict(changes), partial=True))
    with transaction.atomic():
        _lock(user_id)
        address = _own(user_id, address_id, field="id")
        _make_room(user_id, fields)
        for name, value in fields.items():
            setattr(address, name, value)
        if fields:
            address.save(update_fields=list(fields))
        return address


def delete_address(*, user_id: int, address_id: int) -> None:
    """Forget an address; orders keep the copies that they have.

    Raises:
        ValidationError: of :class:`Rejected` NOT_FOUND on ``id``.
    """
    with transaction.atomic():
        _lock(user_id)
        _own(user_id, address_id, field="id").delete()


def _lock(user_id: int) -> None:
    """Let one change at a time go on for each account, or two defaults would meet."""
    User.objects.select_for_update(no_key=True).get(pk=user_id)


def _make_room(user_id: int, fields: Mapping[str, Any]) -> None:
    """Let the defaults step back whose place ``fields`` takes."""
    for default in DEFAULTS:
        if fields.get(default):
            Address.objects.filter(user_id=user_id, **{default: True}).update(**{default: False})


def _own(user_id: int, address_id: int, *, field: str) -> Address:
    address = Address.objects.filter(user_id=user_id, pk=address_id).first()
    if address is None:
        raise Rejected("NOT_FOUND", "You keep no such address.", field=field)
    return address
