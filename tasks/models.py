"""Jobs, the inbox that makes them run once, and idempotency records."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from tasks.querysets import JobQuerySet


class Job(models.Model):
    """One piece of background work: outbox row, status and history in one.

    A service inserts it in the transaction of the change that it belongs to; the relay publishes
    it; the worker runs it.
    """

    class Status(models.TextChoices):
        """Where a job is.

        - ``PENDING``: waits for the relay, from ``not_before`` on; also between two attempts.
        - ``DISPATCHED``: the broker has it. Not started before the lease ends: sent again.
        - ``RUNNING``: a worker has it and renews the lease. The lease ends: sent again.
        - ``SUCCEEDED``: done, for good.
        - ``FAILED``: the task refused it by a rule that another attempt would meet again.
        - ``DEAD``: given up, after the last attempt or because no worker could take it.

        ``FAILED`` and ``DEAD`` stay for people to look at, who may send the job again.
        """

        PENDING = "PENDING"
        DISPATCHED = "DISPATCHED"
        RUNNING = "RUNNING"
        SUCCEEDED = "SUCCEEDED"
        FAILED = "FAILED"
        DEAD = "DEAD"

    class Queue(models.TextChoices):
        HIGH = "high"
        DEFAULT = "default"
        BULK = "bulk"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=100, help_text="The task's name.")
    key = models.CharField(
        max_length=200,
        blank=True,
        help_text="Where given: the same kind and key is enqueued once.",
    )
    kwargs = models.JSONField(default=dict, blank=True)
    queue = models.CharField(max_length=10, choices=Queue, default=Queue.DEFAULT)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="How often a worker has started it; an outage consumes none."
    )
    dispatches = models.PositiveSmallIntegerField(
        default=0, help_text="How often it was sent without being started."
    )
    version = models.PositiveIntegerField(
        default=1,
        help_text="Counts the changes that a client sees; who watches the job waits for the next.",
    )
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    error = models.TextField(blank=True, help_text="What went wrong, in words fit for a client.")
    request_id = models.CharField(max_length=64, blank=True)
    not_before = models.DateTimeField(default=timezone.now)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    run_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="Which run holds the lease: an overtaken one writes nothing.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=~models.Q(key=""), name="job_once_per_key"
            ),
            models.CheckConstraint(
                condition=models.Q(progress__lte=100), name="job_progress_percent"
            ),
        ]
        indexes = [
            # The relay's question: what is due, queue by queue, the longest waiting first.
            models.Index(
                fields=["queue", "not_before", "id"],
                condition=models.Q(status="PENDING"),
                name="job_waiting",
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=models.Q(status__in=["DISPATCHED", "RUNNING"]),
                name="job_leased",
            ),
            models.Index(fields=["-created_at", "-id"], name="job_newest"),
            # What has ended so long ago that it may go.
            models.Index(
                fields=["finished_at"],
                condition=models.Q(finished_at__isnull=False),
                name="job_ended",
            ),
            # What nobody has mended yet.
            models.Index(
                fields=["-finished_at", "-id"],
                condition=models.Q(status__in=["FAILED", "DEAD"]),
                name="job_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def may_be_retried(self) -> bool:
        """Whether it ended without success, so that people may send it again."""
        return self.status in ENDED_BADLY


# Where a job stays until people look at it.
ENDED_BADLY = (Job.Status.FAILED, Job.Status.DEAD)


class InboxEntry(models.Model):
    """That a task has had its effect for a job; inserted in the effect's own transaction."""

    task = models.CharField(max_length=100)
    job = models.ForeignKey(Job, models.CASCADE, related_name="inbox_entries")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "inbox entries"
        constraints = [models.UniqueConstraint(fields=["task", "job"], name="inbox_once_per_job")]

    def __str__(self) -> str:
        return f"{self.task} {self.job_id}"


class IdempotencyRecord(models.Model):
    """What a keyed request made, so that its repeat makes nothing more.

    ``actor`` is ``user:ID``, else the kind and hash of what the caller holds, else ``anyone``.
    """

    actor = models.CharField(max_length=100)
    operation = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    result = models.JSONField(default=dict, help_text="Primary keys of what was made.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "operation", "key"], name="idempotency_once_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
