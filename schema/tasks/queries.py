"""What clients may read of background jobs."""

from __future__ import annotations

from typing import Any

import graphene

from schema.compiler.ids import decode_id
from schema.compiler.mapping import connection, one
from schema.compiler.slots import Slot
from schema.tasks.inputs import JobFilter
from schema.tasks.types import JOB_SORTS, Job, JobConnection
from tasks.filters import JobFilterSet
from users.permissions import AllowAny, HasPermission


def _public_id(slot: Any) -> Slot:
    return slot.mapped(lambda value: decode_id(value, "uuid")[1], "uuid")


class TaskQueries:
    """Root fields."""

    job = one(
        Job,
        "A background job. Its id is random: who received it may read the job.",
        rows=lambda jobs, given, _: jobs.filter(public_id=_public_id(given["id"])),
        holds={"job_ids": ("id", lambda id_: _public_id(id_).mapped(lambda key: [key], "uuid[]"))},
        permission=AllowAny(),
        id=graphene.ID(required=True, description="The job's id."),
    )
    jobs = connection(
        JobConnection,
        "All background jobs.",
        relation=None,
        sorts=JOB_SORTS,
        filterset=JobFilterSet,
        permission=HasPermission("tasks.view_job"),
        required=False,
        filter=JobFilter(description="Which jobs; all conditions must hold."),
    )
