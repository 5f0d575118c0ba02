"""What clients send about background jobs."""

from __future__ import annotations

import graphene

from schema.tasks.types import JobStatus


class JobFilter(graphene.InputObjectType):
    """Which jobs; all conditions must hold."""

    status = graphene.List(graphene.NonNull(JobStatus), description="In any of these states.")
    kind = graphene.List(graphene.NonNull(graphene.String), description="Any of these kinds.")


class JobRetryInput(graphene.InputObjectType):
    """A job to send again."""

    id = graphene.ID(required=True, description="The job's id.")
