"""Load on an HTTP server: by wrk where it is installed, else by autocannon from npm."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.node import node

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Target:
    """What is sent where.

    Attributes:
        url: of a server on this machine.
        body: of each request, sent by POST; empty: a GET.
        marker: what of the body is replaced by a number from ``low`` to ``high``.
        tokens: one of them is presented with each request; none where empty.
    """

    url: str
    body: str = ""
    marker: str = ""
    low: int = 0
    high: int = 0
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Load:
    """What came of it.

    Attributes:
        failed: requests without an answer of status 200.
        median: milliseconds until an answer, of half of the requests at most.
        slow: likewise, of 99 in 100.
    """

    requests: int
    seconds: float
    failed: int
    median: float
    slow: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return (self.requests - self.failed) / self.seconds


def load(target: Target, *, clients: int, seconds: float) -> Load:
    """Send one request after the other from each of so many clients."""
    plan = {
        "url": target.url,
        "parts": target.body.split(target.marker) if target.marker else [target.body],
        "low": target.low,
        "high": target.high,
        "tokens": target.tokens,
        "clients": clients,
        "seconds": max(round(seconds), 1),
    }
    if wrk := shutil.which("wrk"):
        return _wrk(wrk, plan)
    command = [*node(), str(HERE / "load.mjs"), json.dumps(plan)]
    return Load(**json.loads(_output(command)))


def tool() -> str:
    """The name of the load generator."""
    return "wrk" if shutil.which("wrk") else "autocannon"


def _wrk(wrk: str, plan: dict) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        for name in ("parts", "low", "high", "tokens"):
            script.write(f"local {name} = {_lua(plan[name])}\n")
        script.write((HERE / "load.lua").read_text())
        script.flush()
        limits = [f"-c{plan['clients']}", f"-d{plan['seconds']}s", "-t1", "--timeout", "30s"]
        output = _output([wrk, *limits, "-s", script.name, plan["url"]])
    return Load(**json.loads(output.splitlines()[-1]))


def _lua(value: object) -> str:
    """A value as Lua writes it; JSON's strings are Lua's as long as they are ASCII."""
    if isinstance(value, list | tuple):
        return "{" + ", ".join(map(_lua, value)) + "}"
    return json.dumps(value)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
