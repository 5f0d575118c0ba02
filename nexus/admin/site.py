"""The admin's site: a first page that says what waits, and pages that load our own files alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from catalog.models import Review
from commerce.models import Order
from commerce.states import TRANSITIONS, OrderAction
from nexus.admin.lists import ShopChangeList
from tasks.models import ENDED_BADLY, Job

# Django's admin needs neither scripts nor styles inside its pages.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that wait for somebody.

    Attributes:
        words: what they are, after their number.
        rows: the rows.
        query: how their list is narrowed to them.
    """

    words: str
    rows: QuerySet[Any]
    query: str

    @classmethod
    def in_status(cls, words: str, model: Any, statuses: list[str]) -> Waiting:
        """Those in any of these."""
        rows = model.objects.filter(status__in=statuses)
        return cls(words, rows, f"status__in={','.join(statuses)}")


WAITING = [
    Waiting.in_status("orders to send", Order, sorted(TRANSITIONS[OrderAction.FULFILL].sources)),
    Waiting.in_status("reviews to read", Review, [Review.Status.PENDING.value]),
    Waiting.in_status("jobs that failed", Job, [status.value for status in ENDED_BADLY]),
]


class ShopAdminSite(AdminSite):
    """The shop's."""

    site_header = site_title = "Nexus"
    index_title = "Shop"
    index_template = "admin/shop_index.html"
    # GraphiQL is the one page there is to view; without it, the admin offers none.
    site_url = "/graphql" if settings.GRAPHIQL else None  # type: ignore[assignment]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Every list is a `ShopChangeList`, and forms begin with values that there can be."""
        super().register(
            model_or_iterable,
            admin_class,
            get_changelist=_changelist,
            get_changeform_initial_data=_initial,
            **options,
        )

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """With what waits for somebody, of what the account may see."""
        return super().index(request, {"waiting": _waiting(request), **(extra_context or {})})

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """What completes some words, which Django looks up without a look at them.

        Raises:
            BadRequest: no text can hold them.
        """
        if "\0" in request.GET.get("term", ""):
            raise BadRequest("Give words without zero bytes.")
        return super().autocomplete_view(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The one page before a log-in, under the same policy."""
        return _under_policy(super().login(request, extra_context))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Every page comes under the policy."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return _under_policy(inner(request, *args, **kwargs))

        return page


def _changelist(model_admin: Any, request: HttpRequest, **kwargs: Any) -> type[ShopChangeList]:
    return ShopChangeList


def _initial(model_admin: Any, request: HttpRequest) -> dict[str, Any]:
    """What an address says of a new row: to which others it belongs.

    Django takes whatever stands there, and can't draw what is no time or no row's key.
    """
    rows = {field.name for field in model_admin.opts.get_fields() if field.many_to_one}
    return {
        name: value
        for name, value in request.GET.items()
        if name in rows and re.fullmatch("[0-9]{1,18}", str(value))
    }


def _waiting(request: HttpRequest) -> list[tuple[int, str, str]]:
    """How many of each there are, what they are, and where they are listed."""
    found = []
    for each in WAITING:
        options = each.rows.model._meta
        if request.user.has_perm(f"{options.app_label}.view_{options.model_name}"):
            address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
            found.append((each.rows.count(), each.words, f"{address}?{each.query}"))
    return found


def _under_policy(response: HttpResponse) -> HttpResponse:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    return response
