"""Which jobs a viewer may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db.models import F, QuerySet

if TYPE_CHECKING:
    from users.viewer import Viewer


class JobQuerySet(QuerySet):
    """Background jobs."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Every job for who may view jobs; else those whose random id the viewer holds."""
        if viewer.may("tasks.view_job"):
            return self
        if viewer.job_ids is not None:
            return self.filter(public_id__in=viewer.job_ids)
        return self.none()

    def change(self, **values: Any) -> int:
        """Update what a client sees of the jobs, as a new version of each; how many."""
        return self.update(version=F("version") + 1, **values)
