"""The page that a browser gets at ``/graphql``: GraphiQL, served from our own static files.

React and GraphiQL come from npm when the project is set up (``static/graphiql``); the page's own
script, style and sample queries are in ``static/graphiql_page``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from schema.http import HTML, Outgoing

# Only our own files run. GraphiQL sets styles from its script, hence the exception for those.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


@cache
def page() -> Outgoing:
    """The page, the same for everybody."""
    html = (Path(__file__).parent / "page.html").read_text()
    for name, value in {
        "static": settings.STATIC_URL,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
    }.items():
        html = html.replace(f"{{{{ {name} }}}}", value)
    headers = (("Content-Security-Policy", CONTENT_SECURITY_POLICY),)
    return Outgoing(200, HTML, html.encode(), headers)
