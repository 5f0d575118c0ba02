"""What clients may watch of their account."""

from __future__ import annotations

from schema.live.fields import Live, Stream, live
from schema.users.types import NotificationUpdate
from users import models
from users.permissions import IsAuthenticated


class UserSubscriptions:
    """Root fields."""

    notification_received = live(
        NotificationUpdate,
        "The viewer's notifications as they come.",
        read=Live(
            stream=Stream(models.Notification, key="user_id", sequence="sequence"),
            find=lambda viewer, given: viewer.user_id,
        ),
        permission=IsAuthenticated(),
    )
