"""The Makefile's own promises."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_help_comes_by_default_and_lists_every_command():
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony
    help_text = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = re.findall(r"^  ([a-z-]+) +\S", help_text, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())


class TestMakeTest:
    @pytest.mark.parametrize(
        ("parallel", "serial", "succeeds"),
        [
            (0, 0, True),
            (0, 5, True),
            (5, 0, True),
            (5, 5, False),
            (1, 0, False),
            (0, 1, False),
            (1, 5, False),
        ],
    )
    def test_runs_both_halves_and_fails_with_either(self, tmp_path, parallel, serial, succeeds):
        """``parallel`` and ``serial``: the exit codes of the two runs of pytest."""
        python = tmp_path / "bin/python"
        python.parent.mkdir()
        python.write_text(
            f'#!/bin/sh\ncase "$*" in *"-m not serial"*) exit {parallel};; esac\n'
            f'echo "ran: $*"; exit {serial}\n'
        )
        python.chmod(0o755)
        made = [".created", ".installed-run", ".installed-dev"]
        for name in made:
            (tmp_path / name).touch()
        built = tmp_path / "assets/.built"
        built.parent.mkdir()
        built.touch()
        old = [f"--old-file={tmp_path / name}" for name in made] + [f"--old-file={built}"]
        places = [f"VENV={tmp_path}", f"ASSETS={built.parent}"]
        run = subprocess.run(
            ["make", *old, *places, "test", "ARGS=-k tea"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "ran: -m pytest -m serial -k tea" in run.stdout, run.stderr
        assert (run.returncode == 0) == succeeds


def test_locks_hold_hashes_and_no_addresses():
    npm = [ROOT / folder / "package-lock.json" for folder in (".", "benchmarks")]
    locks = [*(ROOT / "requirements").glob("*.txt"), *npm]
    assert len(locks) == 7
    for lock in locks:
        text = lock.read_text()
        assert "sha256:" in text or "sha512-" in text, lock
        assert not re.search(r"://|\"resolved\"", text), lock
