"""Accounts in the admin site."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils import timezone

from tasks.admin_pages import ReadOnly, ShowsRefusals
from users.models import Address, Message, Notification, User
from users.services.roles import keeping_an_admin
from users.services.sessions import end_sessions


class EmailUserCreationForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ["email"]


class EmailUserChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class KeepsAnAdmin:
    """Whatever is changed or deleted, one or many, somebody is left who may give roles."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with _keeping_an_admin(request):
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with _keeping_an_admin(request):
            return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with _keeping_an_admin(request):
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]


def _keeping_an_admin(request: HttpRequest) -> AbstractContextManager[None]:
    return keeping_an_admin() if request.method == "POST" else nullcontext()


class AddressInline(admin.TabularInline):
    model = Address
    extra = 0
    exclude = ["created_at"]


@admin.register(User)
class EmailUserAdmin(ShowsRefusals, KeepsAnAdmin, UserAdmin):
    form = EmailUserChangeForm
    add_form = EmailUserCreationForm
    inlines = [AddressInline]
    list_display = ["email", "full_name", "is_active", "is_staff", "created_at"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    date_hierarchy = "created_at"
    ordering = ["email"]
    show_full_result_count = False
    readonly_fields = ["last_login", "created_at"]
    limited_fields = ["is_staff", "is_superuser", "groups", "user_permissions"]
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "is_email_verified"]}),
        (
            "Access",
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        ("Dates", {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Who is no superuser gives roles by `userRolesSet`, which knows their limits."""
        superuser = isinstance(request.user, User) and request.user.is_superuser
        return [*self.readonly_fields, *([] if superuser else self.limited_fields)]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody changes an account, its password say, that may do more than the own one."""
        return super().has_change_permission(request, obj) and not _is_above(obj, request)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Likewise."""
        return super().has_delete_permission(request, obj) and not _is_above(obj, request)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        # An account that is being added has no addresses yet.
        return self.inlines if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change and "email" in form.changed_data:
            obj.is_email_verified = "is_email_verified" in form.changed_data and bool(
                form.cleaned_data["is_email_verified"]
            )
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            end_sessions(user_id=obj.pk, now=timezone.now())


def _is_above(user: User | None, request: HttpRequest) -> bool:
    return user is not None and not user.get_all_permissions() <= request.user.get_all_permissions()


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(ReadOnly, admin.ModelAdmin):
    """The roles to look at: ``users/roles.py`` says what each may do.

    Who could change one here would give rights that no role of the own has.
    """

    list_display = ["name"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name", "may"]
    readonly_fields = ["may"]

    @admin.display(description="permissions")
    def may(self, group: Group) -> str:
        rows = group.permissions.values_list("content_type__app_label", "codename")
        return ", ".join(sorted(f"{app}.{codename}" for app, codename in rows)) or "-"


class RecordAdmin(admin.ModelAdmin):
    """Shows what services wrote and lets nobody rewrite it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    list_display = ["created_at", "sender", "recipient", "order"]
    list_select_related = ["sender", "recipient", "order"]
    search_fields = ["sender__email", "recipient__email", "order__number"]
    search_help_text = "A part of an e-mail address or of an order's number."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    show_full_result_count = False


@admin.register(Notification)
class NotificationAdmin(RecordAdmin):
    list_display = ["created_at", "user", "kind", "title", "read_at"]
    list_select_related = ["user"]
    list_filter = ["kind"]
    search_fields = ["user__email", "title"]
    search_help_text = "A part of an e-mail address or of a title."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    show_full_result_count = False
