"""What GitHub runs, where it can be told from the files."""

from __future__ import annotations

from pathlib import Path

import yaml

WORKFLOWS = Path(__file__).resolve().parents[2] / ".github" / "workflows"


def test_a_release_publishes_only_what_passed_all_checks_and_tests():
    release = yaml.safe_load((WORKFLOWS / "release.yml").read_text())["jobs"]
    ci = yaml.safe_load((WORKFLOWS / "ci.yml").read_text())

    checks = [name for name, job in release.items() if job.get("uses", "").endswith("/ci.yml")]
    assert checks
    assert all(job["needs"] in checks for name, job in release.items() if name not in checks)
    # YAML's `on` is true.
    assert "workflow_call" in ci[True]
    assert {"check", "test"} <= ci["jobs"].keys()
