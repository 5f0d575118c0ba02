"""Who is measured: Nexus, two other ways to serve the same tables, and uvicorn with nothing."""

from __future__ import annotations

import json
import sys
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.database import ROOT, Database
from benchmarks.load import Target
from benchmarks.node import node
from benchmarks.operations import CUSTOMERS, FOLDER, OPERATIONS, Operation
from benchmarks.processes import free_port, server

HERE = Path(__file__).parent
PEERS = HERE / "peers"
POSTGRAPHILE = PEERS / "postgraphile"
UVICORN = (sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools")
WSGI = (
    *(sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "1"),
    *("--worker-class", "gthread", "--threads", "4", "--log-level", "warning"),
    "django.core.wsgi:get_wsgi_application()",
)
# What no two contenders may answer differently.
COMPARED = frozenset({"name", "slug", "sku", "alt", "title", "rating", "number", "quantity"})
_MARKER = "<drawn>"


@dataclass(frozen=True)
class Contender:
    """One way to serve the shop, in one process.

    Attributes:
        command: with ``{port}`` where the port belongs.
        path: of its GraphQL endpoint.
        documents: the folder with its spelling of the operations.
        lacks: operations that it can't answer.
        resources: where it speaks REST: the path and query of each operation that it can answer.
        customer_variable: where a customer is not told by a token but named by a variable.
    """

    name: str
    command: tuple[str, ...]
    path: str = "/graphql"
    documents: Path = FOLDER
    lacks: frozenset[str] = frozenset()
    resources: Mapping[str, str] = field(default_factory=dict)
    customer_variable: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT

    @contextmanager
    def running(self, database: Database, **settings: str) -> Iterator[Running]:
        """Its server, meanwhile, with more settings in its environment."""
        port = free_port()
        command = [part.format(port=port) for part in self.command]
        environment = {
            **database.environment,
            "DATABASE_URL": database.url,
            "PORT": str(port),
            **self.environment,
            **settings,
        }
        with server(command, port=port, environment=environment, folder=self.folder) as pid:
            yield Running(self, pid, f"http://127.0.0.1:{port}{self.path}")


@dataclass(frozen=True)
class Running:
    """A contender whose server runs."""

    contender: Contender
    pid: int
    url: str

    def answers(self, operation: Operation) -> bool:
        """Whether the operation can be asked."""
        return operation.name not in self.contender.lacks

    def target(self, operation: Operation) -> Target:
        """The operation as requests to this server."""
        if resource := self.contender.resources.get(operation.name):
            return Target(f"{self.url}{resource}")
        document = operation.document(self.contender.documents)
        variable, low, high = operation.draws or ("", 0, 0)
        tokens: tuple[str, ...] = ()
        if operation.as_customer:
            variable, low, high = self.contender.customer_variable, 1, CUSTOMERS
            tokens = () if variable else customer_tokens()
        body = {"query": document, "variables": {variable: _MARKER} if variable else {}}
        return Target(
            self.url,
            json.dumps(body),
            # A number where the variable is an Int, so without the quotes.
            marker=(_MARKER if operation.draws else f'"{_MARKER}"') if variable else "",
            low=low,
            high=high,
            tokens=tokens,
        )


def ask(target: Target, drawn: int = 0) -> dict[str, Any]:
    """The data that one request gets.

    Raises:
        ValueError: it got errors.
    """
    if not target.body:
        with urllib.request.urlopen(target.url, timeout=30) as response:
            return json.load(response)
    body = target.body.replace(target.marker, str(drawn)) if target.marker else target.body
    headers = {"Content-Type": "application/json"}
    if target.tokens:
        headers["Authorization"] = f"Bearer {target.tokens[drawn - 1]}"
    request = urllib.request.Request(target.url, body.encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    if answer.get("errors"):
        raise ValueError(f"{target.url} answered {answer['errors']}")
    return answer["data"]


def census(answer: Any) -> Counter[tuple[str, str]]:
    """How often which value stands in an answer, of the fields that everybody calls the same."""
    found: Counter[tuple[str, str]] = Counter()
    if isinstance(answer, dict):
        for key, value in answer.items():
            if key in COMPARED:
                found[key, str(value)] += 1
            found += census(value)
    elif isinstance(answer, list):
        for value in answer:
            found += census(value)
    return found


def customer_tokens() -> tuple[str, ...]:
    """An access token for each of the customers, in the order of their keys."""
    from users.tokens import issue_token

    now = datetime.now(UTC)
    return tuple(
        issue_token(user_id=key, version=1, family=uuid.uuid4(), now=now)[0]
        for key in range(1, CUSTOMERS + 1)
    )


HELLO = Contender(
    "uvicorn's hello, world",
    (*UVICORN, "--port", "{port}", "--no-access-log", "benchmarks.hello:application"),
    path="/",
)
NEXUS = Contender(
    "Nexus",
    (*UVICORN, "--port", "{port}", "--no-access-log", "nexus.asgi:application"),
)
# Both APIs of Nexus on one stack, Django's: for what REST costs beside GraphQL.
_SAME_STACK: dict[str, Any] = {
    "command": WSGI,
    "lacks": frozenset(each.name for each in OPERATIONS) - {"listing"},
    "environment": {"DJANGO_SETTINGS_MODULE": "nexus.settings", "REST_REQUESTS_PER_MINUTE": "0"},
}
VIEW = Contender("Nexus, by Django's view", **_SAME_STACK)
REST = Contender(
    "Nexus, by REST",
    path="/api/",
    resources={
        "listing": "products/?page_size=24&fields=id,slug,name,vendor,category.name,category.slug,"
        "variants.sku,variants.name,variants.price,variants.currency,media.url,media.alt"
    },
    **_SAME_STACK,
)
GRAPHENE = Contender(
    "graphene-django",
    WSGI,
    lacks=frozenset({"facets"}),
    environment={"DJANGO_SETTINGS_MODULE": "benchmarks.peers.graphene_stock.settings"},
)


def postgraphile() -> Contender | None:
    """PostGraphile, where Node and its packages are there."""
    if not node() or not (HERE / "node_modules" / "postgraphile").is_dir():
        return None
    return Contender(
        "PostGraphile",
        (*node(), "server.mjs"),
        documents=POSTGRAPHILE / "operations",
        lacks=frozenset({"search", "facets"}),
        customer_variable="customer",
        environment={"NODE_ENV": "production", "GRAPHILE_ENV": "production"},
        folder=POSTGRAPHILE,
    )
