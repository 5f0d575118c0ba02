"""How mutations are declared: a function, its input, what it makes.

::

    @mutation(AddressCreateInput, "Keep a postal address.", address=entity(lambda: Address),
              permission=IsAuthenticated())
    def address_create(context, given):
        return Made(address=create_address(user_id=context.viewer.user_id, **given).pk)

The function is a thin door to a service. Rows it made are named by primary key; the read compiler
answers what the client selected of them, after the service's transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import graphene

from schema.compiler.mapping import ReadField
from schema.compiler.readings import Entities, Entity, Plain, TypeRef
from tasks.models import Job
from users.permissions import Rule
from users.viewer import Viewer


@dataclass(frozen=True)
class Context:
    """The request around a mutation.

    Attributes:
        viewer: who calls.
        address: the caller's network address, for throttling; None where unknown.
        now: the time of the request, aware.
    """

    viewer: Viewer
    address: str | None
    now: datetime


class Made:
    """What a mutation made: values by payload field, and keys that it hands to the caller.

    Args:
        jobs: of a payload with ``jobs``: those that it enqueued, which the caller may watch.
        holding: keys of ``Viewer`` that open the made rows, such as ``cart_token``.
        values: primary keys of entities, or plain values.
    """

    def __init__(
        self, *, jobs: list[Job] | None = None, holding: dict[str, Any] | None = None, **values: Any
    ) -> None:
        self.holding = holding or {}
        self.values = values
        if jobs is not None:
            self.values["jobs"] = [job.pk for job in jobs]
            self.holding["job_ids"] = [str(job.public_id) for job in jobs]


class UserError(graphene.ObjectType):
    """Something in the input that the user can mend. Nothing was changed."""

    field = graphene.List(
        graphene.NonNull(graphene.String),
        description='Where in the arguments, such as ["input", "lines", "0", "quantity"]; null '
        "where the input as a whole is meant.",
    )
    code = graphene.String(required=True, description="What is wrong, such as OUT_OF_STOCK.")
    message = graphene.String(required=True, description="What is wrong and what to do.")


class MutationField(graphene.Field):
    """A field of ``Mutation``: permission, function, payload.

    ``authenticates`` says that it checks a password or token, of which a request may try one.
    """

    def __init__(
        self,
        payload: Any,
        *,
        perform: Callable[[Context, Any], Made],
        permission: Rule,
        authenticates: bool,
        **options: Any,
    ) -> None:
        super().__init__(payload, **options)
        self.authenticates = authenticates
        self.perform = perform
        self.permission = permission


def entity(type_: TypeRef, description: str = "What was made or changed.") -> ReadField:
    """A payload field: the row that was made, null after a user error."""
    return ReadField(type_, read=Entity(), description=description)


def entities(type_: Callable[[], Any], description: str) -> ReadField:
    """A payload field: rows that were made; empty after a user error."""
    return ReadField(
        lambda: graphene.NonNull(graphene.List(graphene.NonNull(type_()))),
        read=Entities(),
        description=description,
    )


def plain(type_: Any, description: str) -> ReadField:
    """A payload field: a value that the function answers itself."""
    return ReadField(type_, read=Plain(), description=description)


def mutation(
    input_type: Any,
    description: str,
    *,
    permission: Rule,
    authenticates: bool = False,
    **payload: ReadField,
) -> Callable[[Callable[[Context, Any], Made]], MutationField]:
    """Declare a mutation with one ``input`` argument and ``userErrors`` in its payload."""

    def declare(perform: Callable[[Context, Any], Made]) -> MutationField:
        fields = {
            **payload,
            "user_errors": plain(
                graphene.NonNull(graphene.List(graphene.NonNull(UserError))),
                "What the user can mend; empty where it worked.",
            ),
        }
        return MutationField(
            _payload_type(perform, fields),
            perform=perform,
            permission=permission,
            authenticates=authenticates,
            description=description,
            input=graphene.Argument(
                input_type, required=True, description="What to do, and with what."
            ),
        )

    return declare


def token_mutation(
    description: str,
    *,
    permission: Rule,
    arguments: dict[str, Any],
    **payload: ReadField,
) -> Callable[[Callable[[Context, Any], Made]], MutationField]:
    """Declare one of django-graphql-jwt's mutations: bare arguments, errors at the top level."""

    def declare(perform: Callable[[Context, Any], Made]) -> MutationField:
        return MutationField(
            _payload_type(perform, payload),
            perform=perform,
            permission=permission,
            authenticates=True,
            description=description,
            **arguments,
        )

    return declare


def _payload_type(perform: Callable[..., Any], fields: dict[str, ReadField]) -> Any:
    """``cart_create`` answers a ``CartCreatePayload``."""
    name = "".join(part.capitalize() for part in perform.__name__.split("_"))
    camel = name[0].lower() + name[1:]
    return type(
        f"{name}Payload", (graphene.ObjectType,), {"__doc__": f"What `{camel}` answers.", **fields}
    )
