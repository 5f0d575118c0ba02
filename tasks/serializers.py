"""What REST shows of background jobs."""

from __future__ import annotations

from rest_framework import serializers

from tasks.models import Job


class JobSerializer(serializers.ModelSerializer):
    """Work that goes on in the background."""

    id = serializers.UUIDField()

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "status",
            "attempts",
            "progress",
            "error",
            "created_at",
            "finished_at",
        ]
