"""Carts over REST; a cart's token, its address, is the key to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.reverse import reverse

from commerce.action_serializers import (
    CartCreationSerializer,
    CartLinesSerializer,
    CartUpdateSerializer,
)
from commerce.cart_serializers import CartSerializer
from commerce.models import Cart
from commerce.services.carts import LineInput, create_cart, set_cart_lines, update_cart
from commerce.services.claims import claim_cart
from nexus.api.headers import IDEMPOTENCY_KEY, IF_MATCH, idempotency_key
from nexus.api.reading import Resource
from nexus.api.resources import PreconditionFailed, RowViewSet
from users.permissions import AllowAny, IsAuthenticated
from users.validation import validated_body
from users.viewer import Viewer


def _lines(given: dict[str, Any]) -> list[LineInput]:
    return [
        LineInput(sku=line.get("sku"), variant_id=line.get("variant_id"), quantity=line["quantity"])
        for line in given.get("lines", ())
    ]


@extend_schema_view(retrieve=extend_schema(summary="Read a cart"))
class CartViewSet(RowViewSet):
    """What somebody is about to buy; `POST /api/orders/` makes it an order."""

    rules = {
        "retrieve": AllowAny(),
        "create": AllowAny(),
        "partial_update": AllowAny(),
        "lines": AllowAny(),
        "claim": IsAuthenticated(),
    }
    resource = Resource("Cart", CartSerializer)
    queryset = Cart.objects.all()
    serializer_class = CartSerializer
    lookup_field = "token"
    lookup_value_regex = "[A-Za-z0-9_-]{1,64}"

    def viewer(self) -> Viewer:
        """Who asks, holding the cart of the address."""
        return super().viewer().holding(cart_token=self.kwargs.get("token"))

    @extend_schema(
        summary="Make a cart",
        parameters=[IDEMPOTENCY_KEY],
        request=CartCreationSerializer,
        responses={201: CartSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """``create_cart``."""
        given = validated_body(CartCreationSerializer(data=request.data))
        viewer = self.viewer()
        cart = create_cart(
            viewer=viewer,
            lines=_lines(given),
            email=given.get("email"),
            idempotency_key=idempotency_key(request),
            address=request.META.get("REMOTE_ADDR"),
            now=timezone.now(),
        )
        address = reverse("cart-detail", [cart.token], request=request)
        body = self.shown(viewer.holding(cart_token=cart.token), pk=cart.pk)
        return self.answer(body, 201, Location=address)

    @extend_schema(
        summary="Change a cart",
        description="Its e-mail address, addresses, shipping method or vouchers. What is absent "
        "stays, null clears; any call renews the quote.",
        parameters=[IF_MATCH],
        request=CartUpdateSerializer,
        responses=CartSerializer,
    )
    def partial_update(self, request: Request, token: str) -> HttpResponse:
        """``update_cart``."""
        given = validated_body(CartUpdateSerializer(data=request.data))
        with self._expected(given) as version:
            cart = update_cart(
                viewer=self.viewer(),
                token=token,
                changes={name: given[name] for name in given if name != "expected_version"},
                expected_version=version,
                now=timezone.now(),
            )
        return self.answer(self.shown(pk=cart.pk))

    @extend_schema(
        summary="Set quantities in a cart",
        description="Of the variants that are named; 0 removes, the other lines stay.",
        parameters=[IF_MATCH],
        request=CartLinesSerializer,
        responses=CartSerializer,
    )
    @action(detail=True, methods=["post"])
    def lines(self, request: Request, token: str) -> HttpResponse:
        """``set_cart_lines``."""
        given = validated_body(CartLinesSerializer(data=request.data))
        with self._expected(given) as version:
            cart = set_cart_lines(
                viewer=self.viewer(),
                token=token,
                lines=_lines(given),
                expected_version=version,
                now=timezone.now(),
            )
        return self.answer(self.shown(pk=cart.pk))

    @extend_schema(
        summary="Make a guest's cart one's own",
        description="As after a log-in; it joins an open cart of the customer's.",
        request=None,
        responses=CartSerializer,
    )
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, token: str) -> HttpResponse:
        """``claim_cart``."""
        viewer = self.viewer()
        cart = claim_cart(viewer=viewer, token=token, now=timezone.now())
        return self.answer(self.shown(viewer.holding(cart_token=cart.token), pk=cart.pk))

    @contextmanager
    def _expected(self, given: dict[str, Any]) -> Iterator[int | None]:
        """The version that the service is to find: of ``If-Match``, or as the body says.

        Raises:
            PreconditionFailed: the cart is not as ``If-Match`` says.
        """
        check = self.precondition()
        if check is None:
            yield given.get("expected_version")
            return
        # Before it is looked at: what changes the cart after the look raises this number.
        version = Cart.objects.filter(**self.key()).values_list("version", flat=True).first()
        check()
        try:
            yield version
        except ValidationError as error:
            if any(each.code == "VERSION_CONFLICT" for each in error.error_list):
                raise PreconditionFailed from error
            raise
