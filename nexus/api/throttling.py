"""How many requests REST answers an account or an address in a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from users.rest import viewer_for_request
from users.services.throttling import RateLimited, spend

if TYPE_CHECKING:
    # The settings name this module's class, which views import first.
    from rest_framework.views import APIView

WINDOW = 60


class RequestThrottle(BaseThrottle):
    """Counts in the shared cache; while that is down, nobody is refused."""

    retry_after: int | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the caller has requests left in this minute."""
        if not (limit := settings.REST_REQUESTS_PER_MINUTE):
            return True
        viewer = viewer_for_request(request)
        address = request.META.get("REMOTE_ADDR")
        subject = f"user:{viewer.user_id}" if viewer.is_authenticated else address
        try:
            spend("rest", subject, limit=limit, window=WINDOW, now=timezone.now())
        except RateLimited as refused:
            self.retry_after = refused.retry_after
            return False
        return True

    def wait(self) -> int | None:
        """Seconds until the next minute."""
        return self.retry_after
