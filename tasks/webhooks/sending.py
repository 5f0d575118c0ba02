"""One request to an endpoint: to a checked address, within bounds of time and size."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from tasks.webhooks.addresses import Destination, NotAllowed, addresses_of, destination_of

# Seconds for each of a few addresses to be connected to; for each wait after that; for all of them.
CONNECT_SECONDS = 5
WAIT_SECONDS = 10
ANSWER_SECONDS = 15
MOST_ADDRESSES = 3
# How much of an answer's body is read, and kept for who looks for a mistake.
EXCERPT_BYTES = 1_000

# What goes wrong with a connection, as the libraries below each other call it.
_FAILURES = (HTTPError, HTTPException, OSError, ValueError)


class NotDelivered(Exception):
    """Nobody has answered a request, with a reason fit for a client."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint has answered.

    Attributes:
        status: HTTP's.
        excerpt: the beginning of the body, as text.
    """

    status: int
    excerpt: str


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send a body by POST. A redirect is an answer like any other: nothing follows it.

    Raises:
        NotDelivered: the address is not allowed, can't be reached, or does not answer in time.
    """
    try:
        destination = destination_of(url)
        addresses = addresses_of(destination)
    except NotAllowed as error:
        raise NotDelivered(str(error)) from error
    connection = _connect(destination, addresses[:MOST_ADDRESSES])
    with _cut_off_after(ANSWER_SECONDS, connection) as is_cut_off:
        try:
            connection.request(
                "POST",
                destination.target,
                body=body,
                headers={"Host": destination.authority, "Accept-Encoding": "identity", **headers},
                preload_content=False,
            )
            response = connection.getresponse()
        except _FAILURES as error:
            is_late = isinstance(error, TimeoutError) or is_cut_off()
            reason = "in time" if is_late else "in HTTP"
            raise NotDelivered(f"The endpoint did not answer {reason}.") from error
        return Answer(response.status, _beginning_of(response))


def _connect(destination: Destination, addresses: list[str]) -> HTTPConnection:
    """A connection to the first of the addresses that takes one.

    The name is not looked up again: it only tells the server, by SNI, whom its certificate must
    name.
    """
    reason: Exception | None = None
    for address in addresses:
        connection = _connection(destination, address)
        try:
            connection.connect()
        except _FAILURES as error:
            connection.close()
            reason = error
            continue
        connection.timeout = WAIT_SECONDS
        return connection
    if isinstance(reason, ssl.SSLError):
        raise NotDelivered("The endpoint's certificate is not valid.") from reason
    raise NotDelivered("The endpoint can't be connected to.") from reason


def _connection(destination: Destination, address: str) -> HTTPConnection:
    if destination.scheme == "http":
        return HTTPConnection(address, destination.port, timeout=CONNECT_SECONDS)
    return HTTPSConnection(
        address,
        destination.port,
        timeout=CONNECT_SECONDS,
        server_hostname=destination.host,
        ssl_context=_trust(),
    )


@cache
def _trust() -> ssl.SSLContext:
    """The authorities of the system (or of ``SSL_CERT_FILE``), and those that browsers trust."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _cut_off_after(seconds: float, connection: HTTPConnection) -> Iterator[Callable[[], bool]]:
    """Close a connection where the block takes longer, and at its end; tells whether it did.

    A timeout of the socket starts anew with every byte, so that a server that sends one now and
    then could hold a worker for hours.
    """

    # The connection forgets it once the headers have come, if no second request may follow.
    plug = connection.sock
    late = threading.Event()

    def cut_off() -> None:
        late.set()
        with suppress(OSError):
            # Not TLS's own method, which takes from a reader in another thread what it reads with.
            socket.socket.shutdown(plug, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield late.is_set
    finally:
        timer.cancel()
        connection.close()


def _beginning_of(response: HTTPResponse) -> str:
    """As much of a body as comes in time; the status has said already what matters."""
    begun = b""
    with closing(response), suppress(*_FAILURES):
        while len(begun) < EXCERPT_BYTES and (
            more := response.read1(EXCERPT_BYTES - len(begun), decode_content=False)
        ):
            begun += more
    return begun.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
