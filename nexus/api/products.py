"""Products over REST: doors to the same services, filters and rules as GraphQL's."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.reverse import reverse

from catalog.filters import ProductFilterSet
from catalog.models import Media, Product
from catalog.serializers import (
    MediaChangesSerializer,
    MediaSerializer,
    MediaUploadSerializer,
    ProductSerializer,
)
from catalog.services.media import delete_media, update_media, upload_media
from catalog.services.products import create_product, delete_product, update_product
from nexus.api.headers import IDEMPOTENCY_KEY, IF_MATCH, idempotency_key
from nexus.api.reading import Resource
from nexus.api.resources import ResourceViewSet, RowViewSet
from users.permissions import AllowAny, HasPermission
from users.rest import UploadParser
from users.validation import refuse_unknown, validated_body

MEDIA = Resource("Media", MediaSerializer)


@extend_schema_view(
    list=extend_schema(
        summary="List products",
        description="Staff who may change products see unpublished ones too. Without a search, "
        "-relevance is as -created_at.",
    ),
    retrieve=extend_schema(summary="Read a product"),
    create=extend_schema(summary="Enter a product", parameters=[IDEMPOTENCY_KEY]),
    update=extend_schema(
        summary="Change a product",
        description="Options, variants and media are replaced whole where they are given: those "
        "that are not named are removed, which is refused for a variant that was ordered. A "
        "variant is known by its id, else its SKU, else its options. What is absent stays, null "
        "clears.",
        parameters=[IF_MATCH],
    ),
    partial_update=extend_schema(
        summary="Change a part of a product",
        description="As PUT, but nothing is required.",
        parameters=[IF_MATCH],
    ),
    destroy=extend_schema(
        summary="Delete a product",
        description="One that was ordered can only be unpublished.",
        parameters=[IF_MATCH],
    ),
)
class ProductViewSet(ResourceViewSet):
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
    resource = Resource("Product", ProductSerializer, listed_by="products")
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    filterset_class = ProductFilterSet
    lookup_value_regex = "[0-9]{1,18}"
    orderings = {
        "-relevance": "RELEVANCE",
        "-created_at": "NEWEST",
        "name": "NAME_ASC",
        "-name": "NAME_DESC",
        "price": "PRICE_ASC",
        "-price": "PRICE_DESC",
        "-rating": "RATING",
    }

    def create(self, request: Request) -> HttpResponse:
        """``create_product``."""
        given: Any = request.data
        refuse_unknown(ProductSerializer(), given)
        key = create_product(
            viewer=self.viewer(),
            given=given,
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        address = reverse("product-detail", [key], request=request)
        return self.answer(self.shown(pk=key), 201, Location=address)

    def update(self, request: Request, pk: str) -> HttpResponse:
        """``update_product``."""
        return self._update(request, partial=False)

    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        """``update_product`` with what is given."""
        return self._update(request, partial=True)

    def destroy(self, request: Request, pk: str) -> HttpResponse:
        """``delete_product``."""
        delete_product(product_id=int(pk), check=self.precondition(), now=timezone.now())
        return HttpResponse(status=204)

    @extend_schema(
        summary="Add a picture to a product",
        description="Smaller versions of it follow in the background.",
        parameters=[IDEMPOTENCY_KEY],
        request={"multipart/form-data": MediaUploadSerializer},
        responses={201: MediaSerializer},
    )
    @action(detail=True, methods=["post"], url_path="media", parser_classes=[UploadParser])
    def add_media(self, request: Request, pk: str) -> HttpResponse:
        """``upload_media``."""
        given = validated_body(MediaUploadSerializer(data=request.data))
        media_id = upload_media(
            viewer=self.viewer(),
            product_id=int(pk),
            file=given["file"],
            alt=given.get("alt", ""),
            position=given.get("position"),
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        address = reverse("media-detail", [media_id], request=request)
        body = MEDIA.row(self.viewer(), pk=media_id) or b"null"
        return self.answer(body, 201, Location=address)

    def _update(self, request: Request, *, partial: bool) -> HttpResponse:
        given: Any = request.data
        refuse_unknown(ProductSerializer(), given)
        update_product(
            product_id=int(self.kwargs["pk"]),
            given=given,
            partial=partial,
            check=self.precondition(),
            now=timezone.now(),
        )
        return self.answer(self.shown(**self.key()))


@extend_schema_view(
    retrieve=extend_schema(summary="Read a picture"),
    partial_update=extend_schema(
        summary="Change a picture's text or place",
        parameters=[IF_MATCH],
        request=MediaChangesSerializer,
        responses=MediaSerializer,
    ),
    destroy=extend_schema(summary="Delete a picture", parameters=[IF_MATCH]),
)
class MediaViewSet(RowViewSet):
    """Pictures; `POST /api/products/ID/media/` adds one."""

    rules = {
        "retrieve": AllowAny(),
        "partial_update": HasPermission("catalog.change_media"),
        "destroy": HasPermission("catalog.delete_media"),
    }
    resource = MEDIA
    queryset = Media.objects.all()
    serializer_class = MediaSerializer
    lookup_value_regex = "[0-9]{1,18}"

    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        """``update_media``."""
        changes = validated_body(MediaChangesSerializer(data=request.data))
        update_media(
            media_id=int(pk), changes=changes, check=self.precondition(), now=timezone.now()
        )
        return self.answer(self.shown(**self.key()))

    def destroy(self, request: Request, pk: str) -> HttpResponse:
        """``delete_media``."""
        delete_media(media_id=int(pk), check=self.precondition(), now=timezone.now())
        return HttpResponse(status=204)
