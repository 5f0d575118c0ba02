"""``manage.py check`` finds what is wrong with the schema before a client does."""

from __future__ import annotations

import re
from typing import Any
from unittest import mock

import graphene
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import SimpleTestCase

from catalog import models as catalog
from commerce import models as commerce
from schema.compiler.mapping import (
    Mapping,
    ModelType,
    ReadField,
    column,
    connection,
    connection_type,
    embedded,
    one,
    one_of,
    related_count,
    to_many,
    to_one,
)
from schema.money import Money
from schema.mutation import Context, Made, entity, mutation
from schema.node import Node, global_id
from users.permissions import AllowAny


def product_type(**fields: Any) -> Any:
    """A type of products with these fields beside its id and description."""
    meta = {"model": catalog.Product, "interfaces": (Node,), "skip_registry": True}
    members = {
        "__doc__": "A product.",
        "Meta": type("Meta", (), meta),
        "id": global_id(),
        **fields,
    }
    return type("Product", (ModelType,), members)


def root_type(**fields: Any) -> Any:
    return type("Query", (graphene.ObjectType,), {"__doc__": "What can be read.", **fields})


def product_field(type_: Any, **options: Any) -> ReadField:
    return one(
        type_,
        "A product.",
        rows=lambda rows, given, viewer: rows,
        **{"permission": AllowAny(), **options},
    )


def listing_type() -> Any:
    """A listing has no ``visible_to``: it may only be read as a part of its product."""

    class ProductListing(ModelType):
        """A listing."""

        class Meta:
            model = catalog.ProductListing
            skip_registry = True

        id = global_id()

    return ProductListing


def variant_type(**fields: Any) -> Any:
    meta = {"model": catalog.Variant, "skip_registry": True}
    members = {"__doc__": "A variant.", "Meta": type("Meta", (), meta), "id": global_id(), **fields}
    return type("Variant", (ModelType,), members)


class TestTheShopsOwnSchema(SimpleTestCase):
    def test_has_nothing_wrong(self) -> None:
        call_command("check")


