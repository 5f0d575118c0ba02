from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.invariants import INVARIANTS
from tasks.invariants import violations_of


@pytest.fixture(autouse=True)
def _database(db):
    """Every test here reads or writes rows."""


@pytest.fixture(autouse=True)
def _catalogue_agrees_after_a_race(request: pytest.FixtureRequest, _database) -> Iterator[None]:
    """Whoever met whom in a test marked ``concurrency``: the catalogue's invariants hold."""
    yield
    if request.node.get_closest_marker("concurrency"):
        assert violations_of(INVARIANTS) == []


@pytest.fixture
def import_folder(settings, tmp_path) -> Path:
    """Where this test's files of imports lie."""
    folder = tmp_path / "imports"
    folder.mkdir()
    imports = settings.STORAGES["imports"] | {"OPTIONS": {"location": folder}}
    settings.STORAGES = settings.STORAGES | {"imports": imports}
    return folder
