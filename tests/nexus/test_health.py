"""What load balancers and container engines ask."""

from __future__ import annotations

from django.db import connection
from django.db.utils import OperationalError
from django.test import SimpleTestCase, TestCase


class TestHealth(SimpleTestCase):
    def test_a_living_process_needs_no_database(self):
        assert self.client.get("/healthz").content == b"ok\n"

    def test_any_host_name_will_do(self):
        response = self.client.get("/healthz", headers={"Host": "10.0.0.7:8000"})
        assert response.status_code == 200


class TestReadiness(TestCase):
    def test_is_ready_while_the_database_answers(self):
        response = self.client.get("/readyz")
        assert (response.status_code, response.content) == (200, b"ok\n")
        assert response["Cache-Control"] == "no-store"

    def test_is_not_ready_when_the_database_does_not_answer(self):
        def refuse(*_):
            raise OperationalError("connection refused at 10.0.0.1")

        with connection.execute_wrapper(refuse), self.assertLogs("nexus.health", "WARNING"):
            response = self.client.get("/readyz")
        assert (response.status_code, response.content) == (503, b"database unreachable\n")
