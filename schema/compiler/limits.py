"""Limits on a document, checked before standard validation.

Validation compares every pair of fields that share a response key, which takes seconds for a few
kilobytes of repetition; these checks take one walk.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.conf import settings
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from schema.problems import Problem


def exceeded(limit: str, what: str, allowed: int) -> Problem:
    """The problem of a limit that was passed; ``extensions.limit`` names the setting."""
    return Problem("LIMIT_EXCEEDED", f"{what}; at most {allowed} is allowed.", limit=limit)


class DocumentLimits:
    """One walk over a document.

    Args:
        authenticating: the mutations that check a password or token.

    Raises:
        Problem: a limit is passed; the code is LIMIT_EXCEEDED.
    """

    def __init__(self, document: DocumentNode, authenticating: frozenset[str]) -> None:
        self.authenticating = authenticating
        self.limits: dict[str, int] = settings.GRAPHQL_LIMITS
        self.fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.depths: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                self._operation(node)
            elif isinstance(node, FragmentDefinitionNode):
                self._count(node.selection_set)
            if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
                size = self._size(node.selection_set, frozenset())
                self._at_most("max_fields", "fields", size)
        for limit, what in (
            ("aliases", "The document has {} aliases"),
            ("directives", "The document has {} directives"),
            ("spreads", "The document spreads fragments {} times"),
        ):
            allowed = self.limits[f"max_{limit}"]
            if self.counts[limit] > allowed:
                raise exceeded(f"max_{limit}", what.format(self.counts[limit]), allowed)

    def _operation(self, operation: OperationDefinitionNode) -> None:
        self._count(operation.selection_set)
        roots = list(self._root_fields(operation.selection_set, set()))
        names = [field.name.value for field in roots]
        self._at_most("max_root_fields", "root fields", len(names))
        self._at_most("max_variables", "variables", len(operation.variable_definitions or ()))
        if operation.operation is OperationType.MUTATION:
            self._at_most("max_mutations", "mutations", len(names))
            authenticating = sum(name in self.authenticating for name in names)
            self._at_most("max_auth_mutations", "mutations on accounts", authenticating)
        for definition in operation.variable_definitions or ():
            if definition.default_value is not None:
                self._check_lists([definition.default_value])
        for field in roots:
            introspects = field.name.value in ("__schema", "__type")
            limit = "max_introspection_depth" if introspects else "max_depth"
            depth = 1
            if field.selection_set:
                depth += self._depth(field.selection_set, frozenset())
            if depth > self.limits[limit]:
                raise exceeded(limit, f"The operation is {depth} levels deep", self.limits[limit])

    def _at_most(self, limit: str, what: str, count: int) -> None:
        if count > self.limits[limit]:
            raise exceeded(limit, f"The operation has {count} {what}", self.limits[limit])

    def _root_fields(self, selection_set: SelectionSetNode, seen: set[str]) -> Any:
        """The operation's own fields, those of a fragment once."""
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                yield from self._root_fields(node.selection_set, seen)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments.get(node.name.value)
                if fragment is not None and node.name.value not in seen:
                    seen.add(node.name.value)
                    yield from self._root_fields(fragment.selection_set, seen)

    def _count(self, selection_set: SelectionSetNode) -> None:
        """Count aliases, directives, spreads and repeated keys, each fragment once."""
        waiting = [selection_set]
        while waiting:
            current = waiting.pop()
            keys: Counter[str] = Counter()
            flat = list(current.selections)
            while flat:
                node = flat.pop()
                self.counts["directives"] += len(node.directives or ())
                for holder in (node, *(node.directives or ())):
                    given = getattr(holder, "arguments", None) or ()
                    self._check_lists([argument.value for argument in given])
                if isinstance(node, InlineFragmentNode):
                    flat.extend(node.selection_set.selections)
                elif isinstance(node, FragmentSpreadNode):
                    self.counts["spreads"] += 1
                    keys[f"...{node.name.value}"] += 1
                elif isinstance(node, FieldNode):
                    self.counts["aliases"] += node.alias is not None
                    keys[(node.alias or node.name).value] += 1
                    if node.selection_set:
                        waiting.append(node.selection_set)
            for key, repeats in keys.items():
                if repeats > (allowed := self.limits["max_repeats"]):
                    what = f"{key!r} is asked for {repeats} times in one place"
                    raise exceeded("max_repeats", what, allowed)

    def _check_lists(self, values: list[Any]) -> None:
        """Refuse a list in the document that is longer than one in a variable may be."""
        allowed = self.limits["max_list_items"]
        waiting = values
        while waiting:
            value = waiting.pop()
            if isinstance(value, ListValueNode):
                if len(value.values) > allowed:
                    raise exceeded(
                        "max_list_items",
                        f"The document has a list of {len(value.values)} items",
                        allowed,
                    )
                waiting.extend(value.values)
            elif isinstance(value, ObjectValueNode):
                waiting.extend(member.value for member in value.fields)

    def _size(self, selection_set: SelectionSetNode, within: frozenset[str]) -> int:
        """How many fields there are with fragments put in; each fragment is counted once."""
        size = 0
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                size += 1 + (self._size(node.selection_set, within) if node.selection_set else 0)
            elif isinstance(node, InlineFragmentNode):
                size += self._size(node.selection_set, within)
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in within or name not in self.fragments:
                    continue
                if name not in self.sizes:
                    selections = self.fragments[name].selection_set
                    self.sizes[name] = self._size(selections, within | {name})
                size += self.sizes[name]
        return size

    def _depth(self, selection_set: SelectionSetNode, within: frozenset[str]) -> int:
        """Levels of fields; a fragment's depth is computed once, a cycle is left to validation."""
        deepest = 0
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                below = self._depth(node.selection_set, within) if node.selection_set else 0
                deepest = max(deepest, 1 + below)
            elif isinstance(node, InlineFragmentNode):
                deepest = max(deepest, self._depth(node.selection_set, within))
            elif isinstance(node, FragmentSpreadNode):
                deepest = max(deepest, self._fragment_depth(node.name.value, within))
        return deepest

    def _fragment_depth(self, name: str, within: frozenset[str]) -> int:
        if name in within or name not in self.fragments:
            return 0
        if name not in self.depths:
            selections = self.fragments[name].selection_set
            self.depths[name] = self._depth(selections, within | {name})
        return self.depths[name]
