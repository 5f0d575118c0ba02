"""Tokens over REST: log in, refresh, log out."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from users.permissions import AllowAny
from users.rest import permits
from users.serializers import (
    CredentialsSerializer,
    RefreshTokenSerializer,
    RevokedSerializer,
    TokenPairSerializer,
)
from users.services.sessions import TokenPair, log_in, refresh_session, revoke_session
from users.validation import validated

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
        given = validated(CredentialsSerializer(data=request.data))
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
        given = validated(RefreshTokenSerializer(data=request.data))
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
        given = validated(RefreshTokenSerializer(data=request.data))
        revoked = revoke_session(**given, now=timezone.now())
        return Response({"revoked": revoked}, headers=NO_STORE)


def _shown(pair: TokenPair) -> Response:
    return Response(asdict(pair), headers=NO_STORE)
