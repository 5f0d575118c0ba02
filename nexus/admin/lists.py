"""The admin's lists, which don't fail at what nothing can be found by."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.db import DataError, ProgrammingError
from django.http import HttpRequest


class ShopChangeList(ChangeList):
    """A list that leads whatever can't be looked up where Django leads its own bad lookups.

    Django does so for what a field refuses when the query is put together. It does not for what
    is refused when it is run: zero bytes, years beyond the calendar, broken patterns.
    """

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(request, *args, **kwargs)
        except (DataError, ProgrammingError, OverflowError, ValueError) as error:
            # Nobody asked for anything: that is an error of our own.
            if not request.GET.keys() - {ERROR_FLAG}:
                raise
            raise IncorrectLookupParameters(error) from error
