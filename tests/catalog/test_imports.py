"""Files of products in the background: reviewed, committed once, removed in the end."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import tasks
from catalog.models import ImportRow, Product, ProductImport, StockMovement, Variant
from catalog.services import import_runs
from catalog.services.imports import commit_import, delete_old_imports, validate_import
from catalog.services.orphans import delete_orphaned_files
from tasks.models import Job
from tests.catalog.factories import make_product, run_at_once
from tests.catalog.test_csv_import import FIXTURES, MUG, csv_file, everything
from tests.commerce.refusals import refused
from users.models import User
from users.viewer import ANONYMOUS, Viewer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHOP = (FIXTURES / "shop.csv").read_bytes()
JUG = {"Handle": "jug", "Title": "Jug", "Variant Price": "5", "Variant SKU": "JUG"}
BOWL = {"Handle": "bowl", "Title": "Bowl", "Variant Price": "7"}


@pytest.fixture(autouse=True)
def folder(import_folder) -> Path:
    return import_folder


@pytest.fixture
def manager() -> Viewer:
    user = User.objects.create_user("boss@example.com", "correct horse battery")
    return Viewer(user.pk, frozenset({"catalog.view_productimport"}))


@pytest.fixture
def send(manager):
    """Send a file, of rows or as it is; answers its import."""

    def send(*content: Any, **given: Any) -> ProductImport:
        file = content[0] if isinstance(content[0], bytes) else csv_file(*content)
        import_id, job = validate_import(
            **{"viewer": manager, "file": io.BytesIO(file), "now": NOON} | given
        )
        assert job is not None
        assert job.kwargs == {"import_id": import_id}
        return ProductImport.objects.get(pk=import_id)

    return send


@pytest.fixture
def validated(send):
    """Send a file and have its rows checked."""

    def validated(*content: Any, **given: Any) -> ProductImport:
        sent = send(*content, **given)
        import_runs.check_rows(import_id=sent.pk, now=NOON)
        sent.refresh_from_db()
        assert sent.status == "VALIDATED"
        return sent

    return validated


@pytest.fixture
def commit(manager):
    """Commit an import; its products go in by ``apply_rows``."""

    def commit(sent: ProductImport, **given: Any) -> Job | None:
        given = {"file_hash": sent.file_hash, "viewer": manager, "now": NOON} | given
        return commit_import(import_id=sent.pk, **given)[1]

    return commit


def applied(sent: ProductImport) -> ProductImport:
    import_runs.apply_rows(import_id=sent.pk, now=NOON)
    sent.refresh_from_db()
    return sent


def counts(sent: ProductImport) -> tuple[int, ...]:
    """Rows, valid and invalid ones; products created, updated, unchanged."""
    return (
        sent.row_count,
        sent.valid_count,
        sent.invalid_count,
        sent.created_count,
        sent.updated_count,
        sent.unchanged_count,
    )


def report(sent: ProductImport) -> list[tuple[Any, ...]]:
    """Line, handle, action, status and (column, code) of each row."""
    return [
        (
            row.line,
            row.handle,
            row.action,
            row.status,
            list(row.errors.order_by("pk").values_list("field", "code")),
        )
        for row in sent.rows.order_by("line")
    ]


class TestValidation:
    def test_reports_on_each_row_and_changes_nothing(self, validated):
        make_product("jug", name="Jug", variants=[{"price": "5", "sku": "JUG"}])
        make_product("bowl", variants=[{"price": "8"}])
        before = everything()
        sent = validated(
            JUG,
            BOWL,
            MUG | {"Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": "MUG-S"},
            {"Handle": "mug", "Option1 Value": "L", "Variant Price": "12"},
            {"Handle": "pan", "Title": "Pan", "Variant Price": "?", "Published": "perhaps"},
            {"Handle": "pan", "Image Src": "https://example.com/pan.jpg"},
        )
        assert everything() == before
        assert report(sent) == [
            (2, "jug", "UNCHANGED", "VALID", []),
            (3, "bowl", "UPDATE", "VALID", []),
            (4, "mug", "CREATE", "VALID", []),
            (5, "mug", "CREATE", "VALID", []),
            (6, "pan", None, "INVALID", [("Published", "INVALID"), ("Variant Price", "INVALID")]),
            (7, "pan", None, "INVALID", [("", "INVALID")]),
        ]
        assert counts(sent) == (6, 4, 2, 1, 1, 1)
        assert list(sent.rows.order_by("line").values_list("sku", flat=True)) == [
            "JUG",
            None,
            "MUG-S",
            None,
            None,
            None,
        ]
        (left_out,) = sent.rows.get(line=7).errors.all()
        assert left_out.message == "Its product is left out: line 6 is wrong."

    def test_takes_every_shape_that_real_exports_have(self, validated):
        before = everything()
        assert counts(validated(SHOP)) == (11, 11, 0, 5, 0, 0)
        assert everything() == before

    def test_goes_on_where_a_run_was_killed(self, send, monkeypatch):
        monkeypatch.setattr(import_runs, "BATCH", 1)
        sent = send(MUG, JUG | {"Variant Price": "?"}, BOWL)
        die_at(monkeypatch, "import_product", call=3)
        with pytest.raises(Killed):
            import_runs.check_rows(import_id=sent.pk, now=NOON)
        sent.refresh_from_db()
        assert (sent.status, counts(sent)) == ("VALIDATING", (3, 1, 1, 1, 0, 0))
        tried = die_at(monkeypatch, "import_product", call=None)
        import_runs.check_rows(import_id=sent.pk, now=NOON)
        assert len(tried) == 1
        sent.refresh_from_db()
        assert (sent.status, counts(sent)) == ("VALIDATED", (3, 2, 1, 2, 0, 0))
        import_runs.check_rows(import_id=sent.pk, now=NOON)
        sent.refresh_from_db()
        assert counts(sent) == (3, 2, 1, 2, 0, 0)

    def test_of_a_file_in_another_encoding(self, validated):
        content = csv_file(MUG | {"Title": "Écru"}).decode().encode("windows-1252")
        sent = validated(content, encoding="WINDOWS_1252")
        assert counts(sent) == (1, 1, 0, 1, 0, 0)

    def test_of_the_same_key_and_file_is_one_import(self, send, folder):
        first = send(MUG, idempotency_key="k-1")
        assert send(MUG, idempotency_key="k-1") == first
        assert send(MUG, idempotency_key="k-2") != first
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            send(JUG, idempotency_key="k-1")
        assert len(list(folder.iterdir())) == 2

    def test_keeps_the_name_of_the_file_as_far_as_it_is_text(self, manager):
        file = io.BytesIO(csv_file(MUG))
        file.name = "spring\0\ud800\n.csv"
        import_id, _ = validate_import(viewer=manager, file=file, now=NOON)
        assert ProductImport.objects.get(pk=import_id).file_name == "spring.csv"


class TestFilesThatAreRefused:
    @pytest.mark.parametrize(
        ("content", "given", "error"),
        [
            (b"", {}, ("INVALID", "file")),
            (b"Handle,Title,Variant Price\n", {}, ("INVALID", "file")),
            (b"Handle,Title,Variant Price\n,,\n", {}, ("INVALID", "file")),
            (b"Title,Variant Price\nMug,5\n", {}, ("INVALID", "file")),
            (b"Handle;Title;Variant Price\nmug;Mug;5\n", {}, ("INVALID", "file")),
            (b"Handle\tTitle\tVariant Price\nmug\tMug\t5\n", {}, ("INVALID", "file")),
            (b"Handle,Title,Variant Price\nmug,\xc9cru,5\n", {}, ("INVALID", "file")),
            (b"Handle,Title,Variant Price\nmug,M\0g,5\n", {}, ("INVALID", "file")),
            (b'Handle,Title,Variant Price\nmug,"Mug,5\n', {}, ("INVALID", "file")),
            (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {}, ("INVALID", "file")),
            (csv_file(MUG), {"encoding": "UTF_16"}, ("INVALID", "file")),
            (csv_file(MUG), {"encoding": "klingon"}, ("INVALID", "encoding")),
        ],
    )
    def test_with_what_to_mend(self, send, folder, content, given, error):
        with refused(error):
            send(content, **given)
        assert not ProductImport.objects.exists()
        assert not Job.objects.exists()
        assert list(folder.iterdir()) == []

    def test_that_are_too_large_or_too_long(self, send, settings):
        settings.IMPORT_MAX_ROWS = 2
        send(MUG, JUG)
        with refused(("INVALID", "file"), match="more than 2 rows"):
            send(MUG, JUG, BOWL)
        settings.IMPORT_MAX_BYTES = len(csv_file(MUG))
        send(MUG)
        with refused(("INVALID", "file"), match="larger than"):
            send(MUG | {"Title": "Mugs"})


class TestCommit:
    def test_lets_in_what_was_reviewed(self, validated, commit):
        sent = validated(SHOP)
        job = commit(sent)
        assert job is not None
        assert job.kwargs == {"import_id": sent.pk}
        sent.refresh_from_db()
        assert (sent.status, counts(sent)) == ("COMMITTING", (11, 11, 0, 0, 0, 0))
        assert not Product.objects.exists()
        applied(sent)
        assert (sent.status, counts(sent)) == ("COMMITTED", (11, 11, 0, 5, 0, 0))
        assert set(sent.rows.values_list("status", "action")) == {("APPLIED", "CREATE")}
        after = everything()
        again = validated(SHOP)
        assert counts(again) == (11, 11, 0, 0, 0, 5)
        commit(again)
        assert counts(applied(again)) == (11, 11, 0, 0, 0, 5)
        assert everything() == after

    def test_leaves_out_what_was_found_invalid_even_if_it_would_fit_by_now(self, validated, commit):
        holder = make_product("cup", variants=[{"sku": "JUG"}])
        sent = validated(MUG, JUG)
        with refused(("INVALID", "onError")):
            commit(sent)
        holder.delete()
        commit(sent, on_error="SKIP")
        applied(sent)
        assert Product.objects.get().slug == "mug"
        assert (sent.status, counts(sent)) == ("COMMITTED", (2, 1, 1, 1, 0, 0))

    def test_is_refused_with_what_to_mend(self, send, validated, commit):
        waiting = send(MUG)
        with refused(("INVALID_TRANSITION", "importId")):
            commit(waiting)
        sent = validated(MUG)
        with refused(("INVALID", "fileHash")):
            commit(sent, file_hash="0" * 64)
        with refused(("INVALID", "onError")):
            commit(sent, on_error="IGNORE")
        with refused(("NOT_FOUND", "importId")):
            commit(sent, viewer=ANONYMOUS)
        with refused(("NOT_FOUND", "importId")):
            commit(ProductImport(pk=10**9))
        nothing = validated(MUG | {"Variant Price": "?"})
        with refused(("INVALID", "importId")):
            commit(nothing, on_error="SKIP")
        commit(sent)
        with refused(("INVALID_TRANSITION", "importId")):
            commit(sent)
        applied(sent)
        with refused(("INVALID_TRANSITION", "importId")):
            commit(sent)
        assert Job.objects.filter(kind="catalog.commit_import").count() == 1

    def test_again_with_its_key_answers_the_same(self, validated, commit):
        sent = validated(MUG)
        job = commit(sent, idempotency_key="k-1")
        assert commit(sent, idempotency_key="k-1") == job
        applied(sent)
        assert commit(sent, idempotency_key="k-1") == job
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            commit(sent, idempotency_key="k-1", on_error="SKIP")
        assert Job.objects.filter(kind="catalog.commit_import").count() == 1

    def test_tells_what_the_catalogue_made_of_it_meanwhile(self, validated, commit):
        make_product("bowl", variants=[{"price": "8"}])
        sent = validated(MUG, BOWL, JUG)
        assert [row[2] for row in report(sent)] == ["CREATE", "UPDATE", "CREATE"]
        make_product("mug", name="Cup", variants=[{"price": "9.90"}])
        Variant.objects.filter(product__slug="bowl").update(price=7)
        make_product("cup", variants=[{"sku": "JUG"}])
        commit(sent, on_error="SKIP")
        applied(sent)
        assert report(sent) == [
            (2, "mug", "UPDATE", "APPLIED", []),
            (3, "bowl", "UNCHANGED", "APPLIED", []),
            (4, "jug", None, "INVALID", [("Variant SKU", "ALREADY_EXISTS")]),
        ]
        assert (sent.status, counts(sent)) == ("COMMITTED", (3, 2, 1, 0, 1, 1))

    def test_ends_at_what_no_longer_fits(self, validated, commit):
        sent = validated(MUG, JUG, BOWL)
        make_product("cup", variants=[{"sku": "JUG"}])
        commit(sent, on_error="ABORT")
        applied(sent)
        assert [row[3] for row in report(sent)] == ["APPLIED", "INVALID", "VALID"]
        assert (sent.status, counts(sent)) == ("ABORTED", (3, 2, 1, 1, 0, 0))
        applied(sent)
        assert not Product.objects.filter(slug="bowl").exists()

    @pytest.mark.parametrize("step", ["import_product", "_count"])
    def test_goes_on_where_a_run_was_killed(self, validated, commit, monkeypatch, step):
        rows = [
            row | {"Variant Inventory Qty": "3"}
            for row in (MUG, JUG, BOWL, BOWL | {"Handle": "pot"})
        ]
        sent = validated(*rows)
        commit(sent)
        for call in (2, 2, 2):
            with monkeypatch.context() as patched:
                die_at(patched, step, call=call)
                with pytest.raises(Killed):
                    applied(sent)
        assert Product.objects.count() == 3
        sent.refresh_from_db()
        assert (sent.status, counts(sent)) == ("COMMITTING", (4, 4, 0, 3, 0, 0))
        applied(sent)
        assert (sent.status, counts(sent)) == ("COMMITTED", (4, 4, 0, 4, 0, 0))
        assert Counter(StockMovement.objects.values_list("delta", "kind", "reference")) == {
            (3, "IMPORTED", f"import:{sent.pk}"): 4
        }

    def test_of_a_file_that_is_gone_is_refused(self, validated, commit, folder):
        sent = validated(MUG)
        for file in folder.iterdir():
            file.unlink()
        commit(sent)
        with refused(("NOT_FOUND", ""), match="can't be read any more"):
            applied(sent)

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_by_two_runs_at_once_has_its_effect_once(self, send, commit):
        rows = [
            MUG | {"Handle": f"mug-{number}", "Variant Inventory Qty": "2", "Type": "Kitchen"}
            for number in range(20)
        ]
        sent = send(*rows)

        def at_once(run):
            run_at_once(lambda _: run(import_id=sent.pk, now=NOON), [1, 2])
            sent.refresh_from_db()
            return sent.status, counts(sent)

        assert at_once(import_runs.check_rows) == ("VALIDATED", (20, 20, 0, 20, 0, 0))
        commit(sent)
        assert at_once(import_runs.apply_rows) == ("COMMITTED", (20, 20, 0, 20, 0, 0))
        assert StockMovement.objects.count() == 20


class TestCost:
    def test_statements_grow_with_products_not_with_rows(self, send, commit):
        def statements(products: int, rows: int) -> tuple[int, int]:
            sent = send(
                *[
                    {
                        "Handle": f"p-{products}-{rows}-{product}",
                        "Title": "P" if row == 0 else "",
                        "Option1 Name": "Size" if row == 0 else "",
                        "Option1 Value": str(row),
                        "Variant Price": "5",
                    }
                    for product in range(products)
                    for row in range(rows)
                ]
            )
            with CaptureQueriesContext(connection) as checking:
                import_runs.check_rows(import_id=sent.pk, now=NOON)
            commit(sent)
            with CaptureQueriesContext(connection) as applying:
                import_runs.apply_rows(import_id=sent.pk, now=NOON)
            return len(checking), len(applying)

        checked, added = statements(1, 2)
        assert statements(1, 40) == (checked, added)
        assert checked <= 40
        assert added <= 40
        # What each product more takes; a batch takes ten statements once.
        (few, few_added), (many, many_added) = statements(5, 2), statements(9, 2)
        assert few - checked == many - few <= 4 * 25
        assert few_added - added == many_added - few_added <= 4 * 30


class TestRemoval:
    def test_takes_file_report_and_import_in_the_end(self, validated, commit, folder, settings):
        settings.IMPORT_RETENTION = timedelta(days=10)
        validated(MUG, JUG | {"Variant Price": "?"})
        kept = validated(BOWL, now=NOON + timedelta(days=1))
        assert delete_old_imports(now=NOON + timedelta(days=10)) == 0
        assert delete_old_imports(now=NOON + timedelta(days=10, seconds=1)) == 1
        assert ProductImport.objects.get() == kept
        assert ImportRow.objects.get().handle == "bowl"
        assert [file.name for file in folder.iterdir()] == [kept.file]

    def test_takes_what_a_process_left_that_died_before_it_named_its_file(self, validated, folder):
        now = timezone.now()
        kept = validated(MUG)
        for name in ("a" * 32 + ".csv", "somebody-elses.csv"):
            (folder / name).write_bytes(b"x")
        assert delete_orphaned_files(now=now) == 0
        assert delete_orphaned_files(now=now + timedelta(hours=25)) == 1
        assert {file.name for file in folder.iterdir()} == {kept.file, "somebody-elses.csv"}

    def test_is_a_job(self, validated):
        validated(MUG)
        tasks.delete_old_imports()
        assert not ProductImport.objects.exists()


class Killed(BaseException):
    """The worker's process ends."""


def die_at(monkeypatch, step: str, *, call: int | None) -> list[str]:
    """Have one of the calls of a step end the process; answers the calls as they come."""
    real = getattr(import_runs, step)
    calls: list[str] = []

    def dying(*args, **kwargs):
        calls.append(step)
        if len(calls) == call:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(import_runs, step, dying)
    return calls
