"""Where Django's own pages live. ``/graphql`` is mounted in front of them by ``nexus.asgi``."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
