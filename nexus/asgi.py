"""The ASGI application: GraphQL in front, Django for everything else.

``uvicorn nexus.asgi:application`` serves it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from functools import partial
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
django = get_asgi_application()

# Models and settings can be imported only once Django is set up.
from nexus.origins import CrossOrigin  # noqa: E402
from schema.asgi import GraphQLApplication, Receive, Scope, Send  # noqa: E402
from tasks.context import new_request_id, request_id  # noqa: E402

graphql = GraphQLApplication()
# Where no other origin is let in, nothing stands in between.
answer_graphql = CrossOrigin(graphql, django) if settings.CORS_ALLOWED_ORIGINS else graphql

GRAPHQL_PATHS = ("/graphql", "/graphql/")


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a request to GraphQL or Django, by its path."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["path"] in GRAPHQL_PATHS:
        await answer_graphql(scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})
    else:
        # Here, not in Django's middleware: Django logs warnings after the middleware's end.
        presented = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        token = request_id.set(new_request_id(presented))
        try:
            await django(scope, receive, send)
        finally:
            request_id.reset(token)


def _end_streams_at_a_signal() -> None:
    """End the streams of events as soon as the server is told to stop.

    It waits for running responses before it says so to us, and these would never end.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()

    def pass_on(own: Any, number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(graphql.end_streams)
        own(number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        if callable(own := signal.getsignal(number)):
            signal.signal(number, partial(pass_on, own))


async def _live(receive: Receive, send: Send) -> None:
    """Answer the server's start and stop; running requests finish before the stop is confirmed."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _end_streams_at_a_signal()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await graphql.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
