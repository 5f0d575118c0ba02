"""What staff may watch of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from catalog import models
from schema.catalog.types.imports import ProductImportUpdate
from schema.compiler.ids import row_key
from schema.live.fields import Live, Stream, live
from users.permissions import HasPermission
from users.viewer import Viewer


def _import(viewer: Viewer, given: Mapping[str, Any]) -> int | None:
    imports = models.ProductImport.objects.visible_to(viewer)
    found = imports.filter(pk=row_key(given["id"], "ProductImport"))
    return found.values_list("pk", flat=True).first()


class CatalogSubscriptions:
    """Root fields."""

    product_import_progress = live(
        ProductImportUpdate,
        "How an import gets on. Of changes that follow each other quickly, the last comes.",
        read=Live(
            stream=Stream(models.ProductImport, key="id", sequence="version"),
            find=_import,
            begins_with_present=True,
        ),
        permission=HasPermission("catalog.view_productimport"),
        id=graphene.ID(required=True, description="The import's id."),
    )
