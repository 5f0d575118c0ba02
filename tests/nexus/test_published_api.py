"""What is published of the API is true: the Postman collection and the OpenAPI document are tried
on a shop that ``make run`` runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.nexus.test_make_run import FIRST_RUN_SECONDS, ROOT, Shop, free_port, run_shop
from tests.schema.serving import node_with
from users.sample import CUSTOMER_EMAIL, PASSWORD, STAFF_EMAIL

__all__ = ["free_port", "run_shop"]

DOCS = ROOT / "docs"
POSTMAN = DOCS / "postman"
WALKS = ["Walk over GraphQL", "Walk over REST"]
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
# Who asks, and in which ways: whatever a parameter may and may not be (coverage) is most of it, and
# says little of whom each operation turns away.
ALL = "examples,coverage,fuzzing,stateful"
CALLERS = {
    None: ALL if NIGHTLY else "examples,fuzzing,stateful",
    STAFF_EMAIL: ALL,
    **({CUSTOMER_EMAIL: ALL} if NIGHTLY else {}),
}
EXAMPLES = 50 if NIGHTLY else 2


def run(*command: str, folder: Path = ROOT) -> None:
    """Run to a good end; else the test fails with all that was printed."""
    ended = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if ended.returncode:
        pytest.fail(ended.stdout + ended.stderr, pytrace=False)


def newman(shop: Shop) -> None:
    """Send the collection's walks, from the first request to the last."""
    node = node_with("newman", DOCS)
    run(
        node,
        str(DOCS / "node_modules/newman/bin/newman.js"),
        "run",
        "nexus.postman_collection.json",
        "--environment=nexus.postman_environment.json",
        f"--env-var=baseUrl={shop.url}",
        *(f"--folder={name}" for name in WALKS),
        "--color=off",
        folder=POSTMAN,
    )


def schemathesis(shop: Shop, email: str | None, phases: str) -> None:
    """Send what the OpenAPI document allows and what it forbids, anonymously or as somebody."""
    headers = []
    if email:
        account = {"email": email, "password": PASSWORD}
        token = requests.post(f"{shop.url}/api/token/", json=account, timeout=10).json()["token"]
        headers = [f"--header=Authorization: Bearer {token}"]
    run(
        str(Path(sys.executable).parent / "schemathesis"),
        f"--config-file={Path(__file__).parent / 'schemathesis.toml'}",
        "run",
        f"{shop.url}/api/schema/",
        f"--phases={phases}",
        f"--max-examples={EXAMPLES}",
        "--no-color",
        *headers,
    )


@pytest.mark.serial
@pytest.mark.timeout(1_800)
def test_a_running_shop_keeps_what_collection_and_document_promise(run_shop, monkeypatch):
    # Nobody else asks so much of it.
    monkeypatch.setenv("REST_REQUESTS_PER_MINUTE", "0")
    shop = run_shop()
    shop.await_ready(FIRST_RUN_SECONDS)
    newman(shop)
    for email, phases in CALLERS.items():
        schemathesis(shop, email, phases)


def test_the_collection_is_what_make_postman_writes(tmp_path):
    node = node_with("openapi-to-postmanv2", DOCS)
    run(node, str(POSTMAN / "build.mjs"), str(tmp_path))
    for name in ("nexus.postman_collection.json", "nexus.postman_environment.json"):
        assert (tmp_path / name).read_text() == (POSTMAN / name).read_text(), (
            "Run `make postman` and commit the result."
        )
