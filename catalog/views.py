"""Products over REST: doors to the same services, filters and rules as GraphQL's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ReadOnlyModelViewSet

from catalog.expressions import listed_price, listed_rating, search_rank
from catalog.filters import ProductSearchFilterSet
from catalog.models import Media, Product
from catalog.serializers import MediaSerializer, MediaUploadSerializer, ProductSerializer
from catalog.services.media import upload_media
from catalog.services.products import create_product, delete_product, update_product
from users.permissions import AllowAny, HasPermission
from users.rest import RulesByAction, UploadParser, viewer_for_request
from users.validation import validated

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="A random text of the client's; the same again enters no second one.",
)


@extend_schema_view(
    list=extend_schema(
        summary="List products",
        description="Staff who may change products see unpublished ones too. Without a search, "
        "-relevance is as -created_at.",
    ),
    retrieve=extend_schema(summary="Read a product"),
    create=extend_schema(summary="Enter a product", parameters=[_IDEMPOTENCY_KEY]),
    update=extend_schema(
        summary="Change a product",
        description="Options, variants and media are replaced whole where they are given: those "
        "that are not named are removed, which is refused for a variant that was ordered. A "
        "variant is known by its id, else its SKU, else its options. What is absent stays, null "
        "clears.",
    ),
    partial_update=extend_schema(
        summary="Change a part of a product", description="As PUT, but nothing is required."
    ),
    destroy=extend_schema(
        summary="Delete a product", description="One that was ordered can only be unpublished."
    ),
)
class ProductViewSet(RulesByAction, ReadOnlyModelViewSet[Product]):
    """What the shop sells."""

    rules = {
        "list": AllowAny(),
        "retrieve": AllowAny(),
        "create": HasPermission("catalog.add_product"),
        "update": HasPermission("catalog.change_product"),
        "partial_update": HasPermission("catalog.change_product"),
        "destroy": HasPermission("catalog.delete_product"),
        "add_media": HasPermission("catalog.add_media"),
    }
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    filterset_class = ProductSearchFilterSet
    lookup_value_regex = "[0-9]{1,18}"
    orderings: Mapping[str, Any] = {
        "-relevance": "created_at",
        "-created_at": "created_at",
        "created_at": "created_at",
        "name": "name",
        "-name": "name",
        "price": listed_price("listing__"),
        "-price": listed_price("listing__"),
        "-rating": listed_rating("listing__"),
    }

    def get_queryset(self) -> QuerySet[Product]:
        """What the viewer may see, read whole."""
        return Product.objects.visible_to(viewer_for_request(self.request)).with_parts()

    def get_orderings(self) -> Mapping[str, Any]:
        """What matches a search best comes first; without a search, the latest."""
        term = self.request.query_params.get("search")
        return {**self.orderings, "-relevance": search_rank(term)} if term else self.orderings

    def create(self, request: Request) -> Response:
        """``create_product``."""
        given: Any = request.data
        key = create_product(
            viewer=viewer_for_request(request),
            given=given,
            idempotency_key=request.headers.get("Idempotency-Key"),
            now=timezone.now(),
        )
        address = reverse("product-detail", [key], request=request)
        return Response(self._shown(key), status.HTTP_201_CREATED, headers={"Location": address})

    def update(self, request: Request, pk: str) -> Response:
        """``update_product``."""
        return self._update(request, partial=False)

    def partial_update(self, request: Request, pk: str) -> Response:
        """``update_product`` with what is given."""
        return self._update(request, partial=True)

    def destroy(self, request: Request, pk: str) -> Response:
        """``delete_product``."""
        delete_product(product_id=self.get_object().pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Add a picture to a product",
        description="Smaller versions of it follow in the background.",
        parameters=[_IDEMPOTENCY_KEY],
        request={"multipart/form-data": MediaUploadSerializer},
        responses={201: MediaSerializer},
    )
    @action(detail=True, methods=["post"], url_path="media", parser_classes=[UploadParser])
    def add_media(self, request: Request, pk: str) -> Response:
        """``upload_media``."""
        given = validated(MediaUploadSerializer(data=request.data))
        media_id = upload_media(
            viewer=viewer_for_request(request),
            product_id=self.get_object().pk,
            file=given["file"],
            alt=given.get("alt", ""),
            position=given.get("position"),
            idempotency_key=request.headers.get("Idempotency-Key"),
            now=timezone.now(),
        )
        shown = MediaSerializer(Media.objects.get(pk=media_id)).data
        return Response(shown, status.HTTP_201_CREATED)

    def _update(self, request: Request, *, partial: bool) -> Response:
        given: Any = request.data
        key = self.get_object().pk
        update_product(product_id=key, given=given, partial=partial, now=timezone.now())
        return Response(self._shown(key))

    def _shown(self, key: int) -> Any:
        return self.get_serializer(self.get_queryset().get(pk=key)).data
