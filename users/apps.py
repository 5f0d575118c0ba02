"""Accounts, roles, addresses, refresh sessions, messages and notifications."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.apps.registry import apps as global_apps
from django.db.models.signals import post_migrate, post_save


class UsersConfig(AppConfig):
    name = "users"

    def ready(self) -> None:
        from users.signals import enqueue_notification

        post_save.connect(
            enqueue_notification, sender="users.Message", dispatch_uid="users.enqueue_notification"
        )
        post_migrate.connect(_sync_roles, dispatch_uid="users.sync_roles")


def _sync_roles(app_config: AppConfig, using: str, apps: Apps = global_apps, **kwargs: Any) -> None:
    """Bring the roles in step after the migration of each app that has permissions of theirs."""
    from users.roles import ROLES
    from users.services.roles import sync_roles

    prefix = f"{app_config.label}."
    if not any(name.startswith(prefix) for names in ROLES.values() for name in names):
        return
    try:
        apps.get_model("auth", "Group")
    except LookupError:  # The database was migrated in part, without groups.
        return
    sync_roles(using=using)
