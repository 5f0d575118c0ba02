"""The measured part of the schema, with resolvers over the ORM.

Every root field prefetches what the operation selects: the number of statements does not grow
with the number of rows.
"""

from __future__ import annotations

from typing import Any

import graphene
from django.db.models import Prefetch, QuerySet
from graphene_django import DjangoObjectType
from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo

from catalog import models as catalog
from catalog.expressions import search_rank
from commerce import models as commerce
from users import models as users
from users.authentication import viewer_for_token
from users.tokens import token_in_header
from users.viewer import ANONYMOUS, Viewer

REVIEWS = 5


class Money(graphene.ObjectType):
    """An amount in a currency."""

    amount = graphene.Decimal(required=True)
    currency = graphene.String(required=True)


class Category(DjangoObjectType):
    """A category."""

    class Meta:
        model = catalog.Category
        fields = ("id", "name", "slug")


class ProductOption(DjangoObjectType):
    """A way in which a product's variants differ."""

    class Meta:
        model = catalog.ProductOption
        fields = ("name", "values")


class Variant(DjangoObjectType):
    """What a customer buys."""

    class Meta:
        model = catalog.Variant
        fields = ("id", "sku", "name", "weight")

    price = graphene.Field(Money, required=True)

    def resolve_price(root: Any, info: GraphQLResolveInfo) -> Money:
        """Amount and currency stand in the same row."""
        return Money(amount=root.price, currency=root.currency)


class Media(DjangoObjectType):
    """A picture."""

    class Meta:
        model = catalog.Media
        fields = ("url", "alt")


class Review(DjangoObjectType):
    """What a customer says."""

    class Meta:
        model = catalog.Review
        fields = ("rating", "title", "body", "created_at")


class ReviewConnection(graphene.ObjectType):
    """A page of reviews."""

    nodes = graphene.List(graphene.NonNull(Review), required=True)


class Product(DjangoObjectType):
    """A thing the shop sells."""

    class Meta:
        model = catalog.Product
        fields = (
            "id",
            "slug",
            "name",
            "description",
            "vendor",
            "tags",
            "created_at",
            "category",
        )

    options = graphene.List(graphene.NonNull(ProductOption), required=True)
    variants = graphene.List(graphene.NonNull(Variant), required=True)
    media = graphene.List(graphene.NonNull(Media), required=True, first=graphene.Int())
    reviews = graphene.Field(ReviewConnection, required=True, first=graphene.Int())

    def resolve_options(root: Any, info: GraphQLResolveInfo) -> Any:
        """Prefetched."""
        return root.options.all()

    def resolve_variants(root: Any, info: GraphQLResolveInfo) -> Any:
        """Prefetched."""
        return root.variants.all()

    def resolve_media(root: Any, info: GraphQLResolveInfo, first: int | None = None) -> Any:
        """Prefetched."""
        return list(root.media.all())[:first]

    def resolve_reviews(root: Any, info: GraphQLResolveInfo, first: int = REVIEWS) -> Any:
        """Prefetched."""
        return ReviewConnection(nodes=root.newest_reviews[:first])


class PageInfo(graphene.ObjectType):
    """Where a page stands."""

    has_next_page = graphene.Boolean(required=True)
    end_cursor = graphene.String()


class ProductConnection(graphene.ObjectType):
    """A page of products."""

    nodes = graphene.List(graphene.NonNull(Product), required=True)
    page_info = graphene.Field(PageInfo, required=True)


class OrderLine(DjangoObjectType):
    """One bought variant."""

    class Meta:
        model = commerce.OrderLine
        fields = ("name", "sku", "quantity")

    total = graphene.Field(Money, required=True)

    def resolve_total(root: Any, info: GraphQLResolveInfo) -> Money:
        """Amount and currency stand in the same row."""
        return Money(amount=root.total, currency=root.currency)


