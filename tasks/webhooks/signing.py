"""Signatures by which an endpoint knows who has sent a delivery, and when.

They follow Standard Webhooks 1.0 (https://www.standardwebhooks.com), for which there are libraries
in most languages.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime

SECRET_PREFIX = "whsec_"


def signed_headers(
    *, message_id: str, body: bytes, secrets: Iterable[str], now: datetime
) -> dict[str, str]:
    """The headers that sign a body.

    Args:
        message_id: the same for each repeat of the message; without dots.
        secrets: ``whsec_`` and base64; one signature by each.
        now: when it is sent, so that nobody can send it again later.
    """
    timestamp = int(now.timestamp())
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(signed, secret) for secret in secrets),
    }


def _signature(signed: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
