"""Background jobs, as clients read them."""

from __future__ import annotations

import graphene
from django.db.models import OuterRef

from schema.compiler.mapping import ModelType, column, connection_type, one_of
from schema.compiler.readings import Sort
from schema.enumeration import enumeration
from schema.node import Node, global_id
from tasks import models

JobStatus = enumeration(
    "JobStatus",
    models.Job.Status,
    "Where a background job stands.",
    {
        "PENDING": "Waits to be sent to a worker.",
        "DISPATCHED": "Sent; no worker has begun.",
        "RUNNING": "A worker is at it.",
        "SUCCEEDED": "Done.",
        "FAILED": "A rule forbids it; staff may retry it.",
        "DEAD": "It failed and was given up; staff may retry it.",
    },
)


class Job(ModelType):
    """Work that goes on in the background after a mutation."""

    class Meta:
        model = models.Job
        interfaces = (Node,)

    id = global_id("public_id")
    kind = column(graphene.String, "What is to be done, such as commerce.send_order_confirmation.")
    status = column(JobStatus, "Where it stands.")
    attempts = column(graphene.Int, "How often it was begun.")
    progress = column(graphene.Int, "Percent.")
    error = column(graphene.String, "What went wrong last; empty where nothing did.")
    created_at = column(graphene.DateTime, "When the mutation asked for it.")
    finished_at = column(graphene.DateTime, "When it ended; null before.", required=False)


class JobUpdate(ModelType):
    """A change of a background job, as it comes."""

    class Meta:
        model = models.Job

    sequence = column(
        graphene.Int, "Counts the job's changes; what to send as `after`.", source="version"
    )
    job = one_of(
        lambda: Job, "The job as it is now.", rows=lambda rows: rows.filter(pk=OuterRef("pk"))
    )


JobConnection = connection_type(lambda: Job, "Job")

JOB_SORTS = {"NEWEST": Sort(("created_at", "id"), ("timestamptz", "bigint"), descending=True)}