class Order(DjangoObjectType):
    """A completed checkout."""

    class Meta:
        model = commerce.Order
        fields = ("number", "status", "placed_at")

    total = graphene.Field(Money, required=True)
    lines = graphene.List(graphene.NonNull(OrderLine), required=True)

    def resolve_total(root: Any, info: GraphQLResolveInfo) -> Money:
        """Amount and currency stand in the same row."""
        return Money(amount=root.total, currency=root.currency)

    def resolve_lines(root: Any, info: GraphQLResolveInfo) -> Any:
        """Prefetched."""
        return root.lines.all()


class OrderConnection(graphene.ObjectType):
    """A page of orders."""

    nodes = graphene.List(graphene.NonNull(Order), required=True)


class User(DjangoObjectType):
    """An account."""

    class Meta:
        model = users.User
        fields = ("email", "first_name")

    orders = graphene.Field(OrderConnection, required=True, first=graphene.Int())

    def resolve_orders(root: Any, info: GraphQLResolveInfo, first: int = 10) -> Any:
        """One's orders, newest first."""
        orders = root.orders.order_by("-placed_at", "-id").prefetch_related(
            Prefetch("lines", commerce.OrderLine.objects.order_by("id"))
        )
        return OrderConnection(nodes=orders[:first])


class Query(graphene.ObjectType):
    """What can be read."""

    product = graphene.Field(Product, slug=graphene.String(required=True))
    products = graphene.Field(
        ProductConnection, required=True, first=graphene.Int(), search=graphene.String()
    )
    viewer = graphene.Field(User)

    def resolve_product(root: Any, info: GraphQLResolveInfo, slug: str) -> Any:
        """The product with a slug."""
        rows = catalog.Product.objects.visible_to(ANONYMOUS).filter(slug=slug)
        return with_selected(rows, info).first()

    def resolve_products(
        root: Any, info: GraphQLResolveInfo, first: int = 24, search: str | None = None
    ) -> Any:
        """A page of products and whether another follows, by one row more."""
        rows = catalog.Product.objects.visible_to(ANONYMOUS)
        if search:
            rows = rows.search(search).order_by(search_rank(search).desc(), "-id")
        else:
            rows = rows.order_by("-created_at", "-id")
        found = list(with_selected(rows, info)[: first + 1])
        page = found[:first]
        cursor = f"{page[-1].created_at.isoformat()},{page[-1].pk}" if page else None
        return ProductConnection(
            nodes=page, page_info=PageInfo(has_next_page=len(found) > first, end_cursor=cursor)
        )

    def resolve_viewer(root: Any, info: GraphQLResolveInfo) -> Any:
        """Whoever asks."""
        viewer = viewer_of(info)
        return users.User.objects.get(pk=viewer.user_id) if viewer.is_authenticated else None


def viewer_of(info: GraphQLResolveInfo) -> Viewer:
    """Who presents the request's token."""
    token = token_in_header(info.context.headers.get("Authorization", ""))
    return viewer_for_token(token) if token else ANONYMOUS


def with_selected(products: QuerySet, info: GraphQLResolveInfo) -> QuerySet:
    """The products with the parts that the operation selects, one statement a part."""
    names = selected_names(info)
    if "category" in names:
        products = products.select_related("category")
    newest = catalog.Review.objects.visible_to(ANONYMOUS).order_by("-created_at", "-id")
    parts = {
        "options": Prefetch("options", catalog.ProductOption.objects.order_by("position")),
        "variants": Prefetch("variants", catalog.Variant.objects.order_by("position", "id")),
        "media": Prefetch("media", catalog.Media.objects.order_by("position", "id")),
        "reviews": Prefetch("reviews", newest[:REVIEWS], to_attr="newest_reviews"),
    }
    return products.prefetch_related(*(parts[name] for name in parts if name in names))


def selected_names(info: GraphQLResolveInfo) -> set[str]:
    """The names of all fields below the current one."""
    names: set[str] = set()
    waiting: list[Any] = list(info.field_nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FragmentSpreadNode):
            node = info.fragments[node.name.value]
        elif isinstance(node, FieldNode):
            names.add(node.name.value)
        if node.selection_set:
            waiting.extend(node.selection_set.selections)
    return names


schema = graphene.Schema(query=Query)
