"""Log lines: one JSON object each, with the request's id."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from django.test import SimpleTestCase

from nexus.logging import JsonFormatter, RequestIdFilter
from tasks.context import request_id


def formatted(record: logging.LogRecord) -> dict:
    RequestIdFilter().filter(record)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    return json.loads(line)


def record_of(message: str, *args: object, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("catalog", logging.INFO, __file__, 1, message, args, None)
    record.__dict__.update(extra)
    return record


@pytest.fixture
def request_seven():
    token = request_id.set("request-7")
    yield
    request_id.reset(token)


@pytest.mark.usefixtures("request_seven")
def test_a_line_carries_the_requests_id():
    line = formatted(record_of("Imported %s\nproducts", 20))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "catalog",
        "request_id": "request-7",
        "message": "Imported 20\nproducts",
    }


def test_a_line_outside_a_request_says_so():
    assert formatted(record_of("started"))["request_id"] == "-"


def test_a_line_of_a_job_carries_its_id_and_nothing_else_that_was_attached():
    line = formatted(record_of("ran", job_id=9, task="x.y", password="hunter2"))
    assert line["job_id"] == "9"
    assert line["task"] == "x.y"
    assert "hunter2" not in json.dumps(line)


def test_an_exception_comes_with_its_traceback():
    record = record_of("failed")
    try:
        raise ValueError("no price")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert "ValueError: no price" in formatted(record)["exception"]


class TestRequestId(SimpleTestCase):
    def test_a_response_repeats_the_id_that_the_caller_chose(self):
        response = self.client.get("/healthz", headers={"X-Request-Id": "abc-123"})
        assert response["X-Request-Id"] == "abc-123"

    def test_an_id_that_could_forge_a_log_line_is_replaced(self):
        response = self.client.get("/healthz", headers={"X-Request-Id": "a b; c" * 30})
        assert response["X-Request-Id"].isalnum()

    def test_every_request_has_an_id_of_its_own(self):
        ids = {self.client.get("/healthz")["X-Request-Id"] for _ in range(3)}
        assert len(ids) == 3


@pytest.mark.parametrize("wanted", [True, False])
def test_uvicorns_access_log_is_on_where_it_is_wanted(wanted):
    code = (
        "import logging; from uvicorn.config import Config;"
        f"Config('nexus.asgi:application', access_log={wanted}).load();"
        "print(logging.getLogger('uvicorn.access').hasHandlers())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(wanted)
