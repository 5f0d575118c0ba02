"""What pages of the admin have in common, whatever they show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html


class ReadOnly:
    """Neither adds, changes nor deletes."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """Rows to look at, in the order in which they came."""

    extra = 0
    can_delete = False
    ordering: ClassVar[tuple[str, ...]] = ("pk",)


def in_one_line(text: str) -> str:
    """A cell of a list that the browser does not break."""
    return format_html('<span class="nowrap">{}</span>', text)


class ShowsRefusals:
    """A service's refusal becomes a message on the page that it was asked for on."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return _or_refusal(super().changeform_view, request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return _or_refusal(super().delete_view, request, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return _or_refusal(super().changelist_view, request, *args, **kwargs)  # type: ignore[misc]


def _or_refusal(view: Callable[..., Any], request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    try:
        return view(request, *args, **kwargs)
    except ValidationError as error:
        if request.method != "POST":
            raise  # it would be met again on the page to go back to
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(request.get_full_path())
