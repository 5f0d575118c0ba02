"""What storefronts and staff send is valid against the schema, variables and all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    OperationDefinitionNode,
    parse,
    type_from_ast,
    validate,
)
from graphql.utilities import coerce_input_value

from schema.schema import schema
from tests.schema.shop import OPERATIONS, SAMPLES

SCHEMA = schema.graphql_schema

# In the order in which clients know them; more may follow.
ENUMS = {
    "Availability": "IN_STOCK LOW_STOCK OUT_OF_STOCK",
    "OrderStatus": ("PENDING_PAYMENT CONFIRMED PARTIALLY_FULFILLED FULFILLED CANCELLED EXPIRED"),
    "PaymentStatus": "PENDING AUTHORIZED PAID PARTIALLY_REFUNDED REFUNDED FAILED",
    "JobStatus": "PENDING DISPATCHED RUNNING SUCCEEDED FAILED DEAD",
    "CheckoutRequirement": "LINES EMAIL SHIPPING_ADDRESS SHIPPING_METHOD",
    "ProductSort": "NEWEST NAME_ASC NAME_DESC PRICE_ASC PRICE_DESC RATING RELEVANCE",
}
PLACEHOLDER = re.compile("<.*>")


def faults(name: str) -> list[str]:
    """Why an operation can't be answered, with its sample variables."""
    document = parse(OPERATIONS[name])
    operation = next(
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    if SCHEMA.get_root_type(operation.operation) is None:
        return [f"There is no {operation.operation.value} type."]
    if errors := validate(SCHEMA, document):
        return [error.message for error in errors]
    found: list[str] = []

    def on_error(path: list[str | int], value: Any, error: Exception) -> None:
        if not (isinstance(value, str) and PLACEHOLDER.fullmatch(value)):
            found.append(f"{path}: {error}")

    for definition in operation.variable_definitions or ():
        variable = definition.variable.name.value
        if variable in SAMPLES.get(name, {}):
            wanted: Any = type_from_ast(SCHEMA, definition.type)
            coerce_input_value(SAMPLES[name][variable], wanted, on_error)
    return found


class TestOperations:
    @pytest.mark.parametrize("name", sorted(OPERATIONS))
    def test_are_valid_as_written(self, name: str) -> None:
        assert faults(name) == []

    def test_have_samples_of_their_own_variables_alone(self) -> None:
        for name, variables in SAMPLES.items():
            for variable in variables:
                assert f"${variable}:" in OPERATIONS[name]


class TestNames:
    @pytest.mark.parametrize("name", ENUMS)
    def test_of_enum_values_are_those_that_clients_know(self, name: str) -> None:
        enum = SCHEMA.type_map[name]
        assert isinstance(enum, GraphQLEnumType)
        values = ENUMS[name].split()
        assert list(enum.values)[: len(values)] == values
