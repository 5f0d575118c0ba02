"""Which rows of ``users`` a viewer may see."""

from __future__ import annotations

from typing import Self

from django.db.models import Q, QuerySet

from users.viewer import Viewer


class UserQuerySet(QuerySet):
    """Accounts."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Oneself; everybody for who may view users."""
        if viewer.may("users.view_user"):
            return self
        return self.filter(pk=viewer.user_id) if viewer.is_authenticated else self.none()


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
