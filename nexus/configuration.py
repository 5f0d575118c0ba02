"""Reads settings from the environment and ``.env``, and says in plain words what is wrong there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from decouple import AutoConfig
from django.core.exceptions import ImproperlyConfigured

from catalog.money import STORED_DIGITS, digits_of

_KINDS: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false"}


class Configuration:
    """The variables of the environment and, after it, of ``.env`` in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._read = AutoConfig(search_path=folder)

    def __call__(self, name: str, *, default: Any, cast: Callable[[Any], Any] = str) -> Any:
        """The variable's value as ``cast`` makes it; ImproperlyConfigured where it can't."""
        try:
            return self._read(name, default=default, cast=cast)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name} must be {_KINDS.get(cast, 'another value')}, not {self._read(name)!r}."
            ) from error


def currency(code: str) -> str:
    """The code of a currency, which the settings name; raises ImproperlyConfigured."""
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise ImproperlyConfigured(
            f"CURRENCY must be three upper-case letters such as EUR, not {code!r}."
        )
    if digits_of(code) > STORED_DIGITS:
        raise ImproperlyConfigured(
            f"CURRENCY can't be {code}: its amounts have {digits_of(code)} digits after the point, "
            f"and the shop keeps {STORED_DIGITS}."
        )
    return code


def days(name: str, config: Configuration, *, default: int) -> timedelta:
    """A variable that is so many whole days, at least one; raises ImproperlyConfigured."""
    number = config(name, default=default, cast=int)
    if number < 1:
        raise ImproperlyConfigured(f"{name} must be a day or more, not {number}.")
    return timedelta(days=number)


def minutes(name: str, config: Configuration, *, default: int) -> timedelta:
    """A variable that is so many whole minutes, at least one; raises ImproperlyConfigured."""
    number = config(name, default=default, cast=int)
    if number < 1:
        raise ImproperlyConfigured(f"{name} must be a minute or more, not {number}.")
    return timedelta(minutes=number)


def port(name: str, config: Configuration, *, default: int) -> int:
    """A variable that is the number of a port; raises ImproperlyConfigured."""
    number = config(name, default=default, cast=int)
    if not 1 <= number <= 65535:
        raise ImproperlyConfigured(f"{name} must be from 1 to 65535, not {number}.")
    return number


def choice(name: str, config: Configuration, *, choices: Sequence[str], default: str) -> str:
    """A variable that is one of ``choices``; raises ImproperlyConfigured."""
    value = config(name, default=default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {value!r}.")
    return value


def database(url: str) -> dict[str, Any]:
    """Django's settings for the PostgreSQL at ``url``; raises ImproperlyConfigured.

    The message leaves the address out: it may hold a password.
    """
    try:
        settings: dict[str, Any] = {**dj_database_url.parse(url)}
    except ValueError:
        settings = {}
    if settings.get("ENGINE") != "django.db.backends.postgresql" or not settings.get("NAME"):
        raise ImproperlyConfigured(
            "DATABASE_URL must be like postgres://USER:PASSWORD@HOST:PORT/NAME."
        )
    return settings


def token_link(name: str, config: Configuration, *, default: str) -> str:
    """The setting ``name``, an address with ``{token}`` in it; raises ImproperlyConfigured."""
    link = config(name, default=default)
    if not link.startswith(("https://", "http://")) or "{token}" not in link:
        raise ImproperlyConfigured(
            f"{name} must be an address with {{token}} where the token goes, such as "
            f"https://shop.example.com/account?token={{token}}, not {link!r}."
        )
    return link
