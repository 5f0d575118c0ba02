"""The same tokens and rules for REST views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.exceptions import (
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.utils.functional import SimpleLazyObject
from rest_framework import authentication
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    ParseError,
    PermissionDenied,
)
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from users.authentication import InvalidToken, viewer_for_session, viewer_for_token, viewer_of
from users.models import User
from users.permissions import AllowAny, Rule
from users.tokens import token_in_header
from users.viewer import Viewer

if TYPE_CHECKING:
    # The settings name this module's authentication, which views import first.
    from rest_framework.views import APIView

MESSAGES = {
    "TOKEN_EXPIRED": "The access token has expired. Refresh it and send the request again.",
    "TOKEN_INVALID": "The access token is not valid. Log in to get a new one.",
}


class TokenAuthentication(BaseAuthentication):
    """Takes ``Authorization: Bearer TOKEN``; ``request.auth`` becomes the viewer.

    Unlike the GraphQL endpoint, which goes on as anonymous, a bad token is refused with 401.
    """

    def authenticate(self, request: Request) -> tuple[User, Viewer] | None:
        """The token's account and viewer; None without a token, so that a session may count."""
        token = token_in_header(request.headers.get("Authorization", ""))
        if token is None:
            return None
        try:
            viewer = viewer_for_token(token)
        except InvalidToken as error:
            raise AuthenticationFailed(MESSAGES[error.reason], code=error.reason) from None
        return _account_of(viewer), viewer

    def authenticate_header(self, request: Request) -> str:
        """What ``WWW-Authenticate`` says in a 401."""
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """Takes a browser's session, with a CSRF token for what changes anything."""

    def authenticate(self, request: Request) -> tuple[User, Viewer] | None:
        """The session's account and viewer by one statement; None where nobody is logged in."""
        viewer = viewer_for_session(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
        if viewer is None:
            return None
        self.enforce_csrf(request)
        return _account_of(viewer), viewer


def _account_of(viewer: Viewer) -> Any:
    """The viewer's account, read from the database where somebody looks at it."""
    return SimpleLazyObject(lambda: User.objects.get(pk=viewer.user_id))


class UploadParser(MultiPartParser):
    """Reads a form with files; large ones are on the disk then, and gone after the request."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        """The fields and files of the body.

        Raises:
            RequestDataTooBig: it is larger than a GraphQL request with files may be.
            ParseError: it is no such form.
        """
        length = stream.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.GRAPHQL_LIMITS["max_upload_bytes"]:
            raise RequestDataTooBig
        try:
            return super().parse(stream, *args, **kwargs)
        except (ParseError, TooManyFieldsSent, TooManyFilesSent):
            raise ParseError("The body is not a form that can be read.") from None


def viewer_for_request(request: Request) -> Viewer:
    """Who sent an authenticated REST request, for services and ``visible_to``."""
    return request.auth if isinstance(request.auth, Viewer) else viewer_of(request.user)


class PermissionMissing(PermissionDenied):
    """An account may not call; ``required`` names the permission that it takes."""

    def __init__(self, required: str) -> None:
        super().__init__(f"This needs the permission {required}.")
        self.required = required


class LogInMissing(NotAuthenticated):
    """The anonymous may not call; ``required`` names the permission that it takes."""

    def __init__(self, required: str) -> None:
        super().__init__()
        self.required = required


def permits(rule: Rule) -> type[BasePermission]:
    """A permission class for a REST view: ``permission_classes = [permits(IsAuthenticated())]``."""

    class Permits(BasePermission):
        allows = staticmethod(rule.allows)

        def has_permission(self, request: Request, view: APIView) -> bool:
            viewer = viewer_for_request(request)
            if rule.required is None or rule.allows(viewer):
                return rule.allows(viewer)
            if viewer.is_authenticated:
                raise PermissionMissing(rule.required)
            raise LogInMissing(rule.required)

    return Permits


class LengthRequired(APIException):
    """The body comes in chunks; the framework, which looks for a length, would take it for none."""

    status_code = 411
    default_detail = "Send the body with a Content-Length, not in chunks."


class RulesByAction:
    """For viewsets: ``rules`` says who may call each action; none can be forgotten."""

    rules: ClassVar[Mapping[str, Rule]]
    action: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in who may call.

        Raises:
            LengthRequired: with a body that can't be read.
        """
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if "Transfer-Encoding" in request.headers:
            raise LengthRequired

    def get_permissions(self) -> list[BasePermission]:
        """The action's permission. Everybody may learn what methods a route has or lacks."""
        is_no_action = self.action in (None, "metadata")
        return [permits(AllowAny() if is_no_action else self.rules[self.action])()]
