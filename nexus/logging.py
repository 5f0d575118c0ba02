"""Structured log lines that carry the request's id and hold no secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

from tasks.context import job_id, new_request_id, request_id, task


class RequestIdFilter(logging.Filter):
    """Adds ``request_id``, and inside a job ``job_id`` and ``task``, to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, with the ids."""
        record.request_id = request_id.get()
        record.job_id = job_id.get() or getattr(record, "job_id", "")
        record.task = task.get() or getattr(record, "task", "")
        return True


class QueryStringFilter(logging.Filter):
    """Cuts query strings out of uvicorn's access log: GraphQL's hold carts' tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, its address without what follows the path."""
        if isinstance(record.args, tuple):  # The client, method, address, version and status.
            record.args = tuple(
                arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args
            )
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, with the traceback where there is one."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
        }
        for name in ("job_id", "task"):
            if value := getattr(record, name, None):
                line[name] = str(value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class RequestIdMiddleware:
    """Gives a request its id, in the logs and as ``X-Request-Id`` in the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Run the request under its id."""
        if request_id.get() != "-":  # ``nexus.asgi`` gave it one
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            return response
        token = request_id.set(new_request_id(request.headers.get("X-Request-Id")))
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
