"""Where a delivery may go: addresses of the public internet, none of the shop's own network.

A request to an address that somebody else chose could reach what only the shop's servers may: a
database, an admin page, a cloud's metadata (OWASP: server-side request forgery). What counts is the
IP address behind the name, whatever the name or its spelling; and who asks the DNS twice may get
two answers. So the name is resolved once, all of its addresses are checked, and the connection goes
to one of these.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings

# What may stand in an address: visible ASCII; browsers read a backslash as a slash.
_CHARACTERS = re.compile(r"[!-\[\]-~]+")
_PORTS = {"https": 443, "http": 80}

# What IANA's registries of special-purpose addresses set apart. Python's `is_global` differs from
# one release to the next.
_PRIVATE = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # public by its number: Azure's agent of each virtual machine
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocols, and Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
# All that IPv6 uses so far for the internet, but for what is set apart in it.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_GLOBAL = [
    IPv6Network("2001::/23"),  # protocols; Teredo
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("3fff::/20"),  # documentation
]
# How an IPv6 network reaches IPv4: the address is in the last 32 bits (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")


class NotAllowed(Exception):
    """An address to which nothing is sent, with a reason fit for a client."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The parts of an endpoint's address.

    Attributes:
        scheme: ``https`` or ``http``.
        host: the name, or an IP address without brackets.
        authority: host and port as the address writes them, for the ``Host`` header.
        target: path and query, for the request's first line.
    """

    scheme: str
    host: str
    port: int
    authority: str
    target: str


def destination_of(url: str) -> Destination:
    """Take an address apart that requests may go to, as far as that can be told without the DNS.

    Raises:
        NotAllowed: it is no address, or one of the kinds that nothing is sent to.
    """
    if not _CHARACTERS.fullmatch(url):
        raise NotAllowed("An address has no spaces, and other letters than ASCII percent-encoded.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowed("This is no address.") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise NotAllowed("Give an address such as https://example.com/webhooks.")
    if parts.scheme == "http" and not settings.WEBHOOK_ALLOW_HTTP:
        raise NotAllowed("The address must begin with https://.")
    if "@" in parts.netloc:
        raise NotAllowed("The address must not hold a user or password.")
    if "#" in url:
        raise NotAllowed("The address must not have a fragment (#).")
    query = f"?{parts.query}" if parts.query else ""
    destination = Destination(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        authority=parts.netloc,
        target=f"{parts.path or '/'}{query}",
    )
    _refuse_own(destination)
    return destination


def addresses_of(destination: Destination) -> list[str]:
    """The IP addresses of a destination, all of which are public; asks the DNS once.

    Raises:
        NotAllowed: one of them is not, or there is none.
    """
    addresses = resolve(destination.host, destination.port)
    if not addresses:
        raise NotAllowed("The address's host is not known.")
    _refuse_private(addresses)
    return addresses


def resolve(host: str, port: int, flags: int = 0) -> list[str]:
    """The IP addresses of a name, in the order to try them; none where it is not known."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        embedded = _embedded_in(found)
        if embedded is None:
            return found in _GLOBAL_UNICAST and not any(found in each for each in _NOT_GLOBAL)
        found = embedded
    return not any(found in network for network in _PRIVATE)


def _embedded_in(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to an IPv6 address reach in the end, if that is how they go."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _refuse_own(destination: Destination) -> None:
    """Refuse what is known to be private without the DNS, so that nobody enters it."""
    host = destination.host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        _refuse_private(["127.0.0.1"])
    # Also 2130706433, 0x7f.1 and 0177.0.0.1, which are all 127.0.0.1 to the C library.
    _refuse_private(resolve(host, destination.port, socket.AI_NUMERICHOST))


def _refuse_private(addresses: list[str]) -> None:
    if settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES:
        return
    if not all(is_public(address) for address in addresses):
        raise NotAllowed("The address leads into a private network, where nothing is sent to.")
