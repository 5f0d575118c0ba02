"""What clients send about accounts."""

from __future__ import annotations

import graphene

_ADDRESS = graphene.ID(required=True, description="The address's id.")


def _idempotency_key(made: str) -> graphene.String:
    return graphene.String(
        description=f"A random text of the client's; the same again makes no second {made}."
    )


class UserRegisterInput(graphene.InputObjectType):
    """A new account."""

    email = graphene.String(required=True, description="Unique, whatever its case.")
    password = graphene.String(
        required=True, description="At least 8 characters, not a common one."
    )
    first_name = graphene.String(description="May be left out.")
    last_name = graphene.String(description="May be left out.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again, with the same password, makes "
        "no second account."
    )


class EmailVerificationRequestInput(graphene.InputObjectType):
    """One more mail to one's own address."""

    idempotency_key = _idempotency_key("mail")


class EmailVerifyInput(graphene.InputObjectType):
    """What the mail to an e-mail address said."""

    token = graphene.String(required=True, description="From the mail; it works once.")


class PasswordChangeInput(graphene.InputObjectType):
    """Another password."""

    current_password = graphene.String(required=True, description="The password so far.")
    new_password = graphene.String(
        required=True, description="At least 8 characters, not a common one."
    )


class PasswordResetRequestInput(graphene.InputObjectType):
    """Whose password was forgotten."""

    email = graphene.String(required=True, description="The account's e-mail address.")


class PasswordResetConfirmInput(graphene.InputObjectType):
    """A password in place of a forgotten one."""

    token = graphene.String(required=True, description="From the mail; it works once.")
    new_password = graphene.String(
        required=True, description="At least 8 characters, not a common one."
    )


class AddressCreateInput(graphene.InputObjectType):
    """A postal address to keep."""

    name = graphene.String(required=True, description="Who receives what is sent there.")
    street = graphene.String(required=True, description="Street and house number.")
    city = graphene.String(required=True, description="Town.")
    postal_code = graphene.String(description="Where the country has them.")
    country = graphene.String(required=True, description="ISO 3166-1 alpha-2, such as GB.")
    phone = graphene.String(description="For the carrier.")
    is_default_shipping = graphene.Boolean(description="Whether orders go there by default.")
    is_default_billing = graphene.Boolean(description="Whether invoices go there by default.")
    idempotency_key = _idempotency_key("address")


class AddressUpdateInput(graphene.InputObjectType):
    """What to change of a kept address; an absent field leaves, null clears."""

    id = _ADDRESS
    name = graphene.String(description="Who receives what is sent there.")
    street = graphene.String(description="Street and house number.")
    city = graphene.String(description="Town.")
    postal_code = graphene.String(description="Where the country has them.")
    country = graphene.String(description="ISO 3166-1 alpha-2, such as GB.")
    phone = graphene.String(description="For the carrier.")
    is_default_shipping = graphene.Boolean(description="Whether orders go there by default.")
    is_default_billing = graphene.Boolean(description="Whether invoices go there by default.")


class AddressDeleteInput(graphene.InputObjectType):
    """A kept address to forget."""

    id = _ADDRESS


class ProfileUpdateInput(graphene.InputObjectType):
    """What to change of one's account; an absent field leaves, null clears."""

    first_name = graphene.String(description="At most 150 characters.")
    last_name = graphene.String(description="At most 150 characters.")


class UserRolesSetInput(graphene.InputObjectType):
    """All the roles that an account is to have."""

    email = graphene.String(required=True, description="Whose roles.")
    roles = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Any of catalog_manager, order_manager, support and admin; the account loses "
        "the others.",
    )


class MessageSendInput(graphene.InputObjectType):
    """A message to write. Customers write to the shop's staff."""

    recipient_email = graphene.String(required=True, description="Whom to.")
    order_number = graphene.String(description="The order that it is about, if any.")
    body = graphene.String(required=True, description="Plain text.")
    idempotency_key = _idempotency_key("message")


class NotificationsMarkReadInput(graphene.InputObjectType):
    """Notifications that were seen."""

    ids = graphene.List(
        graphene.NonNull(graphene.ID), required=True, description="The notifications' ids."
    )
