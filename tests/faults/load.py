"""Customers, staff and services who use the shop, and remember what they were told."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import requests
from django.db import InterfaceError, OperationalError, connection, transaction

from tasks.dispatch import enqueue
from tests.schema.shop import LONDON, STOREFRONT
from users.sample import CUSTOMER_EMAIL, PASSWORD, STAFF_EMAIL

# Seconds from one purchase, message, log-in or job to the next, and how many do each.
PERIODS = {"buy": 1.0, "write": 0.5, "log_in": 4.0, "enqueue": 0.25}
CROWD = {"buy": 4, "write": 2, "log_in": 1, "enqueue": 1}
# What a page waits for: a log-in takes its time on purpose, for the password's hash.
MEASURED = {"CartCreate", "CartUpdate", "Checkout", "MessageSend"}
RETRY_SECONDS = 0.2
GIVE_UP_SECONDS = 60
# Of purchases, those whose buyer presses the button twice.
IMPATIENT = 0.1


@dataclass(frozen=True)
class Request:
    """One request and what came back: ``"answered"``, ``"unreachable"`` where the connection broke,
    ``"unavailable"`` where the shop said so, else what was wrong. Times are monotonic seconds."""

    name: str
    began: float
    ended: float
    outcome: str


@dataclass(frozen=True)
class Purchase:
    """A purchase that the shop has confirmed to its buyer; the numbers of all answers."""

    numbers: frozenset[str]
    job_ids: tuple[str, ...]


@dataclass(frozen=True)
class Sent:
    """A message that the shop has confirmed to its sender."""

    body: str
    job_ids: tuple[str, ...]


class GaveUp(Exception):
    """The shop answered wrongly, or not at all for a long time."""


class Load:
    """Runs the crowd in threads until told to stop; what it does is what ``random`` says."""

    def __init__(self, url: str, *, skus: list[str], random: Random) -> None:
        self.requests: list[Request] = []
        self.purchases: list[Purchase] = []
        self.sent: list[Sent] = []
        self.jobs: list[str] = []  # the names of jobs whose commit was confirmed
        self.errors: list[str] = []  # what clients could make nothing of
        self._url = f"{url}/graphql"
        self._skus = skus
        self._random = random
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for what, count in CROWD.items():
            for _ in range(count):
                each = threading.Thread(
                    target=self._repeat, args=(getattr(self, f"_{what}"), PERIODS[what])
                )
                each.start()
                self._threads.append(each)

    def stop(self) -> None:
        """Let everybody finish what he has begun."""
        self._stop.set()
        for each in self._threads:
            each.join(GIVE_UP_SECONDS)

    def _repeat(self, action: Callable[[Client], None], period: float) -> None:
        client = Client(self._url, self.requests)
        while not self._stop.wait(self._random.uniform(0, 2 * period)):
            try:
                action(client)
            except GaveUp:
                continue  # its request says why
            except Exception as error:  # noqa: BLE001  (the run is to fail with it)
                self.errors.append(f"Somebody could not {action.__name__[1:]}: {error!r}")
        client.close()
        connection.close()

    def _buy(self, client: Client) -> None:
        if self._random.random() < 0.5:
            client.log_in(CUSTOMER_EMAIL)
        else:
            client.token = None
        line = {"sku": self._random.choice(self._skus), "quantity": 1}
        key = uuid.uuid4().hex
        new = {"lines": [line], "email": "ada@example.com", "idempotencyKey": f"cart-{key}"}
        token = client.send("CartCreate", new)["cart"]["token"]
        cart = client.send("CartUpdate", {"token": token, "shippingAddress": LONDON})["cart"]
        method = cart["shippingMethods"][0]["id"]
        cart = client.send("CartUpdate", {"token": token, "shippingMethodId": method})["cart"]
        order = {
            "cartToken": token,
            "idempotencyKey": key,
            "quoteTotal": cart["quote"]["total"]["amount"],
            "payment": {"provider": "manual", "data": {}},
        }
        answers = [client.send("Checkout", order)]
        if self._random.random() < IMPATIENT:
            answers.append(client.send("Checkout", order))
        self.purchases.append(
            Purchase(
                frozenset(answer["order"]["number"] for answer in answers),
                tuple(job["id"] for answer in answers for job in answer["jobs"]),
            )
        )

    def _write(self, client: Client) -> None:
        client.log_in(CUSTOMER_EMAIL)
        body = uuid.uuid4().hex
        message = {"recipientEmail": STAFF_EMAIL, "body": body, "idempotencyKey": body}
        answer = client.send("MessageSend", message)
        self.sent.append(Sent(body, tuple(job["id"] for job in answer["jobs"])))

    def _log_in(self, client: Client) -> None:
        client.token = None
        client.log_in(STAFF_EMAIL)

    def _enqueue(self, client: Client) -> None:
        """What any service does: a job in a transaction. Its effect shows how often it was had."""
        name = uuid.uuid4().hex
        queue = self._random.choice(["high", "default", "bulk"])
        seconds = self._random.uniform(0, 0.2)
        try:
            with transaction.atomic():
                enqueue("sample.write", queue=queue, name=name, seconds=seconds)
        except (OperationalError, InterfaceError):
            connection.close()
        else:
            self.jobs.append(name)


class Client:
    """Sends operations, and sends again what the connection or the shop did not let through."""

    def __init__(self, url: str, sent: list[Request]) -> None:
        self.token: str | None = None
        self._tokens: dict[str, str] = {}
        self._url = url
        self._sent = sent
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def log_in(self, email: str) -> None:
        """Be this account: by the token that it has, or a new one for who is nobody yet."""
        if self.token is None or email not in self._tokens:
            answer = self.send("Login", {"email": email, "password": PASSWORD}, is_input=False)
            self._tokens[email] = answer["token"]
        self.token = self._tokens[email]

    def send(self, name: str, variables: dict[str, Any], *, is_input: bool = True) -> Any:
        """The payload of a mutation; raises GaveUp."""
        body = {
            "query": STOREFRONT[name],
            "operationName": name,
            "variables": {"input": variables} if is_input else variables,
        }
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            began = time.monotonic()
            outcome, payload = self._ask(body)
            self._sent.append(Request(name, began, time.monotonic(), outcome))
            if outcome == "answered":
                return payload
            if outcome not in ("unreachable", "unavailable") or time.monotonic() > deadline:
                raise GaveUp(outcome)
            time.sleep(RETRY_SECONDS)

    def _ask(self, body: dict[str, Any]) -> tuple[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            response = self._session.post(self._url, json=body, headers=headers, timeout=30)
        except requests.RequestException:
            return "unreachable", None
        return outcome_of(response.status_code, response.text, response.headers)


def outcome_of(status: int, text: str, headers: Any) -> tuple[str, Any]:
    """What an answer amounts to, and its payload."""
    if status == 503 and "Retry-After" in headers:
        return "unavailable", None
    try:
        answer = json.loads(text)
    except ValueError:
        return f"{status} {text[:200]}", None
    if errors := answer.get("errors"):
        busy = status == 200 and errors[0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        return "unavailable" if busy else f"{status} {text[:200]}", None
    (payload,) = answer["data"].values()
    if status != 200 or payload.get("userErrors"):
        return f"{status} {text[:200]}", None
    return "answered", payload
