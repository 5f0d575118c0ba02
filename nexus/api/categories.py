"""Categories over REST."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.reverse import reverse

from catalog.models import Category
from catalog.serializers import CategoryChangesSerializer, CategoryTreeSerializer
from catalog.services.categories import delete_category, enter_category, update_category
from nexus.api.headers import IDEMPOTENCY_KEY, IF_MATCH, idempotency_key
from nexus.api.reading import Resource
from nexus.api.resources import ResourceViewSet
from users.permissions import AllowAny, HasPermission
from users.validation import refuse_unknown

_CHANGED: dict[str, Any] = {
    "request": CategoryChangesSerializer,
    "responses": CategoryTreeSerializer,
}


@extend_schema_view(
    list=extend_schema(summary="List categories", description="By name."),
    retrieve=extend_schema(summary="Read a category"),
    create=extend_schema(
        summary="Enter a category",
        parameters=[IDEMPOTENCY_KEY],
        request=CategoryChangesSerializer,
        responses={201: CategoryTreeSerializer},
    ),
    update=extend_schema(
        summary="Change a category",
        description="With another parent, all below it moves along.",
        parameters=[IF_MATCH],
        **_CHANGED,
    ),
    partial_update=extend_schema(
        summary="Change a part of a category", parameters=[IF_MATCH], **_CHANGED
    ),
    destroy=extend_schema(
        summary="Delete a category",
        description="What stands in it moves up to the category above.",
        parameters=[IF_MATCH],
    ),
)
class CategoryViewSet(ResourceViewSet):
    """The tree that products stand in."""

    rules = {
        "list": AllowAny(),
        "retrieve": AllowAny(),
        "create": HasPermission("catalog.add_category"),
        "update": HasPermission("catalog.change_category"),
        "partial_update": HasPermission("catalog.change_category"),
        "destroy": HasPermission("catalog.delete_category"),
    }
    resource = Resource("Category", CategoryTreeSerializer, listed_by="categories")
    queryset = Category.objects.all()
    serializer_class = CategoryTreeSerializer
    lookup_value_regex = "[0-9]{1,18}"

    def create(self, request: Request) -> HttpResponse:
        """``enter_category``."""
        given: Any = request.data
        refuse_unknown(CategoryChangesSerializer(), given)
        key = enter_category(
            viewer=self.viewer(), given=given, idempotency_key=idempotency_key(request)
        )
        address = reverse("category-detail", [key], request=request)
        return self.answer(self.shown(pk=key), 201, Location=address)

    def update(self, request: Request, pk: str) -> HttpResponse:
        """``update_category``."""
        return self._update(request, partial=False)

    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        """``update_category`` with what is given."""
        return self._update(request, partial=True)

    def destroy(self, request: Request, pk: str) -> HttpResponse:
        """``delete_category``."""
        delete_category(category_id=int(pk), check=self.precondition())
        return HttpResponse(status=204)

    def _update(self, request: Request, *, partial: bool) -> HttpResponse:
        given: Any = request.data
        refuse_unknown(CategoryChangesSerializer(), given)
        key = self.key()
        update_category(
            category_id=key["pk"], given=given, partial=partial, check=self.precondition()
        )
        return self.answer(self.shown(**key))
