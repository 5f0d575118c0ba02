"""Imports over REST: a file is sent for review, reported on, and committed as it was reviewed."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.reverse import reverse
from rest_framework.utils.urls import replace_query_param

from catalog.import_serializers import (
    ImportCommitSerializer,
    ImportReportQuerySerializer,
    ImportReportSerializer,
    ImportRowSerializer,
    ImportUploadSerializer,
    ProductImportSerializer,
)
from catalog.models import ImportRow, ProductImport
from catalog.services.imports import commit_import, validate_import
from nexus.api.headers import IDEMPOTENCY_KEY, idempotency_key
from nexus.api.parsers import JSONParser
from nexus.api.reading import Resource
from nexus.api.resources import RowViewSet, object_of
from users.permissions import HasPermission
from users.rest import UploadParser
from users.validation import validated, validated_body

ROWS = Resource("ImportRow", ImportRowSerializer)


@extend_schema_view(retrieve=extend_schema(summary="Read an import"))
class ImportViewSet(RowViewSet):
    """Files of products. A job is at work while the status says VALIDATING or COMMITTING."""

    rules = {
        "create": HasPermission("catalog.add_productimport"),
        "retrieve": HasPermission("catalog.view_productimport"),
        "rows": HasPermission("catalog.view_productimport"),
        "commit": HasPermission("catalog.change_productimport"),
    }
    resource = Resource("ProductImport", ProductImportSerializer)
    queryset = ProductImport.objects.all()
    serializer_class = ProductImportSerializer
    lookup_value_regex = "[0-9]{1,18}"
    parser_classes = [UploadParser]

    @extend_schema(
        summary="Send a file of products for review",
        description="A job reports on each of its rows; the catalogue stays as it is.",
        parameters=[IDEMPOTENCY_KEY],
        request={"multipart/form-data": ImportUploadSerializer},
        responses={201: ProductImportSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """``validate_import``."""
        given = validated_body(ImportUploadSerializer(data=request.data))
        key, _ = validate_import(
            viewer=self.viewer(),
            file=given["file"],
            encoding=given["encoding"],
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        address = reverse("productimport-detail", [key], request=request)
        return self.answer(self.shown(pk=key), 201, Location=address)

    @extend_schema(
        summary="Read what becomes of each row",
        parameters=[ImportReportQuerySerializer],
        responses=ImportReportSerializer,
    )
    @action(detail=True)
    def rows(self, request: Request, pk: str) -> HttpResponse:
        """A page of the report, by line."""
        asked: Any = validated(ImportReportQuerySerializer(data=request.query_params))
        key, viewer = self.key()["pk"], self.viewer()
        rows = ImportRow.objects.visible_to(viewer)
        rows = rows.filter(product_import_id=key, line__gt=asked["after"])
        if "status" in asked:
            rows = rows.filter(status=asked["status"])
        size = asked["page_size"]
        found = list(rows.order_by("line").values_list("pk", "line")[: size + 1])
        if not found and not ProductImport.objects.visible_to(viewer).filter(pk=key).exists():
            raise Http404
        following = None
        if len(found) > size:
            address = request.build_absolute_uri()
            following = replace_query_param(address, "after", found[size - 1][1])
        shown = ROWS.each(viewer, [row for row, _ in found[:size]]) if found else b"[]"
        return self.answer(object_of(next=json.dumps(following).encode(), results=shown))

    @extend_schema(
        summary="Have the products of a reviewed file go in",
        description="Those that were found valid, each checked again, by a job.",
        parameters=[IDEMPOTENCY_KEY],
        request=ImportCommitSerializer,
        responses={202: ProductImportSerializer},
    )
    @action(detail=True, methods=["post"], parser_classes=[JSONParser])
    def commit(self, request: Request, pk: str) -> HttpResponse:
        """``commit_import``."""
        given = validated_body(ImportCommitSerializer(data=request.data))
        key = self.key()
        commit_import(
            viewer=self.viewer(),
            import_id=key["pk"],
            file_hash=given["file_hash"],
            on_error=given["on_error"],
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        return self.answer(self.shown(**key), 202)
