from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tasks.jobs import retry_job
from tasks.models import Job


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    """Jobs to look at; nobody writes a job by hand."""

    list_display = ["kind", "status", "queue", "attempts", "progress", "created_at", "error"]
    list_filter = ["status", "queue", "kind"]
    search_fields = ["=public_id", "kind", "key", "=request_id"]
    search_help_text = "A job's id, kind or key, or the id of the request that caused it."
    ordering = ["-created_at", "-id"]
    show_full_result_count = False
    actions = ["send_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tasks.change_job")

    @admin.action(description="Send again", permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for public_id in queryset.values_list("public_id", flat=True):
            try:
                retry_job(public_id=public_id, now=timezone.now())
            except ValidationError as error:
                self.message_user(request, f"{public_id}: {error.messages[0]}", messages.WARNING)
            else:
                self.message_user(request, f"{public_id} is sent again.")
