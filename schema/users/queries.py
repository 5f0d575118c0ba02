"""What clients may read of accounts."""

from __future__ import annotations

from schema.compiler.mapping import one
from schema.users.types import User
from users.permissions import IsAuthenticated


class UserQueries:
    """Root fields."""

    viewer = one(
        User,
        "Whoever asks.",
        rows=lambda users, _, viewer: users.filter(pk=viewer.user_id),
        permission=IsAuthenticated(),
    )
