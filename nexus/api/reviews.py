"""Reviews over REST."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.reverse import reverse

from catalog.filters import ReviewFilterSet
from catalog.models import Review
from catalog.serializers import (
    ModerationSerializer,
    NewReviewSerializer,
    ShownReviewSerializer,
)
from catalog.services.reviews import moderate_review
from commerce.services.reviews import create_review
from nexus.api.headers import IDEMPOTENCY_KEY, IF_MATCH, idempotency_key
from nexus.api.reading import Resource
from nexus.api.resources import ResourceViewSet
from users.permissions import AllowAny, HasPermission, IsAuthenticated
from users.validation import validated_body


@extend_schema_view(
    list=extend_schema(
        summary="List reviews",
        description="The published ones and one's own, newest first; all for moderators.",
    ),
    retrieve=extend_schema(summary="Read a review"),
    create=extend_schema(
        summary="Review a product",
        description="One that was bought, once; it is shown once a moderator has published it.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewReviewSerializer,
        responses={201: ShownReviewSerializer},
    ),
    partial_update=extend_schema(
        summary="Publish or reject a review",
        parameters=[IF_MATCH],
        request=ModerationSerializer,
        responses=ShownReviewSerializer,
    ),
)
class ReviewViewSet(ResourceViewSet):
    """What customers say of products."""

    rules = {
        "list": AllowAny(),
        "retrieve": AllowAny(),
        "create": IsAuthenticated(),
        "partial_update": HasPermission("catalog.change_review"),
    }
    resource = Resource("Review", ShownReviewSerializer, listed_by="reviews")
    queryset = Review.objects.all()
    serializer_class = ShownReviewSerializer
    filterset_class = ReviewFilterSet
    lookup_value_regex = "[0-9]{1,18}"

    def create(self, request: Request) -> HttpResponse:
        """``create_review``."""
        given = validated_body(NewReviewSerializer(data=request.data))
        review = create_review(
            viewer=self.viewer(),
            **given,
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        address = reverse("review-detail", [review.pk], request=request)
        return self.answer(self.shown(pk=review.pk), 201, Location=address)

    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        """``moderate_review``."""
        given = validated_body(ModerationSerializer(data=request.data))
        moderate_review(review_id=int(pk), status=given["status"], check=self.precondition())
        return self.answer(self.shown(**self.key()))
