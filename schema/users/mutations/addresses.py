"""The postal addresses that customers keep."""

from __future__ import annotations

from typing import Any

import graphene

from schema.compiler.ids import encode_id, row_key
from schema.mutation import Context, Made, entity, mutation, plain
from schema.users.inputs import (
    AddressCreateInput,
    AddressDeleteInput,
    AddressUpdateInput,
)
from schema.users.types import Address
from users.permissions import IsAuthenticated
from users.services.addresses import add_address, delete_address, update_address


@mutation(
    AddressCreateInput,
    "Keep a postal address.",
    address=entity(Address, "The address."),
    permission=IsAuthenticated(),
)
def address_create(context: Context, given: Any) -> Made:
    """``add_address``."""
    fields = dict(given)
    key = fields.pop("idempotency_key", None)
    address = add_address(
        user_id=context.viewer.user_id, address=fields, idempotency_key=key, now=context.now
    )
    return Made(address=address.pk)


@mutation(
    AddressUpdateInput,
    "Change a kept address; orders keep the copies that they have.",
    address=entity(Address, "The address."),
    permission=IsAuthenticated(),
)
def address_update(context: Context, given: Any) -> Made:
    """``update_address``."""
    changes = dict(given)
    address = update_address(
        user_id=context.viewer.user_id,
        address_id=row_key(changes.pop("id"), "Address"),
        changes=changes,
    )
    return Made(address=address.pk)


@mutation(
    AddressDeleteInput,
    "Forget a kept address; orders keep the copies that they have.",
    deleted_id=plain(graphene.ID, "The id that it had; null after a user error."),
    permission=IsAuthenticated(),
)
def address_delete(context: Context, given: Any) -> Made:
    """``delete_address``."""
    address_id = row_key(given["id"], "Address")
    delete_address(user_id=context.viewer.user_id, address_id=address_id)
    return Made(deleted_id=encode_id("Address", address_id))
