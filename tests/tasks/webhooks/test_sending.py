"""One request: what arrives, and what a server can't make of it."""

from __future__ import annotations

import socket
import subprocess
import time

import pytest

from tasks.webhooks import addresses, sending
from tasks.webhooks.sending import NotDelivered, post
from tests.tasks.webhooks.receiver import (
    Receiver,
    drop_by_drop,
    redirect_to,
    silence,
    with_body,
    without_end,
)

pytestmark = pytest.mark.usefixtures("private_allowed")


@pytest.fixture
def short_patience(monkeypatch) -> None:
    monkeypatch.setattr(sending, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(sending, "ANSWER_SECONDS", 0.6)


def send(url: str) -> sending.Answer:
    return post(url, body=b'{"type":"ping"}', headers={"webhook-id": "1"})


class TestPost:
    def test_sends_body_and_headers_and_reads_the_answer(self, receiver):
        answer = send(receiver.url)
        (request,) = receiver.received
        assert (answer.status, answer.excerpt) == (200, "ok")
        assert (request.path, request.body) == ("/hooks?shop=1", b'{"type":"ping"}')
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert request.headers["webhook-id"] == "1"

    def test_follows_no_redirect(self, receiver):
        with Receiver() as inside:
            for status in (301, 302, 303, 307, 308):
                receiver.answers = [redirect_to(inside.url, status)]
                assert send(receiver.url).status == status
            assert inside.received == []

    def test_keeps_the_beginning_of_a_body_as_text(self, receiver):
        receiver.answers = [with_body(b"a\0b\xff" + b"x" * 10_000)]
        excerpt = send(receiver.url).excerpt
        assert excerpt.startswith("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}xxx")
        assert len(excerpt) == sending.EXCERPT_BYTES

    def test_stops_reading_a_body_without_end(self, receiver):
        receiver.answers = [without_end]
        began = time.monotonic()
        assert len(send(receiver.url).excerpt) == sending.EXCERPT_BYTES
        assert time.monotonic() - began < 5

    def test_unpacks_nothing(self, receiver):
        def packed(handler):
            handler.send_response(200)
            handler.send_header("Content-Encoding", "gzip")
            handler.end_headers()
            handler.wfile.write(b"\x1f\x8bbomb")

        receiver.answers = [packed]
        assert send(receiver.url).excerpt.endswith("bomb")

    @pytest.mark.parametrize(
        "answer",
        [
            silence,
            drop_by_drop(b"", 0.1),
            drop_by_drop(b"HTTP/1.1 100 Continue\r\n\r\n" * 5, 0.1),
        ],
        ids=["silence", "status", "continue"],
    )
    def test_waits_so_long_for_an_answer_however_it_drips(self, receiver, short_patience, answer):
        receiver.answers = [answer]
        began = time.monotonic()
        with pytest.raises(NotDelivered, match="did not answer in time"):
            send(receiver.url)
        assert time.monotonic() - began < 2

    @pytest.mark.parametrize(
        ("rest", "excerpt"), [(b"\r\nthanks", "thanks"), (b"X-Slow: ", "")], ids=["body", "header"]
    )
    def test_is_content_with_the_status_of_an_answer_whose_rest_drips(
        self, receiver, short_patience, rest, excerpt
    ):
        receiver.answers = [drop_by_drop(b"HTTP/1.1 202 Accepted\r\n" + rest, 0.1)]
        began = time.monotonic()
        answer = send(receiver.url)
        assert (answer.status, answer.excerpt[:6]) == (202, excerpt)
        assert time.monotonic() - began < 2

    @pytest.mark.parametrize("answer", [b"hello\r\n", b"", b"HTTP/1.1 999999 No\r\n\r\n"])
    def test_says_so_where_the_answer_is_no_http(self, receiver, answer):
        receiver.answers = [lambda handler: handler.wfile.write(answer)]
        with pytest.raises(NotDelivered, match="did not answer in HTTP"):
            send(receiver.url)

    def test_says_so_where_nobody_listens(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            with pytest.raises(NotDelivered, match="can't be connected to"):
                send(f"http://127.0.0.1:{deaf.getsockname()[1]}/")

    def test_tries_the_other_addresses_of_a_name(self, receiver, monkeypatch):
        monkeypatch.setattr(addresses, "resolve", lambda *_: ["127.0.0.2", "::1", "127.0.0.1"])
        with Receiver() as elsewhere:
            url = f"http://two.example:{elsewhere.port}/"
            assert send(url).status == 200
            assert elsewhere.received[0].headers["host"] == f"two.example:{elsewhere.port}"

    def test_hands_no_request_to_a_proxy_of_the_environment(self, receiver, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert send(receiver.url).status == 200


class TestCertificates:
    @pytest.fixture
    def certificate(self, tmp_path, monkeypatch):
        """Of shop.example, by an authority that this machine trusts for the test."""
        path = tmp_path / "certificate.pem"
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        name = ["-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example"]
        subprocess.run(
            ["openssl", "req", "-x509", *key, *name, "-keyout", path, "-out", tmp_path / "public"],
            check=True,
            capture_output=True,
        )
        path.write_text(path.read_text() + (tmp_path / "public").read_text())
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public"))
        monkeypatch.setattr(addresses, "resolve", lambda *_: ["127.0.0.1"])
        sending._trust.cache_clear()
        yield path
        sending._trust.cache_clear()

    def test_are_checked_against_the_name_though_the_connection_goes_to_an_address(
        self, certificate
    ):
        with Receiver(certificate=certificate) as receiver:
            assert send(f"https://shop.example:{receiver.port}/").status == 200
            with pytest.raises(NotDelivered, match="certificate is not valid"):
                send(f"https://other.example:{receiver.port}/")

    def test_are_refused_of_an_authority_that_nobody_knows(self, certificate, monkeypatch):
        monkeypatch.delenv("SSL_CERT_FILE")
        with (
            Receiver(certificate=certificate) as receiver,
            pytest.raises(NotDelivered, match="certificate is not valid"),
        ):
            send(f"https://shop.example:{receiver.port}/")

    def test_is_no_https_what_speaks_http(self, receiver, monkeypatch):
        with pytest.raises(NotDelivered, match="certificate is not valid"):
            send(receiver.url.replace("http://", "https://"))
