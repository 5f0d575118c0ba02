"""What the viewsets of all resources share: reads by the compiler, answers with their versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from nexus.api.pagination import Pages, shown_in
from nexus.api.reading import Resource
from tasks.errors import Rejected
from users.rest import RulesByAction, viewer_for_request
from users.viewer import Viewer

JSON = "application/json"


class PreconditionFailed(APIException):
    """What the client wants to read or change is not in the version that it names."""

    status_code = 412
    default_detail = "It was changed since; read it again and decide anew."


class RowViewSet(RulesByAction, GenericViewSet):
    """Single rows of one resource."""

    resource: ClassVar[Resource]

    def initial(self, request: Request, *args: Any, **key: Any) -> None:
        """Refuse what can't be shown before anything is done."""
        super().initial(request, *args, **key)
        self.selection = shown_in(request, self.resource.serializer)

    def retrieve(self, request: Request, **key: str) -> HttpResponse:
        """One row that the viewer may see."""
        return self.answer(self.shown(**self.key()))

    def viewer(self) -> Viewer:
        """Who asks, with the keys that the request presents."""
        return viewer_for_request(self.request)

    def key(self) -> dict[str, Any]:
        """The unique column that the address names, with its value.

        Raises:
            Http404: no row can have it.
        """
        ((name, value),) = self.kwargs.items()
        try:
            return {name: self.resource.column(name).to_python(value)}
        except ValidationError:
            raise Http404 from None

    def shown(self, viewer: Viewer | None = None, **key: Any) -> bytes:
        """The JSON of the row with a value in a unique column.

        Raises:
            Http404: the viewer may see none.
        """
        row = self.resource.row(viewer or self.viewer(), shown=self.selection, **key)
        if row is None:
            raise Http404
        return row

    def precondition(self) -> Callable[[], None] | None:
        """What a service is to call while it holds the row, where the client names a version.

        It raises `PreconditionFailed` where the row is not in that version any more.

        Raises:
            ValidationError: ``INVALID`` where the version is none.
        """
        headers = self.request.headers
        if not {"If-Match", "If-None-Match"} & headers.keys():
            return None
        if "If-Match" in headers and not parse_etags(headers["If-Match"]):
            message = "Give an ETag as it was answered, in its quotes."
            raise Rejected("INVALID", message, field="ifMatch")

        def check() -> None:
            tag = etag(self.shown(**self.key()))
            if get_conditional_response(self.request, etag=tag) is not None:
                raise PreconditionFailed

        return check

    def answer(self, body: bytes, status: int = 200, **headers: str) -> HttpResponse:
        """`answer`; of a read, 304 without a body where the client has this very version.

        Raises:
            PreconditionFailed: the client wants to read another version.
        """
        response = answer(body, status, **headers)
        if self.request.method not in ("GET", "HEAD"):
            return response
        tag = response.headers["ETag"]
        response = get_conditional_response(self.request, etag=tag, response=response) or response
        if response.status_code == PreconditionFailed.status_code:
            raise PreconditionFailed
        return response


class ResourceViewSet(RowViewSet):
    """Lists and single rows of one resource.

    Attributes:
        orderings: names that ``?ordering=`` takes, the default first, and GraphQL's for them.
    """

    orderings: ClassVar[Mapping[str, str]] = {}
    pagination_class = Pages

    def list(self, request: Request) -> HttpResponse:
        """A page of what the viewer may see."""
        pages = Pages()
        rows = self.resource.rows(self.viewer(), pages.query(request, self))
        return self.answer(pages.answer(request, rows))


def answer(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    """A response of JSON, with a tag of this very text."""
    tags = {"ETag": etag(body), "Cache-Control": "private, no-cache"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(body, status=status, content_type=JSON, headers={**tags, **names})


def etag(body: bytes) -> str:
    """The strong tag of an answer: equal texts, equal tags."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def object_of(**members: bytes | None) -> bytes:
    """The JSON object of members that are JSON already."""
    pairs = [f'"{name}": '.encode() + (value or b"null") for name, value in members.items()]
    return b"{" + b", ".join(pairs) + b"}"
