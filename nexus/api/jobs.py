"""Background jobs over REST; a job's id is random, and the key to it."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request

from nexus.api.reading import Resource
from nexus.api.resources import ResourceViewSet
from tasks.filters import JobFilterSet
from tasks.jobs import retry_job
from tasks.models import Job
from tasks.serializers import JobSerializer
from users.permissions import AllowAny, HasPermission
from users.viewer import Viewer


@extend_schema_view(
    list=extend_schema(summary="List jobs", description="Newest first."),
    retrieve=extend_schema(summary="Read a job"),
)
class JobViewSet(ResourceViewSet):
    """What goes on in the background."""

    rules = {
        "list": HasPermission("tasks.view_job"),
        "retrieve": AllowAny(),
        "retry": HasPermission("tasks.change_job"),
    }
    resource = Resource("Job", JobSerializer, listed_by="jobs")
    queryset = Job.objects.all()
    serializer_class = JobSerializer
    filterset_class = JobFilterSet
    lookup_field = "public_id"
    lookup_value_regex = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

    def viewer(self) -> Viewer:
        """Who asks, holding the job of the address."""
        key = self.kwargs.get("public_id")
        return super().viewer().holding(job_ids=None if key is None else [key])

    @extend_schema(
        summary="Send a job again",
        description="One that failed or was given up.",
        request=None,
        responses=JobSerializer,
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, public_id: str) -> HttpResponse:
        """``retry_job``."""
        key = self.key()
        retry_job(public_id=key["public_id"], now=timezone.now())
        return self.answer(self.shown(**key))
