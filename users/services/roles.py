"""The groups behind the roles."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from users.roles import ROLES


def sync_roles(*, using: str = "default") -> None:
    """Make one group a role, with exactly the role's permissions that exist so far.

    While a new database is migrated app by app, later apps' permissions are still missing: the
    call that follows their migration adds them. Running it again changes nothing.

    Args:
        using: the alias of the database.
    """
    with transaction.atomic(using=using):
        ids = {
            f"{app}.{codename}": pk
            for pk, app, codename in Permission.objects.using(using).values_list(
                "pk", "content_type__app_label", "codename"
            )
        }
        for role, names in ROLES.items():
            group, _ = Group.objects.using(using).get_or_create(name=role)
            group.permissions.set(ids[name] for name in names if name in ids)
