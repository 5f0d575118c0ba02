"""Where Django's own pages live; ``nexus.asgi`` answers ``/graphql`` itself."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from schema.views import graphql_view

urlpatterns = [
    path("graphql", graphql_view),
    path("graphql/", graphql_view),
    path("admin/", admin.site.urls),
    path("api/", include("nexus.api.urls")),
    # In development only; a gateway serves these in production.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
