"""What the platform's tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder that the embedded server's user may enter, unlike root's ``tmp_path``."""
    with tempfile.TemporaryDirectory(prefix="nexus-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
