"""graphene-django's stock view at ``/graphql``."""

from __future__ import annotations

from django.urls import path
from graphene_django.views import GraphQLView

from benchmarks.peers.graphene_stock.schema import schema

urlpatterns = [path("graphql", GraphQLView.as_view(schema=schema))]
