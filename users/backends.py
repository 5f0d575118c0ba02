"""How Django's own doors, the admin site's among them, check a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.utils import timezone

from users.models import User
from users.services.sessions import InvalidCredentials, RateLimited, check_credentials


class ThrottledBackend(ModelBackend):
    """Django's permissions, with the log-in rules of :func:`check_credentials`."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The active account with this e-mail address and password, or None."""
        email = username or kwargs.get(User.USERNAME_FIELD)
        if not email or password is None:
            return None
        address = request.META.get("REMOTE_ADDR") if request else None
        try:
            return check_credentials(
                email=email, password=password, address=address, now=timezone.now()
            )
        except (InvalidCredentials, RateLimited):
            return None
