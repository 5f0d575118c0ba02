"""Parts of addresses that names make."""

from __future__ import annotations

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
