from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import Truncator

from tasks.admin_pages import ReadOnly, in_one_line
from tasks.jobs import retry_job
from tasks.models import Job


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin):
    """Jobs to look at; nobody writes a job by hand."""

    change_form_template = "admin/tasks/job/change_form.html"
    list_display = ["kind", "status", "attempts", "created_at", "problem"]
    list_filter = ["status", "queue", "kind"]
    search_fields = ["=public_id", "kind", "key", "=request_id"]
    search_help_text = "A job's id, kind or key, or the id of the request that caused it."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    show_full_result_count = False
    actions = ["send_again"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tasks.change_job")

    @admin.display(description="error")
    def problem(self, job: Job) -> str:
        return in_one_line(Truncator(job.error).chars(40))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With a button that sends the job again, for who may."""
        context = {"may_retry": self.has_retry_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description="Send again", permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for public_id in queryset.values_list("public_id", flat=True):
            try:
                retry_job(public_id=public_id, now=timezone.now())
            except ValidationError as error:
                self.message_user(request, f"{public_id}: {error.messages[0]}", messages.WARNING)
            else:
                self.message_user(request, f"{public_id} is sent again.", messages.SUCCESS)
