"""How bodies of REST requests are read."""

from __future__ import annotations

from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """Reads JSON of a bounded depth; Django has bounded its size."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """The value in the body."""
        try:
            return super().parse(*args, **kwargs)
        except ParseError:
            raise ParseError("The body is not valid JSON in UTF-8.") from None
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
