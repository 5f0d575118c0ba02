"""The groups behind the roles, and who is in them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from tasks.errors import Rejected
from users.models import User
from users.roles import ADMIN, ROLES

logger = logging.getLogger(__name__)

CHANGE_USER = "users.change_user"


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


@contextmanager
def keeping_an_admin(*, field: str = "") -> Iterator[None]:
    """Change accounts or their roles so that somebody is left who may give them.

    One such change at a time: two admins who dismiss each other would both succeed.

    Args:
        field: the input's field, for the error.

    Raises:
        Rejected: LAST_ADMIN on ``field``; the change is undone.
    """
    with transaction.atomic():
        Group.objects.select_for_update(no_key=True).filter(name=ADMIN).first()
        had_one = User.objects.admins().exists()
        yield
        if had_one and not User.objects.admins().exists():
            raise Rejected(
                "LAST_ADMIN",
                "Nobody else could give roles any more: make somebody else an admin first.",
                field=field,
            )


def set_roles(*, granter_id: int, email: str, roles: Sequence[str]) -> User:
    """Give an account these roles and take all others from it; effective within a second.

    Nobody gives or takes what goes beyond the own permissions, nor changes the roles of who has
    more of them. Groups that are no roles stay as they are.

    Args:
        granter_id: the account that does it.
        email: whose roles, in any case of letters.
        roles: names in :data:`users.roles.ROLES`; none makes a customer of the account.

    Raises:
        PermissionDenied: names a permission that the granter lacks.
        ValidationError: of :class:`Rejected`: NOT_FOUND on ``email`` or ``roles.N``, LAST_ADMIN on
            ``roles`` where nobody would be left to give roles.
    """
    unknown = [
        Rejected("NOT_FOUND", f"The roles are {', '.join(ROLES)}.", field=f"roles.{position}")
        for position, role in enumerate(roles)
        if role not in ROLES
    ]
    if unknown:
        raise ValidationError(unknown)
    with keeping_an_admin(field="roles"):
        granted = _permissions_of(User.objects.get(pk=granter_id))
        _refuse_beyond(granted, {CHANGE_USER})
        user = User.objects.of_email(email).first()
        if user is None:
            raise Rejected(
                "NOT_FOUND", "There is no account with this e-mail address.", field="email"
            )
        groups = {group.name: group for group in Group.objects.filter(name__in=list(ROLES))}
        now_in = set(user.groups.filter(name__in=list(ROLES)).values_list("name", flat=True))
        changed = now_in.symmetric_difference(roles)
        if not changed:
            return user
        _refuse_beyond(granted, _permissions_of(user))
        _refuse_beyond(granted, _permissions_in([groups[name] for name in changed]))
        user.groups.add(*[groups[name] for name in changed - now_in])
        user.groups.remove(*[groups[name] for name in changed & now_in])
    logger.info("Account %s has set the roles of %s to %s", granter_id, user.pk, sorted(roles))
    return user


def _permissions_of(user: User) -> set[str]:
    return user.get_all_permissions() if user.is_active else set()


def _permissions_in(groups: list[Group]) -> set[str]:
    rows = Permission.objects.filter(group__in=groups)
    names = rows.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in names}


def _refuse_beyond(granted: set[str], wanted: set[str]) -> None:
    if missing := wanted - granted:
        raise PermissionDenied(min(missing))
