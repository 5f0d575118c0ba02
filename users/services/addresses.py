"""The postal addresses that customers keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from users.models import Address, User
from users.serializers import AddressSerializer
from users.validation import validated

DEFAULTS = ("is_default_shipping", "is_default_billing")


def add_address(*, user_id: int, address: Mapping[str, Any], now: datetime) -> Address:
    """Keep one more address; as a default it takes the place of the default before.

    Args:
        user_id: whose address.
        address: the fields of :class:`AddressSerializer`.
        now: when it is added.

    Raises:
        ValidationError: of :class:`Rejected` REQUIRED or INVALID on the address's fields.
    """
    fields = validated(AddressSerializer(data=dict(address)))
    with transaction.atomic():
        # One at a time for each account, or two defaults would meet.
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        for default in DEFAULTS:
            if fields.get(default):
                Address.objects.filter(user_id=user_id, **{default: True}).update(
                    **{default: False}
                )
        return Address.objects.create(user_id=user_id, created_at=now, **fields)
