"""Every REST route, and the documentation of all of them."""

from __future__ import annotations

from typing import Any, NoReturn

from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.routers import APIRootView, DefaultRouter
from rest_framework.views import APIView

from nexus.api import documentation  # noqa: F401 - importing it is what registers its extensions
from nexus.api.carts import CartViewSet
from nexus.api.categories import CategoryViewSet
from nexus.api.imports import ImportViewSet
from nexus.api.jobs import JobViewSet
from nexus.api.messages import MessageViewSet, NotificationViewSet
from nexus.api.orders import OrderViewSet
from nexus.api.pages import RedocView, SwaggerView
from nexus.api.parcels import FulfillmentViewSet, ReturnViewSet
from nexus.api.payments import PaymentViewSet
from nexus.api.products import MediaViewSet, ProductViewSet
from nexus.api.reviews import ReviewViewSet
from users.permissions import AllowAny
from users.rest import permits


class Root(APIRootView):
    """The addresses of the lists."""

    permission_classes = [permits(AllowAny())]


@extend_schema(exclude=True)
class Nowhere(APIView):
    """Answers whatever is no route: the same error as elsewhere, and no redirect for a POST."""

    permission_classes = [permits(AllowAny())]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse, whatever the method."""
        raise NotFound("There is nothing at this address; all addresses end in a slash.")


class Router(DefaultRouter):
    """Viewsets by plain addresses: answers are JSON alone."""

    APIRootView = Root
    include_format_suffixes = False


router = Router()
for prefix, viewset in {
    "products": ProductViewSet,
    "media": MediaViewSet,
    "categories": CategoryViewSet,
    "reviews": ReviewViewSet,
    "carts": CartViewSet,
    "orders": OrderViewSet,
    "fulfillments": FulfillmentViewSet,
    "returns": ReturnViewSet,
    "payments": PaymentViewSet,
    "messages": MessageViewSet,
    "notifications": NotificationViewSet,
    "jobs": JobViewSet,
    "imports": ImportViewSet,
}.items():
    router.register(prefix, viewset)

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SwaggerView.as_view(), name="api-docs"),
    path("redoc/", RedocView.as_view(), name="api-redoc"),
    path("", include("users.urls")),
    *router.urls,
    re_path("", Nowhere.as_view()),
]
