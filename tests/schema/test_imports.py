"""Imports of products over GraphQL: reviewed row by row, then committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog.models import Category, Product, ProductImport
from tasks.models import Job
from tests.catalog.factories import make_product
from tests.catalog.test_csv_import import FIXTURES, MUG, csv_file
from tests.schema.shop import (
    OPERATIONS,
    Answer,
    CommittedShopTestCase,
    ShopTestCase,
    id_of,
    make_user,
    own_media,
    product_id,
    run_jobs,
    token_of,
)

SHOP = (FIXTURES / "shop.csv").read_bytes()
BAD = {"Handle": "pan", "Title": "Pan", "Variant Price": "?", "Variant SKU": "PAN"}
KEYED = """mutation ($file: Upload!, $key: String) {
  productImportValidate(input: {file: $file, encoding: UTF_8, idempotencyKey: $key}) {
    productImport { id fileName committedAt } jobs { id } userErrors { field code message }
  }
}"""
PAGE = """query ($id: ID!, $status: ImportRowStatus, $after: String) {
  productImport(id: $id) {
    rows(first: 1, status: $status, after: $after) {
      totalCount nodes { line errors { field } } pageInfo { hasNextPage endCursor }
    }
  }
}"""


class Imports:
    ask: Any
    send: Any
    call: Any
    upload: Any

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        self.folder: Path = self.enterContext(own_media())  # type: ignore[attr-defined]
        self.manager = token_of(make_user("boss@example.com", role="catalog_manager"))

    def validate(self, *content: Any, query: str = "", **variables: Any) -> Answer:
        """Send a file, of rows or as it is."""
        file = content[0] if isinstance(content[0], bytes) else csv_file(*content)
        query = query or OPERATIONS["ImportValidate"]
        variables = {"file": None, **variables}
        return self.upload(query, variables, bearer=self.manager, file=file)

    def validated(self, *content: Any) -> Any:
        """The import of a file whose rows are checked."""
        sent = self.validate(*content).payload["productImport"]
        run_jobs()
        return self.read(sent["id"])

    def read(self, import_id: str, **variables: Any) -> Any:
        answer = self.send("Import", bearer=self.manager, id=import_id, **variables)
        return answer.data["productImport"]

    def commit(self, sent: Any, **given: Any) -> Answer:
        given = {"importId": sent["id"], "fileHash": sent["fileHash"]} | given
        return self.call("ImportCommit", bearer=self.manager, **given)


class TestImports(Imports, CommittedShopTestCase):
    def test_goes_in_as_it_was_reviewed(self) -> None:
        before = Product.objects.count()
        payload = self.validate(SHOP).payload
        sent = payload["productImport"]
        none = {"valid": 0, "invalid": 0, "created": 0, "updated": 0, "unchanged": 0}
        assert sent["status"] == "VALIDATING"
        assert sent["counts"] == {"rows": 11, **none}
        assert [job["kind"] for job in payload["jobs"]] == ["catalog.validate_import"]
        run_jobs()
        (job,) = payload["jobs"]
        watched = self.send("Job", id=job["id"]).data["job"]
        assert (watched["status"], watched["progress"]) == ("SUCCEEDED", 100)
        reviewed = self.read(sent["id"])
        assert reviewed["status"] == "VALIDATED"
        assert reviewed["counts"] == none | {"rows": 11, "valid": 11, "created": 5}
        assert reviewed["rows"]["totalCount"] == 11
        assert reviewed["rows"]["edges"][0]["node"] == {
            "line": 2,
            "handle": "breton-top",
            "sku": "BT-S-N",
            "action": "CREATE",
            "status": "VALID",
            "errors": [],
        }
        assert (Product.objects.count(), Category.objects.count()) == (before, 3)
        payload = self.commit(reviewed).payload
        assert payload["productImport"]["status"] == "COMMITTING"
        assert [job["kind"] for job in payload["jobs"]] == ["catalog.commit_import"]
        run_jobs()
        done = self.read(sent["id"], status="APPLIED")
        assert done["status"] == "COMMITTED"
        assert done["counts"] == reviewed["counts"]
        assert done["rows"]["totalCount"] == 11
        assert Product.objects.count() == before + 5
        assert self.validated(SHOP)["counts"] == none | {"rows": 11, "valid": 11, "unchanged": 5}

    def test_shows_what_is_wrong_and_leaves_it_out_where_that_is_wanted(self) -> None:
        sent = self.validated(MUG, BAD, {"Handle": "pan", "Image Src": "https://example.com/1"})
        wrong = self.read(sent["id"], status="INVALID")["rows"]
        assert [edge["node"] for edge in wrong["edges"]] == [
            {
                "line": 3,
                "handle": "pan",
                "sku": "PAN",
                "action": None,
                "status": "INVALID",
                "errors": [
                    {
                        "field": "Variant Price",
                        "code": "INVALID",
                        "message": "A valid number is required.",
                    }
                ],
            },
            {
                "line": 4,
                "handle": "pan",
                "sku": None,
                "action": None,
                "status": "INVALID",
                "errors": [
                    {
                        "field": "",
                        "code": "INVALID",
                        "message": "Its product is left out: line 3 is wrong.",
                    }
                ],
            },
        ]
        assert self.commit(sent).user_errors == [("input.onError", "INVALID")]
        self.commit(sent, onError="SKIP")
        run_jobs()
        assert self.read(sent["id"])["counts"]["invalid"] == 2
        assert not Product.objects.filter(slug="pan").exists()
        assert Product.objects.get(slug="mug").name == "Mug"

    def test_ends_where_a_product_no_longer_fits(self) -> None:
        sent = self.validated({**BAD, "Variant Price": "5"}, {**MUG, "Title": "Cup"})
        make_product("bowl", variants=[{"sku": "PAN"}])
        self.commit(sent, onError="ABORT")
        run_jobs()
        ended = self.read(sent["id"])
        assert ended["status"] == "ABORTED"
        assert [edge["node"]["status"] for edge in ended["rows"]["edges"]] == ["INVALID", "VALID"]
        assert Product.objects.get(slug="mug").name == "Mug"

    def test_of_which_the_file_is_gone_ends_with_its_job(self) -> None:
        sent = self.validated(MUG)
        for file in self.folder.rglob("*.csv"):
            file.unlink()
        (job,) = self.commit(sent).payload["jobs"]
        run_jobs()
        ended = self.send("Job", id=job["id"]).data["job"]
        assert ended["status"] == "FAILED"
        assert ended["error"] == "The file can't be read any more. Validate it again."


class TestRows(Imports, CommittedShopTestCase):
    def test_come_in_pages_of_a_status(self) -> None:
        rows = [MUG, BAD, {**MUG, "Handle": "jug"}, {**BAD, "Handle": "pot"}]
        sent = self.validated(*rows)

        def lines(**variables: Any) -> list[int]:
            found, more = [], True
            while more:
                answer = self.ask(PAGE, {"id": sent["id"], **variables}, bearer=self.manager)
                page = answer.data["productImport"]["rows"]
                found += [row["line"] for row in page["nodes"]]
                more = page["pageInfo"]["hasNextPage"]
                variables["after"] = page["pageInfo"]["endCursor"]
            assert page["totalCount"] == len(found)
            return found

        assert lines() == lines(status=None) == [2, 3, 4, 5]
        assert lines(status="VALID") == [2, 4]
        assert lines(status="INVALID") == [3, 5]
        assert lines(status="APPLIED") == []


class TestRefusals(Imports, ShopTestCase):
    def test_of_files_say_what_to_mend(self) -> None:
        for content, message in (
            (b"", "The file is empty."),
            (b"Title,Price\nMug,5\n", "lacks the column Handle"),
            (b"Handle;Title;Variant Price\nmug;Mug;5\n", "commas separate"),
            (b"Handle,Title,Variant Price\nmug,\xc9cru,5\n", "Line 2 is not utf-8."),
            (b"Handle,Title,Variant Price\nmug,M\0g,5\n", "Line 2 has a NUL character"),
            (b'Handle,Title,Variant Price\nmug,"Mug,5\n', "Check its quotes."),
        ):
            with self.subTest(message):
                answer = self.rejected(  # type: ignore[attr-defined]
                    lambda content=content: self.validate(content), ("input.file", "INVALID")
                )
                assert message in answer.text
        assert list(self.folder.rglob("*.csv")) == []

    def test_of_commits_say_what_to_mend(self) -> None:
        sent = self.validate(MUG).payload["productImport"]
        for given, error in (
            ({"importId": "x"}, ("input.importId", "NOT_FOUND")),
            ({"importId": product_id("mug")}, ("input.importId", "NOT_FOUND")),
            ({}, ("input.importId", "INVALID_TRANSITION")),
        ):
            self.rejected(lambda given=given: self.commit(sent, **given), error)
        ProductImport.objects.update(status="VALIDATED", valid_count=1)
        self.rejected(lambda: self.commit(sent, fileHash="é"), ("input.fileHash", "INVALID"))
        self.commit(sent)
        self.rejected(lambda: self.commit(sent), ("input.importId", "INVALID_TRANSITION"))

    def test_of_keys_that_were_used_otherwise(self) -> None:
        first = self.validate(MUG, query=KEYED, key="k-1").payload
        assert first["productImport"]["fileName"] == "file.png"
        assert first["productImport"]["committedAt"] is None
        assert self.validate(MUG, query=KEYED, key="k-1").payload == first
        self.rejected(
            lambda: self.validate(BAD, query=KEYED, key="k-1"),
            ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT"),
        )
        assert ProductImport.objects.count() == Job.objects.count() == 1
        ProductImport.objects.update(status="VALIDATED", valid_count=1)
        sent = self.read(first["productImport"]["id"])
        made = self.commit(sent, idempotencyKey="k-1").payload
        assert self.commit(sent, idempotencyKey="k-1").payload == made
        self.rejected(
            lambda: self.commit(sent, idempotencyKey="k-1", onError="SKIP"),
            ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT"),
        )

    def test_of_unknown_imports_are_null(self) -> None:
        self.validate(MUG)
        for import_id in ("x", product_id("mug"), id_of(ProductImport(pk=10**9))):
            assert self.read(import_id) is None

    def test_hides_imports_from_who_may_not_view_them(self) -> None:
        self.validate(MUG)
        import_id = id_of(ProductImport.objects.get())
        query = "query ($id: ID!) { node(id: $id) { ... on ProductImport { status } } }"
        assert self.ask(query, {"id": import_id}, bearer=self.manager).data["node"]
        for role in ("order_manager", "support", ""):
            bearer = token_of(make_user(f"{role}@example.com", role=role))
            assert self.ask(query, {"id": import_id}, bearer=bearer).data == {"node": None}
