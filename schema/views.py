"""``/graphql`` as a Django view, for WSGI servers and Django's test client.

It answers as ``schema.asgi`` does, on Django's own connection.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from schema import graphiql
from schema.http import (
    HTML,
    JSON,
    Head,
    Outgoing,
    Refused,
    answer,
    check_head,
    read_request,
)
from schema.uploads import Form

CHUNK_BYTES = 65_536


@csrf_exempt  # the middleware would ask tokens' bearers too; `answer` asks whom it must
def graphql_view(request: HttpRequest) -> HttpResponse:
    """Answer one GraphQL request."""
    outgoing = _respond(request)
    return HttpResponse(outgoing.body, status=outgoing.status, headers=dict(outgoing.all_headers()))


def _respond(request: HttpRequest) -> Outgoing:
    head = Head(
        method=request.method or "",
        headers={name.lower(): value for name, value in request.headers.items()},
        query_string=request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
        address=request.META.get("REMOTE_ADDR"),
        django_request=lambda: request,
    )
    media_type = JSON
    try:
        media_type = check_head(head)
        if media_type == HTML:
            return graphiql.page()
        if head.is_upload:
            return _answer_upload(request, head, media_type)
        graphql_request = read_request(head, request.read())
    except Refused as refused:
        return refused.outgoing(media_type)
    return answer(head, graphql_request, media_type)


def _answer_upload(request: HttpRequest, head: Head, media_type: str) -> Outgoing:
    form = Form(head.headers["content-type"])
    try:
        while chunk := request.read(CHUNK_BYTES):
            form.feed(chunk)
        return answer(head, form.request(), media_type)
    finally:
        form.close()
