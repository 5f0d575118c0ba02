"""Where the catalogue is found below ``/api/``."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from catalog.views import ProductViewSet

router = SimpleRouter()
router.register("products", ProductViewSet)
