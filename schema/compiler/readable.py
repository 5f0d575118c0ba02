"""SQL for people to read."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"\(SELECT |\(|\)| (?=(?:FROM|WHERE|GROUP BY|ORDER BY|LIMIT|UNION ALL) )")


def readable(sql: str) -> str:
    """Each sub-select and clause on a line of its own, indented by its depth."""
    parts: list[str] = []
    opened: list[bool] = []
    at = 0
    for match in _CLAUSE.finditer(sql):
        parts.append(sql[at : match.start()])
        at = match.end()
        if match[0] == "(SELECT ":
            opened.append(True)
            parts.append(f"(\n{'  ' * sum(opened)}SELECT ")
        elif match[0] == "(":
            opened.append(False)
            parts.append("(")
        elif match[0] == ")":
            parts.append(f"\n{'  ' * sum(opened)})" if opened.pop() else ")")
        elif opened and not opened[-1]:
            parts.append(" ")
        else:
            parts.append(f"\n{'  ' * sum(opened)}")
    return "".join([*parts, sql[at:], "\n"])
