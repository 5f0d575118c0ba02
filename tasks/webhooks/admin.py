from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from tasks.admin_pages import ReadOnly, in_one_line
from tasks.webhooks.deliveries import resend_delivery
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint
from tasks.webhooks.querysets import delivery_status


class DeliveryStatusFilter(admin.SimpleListFilter):
    """By where deliveries stand, which their jobs say."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in WebhookDelivery.Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() is None:
            return queryset
        return queryset.alias(found=delivery_status()).filter(found=self.value())


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnly, admin.ModelAdmin):
    """Endpoints to look at. Who enters one gets its secret, from the API."""

    list_display = ("url", "description", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("url", "description")
    ordering = ("-pk",)
    exclude = ("secret", "previous_secret")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly, admin.ModelAdmin):
    """The log of what was sent, and is to be."""

    list_display = (
        "event_type",
        "endpoint",
        "status",
        "attempts",
        "response_status",
        "problem",
        "created_at",
    )
    list_filter = (DeliveryStatusFilter, "event_type", "endpoint")
    list_select_related = ("endpoint", "job")
    search_fields = ("=event_id",)
    search_help_text = "What the header webhook-id said."
    ordering = ("-created_at", "-pk")
    show_full_result_count = False
    actions = ("send_again",)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_webhookdelivery")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(shown_status=delivery_status())

    @admin.display(description="status")
    def status(self, delivery: Model) -> str:
        return getattr(delivery, "shown_status", "")

    @admin.display(description="attempts")
    def attempts(self, delivery: WebhookDelivery) -> int:
        return delivery.job.attempts

    @admin.display(description="error")
    def problem(self, delivery: WebhookDelivery) -> str:
        return in_one_line(Truncator(delivery.job.error).chars(40))

    @admin.action(description="Send again", permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        for pk in queryset.values_list("pk", flat=True):
            try:
                delivery = resend_delivery(delivery_id=pk)
            except ValidationError as error:
                self.message_user(request, f"{pk}: {error.messages[0]}", messages.WARNING)
            else:
                self.message_user(request, f"{delivery} is sent again.", messages.SUCCESS)
