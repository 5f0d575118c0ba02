"""Arguments of generated operations: literals, variables, defaults, null, or nothing at all."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
)

from catalog.models import Category, Collection, Product, ProductImport
from commerce.models import Cart, Order, Voucher
from tasks.models import Job
from tasks.webhooks.models import WebhookEndpoint
from tests.oracle.accounts import NODES
from tests.oracle.choices import Choices
from tests.oracle.goods import OPTIONS, VENDORS
from tests.oracle.pieces import WORDS
from tests.oracle.shop import Shop

TERMS = [
    "ocean",
    "shrit",
    "wool -red",
    '"ocean shirt" or mug',
    "oce",
    "it's 100% Älg",
    "SKU",
    "!",
    "nothing like this",
]
TIMES = [
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05+00:00",
    "2026-01-02T05:04:05.500000+02:00",
    "2026-01-01T00:00:00",
    "2026-01-04T03:04:05.000001Z",
]
ORDER_TERMS = ["n-1000", "N-100", "example", "GUEST_1", "%", "_", " ", "\\", "@Example.com "]
AMOUNTS: list[Any] = ["9.90", "10", 10, 0, 9.9, "0.01", "55.500", "-1", "1e1", 2000000000]
PAGING = {"first", "last", "after", "before"}


class Pools:
    """Values for arguments and input fields, by ``Type.field.argument`` or ``Input.field``."""

    def __init__(self, shop: Shop) -> None:
        def each(model: Any, column: str) -> list[Any]:
            return [str(getattr(row, column)) for row in shop.rows(model)]

        def ids(name: str, keys: list[Any]) -> list[str]:
            return [base64.b64encode(f"{name}:{key}".encode()).decode() for key in keys]

        products = each(Product, "slug")
        categories = each(Category, "slug")
        of_products = ids("Product", each(Product, "pk"))
        of_jobs = ids("Job", each(Job, "public_id"))
        nodes = [
            id_
            for name, model in NODES.items()
            # As many of each type.
            for id_ in ids(name, each(model, "public_id" if name == "Job" else "pk")[:12])
        ]
        strange = [
            *ids("Product", [0, 2**63 - 1, 2**70, "", "x", -1]),
            *ids("Nothing", [1]),
            *ids("", [1]),
            *ids("OrderLine", [1]),
            *ids("Job", [1]),
            *ids("Query", [1]),
            "",
            "not base64",
            "é",
        ]
        orders = each(Order, "number")
        carts = shop.rows(Cart)
        open_carts = [cart.token for cart in carts if cart.user_id is None]
        self.values: dict[str, list[Any]] = {
            "Query.product.slug": [*products, "unknown", ""],
            "Product.summary.length": [160, 1, 0, -1, 20, 1000, 2000000],
            "Media.url.width": [0, -1, 100, 160, 161, 320, 5000, 2**31 - 1],
            "Query.category.slug": [*categories, "unknown"],
            "Query.collection.slug": [*each(Collection, "slug"), "unknown", ""],
            "Query.products.search": [*TERMS, "", " "],
            "Query.cart.token": [*each(Cart, "token"), *open_carts * 5, "unknown", ""],
            "Query.voucher.code": [*each(Voucher, "code"), "welcome10", "5_", "unknown", ""],
            "Query.order.token": [*each(Order, "token"), "unknown", ""],
            "Query.order.number": [*orders, "unknown", ""],
            "Query.job.id": [*of_jobs, *strange],
            "Query.webhookEndpoint.id": [
                *ids("WebhookEndpoint", each(WebhookEndpoint, "pk")),
                *ids("WebhookEndpoint", [0, 2**63 - 1, 2**70, "", "x", -1]),
                *strange,
            ],
            "Query.productImport.id": [*ids("ProductImport", each(ProductImport, "pk")), *strange],
            "Query.node.id": [*nodes, *strange],
            "Query.nodes.ids": [*nodes, *strange],
            "DecimalRange.min": AMOUNTS,
            "DecimalRange.max": AMOUNTS,
            "OptionFilter.name": [*OPTIONS, "Unknown"],
            "OptionFilter.values": [v for values in OPTIONS.values() for v in values],
            "ProductFilter.category": [*categories, "unknown", "", " "],
            "ProductFilter.includeDescendants": [True, False],
            "ProductFilter.collection": [*each(Collection, "slug"), "unknown", ""],
            "ProductFilter.inStock": [True, False],
            "ProductFilter.vendor": [*filter(None, VENDORS), "unknown"],
            "ProductFilter.tags": [*WORDS, "unknown"],
            "ProductFilter.ids": [*of_products, "not base64", *ids("Variant", each(Product, "pk"))],
            "ProductFilter.createdAfter": TIMES,
            "ProductFilter.isPublished": [True, False],
            "OrderFilter.placedAfter": TIMES,
            "OrderFilter.placedBefore": TIMES,
            "OrderFilter.email": [*each(Order, "email"), "CUSTOMER0@example.com", "", " x "],
            "OrderFilter.search": [*ORDER_TERMS, *orders],
            "JobFilter.kind": [*each(Job, "kind"), "unknown"],
        }

    def of(self, where: str, type_: Any) -> list[Any]:
        """The values of a scalar or enum."""
        if isinstance(type_, GraphQLEnumType):
            return [Word(name) for name in type_.values]
        return self.values[where]


class Word(str):
    """An enum's value: in a document it stands without quotes."""


