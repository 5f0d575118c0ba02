from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.faults.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    mailbox.open()
    yield mailbox
    mailbox.close()


def send(mailbox: Mailbox, job: str, *, message_id: str) -> None:
    mail = EmailMessage()
    mail["From"] = mail["To"] = "ada@example.com"
    mail["X-Job-ID"], mail["Message-ID"] = job, message_id
    mail.set_content("Hello")
    with smtplib.SMTP("127.0.0.1", mailbox.port) as server:
        server.send_message(mail)


def test_counts_the_mails_of_each_job(mailbox):
    send(mailbox, "1", message_id="<1@shop>")
    send(mailbox, "1", message_id="<1@shop>")
    send(mailbox, "2", message_id="<1@shop>")

    assert mailbox.mails == {"1": 2, "2": 1}
    assert mailbox.strays == ["<1@shop> of job 2"]


@pytest.mark.parametrize("part", [b"", b"X-Job-ID: 1\r\nMessage-ID: <1@shop>\r\n\r\nHel"])
def test_a_mail_whose_sender_dies_has_not_come(mailbox, part):
    with socket.create_connection(("127.0.0.1", mailbox.port)) as sender:
        sender.sendall(b"DATA\r\n" + part)
        sender.shutdown(socket.SHUT_WR)
        answers = b"".join(iter(lambda: sender.recv(1000), b""))

    assert answers == b"220 mailbox\r\n354 go on\r\n"
    assert (mailbox.mails, mailbox.strays) == ({}, [])
