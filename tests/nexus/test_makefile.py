"""The Makefile's own promises."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_help_comes_by_default_and_lists_every_command():
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony
    help_text = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = re.findall(r"^  ([a-z]+) +\S", help_text, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())


def test_locks_hold_hashes_and_no_addresses():
    npm = [ROOT / folder / "package-lock.json" for folder in (".", "benchmarks")]
    locks = [*(ROOT / "requirements").glob("*.txt"), *npm]
    assert len(locks) == 7
    for lock in locks:
        text = lock.read_text()
        assert "sha256:" in text or "sha512-" in text, lock
        assert not re.search(r"://|\"resolved\"", text), lock
