"""A product's description in a line or two."""

from __future__ import annotations

import html
import re

import nh3

_BLOCK_END = re.compile(r"</(?:p|div|li|h[1-6]|tr|ul|ol|table)>|<br\s*/?>", re.IGNORECASE)
LONGEST = 1_000


def summarise(description: str, *, length: int) -> str:
    """The text of an HTML description, without markup, cut behind a word.

    Args:
        description: sanitised HTML.
        length: the most characters, an ellipsis included; at most ``LONGEST``.
    """
    spaced = _BLOCK_END.sub(" ", description)
    text = " ".join(html.unescape(nh3.clean(spaced, tags=set())).split())
    length = max(1, min(length, LONGEST))
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    if not text[length - 1].isspace():
        # Keep a single long word's beginning rather than nothing.
        kept = kept.rpartition(" ")[0] or kept
    return f"{kept.rstrip(' ,;:.')}…"
