"""Who sent a request: the token or the session cookie in its headers, as a `Viewer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.middleware.csrf import CsrfViewMiddleware

from users.authentication import InvalidToken, viewer_for_session, viewer_for_token
from users.tokens import token_in_header
from users.viewer import ANONYMOUS, Viewer


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and how we know.

    Attributes:
        viewer: the caller's identity.
        denial: why a presented token was not believed, ``"TOKEN_EXPIRED"`` or
            ``"TOKEN_INVALID"``; None where it was believed or none was presented.
        is_by_cookie: whether the browser added the proof by itself, so that another site's page
            could have sent the request.
    """

    viewer: Viewer = ANONYMOUS
    denial: str | None = None
    is_by_cookie: bool = False


NOBODY = Caller()


def identify(*, authorization: str, cookie: str) -> Caller:
    """The caller behind an ``Authorization`` and a ``Cookie`` header, empty where not sent.

    A presented token decides alone: with a bad one the caller is anonymous, whatever the cookies
    say. Other schemes are not ours (a gateway's Basic, say) and change nothing. No statement for
    an anonymous caller, at most one for others.
    """
    token = token_in_header(authorization)
    if token is not None:
        try:
            return Caller(viewer_for_token(token))
        except InvalidToken as invalid:
            return Caller(denial=invalid.reason)
    if settings.SESSION_COOKIE_NAME in cookie:
        session_key = parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME)
        if session_key and (viewer := viewer_for_session(session_key)):
            return Caller(viewer, is_by_cookie=True)
    return NOBODY


class _CsrfCheck(CsrfViewMiddleware):
    """Django's check, which gives the reason of its refusal instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def csrf_failure(request: HttpRequest) -> str | None:
    """Why Django's CSRF check (cookie, header, Origin or Referer) refuses a POST, or None."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    check = _CsrfCheck(view)
    check.process_request(request)
    reason: Any = check.process_view(request, view, (), {})
    return reason
