"""Who is calling: from an access token, a browser's session or an account at hand.

Each way costs at most one SQL statement. The statements are written out because they stand
before every request, where building them with the ORM would take longer than running them.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils.crypto import constant_time_compare

from users.models import User
from users.session_store import SessionStore
from users.tokens import InvalidToken, read_token
from users.viewer import ANONYMOUS, Viewer

__all__ = ["InvalidToken", "permissions_sql", "viewer_for_session", "viewer_for_token", "viewer_of"]

# The permission names of account ``u``: through groups, its own, or all of them.
_PERMISSIONS = """
    ARRAY(
        SELECT t.app_label || '.' || p.codename
        FROM auth_permission p
        JOIN django_content_type t ON t.id = p.content_type_id
        WHERE u.is_superuser
           OR p.id IN (SELECT permission_id FROM users_user_user_permissions WHERE user_id = u.id)
           OR p.id IN (
                SELECT g.permission_id
                FROM users_user_groups m
                JOIN auth_group_permissions g ON g.group_id = m.group_id
                WHERE m.user_id = u.id
              )
    )
"""
_BY_SESSION = f"""
    SELECT u.id, u.password, s.session_data, {_PERMISSIONS}
    FROM users_browsersession s
    JOIN users_user u ON u.id = s.user_id
    WHERE s.session_key = %s AND s.expire_date > now() AND u.is_active
"""  # noqa: S608 - of constants alone


def permissions_sql(*, user_id: str, version: str, family: str) -> str:
    """A statement that answers one row, the permissions, where a token's claims still hold.

    The arguments are how its three parameters are written, such as ``%s`` or ``$1``.
    """
    return f"""
        SELECT {_PERMISSIONS}
        FROM users_user u
        WHERE u.id = {user_id} AND u.is_active AND u.token_version = {version}
          AND NOT EXISTS (
                SELECT FROM users_refreshsession r
                WHERE r.family = {family} AND r.revoked_at IS NOT NULL
              )
    """  # noqa: S608 - of constants alone


_PERMISSIONS_OF_TOKEN = permissions_sql(user_id="%s", version="%s", family="%s")


def viewer_for_token(token: str) -> Viewer:
    """Who presents this access token, by one SQL statement.

    Raises:
        InvalidToken: it has expired or isn't ours (then without any statement), its account is
            disabled or changed its password, or its log-in was revoked.
    """
    claims = read_token(token)
    row = _row(_PERMISSIONS_OF_TOKEN, [claims.user_id, claims.version, claims.family])
    if row is None:
        raise InvalidToken("TOKEN_INVALID")
    return Viewer(user_id=claims.user_id, permissions=frozenset(row[0]))


def viewer_for_session(session_key: str) -> Viewer | None:
    """Who logged in to the browser session of this key, by one SQL statement.

    None where nobody did: no such session, one that has expired, an account that is disabled or
    changed its password since.
    """
    if not session_key or "\0" in session_key:
        return None
    row = _row(_BY_SESSION, [session_key])
    if row is None:
        return None
    user_id, password, data, permissions = row
    session = SessionStore().decode(data)
    user = User(pk=user_id, password=password)
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    presented = session.get(HASH_SESSION_KEY, "")
    if session.get(SESSION_KEY) != str(user_id) or not any(
        constant_time_compare(presented, known) for known in hashes
    ):
        return None
    return Viewer(user_id=user_id, permissions=frozenset(permissions))


def viewer_of(user: User | AnonymousUser) -> Viewer:
    """The viewer that an account is, for doors where Django has loaded it already."""
    if not user.is_active or user.pk is None:
        return ANONYMOUS
    return Viewer(user_id=user.pk, permissions=frozenset(user.get_all_permissions()))


def _row(sql: str, params: list[Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()
