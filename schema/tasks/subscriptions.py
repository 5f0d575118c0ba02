"""What clients may watch of background jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from schema.compiler.ids import decode_id
from schema.live.fields import Live, Stream, live
from schema.tasks.types import JobUpdate
from tasks import models
from users.permissions import AllowAny
from users.viewer import Viewer


def _public_ids(given: Mapping[str, Any]) -> list[str]:
    _, public_id = decode_id(given["id"], "uuid")
    return [] if public_id is None else [public_id]


def _job(viewer: Viewer, given: Mapping[str, Any]) -> int | None:
    jobs = models.Job.objects.visible_to(viewer).filter(public_id__in=_public_ids(given))
    return jobs.values_list("pk", flat=True).first()


class TaskSubscriptions:
    """Root fields."""

    job_updated = live(
        JobUpdate,
        "How a background job gets on. Of changes that follow each other quickly, the last comes. "
        "Its id is random: who received it may watch the job.",
        read=Live(
            stream=Stream(models.Job, key="id", sequence="version"),
            find=_job,
            presents=lambda given: {"job_ids": _public_ids(given)},
            begins_with_present=True,
        ),
        permission=AllowAny(),
        id=graphene.ID(required=True, description="The job's id."),
    )
