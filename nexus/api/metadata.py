"""What ``OPTIONS`` answers: the methods in ``Allow``; the rest stands in the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

if TYPE_CHECKING:
    # The settings name this module's class, which views import first.
    from rest_framework.views import APIView


class Metadata(BaseMetadata):
    """Nothing that would take a permission or a statement."""

    def determine_metadata(self, request: Request, view: APIView) -> dict[str, str]:
        """The view's name."""
        return {"name": view.get_view_name()}