class TestCheck(SimpleTestCase):
    def finds(self, schema: graphene.Schema) -> set[str]:
        """What the command says of a schema in the place of the shop's."""
        graphql_schema = schema.graphql_schema
        composed = graphql_schema, Mapping(graphql_schema)
        try:
            with mock.patch("schema.checks.composed", return_value=composed):
                call_command("check")
        except SystemCheckError as error:
            return set(re.findall(r"^\?: \(schema\.E001\) (.*)$", str(error), re.MULTILINE))
        return set()

    def finds_in_product(self, **fields: Any) -> set[str]:
        return self.finds(schema_of(product_type(**fields)))

    def finds_in_variant(self, **fields: Any) -> set[str]:
        return self.finds(schema_of(variant_type(**fields)))

    def test_finds_nothing_wrong_with_what_is_right(self) -> None:
        assert self.finds_in_product(name=column(graphene.String, "Its name.")) == set()

    def test_finds_a_field_without_mapping(self) -> None:
        field = graphene.String(description="Its name.")
        assert self.finds_in_product(name=field) == {
            "Product.name has no mapping; declare it by column(), to_one(), to_many() ..."
        }

    def test_finds_a_field_without_description(self) -> None:
        assert self.finds_in_product(name=column(graphene.String, "")) == {
            "Product.name has no description."
        }

    def test_finds_a_type_without_description(self) -> None:
        product = product_type(__doc__=None)
        assert self.finds(schema_of(product)) == {"Product has no description."}

    def test_finds_an_argument_without_description(self) -> None:
        name = column(graphene.String, "Its name.", language=graphene.String())
        assert self.finds_in_product(name=name) == {"Product.name(language:) has no description."}

    def test_finds_an_input_field_without_description(self) -> None:
        class ProductFilter(graphene.InputObjectType):
            """Which products."""

            vendor = graphene.String()

        product = product_field(product_type(), filter=ProductFilter(description="Which."))
        schema = graphene.Schema(query=root_type(product=product))
        assert self.finds(schema) == {"ProductFilter.vendor has no description."}

    def test_finds_a_query_without_permission(self) -> None:
        product = product_field(product_type(), permission=None)
        assert self.finds(graphene.Schema(query=root_type(product=product))) == {
            "Query.product has no permission; declare AllowAny() where everybody may call it."
        }

    def test_finds_a_query_without_mapping(self) -> None:
        unread = ReadField(
            product_type(), read=None, permission=AllowAny(), description="A product."
        )
        assert self.finds(graphene.Schema(query=root_type(product=unread))) == {
            "Query.product has no mapping; declare it by one() or connection()."
        }

    def test_finds_a_query_of_rows_that_nobody_guards(self) -> None:
        assert self.finds(schema_of(listing_type())) == {
            "Query.thing reads ProductListing, which has no visible_to, "
            "and is no part of its parent."
        }

    def test_finds_counts_and_choices_of_rows_that_nobody_guards(self) -> None:
        line = line_type()
        for field in (
            related_count(lambda: line, "How many.", rows=lambda rows: rows),
            one_of(line, "One of them.", rows=lambda rows: rows),
        ):
            assert self.finds_in_variant(thing=field) == {
                "Variant.thing reads OrderLine, which has no visible_to, "
                "and is no part of its parent."
            }

    def test_finds_a_payload_of_rows_that_nobody_guards(self) -> None:
        @mutation(touch_input(), "Touch.", listing=entity(listing_type()), permission=AllowAny())
        def listing_touch(context: Context, given: Any) -> Made:
            return Made()

        assert self.finds(schema_with(listing_touch=listing_touch)) == {
            "ListingTouchPayload.listing reads ProductListing, which has no visible_to, "
            "and is no part of its parent."
        }

    def test_finds_a_mutation_that_is_not_declared_as_one(self) -> None:
        undeclared = graphene.Field(product_type(), description="Do something.")
        assert self.finds(schema_with(product_touch=undeclared)) == {
            "Mutation.productTouch is not declared by @mutation."
        }

    def test_finds_a_mutation_without_permission(self) -> None:
        nobody_said: Any = None

        @mutation(touch_input(), "Touch.", product=entity(product_type()), permission=nobody_said)
        def product_touch(context: Context, given: Any) -> Made:
            return Made()

        assert self.finds(schema_with(product_touch=product_touch)) == {
            "Mutation.productTouch has no permission; "
            "declare AllowAny() where everybody may call it."
        }

    def test_finds_a_relation_that_nobody_guards(self) -> None:
        found = {
            "Product.listing reads ProductListing, which has no visible_to, "
            "and is no part of its parent."
        }
        listing = to_one(listing_type(), "Its listing.", relation="listing")
        assert self.finds_in_product(listing=listing) == found

    def test_finds_lists_that_nobody_guards(self) -> None:
        line = line_type()
        orders = connection_type(lambda: line, "OrderLine")
        for field in (
            to_many(line, "Orders.", relation="order_lines", order_by=("id",)),
            connection(orders, "Orders.", relation="order_lines", sorts={}),
        ):
            assert self.finds_in_variant(orders=field) == {
                "Variant.orders reads OrderLine, which has no visible_to, "
                "and is no part of its parent."
            }

    def test_finds_a_list_by_no_relation_that_nobody_guards(self) -> None:
        field = to_many(line_type(), "Orders.", relation=None, order_by=("id",))
        assert self.finds_in_variant(orders=field) == {
            "Variant.orders reads OrderLine, which has no visible_to, and is no part of its parent."
        }

    def test_finds_a_non_null_field_over_a_column_that_may_be_null(self) -> None:
        for field, found in (
            (column(graphene.String, "Its number.", source="sku"), "sku"),
            (column(graphene.Int, "Its weight.", source="weight"), "weight"),
            (column(graphene.Float, "Rating.", source="product__listing__rating"), None),
            (column(graphene.String, "Category.", source="product__category__name"), None),
        ):
            path = found or field.read.source
            assert self.finds_in_variant(thing=field) == {
                f"Variant.thing is non-null but {path} may be null."
            }

    def test_finds_a_non_null_row_that_may_be_missing_or_hidden(self) -> None:
        found = {"Product.thing is non-null but the row may be missing or hidden."}
        product = product_type()
        required = {"required": True, "relation": "category"}
        category = category_type()
        assert self.finds_in_product(thing=to_one(category, "It.", **required)) == found
        assert self.finds_in_product(thing=to_one(category, "It.", part=True, **required)) == found
        hidden = to_one(product, "It.", relation="product", required=True)
        assert self.finds_in_variant(thing=hidden) == {
            "Variant.thing is non-null but the row may be missing or hidden."
        }

    def test_finds_an_object_that_lacks_a_part(self) -> None:
        price = embedded(Money, "What it costs.", amount="price")
        assert self.finds_in_variant(price=price) == {"Variant.price leaves out ['currency']."}

    def test_finds_all_at_once(self) -> None:
        found = self.finds_in_product(
            name=graphene.String(), vendor=graphene.String(description="Its vendor.")
        )
        assert len(found) == 3


def schema_of(type_: Any) -> graphene.Schema:
    return graphene.Schema(query=root_type(thing=product_field(type_)))


def schema_with(**mutations: Any) -> graphene.Schema:
    """A schema of these mutations and hardly anything to read."""
    changes = type("Mutation", (graphene.ObjectType,), {"__doc__": "Changes.", **mutations})
    category = product_field(category_type())
    return graphene.Schema(query=root_type(category=category), mutation=changes)


def touch_input() -> Any:
    class TouchInput(graphene.InputObjectType):
        """What to touch."""

        name = graphene.String(description="Its name.")

    return TouchInput


def line_type() -> Any:
    class OrderLine(ModelType):
        """A line of an order; seen with its order alone."""

        class Meta:
            model = commerce.OrderLine
            skip_registry = True

        id = global_id()

    return OrderLine


def category_type() -> Any:
    class Category(ModelType):
        """A category."""

        class Meta:
            model = catalog.Category
            skip_registry = True

        id = global_id()

    return Category
