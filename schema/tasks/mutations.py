"""What staff may do with background jobs."""

from __future__ import annotations

from typing import Any

from schema.compiler.ids import decode_id
from schema.mutation import Context, Made, entity, mutation
from schema.tasks.inputs import JobRetryInput
from schema.tasks.types import Job
from tasks.errors import Rejected
from tasks.jobs import retry_job
from users.permissions import HasPermission


@mutation(
    JobRetryInput,
    "Send a failed or dead job again.",
    job=entity(Job, "The job."),
    permission=HasPermission("tasks.change_job"),
)
def job_retry(context: Context, given: Any) -> Made:
    """``retry_job``."""
    _, public_id = decode_id(given["id"], "uuid")
    if public_id is None:
        raise Rejected("NOT_FOUND", "There is no such job.", field="id")
    job = retry_job(public_id=public_id, now=context.now)
    return Made(job=job.pk, holding={"job_ids": [str(job.public_id)]})


class TaskMutations:
    """Root fields."""

    job_retry = job_retry
