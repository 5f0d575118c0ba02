"""Where orders are found below ``/api/``."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from commerce.views import OrderViewSet

router = SimpleRouter()
router.register("orders", OrderViewSet)
