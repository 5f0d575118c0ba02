"""Log-ins over REST: tokens for programs, sessions for browsers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.middleware.csrf import get_token
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from users.permissions import AllowAny
from users.rest import SessionAuthentication, permits
from users.serializers import (
    CredentialsSerializer,
    RefreshTokenSerializer,
    RevokedSerializer,
    SessionSerializer,
    TokenPairSerializer,
)
from users.services.sessions import (
    TokenPair,
    check_credentials,
    log_in,
    refresh_session,
    revoke_session,
)
from users.validation import validated_body

# Tokens are nobody else's business, caches included.
NO_STORE = {"Cache-Control": "no-store"}


class TokenView(APIView):
    """Exchanges an e-mail address and password for tokens."""

    authentication_classes = []  # An expired token must not keep anybody from getting a new one.
    permission_classes = [permits(AllowAny())]

    @extend_schema(
        summary="Log in", request=CredentialsSerializer, responses=TokenPairSerializer, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Send the token as `Authorization: Bearer TOKEN`."""
        given = validated_body(CredentialsSerializer(data=request.data))
        return _shown(log_in(**given, address=request.META.get("REMOTE_ADDR"), now=timezone.now()))


class RefreshView(APIView):
    """Exchanges a refresh token for new tokens."""

    authentication_classes = []
    permission_classes = [permits(AllowAny())]

    @extend_schema(
        summary="Refresh a token",
        request=RefreshTokenSerializer,
        responses=TokenPairSerializer,
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """A refresh token works once (again within 5 seconds after a lost answer).

        Later reuse ends the log-in.
        """
        given = validated_body(RefreshTokenSerializer(data=request.data))
        return _shown(refresh_session(**given, now=timezone.now()))


class RevokeView(APIView):
    """Logs out."""

    authentication_classes = []
    permission_classes = [permits(AllowAny())]

    @extend_schema(
        summary="Log out", request=RefreshTokenSerializer, responses=RevokedSerializer, auth=[]
    )
    def post(self, request: Request) -> Response:
        """End a refresh token, its successors and their access tokens."""
        given = validated_body(RefreshTokenSerializer(data=request.data))
        revoked = revoke_session(**given, now=timezone.now())
        return Response({"revoked": revoked}, headers=NO_STORE)


class SessionView(APIView):
    """A browser's session; its cookie serves REST, GraphQL and the admin site alike."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [permits(AllowAny())]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check CSRF of the anonymous too: another site's page must log nobody in."""
        super().initial(request, *args, **kwargs)
        SessionAuthentication().enforce_csrf(request)

    @extend_schema(summary="Read the session", responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        """Says who is logged in, and sets the CSRF cookie that a log-in needs."""
        return _session(request)

    @extend_schema(
        summary="Begin a session", request=CredentialsSerializer, responses=SessionSerializer
    )
    def post(self, request: Request) -> Response:
        """Log in by cookie. Send `X-CSRFToken`; after the log-in it is another one."""
        given = validated_body(CredentialsSerializer(data=request.data))
        address = request.META.get("REMOTE_ADDR")
        user = check_credentials(**given, address=address, now=timezone.now())
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return _session(request)

    @extend_schema(summary="End the session", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Log out. Send `X-CSRFToken`."""
        logout(request)
        return Response(status=204, headers=NO_STORE)


def _session(request: Request) -> Response:
    user = request.user if request.user.is_authenticated else None
    shown = SessionSerializer({"user": user, "csrf_token": get_token(request)})
    return Response(shown.data, headers=NO_STORE)


def _shown(pair: TokenPair) -> Response:
    return Response(asdict(pair), headers=NO_STORE)
