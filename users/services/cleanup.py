"""Deleting what has expired."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from tasks.cleanup import delete_in_batches
from users.models import BrowserSession, MailedToken, RefreshSession


def delete_expired(*, now: datetime) -> dict[str, int]:
    """Delete expired tokens and sessions, a short transaction for each batch; how many of each.

    A refresh token's row stays for as long as the access token that came with it could live,
    which is refused by that row where its log-in was revoked.
    """
    refused = now - settings.ACCESS_TOKEN_LIFETIME
    rows = {
        "refresh tokens": RefreshSession.objects.filter(expires_at__lt=refused),
        "mailed tokens": MailedToken.objects.filter(expires_at__lt=now),
        "browser sessions": BrowserSession.objects.filter(expire_date__lt=now),
    }
    return {name: delete_in_batches(each) for name, each in rows.items()}
