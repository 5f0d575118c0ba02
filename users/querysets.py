"""Which rows of ``users`` a viewer may see."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from users.roles import ADMIN, ROLES
from users.viewer import Viewer


class UserQuerySet(QuerySet):
    """Accounts."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Oneself; everybody for who may view users."""
        if viewer.may("users.view_user"):
            return self
        return self.filter(pk=viewer.user_id) if viewer.is_authenticated else self.none()

    def of_email(self, email: str) -> Self:
        """The account with this address, whatever its case; none for an impossible address."""
        if "\0" in email:  # PostgreSQL's text can't hold it, so nobody has it.
            return self.none()
        # Both sides lowered by the database, so that the unique index answers.
        return self.alias(lowered_email=Lower("email")).filter(lowered_email=Lower(Value(email)))

    def staff(self) -> Self:
        """The active accounts that have any role, whom customers may write to."""
        in_role = Group.objects.filter(user=OuterRef("pk"), name__in=list(ROLES))
        return self.filter(Q(Exists(in_role)) | Q(is_superuser=True), is_active=True)

    def admins(self) -> Self:
        """The active accounts that may give every role: without any, nobody could again."""
        admin = Group.objects.filter(user=OuterRef("pk"), name=ADMIN)
        return self.filter(Q(Exists(admin)) | Q(is_superuser=True), is_active=True)


class AddressQuerySet(QuerySet):
    """Postal addresses."""

    def visible_to(self, viewer: Viewer) -> Self:
        """One's own."""
        return self.filter(user_id=viewer.user_id) if viewer.is_authenticated else self.none()


class MessageQuerySet(QuerySet):
    """Messages."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those that one sent or received."""
        if not viewer.is_authenticated:
            return self.none()
        return self.filter(Q(sender_id=viewer.user_id) | Q(recipient_id=viewer.user_id))


class NotificationQuerySet(QuerySet):
    """Notifications."""

    def visible_to(self, viewer: Viewer) -> Self:
        """One's own."""
        return self.filter(user_id=viewer.user_id) if viewer.is_authenticated else self.none()

    def unread(self) -> Self:
        """Those not yet marked read."""
        return self.filter(read_at=None)
