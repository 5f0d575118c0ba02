"""The documentation to look at: Swagger UI to try requests with, Redoc to read.

Both come from this shop alone; the policy lets nothing else run.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from users.permissions import AllowAny
from users.rest import permits

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    # Both set styles from their scripts.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI, its script at an address of its own rather than in the page."""

    permission_classes = [permits(AllowAny())]
    url_name = "api-schema"

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **options: Any
    ) -> Response:
        """The page with its policy."""
        return _guarded(super().finalize_response(request, response, *args, **options), _POLICY)


class RedocView(SpectacularRedocView):
    """Redoc, which searches in a worker that it makes up as it goes."""

    permission_classes = [permits(AllowAny())]
    url_name = "api-schema"
    template_name = "nexus/redoc.html"

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **options: Any
    ) -> Response:
        """The page with its policy."""
        policy = {**_POLICY, "worker-src": "blob:"}
        return _guarded(super().finalize_response(request, response, *args, **options), policy)


def _guarded(response: Response, policy: dict[str, str]) -> Response:
    response["Content-Security-Policy"] = "; ".join(
        f"{what} {sources}" for what, sources in policy.items()
    )
    return response
