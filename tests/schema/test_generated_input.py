"""Whatever JSON a client makes up: an answer in JSON, never a failure of ours."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from schema.compiler.ids import encode_id
from schema.schema import schema
from tests.schema.shop import (
    Endpoint,
    fill_shop,
    make_user,
    product_id,
    ready_cart,
    token_of,
)

# Few where everybody waits, many at night.
EXAMPLES = settings().max_examples * 3 // 10
TYPES = schema.graphql_schema.type_map
ODD_TEXTS = (
    "",
    " ",
    "\0",
    "\ud800",
    "\N{SKULL}",
    "%",
    "\\",
    "'; --",
    "{}",
    "null",
    "x" * 300,
    "x" * 6_000,
    "NaN",
    "ada@example.com",
    "staff@example.com",
    "MUG-1",
    "GB",
    "manual",
    "men",
    "2026-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
)
ODD_NUMBERS = (0, -1, 1, 999, 1000, 2**31, 2**63, -(2**63), 10**30, 1.5, -0.0, 1e300)
ODD_DECIMALS = ("9.90", "-1", "1e20", "1e-20", "0.005", "NaN", "9" * 29, *ODD_NUMBERS)

texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=20)
numbers = st.sampled_from(ODD_NUMBERS) | st.integers(-3, 3)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
ids = st.builds(
    encode_id,
    st.sampled_from(["Product", "Variant", "ShippingMethod", "Cart", "Job", "Nothing", ""]),
    numbers | texts.filter(lambda text: text != "\ud800"),
)
SCALARS = {
    "ID": ids | texts,
    "Int": numbers,
    "Boolean": st.booleans(),
    "Decimal": st.sampled_from(ODD_DECIMALS) | st.decimals().map(str),
    "DateTime": st.sampled_from(ODD_TEXTS[-2:]) | st.datetimes().map(str) | texts,
    "JSON": anything,
}


def values(type_: Any) -> st.SearchStrategy[Any]:
    """Mostly of the type, or nearly so; now and then anything at all."""
    if isinstance(type_, GraphQLNonNull):
        return rarely_anything(values(type_.of_type))
    return rarely_anything(st.none() | fitting(get_nullable_type(type_)))


def fitting(type_: Any) -> st.SearchStrategy[Any]:
    """Of the right shape, with odd contents."""
    if isinstance(type_, GraphQLList):
        return st.lists(values(type_.of_type), max_size=3)
    if isinstance(type_, GraphQLInputObjectType):
        return inputs(type_.name)
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from([*type_.values, "NOTHING"])
    return SCALARS.get(get_named_type(type_).name, texts)


def inputs(name: str, **known: Any) -> st.SearchStrategy[Any]:
    """An input object; ``known`` are members that are mostly right."""
    type_ = TYPES[name]
    assert isinstance(type_, GraphQLInputObjectType)
    fields = {
        field: st.just(known[field]) if field in known else values(member.type)
        for field, member in type_.fields.items()
    }
    required = {
        field: fields[field]
        for field, member in type_.fields.items()
        if isinstance(member.type, GraphQLNonNull) or field in known
    }
    optional = {field: fields[field] for field in fields.keys() - required.keys()}
    return st.fixed_dictionaries(required, optional=optional)


def rarely_anything(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda chance: anything if chance == 0 else usual)


class TestGeneratedInput(Endpoint, TestCase):
    # The accounts and the cart that most examples use, made anew for each.
    CART = "the cart's token"

    @classmethod
    def setUpTestData(cls) -> None:
        fill_shop()
        cls.user = make_user()
        make_user("staff@example.com", role="support")

    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(self.user)

    def survives(self, name: str, bearer: str | None = None, **variables: Any) -> None:
        answer = self.send(name, bearer=bearer, **variables)
        assert answer.status in (200, 400), answer.text
        assert not {"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE"} & set(answer.codes)
        assert {"data", "errors"} & answer.body.keys()

    def survives_input(self, name: str, given: Any, bearer: str | None = None) -> None:
        """Send an input in which ``CART`` stands for the token of a cart that lacks nothing."""
        token = ready_cart(self)["token"]
        if isinstance(given, dict):
            given = {key: token if value == self.CART else value for key, value in given.items()}
        self.survives(name, bearer, input=given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("CartCreateInput")))
    def test_for_a_cart(self, given: Any) -> None:
        self.survives("CartCreate", input=given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("CartLinesSetInput", token=CART)))
    def test_for_a_carts_lines(self, given: Any) -> None:
        self.survives_input("CartLinesSet", given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("CartUpdateInput", token=CART)))
    def test_for_a_change_of_a_cart(self, given: Any) -> None:
        self.survives_input("CartUpdate", given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("CheckoutCompleteInput", cartToken=CART)))
    def test_for_a_checkout(self, given: Any) -> None:
        self.survives_input("Checkout", given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("UserRegisterInput")))
    def test_for_an_account(self, given: Any) -> None:
        self.survives("Register", input=given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("AddressCreateInput")))
    def test_for_an_address(self, given: Any) -> None:
        self.survives("AddressCreate", self.bearer, input=given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("MessageSendInput", recipientEmail="staff@example.com")))
    def test_for_a_message(self, given: Any) -> None:
        self.survives("MessageSend", self.bearer, input=given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("ProductCreateInput")))
    def test_for_a_product(self, given: Any) -> None:
        bearer = token_of(make_user("manager@example.com", role="catalog_manager"))
        self.survives("ProductCreate", bearer, input=given)

    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def test_for_a_change_of_a_product(self, data: Any) -> None:
        bearer = token_of(make_user("manager@example.com", role="catalog_manager"))
        known = product_id("ocean-blue-shirt")
        given = data.draw(rarely_anything(inputs("ProductUpdateInput", id=known)))
        self.survives("ProductUpdate", bearer, input=given)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("StockAdjustInput", sku="MUG-1")))
    def test_for_a_change_of_stock(self, given: Any) -> None:
        bearer = token_of(make_user("manager@example.com", role="catalog_manager"))
        self.survives("StockAdjust", bearer, input=given)

    @settings(max_examples=EXAMPLES)
    @given(
        rarely_anything(inputs("CategoryCreateInput")),
        rarely_anything(inputs("CollectionCreateInput")),
    )
    def test_for_a_category_or_a_collection(self, category: Any, collection: Any) -> None:
        bearer = token_of(make_user("manager@example.com", role="catalog_manager"))
        self.survives("CategoryCreate", bearer, input=category)
        self.survives("CollectionCreate", bearer, input=collection)

    @settings(max_examples=EXAMPLES)
    @given(
        rarely_anything(inputs("ProductFilter")),
        rarely_anything(st.none() | texts),
        rarely_anything(st.none() | st.sampled_from(["NEWEST", "PRICE_ASC", "RELEVANCE"])),
        rarely_anything(st.none() | st.integers(-1, 101)),
    )
    def test_for_a_list_of_products(self, filter_: Any, search: Any, sort: Any, first: Any) -> None:
        self.survives("Browse", filter=filter_, search=search, sort=sort, first=first)

    @settings(max_examples=EXAMPLES)
    @given(rarely_anything(inputs("OrderFilter")))
    def test_for_a_list_of_orders(self, filter_: Any) -> None:
        bearer = token_of(make_user("boss@example.com", role="admin"))
        self.survives("StaffOrders", bearer, filter=filter_)

    @settings(max_examples=EXAMPLES)
    @given(ids | texts | numbers, rarely_anything(texts))
    def test_for_an_id_token_or_cursor(self, key: Any, cursor: Any) -> None:
        self.survives("NodeById", self.bearer, id=key)
        self.survives("Cart", token=key)
        self.survives("OrderByToken", token=key)
        self.survives("Job", id=key)
        self.survives("Browse", after=cursor)

    def test_what_is_right_among_it_is_done(self) -> None:
        """The examples can reach the services: what they vary is a good input."""
        token = ready_cart(self)["token"]
        assert self.call("CartUpdate", token=token, email="ada@example.com").payload
        assert self.send("Browse", filter={"ids": [product_id("mug")]}).data
