"""Who presents which token, remembered for as long as that is safe.

A signature that was right stays right until the token expires. Whether the account is active, the
log-in not revoked, and what it permits, is asked again as soon as the last answer is old.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from django.conf import settings

from schema.authentication import NOBODY, Caller
from schema.http import Head
from schema.pool import Pool
from users.authentication import permissions_sql
from users.tokens import Claims, InvalidToken, read_token, token_in_header
from users.viewer import Viewer

# Who was revoked is refused everywhere within a second.
BELIEVED_SECONDS = 0.9
KEPT_TOKENS = 10_000


_PERMISSIONS = permissions_sql(user_id="$1::bigint", version="$2::integer", family="$3::uuid")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a token: its claims, and the caller as last asked at a monotonic time."""

    claims: Claims
    caller: Caller
    asked: float


class Callers:
    """The callers of one process, used from its event loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def identify(self, head: Head) -> Caller | None:
        """The caller; None where ``schema.authentication.identify`` must find out.

        Raises:
            Overloaded, DATABASE_ERRORS: the database could not answer.
        """
        token = token_in_header(head.headers.get("authorization", ""))
        if token is None:
            by_cookie = settings.SESSION_COOKIE_NAME in head.headers.get("cookie", "")
            return None if by_cookie else NOBODY
        known = self._known.get(token)
        if known is not None and known.claims.payload["exp"] > time.time():
            if time.monotonic() - known.asked < BELIEVED_SECONDS:
                return known.caller
            claims = known.claims
        else:
            self._known.pop(token, None)
            try:
                claims = read_token(token)
            except InvalidToken:
                return None
        asked = time.monotonic()
        row = await self._pool.fetch(_PERMISSIONS, [claims.user_id, claims.version, claims.family])
        if row is None:
            self._known.pop(token, None)
            return None
        caller = Caller(Viewer(user_id=claims.user_id, permissions=frozenset(row[0])))
        self._known[token] = _Known(claims, caller, asked)
        if len(self._known) > KEPT_TOKENS:
            self._known.popitem(last=False)
        return caller
