"""Mail by a real server that refuses it."""

from __future__ import annotations

import logging
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tasks.errors import TryAgain
from users.mail import send_mail

ADDRESS = "ada@example.com"


class RefusingServer(socketserver.StreamRequestHandler):
    """A mail server that knows nobody, and repeats whom it doesn't know."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            reply = b"250 fine"
            if line.upper().startswith(b"RCPT"):
                reply = b"550 No such mailbox: " + line.strip()
            self.wfile.write(reply + b"\r\n")


@pytest.fixture
def _refusing_server(settings) -> Iterator[None]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), RefusingServer) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        threading.Thread(target=server.serve_forever).start()
        yield
        server.shutdown()


def send() -> None:
    send_mail(
        to=ADDRESS,
        subject="Set a new password",
        template="users/password_reset.txt",
        context={"token": "a-secret"},
        job_id="a-job",
    )


def assert_tried_again(caplog) -> None:
    """The job is tried again, and what the worker logs of it names nobody."""
    with pytest.raises(TryAgain, match="does not take the mail") as caught:
        send()
    logging.getLogger("tasks.job").warning("Tried again", exc_info=caught.value)
    assert ADDRESS not in caplog.text
    assert "a-secret" not in caplog.text


@pytest.mark.usefixtures("_refusing_server")
def test_that_is_refused_is_tried_again_and_the_log_names_nobody(caplog):
    assert_tried_again(caplog)
    assert "SMTPRecipientsRefused" in caplog.text


def test_that_no_server_takes_is_tried_again(settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert_tried_again(caplog)
    assert "ConnectionRefusedError" in caplog.text
