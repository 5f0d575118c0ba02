"""Where accounts are found below ``/api/``."""

from __future__ import annotations

from django.urls import path

from users.views import RefreshView, RevokeView, SessionView, TokenView

urlpatterns = [
    path("auth/session/", SessionView.as_view(), name="session"),
    path("token/", TokenView.as_view(), name="token"),
    path("token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("token/revoke/", RevokeView.as_view(), name="token-revoke"),
]
