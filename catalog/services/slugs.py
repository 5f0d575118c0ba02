"""Parts of addresses that names make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from tasks.errors import Rejected

# What a slug of a category or collection may have.
MAX_SLUG = 200


def slug_of(name: str) -> str:
    """The slug that a name makes.

    Raises:
        Rejected: ``INVALID`` when the name has neither letters nor digits.
    """
    # Some signs become several.
    slug = slugify(name, allow_unicode=True)[:MAX_SLUG]
    if not slug:
        raise Rejected("INVALID", "A name needs letters or digits, or give a slug.", field="name")
    return slug


@contextmanager
def unique_slug(kind: str, slug: str) -> Iterator[None]:
    """A transaction that writes a slug, and nothing else that the database holds unique.

    Args:
        kind: what gets it, such as ``"category"``.

    Raises:
        Rejected: ``ALREADY_EXISTS`` where another one has it.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        message = f"There is a {kind} {slug} already."
        raise Rejected("ALREADY_EXISTS", message, field="slug") from error
