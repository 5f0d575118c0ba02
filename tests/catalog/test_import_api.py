"""Files of products over REST: sent, reported on row by row, committed as they were reviewed."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.models import Product, ProductImport
from catalog.services.import_runs import apply_rows, check_rows
from tests.catalog.test_csv_import import FIXTURES, MUG, csv_file
from tests.rest import RestTestCase

SHOP = (FIXTURES / "shop.csv").read_bytes()
BAD = {"Handle": "jug", "Title": "Jug", "Variant Price": "much"}


@pytest.mark.usefixtures("import_folder")
class ImportTests(RestTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.manager = self.headers_of("boss@example.com", role="catalog_manager")

    def send(self, content: bytes, **given: Any) -> Any:
        file = SimpleUploadedFile("shop.csv", content)
        return self.client.post(
            "/api/imports/", {"file": file, **given}, format="multipart", headers=self.manager
        )

    def get(self, address: str) -> Any:
        return self.client.get(address, headers=self.manager).json()

    def work(self, job: Any) -> None:
        """What the background does."""
        job(import_id=ProductImport.objects.get().pk, now=timezone.now())

    def test_what_was_reviewed_goes_in(self) -> None:
        sent = self.send(SHOP)
        assert sent.status_code == 201
        address = sent.headers["Location"]
        assert self.get(address) == sent.json()
        assert sent.json()["status"] == "VALIDATING"
        self.work(check_rows)
        reviewed = self.get(address)
        assert reviewed["status"] == "VALIDATED"
        assert reviewed["counts"]["valid"] == reviewed["counts"]["rows"] > 0
        assert not Product.objects.exists()
        body = {"file_hash": reviewed["file_hash"]}
        done = self.client.post(f"{address}commit/", body, headers=self.manager)
        assert (done.status_code, done.json()["status"]) == (202, "COMMITTING")
        self.work(apply_rows)
        committed = self.get(address)
        assert committed["status"] == "COMMITTED"
        assert committed["counts"]["created"] == Product.objects.count() > 0
        again = self.client.post(f"{address}commit/", body, headers=self.manager)
        self.assert_problem(again, 409, "INVALID_TRANSITION")

    def test_reports_on_rows_page_by_page_and_by_what_becomes_of_them(self) -> None:
        address = self.send(csv_file(MUG, BAD)).headers["Location"]
        self.work(check_rows)
        (bad,) = self.get(f"{address}rows/?status=INVALID")["results"]
        assert (bad["line"], bad["handle"], bad["action"]) == (3, "jug", None)
        assert [error["field"] for error in bad["errors"]] == ["Variant Price"]
        first = self.get(f"{address}rows/?page_size=1")
        assert [row["handle"] for row in first["results"]] == ["mug"]
        second = self.get(first["next"])
        assert (second["results"], second["next"]) == ([bad], None)
        with self.assertNumQueries(3):  # The account, the page's keys, its rows.
            self.get(f"{address}rows/")

    def test_refuses_what_is_no_such_file_or_not_there(self) -> None:
        self.assert_problem(self.send(b"\x00"), 400, "INVALID", field="file")
        self.assert_problem(self.send(SHOP, encoding="EBCDIC"), 400, "INVALID", field="encoding")
        as_json = self.client.post("/api/imports/", {}, headers=self.manager)
        self.assert_problem(as_json, 415, "UNSUPPORTED_MEDIA_TYPE")
        for path in ("", "rows/"):
            answer = self.client.get(f"/api/imports/7/{path}", headers=self.manager)
            self.assert_problem(answer, 404, "NOT_FOUND")
        body = {"file_hash": "0" * 64}
        answer = self.client.post("/api/imports/7/commit/", body, headers=self.manager)
        self.assert_problem(answer, 404, "NOT_FOUND")
        assert not ProductImport.objects.exists()
