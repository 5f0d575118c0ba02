"""Nothing is sent into the shop's own network, however its address is written."""

from __future__ import annotations

import pytest

from tasks.webhooks import addresses
from tasks.webhooks.addresses import (
    Destination,
    NotAllowed,
    addresses_of,
    destination_of,
    is_public,
)
from tasks.webhooks.sending import NotDelivered, post

PRIVATE = [
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "1.1.1.1",
    "172.32.0.1",
    "192.169.0.1",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2606:4700:4700::1111",
    "2002:101:101::1",
]


class TestIsPublic:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_not_of_the_inside_of_a_network(self, address):
        assert not is_public(address)

    @pytest.mark.parametrize("address", PUBLIC)
    def test_of_the_internet(self, address):
        assert is_public(address)


class TestDestination:
    def test_keeps_what_the_request_needs(self):
        found = destination_of("https://Example.com:8443/hooks/a%20b?x=1&y=")
        assert (found.scheme, found.host, found.port) == ("https", "example.com", 8443)
        assert (found.authority, found.target) == ("Example.com:8443", "/hooks/a%20b?x=1&y=")
        assert destination_of("https://example.com").target == "/"
        assert destination_of("https://example.com?x").port == 443
        assert destination_of("https://[2606:4700::1]/").host == "2606:4700::1"

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/",
            "https://127.0.0.1./",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://10.0.0.1:8443/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[fe80::1]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://shop.localhost:9000/",
        ],
    )
    def test_is_refused_in_a_private_network_without_asking_the_dns(self, url):
        with pytest.raises(NotAllowed, match="private network"):
            destination_of(url)

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("", "no spaces"),
            ("https://exa mple.com/", "no spaces"),
            ("https://example.com/\r\nHost: x", "no spaces"),
            ("https://example.com\\@127.0.0.1/", "no spaces"),
            ("https://exämple.com/", "no spaces"),
            ("https://[::1", "no address"),
            ("https://example.com:99999/", "no address"),
            ("https://example.com:x/", "no address"),
            ("https://example.com:0/", "such as"),
            ("https:///path", "such as"),
            ("example.com", "such as"),
            ("ftp://example.com/", "such as"),
            ("file:///etc/passwd", "such as"),
            ("gopher://example.com/", "such as"),
            ("javascript:alert(1)", "such as"),
            ("https://user:pass@example.com/", "user or password"),
            ("https://@example.com/", "user or password"),
            ("https://example.com/#x", "fragment"),
        ],
    )
    def test_is_refused_where_it_is_none(self, url, reason):
        with pytest.raises(NotAllowed, match=reason):
            destination_of(url)

    def test_is_https_unless_the_shop_allows_http(self, settings):
        assert destination_of("http://example.com/").port == 80
        settings.WEBHOOK_ALLOW_HTTP = False
        with pytest.raises(NotAllowed, match="https://"):
            destination_of("http://example.com/")

    def test_may_be_anything_where_the_shop_allows_it(self, private_allowed):
        assert addresses_of(destination_of("http://localhost:9/")) == ["127.0.0.1"]


class TestAddresses:
    @pytest.fixture
    def dns(self, monkeypatch) -> dict[str, list[list[str]]]:
        """What the DNS answers to each question for a name in turn."""
        answers: dict[str, list[list[str]]] = {}
        real = addresses.resolve

        def resolve(host: str, port: int, flags: int = 0) -> list[str]:
            return real(host, port, flags) if flags else answers[host].pop(0)

        monkeypatch.setattr(addresses, "resolve", resolve)
        return answers

    @pytest.mark.parametrize(
        "found", [["10.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"]]
    )
    def test_are_refused_where_one_is_private(self, dns, found):
        dns["rebind.example"] = [found]
        with pytest.raises(NotAllowed, match="private network"):
            addresses_of(destination_of("https://rebind.example/"))

    def test_are_refused_where_there_is_none(self, dns):
        dns["unknown.example"] = [[]]
        with pytest.raises(NotAllowed, match="not known"):
            addresses_of(destination_of("https://unknown.example/"))

    def test_of_a_name_of_this_machine_are_refused(self):
        with pytest.raises(NotAllowed, match="private network"):
            addresses_of(Destination("http", "localhost", 80, "localhost", "/"))

    def test_are_asked_for_once_so_that_a_second_answer_counts_for_nothing(
        self, dns, receiver, monkeypatch
    ):
        """DNS rebinding: public for the check, private for the connection."""
        dns["rebind.example"] = [["1.1.1.1"], ["127.0.0.1"]]
        connected = []

        def refuse(address, *args, **kwargs):
            connected.append(address)
            raise ConnectionRefusedError

        monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
        with pytest.raises(NotDelivered, match="can't be connected to"):
            post(f"http://rebind.example:{receiver.port}/", body=b"", headers={})
        assert connected == [("1.1.1.1", receiver.port)]
        assert dns["rebind.example"] == [["127.0.0.1"]]
        assert receiver.received == []
