"""Where Django's own pages live; ``nexus.asgi`` answers ``/graphql`` itself."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

from commerce.webhooks import stripe_webhook
from nexus.api.urls import Nowhere
from schema.views import graphql_view


def no_icon(request: HttpRequest) -> HttpResponse:
    """Tell a browser that there is no icon, so that it asks no more."""
    return HttpResponse(status=204, headers={"Cache-Control": "max-age=86400"})


urlpatterns = [
    *([path("", RedirectView.as_view(url="/graphql"))] if settings.GRAPHIQL else []),
    path("favicon.ico", no_icon),
    path("graphql", graphql_view),
    path("graphql/", graphql_view),
    path("admin/", admin.site.urls),
    path("webhooks/stripe", stripe_webhook),
    path("webhooks/stripe/", stripe_webhook),
    path("api", Nowhere.as_view()),
    path("api/", include("nexus.api.urls")),
    # In development only; a gateway serves these in production.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
