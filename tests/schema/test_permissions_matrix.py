"""Who may call what: every root field of the schema for every kind of caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    get_named_type,
)

from schema.authentication import identify
from schema.execution import GraphQLRequest, composed
from schema.live.operation import Subscribed
from schema.problems import Problem
from tests.catalog.pictures import picture
from tests.catalog.test_csv_import import MUG, csv_file
from tests.schema.permission_rows import (
    EVERYBODY,
    KEYS_OF_NOBODYS,
    MUTATIONS,
    QUERIES,
    SUBSCRIPTIONS,
    TABLES,
)
from tests.schema.shop import (
    LONDON,
    Answer,
    ShopTestCase,
    contents,
    make_user,
    own_media,
    token_of,
)
from tests.schema.things import GUESSES, OWNED, things
from tests.schema.walking import Select, call_of, fields_of, nearest
from users.models import User
from users.roles import ROLES

MAPPING = composed()[1]
WITHOUT_EFFECT = {"verifyToken"}


def required(root: str, name: str) -> str | None:
    """The permission that a root field is declared to take."""
    declared: str | None = MAPPING.declared(root, name).permission.required
    return declared


def takes_key(field: GraphQLField) -> bool:
    """Whether an argument, or a field of its input, may name one row: an id, number, token..."""
    waiting = [(name, get_named_type(each.type)) for name, each in field.args.items()]
    seen: set[GraphQLNamedType] = set()
    while waiting:
        name, type_ = waiting.pop()
        if type_.name == "ID" or name.lower().endswith(("token", "number", "email")):
            return True
        if isinstance(type_, GraphQLInputObjectType) and type_ not in seen:
            seen.add(type_)
            waiting += [(name, get_named_type(each.type)) for name, each in type_.fields.items()]
    return False


class TestTable(ShopTestCase):
    def test_names_every_root_field_and_every_kind_of_caller(self) -> None:
        for root, table in TABLES.items():
            assert sorted(table) == sorted(fields_of(root)), "Say who may call it, with a row."
            assert all(row.callers <= EVERYBODY for row in table.values())
        assert {"anonymous", "customer", "another customer", *ROLES} == EVERYBODY

    def test_says_of_whatever_takes_a_key_what_another_customer_may(self) -> None:
        """A new field that finds somebody's rows by a key can't pass as one that owns nothing."""
        for root, table in TABLES.items():
            for name, row in table.items():
                if "customer" not in row.callers or not takes_key(fields_of(root)[name]):
                    continue
                assert row.is_owned is (name not in KEYS_OF_NOBODYS), name

    def test_names_nothing_of_anybodys_where_all_customers_are_alike(self) -> None:
        for table in TABLES.values():
            for name, row in table.items():
                assert row.is_owned or "customer" not in row.callers or "%" not in row.arguments, (
                    name
                )
        assert all(row.refusal for row in MUTATIONS.values() if row.is_owned)


class TestCalls(ShopTestCase):
    """What each caller is answered; one who is denied changes nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(own_media())

    def test_of_the_anonymous(self) -> None:
        self.calls("anonymous", None)

    def test_of_customers(self) -> None:
        self.calls("customer", make_user())

    def test_of_catalogue_managers(self) -> None:
        self.calls("catalog_manager", make_user(role="catalog_manager"))

    def test_of_order_managers(self) -> None:
        self.calls("order_manager", make_user(role="order_manager"))

    def test_of_support(self) -> None:
        self.calls("support", make_user(role="support"))

    def test_of_admins(self) -> None:
        self.calls("admin", make_user(role="admin"))

    def test_of_superusers(self) -> None:
        user = make_user(is_superuser=True)
        bearer, known = token_of(user), things(self, user)
        for name, row in QUERIES.items():
            call = call_of("Query", name, row.arguments % known)
            assert self.ask(f"{{ {call} }}", bearer=bearer).codes == []

    def calls(self, caller: str, user: User | None) -> None:
        """Send each call; whatever it changes is undone before the next."""
        bearer, known = token_of(user) if user else None, things(self, user)
        for name, row in QUERIES.items():
            with self.subTest(name):
                answer = self.ask(
                    f"{{ {call_of('Query', name, row.arguments % known)} }}", bearer=bearer
                )
                if caller not in row.callers:
                    self.is_denied(answer, user, required("Query", name))
                else:
                    assert answer.codes == []
                    # Else it would prove nothing that another customer is shown nothing.
                    assert not (user and row.is_owned) or answer.data[name] not in (None, [None])
        for name, row in SUBSCRIPTIONS.items():
            with self.subTest(name):
                code = self.begins(name, row.arguments % known, bearer)
                assert code == ("" if caller in row.callers else denial(user))
        for name, row in MUTATIONS.items():
            with self.subTest(name), self.undone():
                before = contents()
                answer = self.mutate(name, row.arguments % known, bearer)
                if caller not in row.callers:
                    self.is_denied(answer, user, required("Mutation", name))
                else:
                    assert answer.codes == [], answer.text
                has_changed = contents() != before
                assert has_changed is (caller in row.callers and name not in WITHOUT_EFFECT)

    def test_of_another_customer(self) -> None:
        """Of what is a customer's, one who names it is shown nothing and changes nothing."""
        ada = make_user()
        hers = things(self, ada)
        secrets = {hers[name] for name in OWNED} | {LONDON["street"]}
        known, before_bea = hers | GUESSES, contents()
        bea = make_user("bea@example.com")
        bearer = token_of(bea)
        for root, table in TABLES.items():
            for name, row in table.items():
                arguments = (row.of_another or row.arguments) % known
                with self.subTest(name), self.undone():
                    before = contents()
                    if root == "Subscription":
                        code = self.begins(name, arguments, bearer)
                        is_denied = "customer" not in row.callers
                        refusal = denial(bea) if is_denied else row.refusal
                        assert code == (refusal if is_denied or row.is_owned else "")
                        continue
                    answer = (
                        self.ask(
                            f"{{ {call_of(root, name, arguments, select=nearest)} }}",
                            bearer=bearer,
                        )
                        if root == "Query"
                        else self.mutate(name, arguments, bearer, nearest)
                    )
                    shown = {value for value in secrets if f'"{value}"' in answer.text}
                    assert not shown - {value for value in secrets if value in arguments}
                    if "customer" not in row.callers:
                        self.is_denied(answer, bea, required(root, name))
                    elif row.is_owned:
                        assert self.refusal_of(answer, name) == row.refusal, answer.text
                    else:
                        assert answer.codes == [], answer.text
                        assert before_bea <= contents()
                        continue
                    assert contents() == before

    def refusal_of(self, answer: Answer, name: str) -> str:
        """How a row says it."""
        if answer.codes:
            (code,) = answer.codes
            return code
        value = answer.data[name]
        if isinstance(value, dict) and "userErrors" in value:
            ((field, code),) = answer.user_errors
            return f"{field} {code}"
        assert value in (None, [None])
        return ""

    def is_denied(self, answer: Answer, user: User | None, permission: str | None) -> None:
        """Denied, and told the permission that it takes."""
        named = {"required": permission} if permission else {}
        assert answer.errors == [{"code": denial(user), **named}], answer.text

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo whatever happens in here."""
        # No atomic block: refreshToken wants to be the outermost one.
        before = transaction.savepoint()
        try:
            yield
        finally:
            transaction.savepoint_rollback(before)

    def begins(self, name: str, arguments: str, bearer: str | None) -> str:
        """The code with which a subscription is refused; empty where it begins."""
        caller = identify(authorization=f"Bearer {bearer}" if bearer else "", cookie="")
        call = call_of("Subscription", name, arguments)
        try:
            Subscribed(GraphQLRequest(f"subscription {{ {call} }}"), caller, None)
        except Problem as problem:
            return problem.code
        return ""

    def mutate(
        self, name: str, arguments: str, bearer: str | None, select: Select | None = None
    ) -> Answer:
        """Send a mutation, one that takes a file with a picture or a table."""
        call = call_of("Mutation", name, arguments, select)
        if "$file" not in call:
            return self.ask(f"mutation {{ {call} }}", bearer=bearer)
        document = f"mutation ($file: Upload!) {{ {call} }}"
        file = csv_file(MUG) if name == "productImportValidate" else picture()
        return self.upload(document, {"file": None}, bearer=bearer, file=file)


def denial(user: User | None) -> str:
    """The code for who may not."""
    return "FORBIDDEN" if user else "UNAUTHENTICATED"
