"""Reviews, which moderators publish or reject."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.parts import GoesWithItsProduct
from catalog.models import Review
from catalog.services.reviews import moderate_review
from tasks.admin_pages import ShowsRefusals


class ReviewForm(forms.ModelForm):
    """Decided is decided: a review does not go back to waiting."""

    class Meta:
        model = Review
        fields = ("status",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "status" in self.fields and self.instance.status != Review.Status.PENDING:
            decided = [choice for choice in Review.Status.choices if choice[0] != "PENDING"]
            self.fields["status"].widget.choices = decided


@admin.register(Review)
class ReviewAdmin(GoesWithItsProduct, ShowsRefusals, admin.ModelAdmin):
    """Reviews are moderated here; their words stay the customer's."""

    form = ReviewForm
    list_display = ("product", "rating", "title", "user", "status", "created_at")
    list_filter = ("status", "rating")
    list_select_related = ("product", "user")
    search_fields = ("title", "body", "product__name", "user__email")
    ordering = ("-created_at", "-id")
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = ("publish", "reject")
    fields = ("product", "user", "rating", "title", "body", "created_at", "status")
    readonly_fields = ("product", "user", "rating", "title", "body", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:
        if "status" in form.changed_data:
            moderate_review(review_id=obj.pk, status=obj.status)

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, Review.Status.PUBLISHED)

    @admin.action(description="Reject", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, Review.Status.REJECTED)

    def _moderate(self, request: HttpRequest, reviews: QuerySet[Review], status: str) -> None:
        """Decide on each, in a transaction of its own."""
        decided = 0
        for key in reviews.values_list("pk", flat=True):
            try:
                moderate_review(review_id=key, status=status)
            except ValidationError as error:
                self.message_user(request, f"{key}: {error.messages[0]}", messages.ERROR)
            else:
                decided += 1
        self.message_user(request, f"{decided} {status.lower()}.", messages.SUCCESS)
