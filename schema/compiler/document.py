"""Documents: parsed, limited and validated once, then found by their text."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from django.conf import settings
from graphene.utils.str_converters import to_camel_case
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    VariableNode,
    Visitor,
    parse,
    validate,
    visit,
)

from schema.compiler.limits import DocumentLimits, exceeded
from schema.compiler.plans import Recent
from schema.problems import Problem, problem_of

# A parsed document takes a hundred times the memory of its text. Known queries need it no more.
_KEPT_CHARACTERS = 32 * 1024


class InvalidDocument(Exception):
    """The document can't be run; ``problems`` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


class Document:
    """A valid document.

    Attributes:
        text: as the client sent it; the plan's key.
        operations: by name; an anonymous one under "".
        fragments: by name.
    """

    def __init__(self, text: str, node: DocumentNode) -> None:
        self.text = text
        self.node = node
        self.operations = {
            definition.name.value if definition.name else "": definition
            for definition in node.definitions
            if isinstance(definition, OperationDefinitionNode)
        }
        self.fragments = {
            definition.name.value: definition
            for definition in node.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run.

        Raises:
            InvalidDocument: there is none of that name, or several and no name.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name else None
        if found is None:
            message = (
                f"The document has no operation named {name!r}."
                if name
                else "The document has several operations; say which by `operationName`."
            )
            raise InvalidDocument([Problem("BAD_USER_INPUT", message)])
        return found

    @cached_property
    def read_variables(self) -> frozenset[str]:
        """The variables that reading depends on: all but those only in mutations' arguments."""
        names: set[str] = set()

        class Collect(Visitor):
            def enter_variable(self, node: VariableNode, *_: Any) -> None:
                names.add(node.name.value)

        collect = Collect()
        for operation in self.operations.values():
            if operation.operation is not OperationType.MUTATION:
                visit(operation.selection_set, collect)
                continue
            for selection in operation.selection_set.selections:
                inside = selection.selection_set if isinstance(selection, FieldNode) else selection
                for part in (*(selection.directives or ()), *([inside] if inside else ())):
                    visit(part, collect)
        for fragment in self.fragments.values():
            visit(fragment.selection_set, collect)
        return frozenset(names)


def load_document(schema: GraphQLSchema, text: str) -> Document:
    """The valid document of a text, from the cache where it was seen before.

    Raises:
        InvalidDocument: it is too large, can't be parsed, or breaks a limit or a rule of the
            schema. That is not cached: errors are cheap to find and endless to make.
    """
    limit = settings.GRAPHQL_LIMITS["max_document_bytes"]
    if len(text) > limit or len(text.encode()) > limit:
        raise InvalidDocument(
            [exceeded("max_document_bytes", f"The document has over {limit} bytes", limit)]
        )
    document = _documents.get((schema, text))
    if document is None:
        document = _load(schema, text)
        _documents.put((schema, text), document, weight=len(text))
    return document


_documents: Recent[Document] = Recent(size=1000, weight=_KEPT_CHARACTERS)


def _load(schema: GraphQLSchema, text: str) -> Document:
    limits = settings.GRAPHQL_LIMITS
    try:
        node = parse(text, max_tokens=limits["max_tokens"])
        DocumentLimits(node, authenticating_mutations(schema))
        if "\\u" in text:
            visit(node, _Storable())
    except GraphQLSyntaxError as error:
        raise InvalidDocument([_syntax_problem(error)]) from None
    except Problem as problem:
        raise InvalidDocument([problem]) from None
    except RecursionError:
        raise InvalidDocument([_too_deep()]) from None
    try:
        errors = validate(schema, node, max_errors=20)
    except GraphQLError as error:
        # The rule on a subscription's one field raises where a variable decides on it.
        errors = [error]
    if errors:
        raise InvalidDocument([problem_of(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
    return Document(text, node)


@cache
def authenticating_mutations(schema: GraphQLSchema) -> frozenset[str]:
    """The mutations that are declared to check a password or token."""
    if schema.mutation_type is None:
        return frozenset()
    declared: Any = schema.mutation_type.graphene_type  # type: ignore[attr-defined]
    return frozenset(
        to_camel_case(name)
        for name, field in declared._meta.fields.items()
        if getattr(field, "authenticates", False)
    )


def _syntax_problem(error: GraphQLSyntaxError) -> Problem:
    """A syntax error, or the limit at which the parser gave up."""
    if not error.message.endswith("Parsing aborted."):
        return problem_of(error, "GRAPHQL_PARSE_FAILED")
    if "tokens" not in error.message:
        return _too_deep()
    allowed = settings.GRAPHQL_LIMITS["max_tokens"]
    return exceeded("max_tokens", f"The document has over {allowed} tokens", allowed)


def _too_deep() -> Problem:
    allowed = settings.GRAPHQL_LIMITS["max_depth"]
    return exceeded("max_depth", "The document is too deeply nested", allowed)


class _Storable(Visitor):
    """Refuses texts that PostgreSQL can't hold, written as escapes in the document.

    The transport refuses them in JSON.
    """

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """Look at one text."""
        if "\0" in node.value or any("\ud800" <= sign <= "\udfff" for sign in node.value):
            raise Problem("BAD_USER_INPUT", "A text must not contain NUL or half a surrogate pair.")
