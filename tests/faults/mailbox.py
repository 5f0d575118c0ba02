"""A mail server that keeps of each mail which job sent it."""

from __future__ import annotations

import socketserver
import threading
from collections import Counter
from email.parser import BytesHeaderParser


class Mailbox:
    """Takes mail by SMTP on a port of its own, from as many senders as come."""

    def __init__(self) -> None:
        # How often each job's mail has come, by the job's public id.
        self.mails: Counter[str] = Counter()
        # Mails whose Message-ID, by which a repeat is known, is not their job's.
        self.strays: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.mailbox = self
        self.port: int = self._server.server_address[1]

    def open(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, mail: bytes) -> None:
        headers = BytesHeaderParser().parsebytes(mail)
        job, message = headers.get("X-Job-ID", ""), headers.get("Message-ID", "")
        self.mails[job] += 1
        if not job or not message.startswith(f"<{job}@"):
            self.strays.append(f"{message or 'a mail without Message-ID'} of job {job or 'none'}")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mailbox: Mailbox


class _Conversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as Python's smtplib speaks."""

    server: _Server

    def handle(self) -> None:
        self._say("220 mailbox")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    self._say("354 go on")
                    if (mail := self._mail()) is None:
                        return
                    self.server.mailbox.put(mail)
                    self._say("250 kept")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _mail(self) -> bytes | None:
        """A whole mail; None where its sender is killed before its end."""
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line)
        return None

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
