"""The smallest operation that still shows a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from typing import Any

from graphql import (
    REMOVE,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    VariableDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from tests.oracle.operations import Operation

# The members of nodes that are lists of what can be left out.
_LISTS = ("selections", "arguments", "directives", "fields", "values")


def minimal(operation: Operation, fails: Callable[[Operation], bool]) -> Operation:
    """Take away requests and parts of the document as long as ``fails`` says that it still does."""
    requests = operation.requests
    for fewer in (*([request] for request in requests), requests[1:], requests[:2]):
        alone = replace(operation, requests=fewer)
        if 0 < len(fewer) < len(requests) and fails(alone):
            operation = alone
            break
    shrunk = True
    while shrunk:
        shrunk = False
        for smaller in _smaller(parse(operation.document, no_location=True)):
            candidate = replace(operation, document=print_ast(_without_unused(smaller)))
            if candidate.document != operation.document and fails(candidate):
                operation, shrunk = candidate, True
                break
    return operation


def _smaller(tree: DocumentNode) -> Iterator[DocumentNode]:
    """The document with its fragments in their places; then without one of its parts each."""
    fragments = {
        node.name.value: node
        for node in tree.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    if fragments:
        yield visit(tree, _PutIn(fragments))
    counted = _Edit(-1, unwrap=False)
    visit(tree, counted)
    for place in range(counted.seen):
        for unwrap in (False, True):
            edit = _Edit(place, unwrap=unwrap)
            smaller = visit(tree, edit)
            if edit.done:
                yield smaller


class _PutIn(Visitor):
    """Puts fragments where they are spread."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        super().__init__()
        self.fragments = fragments

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> InlineFragmentNode:
        fragment = self.fragments[node.name.value]
        return InlineFragmentNode(
            type_condition=fragment.type_condition,
            directives=node.directives,
            selection_set=fragment.selection_set,
        )


class _Edit(Visitor):
    """Takes out the part at one place; with ``unwrap``, leaves what was selected below it."""

    def __init__(self, place: int, *, unwrap: bool) -> None:
        super().__init__()
        self.place = place
        self.unwrap = unwrap
        self.seen = 0
        self.done = False

    def enter(self, node: Any, *_: Any) -> Any:
        if self.done:
            return None
        for name in _LISTS:
            items = getattr(node, name, None) or ()
            at = self.place - self.seen
            self.seen += len(items)
            if 0 <= at < len(items):
                inner = self._inner(items[at])
                if inner is None:
                    return None
                self.done = True
                changed = copy(node)
                setattr(changed, name, (*items[:at], *inner, *items[at + 1 :]))
                return changed
        return None

    def _inner(self, item: Any) -> tuple[Any, ...] | None:
        """What takes the item's place; None where there is nothing to try."""
        if not self.unwrap:
            return ()
        within = getattr(item, "selection_set", None)
        if isinstance(item, FieldNode | InlineFragmentNode) and isinstance(
            within, SelectionSetNode
        ):
            return tuple(within.selections)
        return None


def _without_unused(tree: DocumentNode) -> DocumentNode:
    """Without the variables and fragments that nothing uses any more."""
    used: set[Any] = set()

    class Uses(Visitor):
        def enter_variable(self, node: Any, key: Any, parent: Any, *_: Any) -> None:
            if not isinstance(parent, VariableDefinitionNode):
                used.add(node.name.value)

        def enter_fragment_spread(self, node: Any, *_: Any) -> None:
            used.add(("fragment", node.name.value))

    class Drop(Visitor):
        def enter_variable_definition(self, node: Any, *_: Any) -> Any:
            return None if node.variable.name.value in used else REMOVE

        def enter_fragment_definition(self, node: Any, *_: Any) -> Any:
            return None if ("fragment", node.name.value) in used else REMOVE

    while True:
        used.clear()
        visit(tree, Uses())
        smaller = visit(tree, Drop())
        if print_ast(smaller) == print_ast(tree):
            return smaller
        tree = smaller
