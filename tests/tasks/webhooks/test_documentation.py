"""What docs/webhooks.md tells integrators to do works with what they get."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from graphql import parse, validate

from schema.schema import schema
from tasks.webhooks.deliveries import send_delivery
from tests.schema.serving import node_with
from tests.tasks.webhooks.factories import make_delivery
from tests.tasks.webhooks.receiver import Received

DOCUMENT = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()

CALL = """
const { secret, headers, body } = JSON.parse(process.argv[1]);
console.log(isGenuine(secret, headers, Buffer.from(body)));
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def in_python(secret: str, request: Received) -> bool:
    names: dict[str, Callable[..., bool]] = {}
    exec(blocks("python")[0], names)  # noqa: S102  (the document's own)
    return names["is_genuine"](secret, request.headers, request.body)


def in_javascript(secret: str, request: Received) -> bool:
    given = {"secret": secret, "headers": request.headers, "body": request.body.decode()}
    run = subprocess.run(
        [
            node_with("graphql"),
            "--input-type=module",
            "--eval",
            blocks("js")[0] + CALL,
            "--",
            json.dumps(given),
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
    )
    return run.stdout == "true\n"


@pytest.mark.parametrize("is_genuine", [in_python, in_javascript])
def test_signatures_are_verified_as_the_document_says(endpoint_at, receiver, is_genuine):
    old = "whsec_" + "b2xk" * 8
    endpoint = endpoint_at(
        receiver.url, previous_secret=old, previous_secret_until=timezone.now() + timedelta(hours=1)
    )
    delivery = make_delivery(endpoint, payload='{"type":"ping","data":{"name":"Ä"}}')
    job_id = str(delivery.job.public_id)
    send_delivery(job_id=job_id, now=timezone.now())
    send_delivery(job_id=job_id, now=timezone.now() - timedelta(minutes=6))
    request, late = receiver.received

    assert is_genuine(endpoint.secret, request)
    assert is_genuine(old, request)
    assert not is_genuine("whsec_" + "bmV3" * 8, request)
    assert not is_genuine(endpoint.secret, replace(request, body=request.body + b" "))
    assert not is_genuine(endpoint.secret, late)


def test_operations_are_those_of_the_schema():
    for document in blocks("graphql"):
        for operation in document.strip().split("\n\n"):
            assert validate(schema.graphql_schema, parse(operation)) == []


def test_every_setting_and_type_that_is_named_exists(settings):
    for name in re.findall(r"`(WEBHOOK_\w+)", DOCUMENT):
        assert hasattr(settings, name)