@dataclass(eq=False)
class Variable:
    """A variable of an operation.

    Attributes:
        name: without the dollar.
        type_: as the operation declares it.
        default: its literal, or None.
        value: draws a value for one request.
        fixed: whether all requests must give it the same value, which is not null.
        required: whether it stands where null must not.
    """

    name: str
    type_: str
    default: str | None
    value: Callable[[], Any]
    fixed: bool = False
    required: bool = False

    @property
    def definition(self) -> str:
        """Its place in the operation's head."""
        default = "" if self.default is None else f" = {self.default}"
        return f"${self.name}: {self.type_}{default}"


class Arguments:
    """Writes the arguments of one operation and remembers its variables."""

    def __init__(self, choices: Choices, pools: Pools) -> None:
        self.choices = choices
        self.pools = pools
        self.variables: list[Variable] = []

    # --- values in a document -----------------------------------------------------------------

    def write(self, where: str, type_: Any, *, least: int = 0) -> str:
        """A value of a type, as a literal or a variable."""
        if self.choices.chance(30):
            return self.variable(type_, lambda: self.value(where, type_))
        if isinstance(type_, GraphQLNonNull):
            return self._literal(where, type_.of_type)
        return "null" if self.choices.chance(5) else self._literal(where, type_)

    def _literal(self, where: str, type_: Any) -> str:
        if isinstance(type_, GraphQLList):
            if self.choices.chance(10):
                return self._literal(where, _nullable(type_.of_type))
            items = [self.write(where, type_.of_type) for _ in range(self.choices.number(0, 3))]
            return f"[{', '.join(items)}]"
        if isinstance(type_, GraphQLInputObjectType):
            members = [
                f"{name}: {self.write(f'{type_.name}.{name}', field.type)}"
                for name, field in type_.fields.items()
                if isinstance(field.type, GraphQLNonNull) or self.choices.chance(25)
            ]
            return f"{{{', '.join(members)}}}"
        return self.literal(self.choices.one(self.pools.of(where, type_)))

    def literal(self, value: Any) -> str:
        """A scalar or enum in a document."""
        if isinstance(value, Word):
            return str(value)
        if isinstance(value, str) and value.isalnum() and self.choices.chance(5):
            return f'"""{value}"""'
        return json.dumps(value, ensure_ascii=self.choices.chance(50))

    # --- values of variables ------------------------------------------------------------------

    def value(self, where: str, type_: Any) -> Any:
        """A value of a type as JSON has it."""
        if not isinstance(type_, GraphQLNonNull) and self.choices.chance(5):
            return None
        type_ = _nullable(type_)
        if isinstance(type_, GraphQLList):
            if self.choices.chance(10):
                return self.value(where, GraphQLNonNull(_nullable(type_.of_type)))
            return [self.value(where, type_.of_type) for _ in range(self.choices.number(0, 3))]
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self.value(f"{type_.name}.{name}", field.type)
                for name, field in type_.fields.items()
                if isinstance(field.type, GraphQLNonNull) or self.choices.chance(25)
            }
        value = self.choices.one(self.pools.of(where, type_))
        return str(value) if isinstance(value, Word) else value

    def variable(self, type_: Any, value: Callable[[], Any], *, default: str | None = None) -> str:
        """A new variable for a place of a type; its name with the dollar."""
        declared = str(type_)
        if not isinstance(type_, GraphQLNonNull) and self.choices.chance(15):
            declared += "!"
        elif default is None and self.choices.chance(25):
            default = self._default(type_, value)
            declared = declared.removesuffix("!") if default is not None else declared
        name = self.declare(declared, value, default=default)
        self.variables[-1].required = isinstance(type_, GraphQLNonNull)
        return name

    def _default(self, type_: Any, value: Callable[[], Any]) -> str | None:
        drawn = value()
        if drawn is None:
            return None
        return as_literal(drawn, _nullable(type_))

    def declare(
        self,
        declared: str,
        value: Callable[[], Any],
        *,
        default: str | None = None,
        fixed: bool = False,
    ) -> str:
        """A variable of exactly this type."""
        variable = Variable(f"v{len(self.variables)}", declared, default, value, fixed)
        self.variables.append(variable)
        return f"${variable.name}"

    def fixed(self, declared: str, value: Any) -> str:
        """A literal, or a variable that every request gives this value."""
        if self.choices.chance(50):
            return self.declare(declared, lambda: value, fixed=True)
        return self.literal(value)

    def condition(self) -> str:
        """A boolean for ``@include`` or ``@skip``."""
        known = [each for each in self.variables if each.type_.startswith("Boolean!")]
        if known and self.choices.chance(40):
            return f"${self.choices.one(known).name}"
        if self.choices.chance(60):
            default = self.choices.one(["true", "false"]) if self.choices.chance(30) else None
            return self.declare("Boolean!", lambda: self.choices.number(0, 1) == 1, default=default)
        return self.choices.one(["true", "false"])

    # --- all arguments of a field -------------------------------------------------------------

    def of_field(self, parent: str, name: str, field: GraphQLField) -> list[str]:
        """Arguments other than those of pages."""
        written = []
        for argument, definition in field.args.items():
            required = isinstance(definition.type, GraphQLNonNull)
            if argument not in PAGING and (required or self.choices.chance(35)):
                value = self.write(f"{parent}.{name}.{argument}", definition.type)
                written.append(f"{argument}: {value}")
        return written


def as_literal(value: Any, type_: Any) -> str:
    """A JSON value in a document."""
    if value is None:
        return "null"
    if isinstance(type_, GraphQLList):
        items = value if isinstance(value, list) else [value]
        return f"[{', '.join(as_literal(item, _nullable(type_.of_type)) for item in items)}]"
    if isinstance(type_, GraphQLInputObjectType):
        members = (
            f"{name}: {as_literal(item, _nullable(type_.fields[name].type))}"
            for name, item in value.items()
        )
        return f"{{{', '.join(members)}}}"
    return str(value) if isinstance(type_, GraphQLEnumType) else json.dumps(value)


def _nullable(type_: Any) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def input_fields(type_: Any, where: str) -> list[str]:
    """What ``Pools`` must know for an argument of a type."""
    named: Any = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        return [
            inner
            for name, field in named.fields.items()
            for inner in input_fields(field.type, f"{named.name}.{name}")
        ]
    return [] if isinstance(named, GraphQLEnumType) else [where]
