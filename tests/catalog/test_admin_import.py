"""The import of a CSV file in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.admin.product_import import MAX_KILOBYTES, MAX_ROWS
from catalog.models import Product
from users.models import User

URL = "/admin/catalog/product/import/"
GOOD = "Handle,Title,Variant Price\nmug,Mug,10.00\n"
BAD = GOOD + "hat,Hat,ten\n"


@pytest.fixture(autouse=True)
def _database(db):
    """Every test here reads or writes rows."""


@pytest.fixture
def manager(client):
    user = User.objects.create_user("manager@example.com", "pass", is_staff=True)
    user.groups.add(Group.objects.get(name="catalog_manager"))
    client.force_login(user)
    return client


def upload(client, content, *, encoding="utf-8", **data):
    if isinstance(content, str):
        content = content.encode(encoding)
    file = SimpleUploadedFile("products.csv", content)
    return client.post(URL, {"file": file, "encoding": encoding, **data})


def numbers(page):
    report = page.context["report"]
    return report.created, report.updated, report.unchanged, report.failed


def test_the_products_list_leads_there(manager):
    assert f'href="{URL}"' in manager.get("/admin/catalog/product/").text
    assert manager.get(URL).status_code == 200


def test_a_dry_run_reports_and_writes_nothing(manager):
    page = upload(manager, GOOD, is_dry_run="on")
    assert "Dry run: nothing was written" in page.text
    assert numbers(page) == (1, 0, 0, 0)
    assert not Product.objects.exists()


def test_good_products_go_in_and_bad_lines_are_reported(manager):
    page = upload(manager, BAD)
    assert numbers(page) == (1, 0, 0, 1)
    (error,) = page.context["report"].errors
    assert (error.line, error.column, error.handle) == (3, "Variant Price", "hat")
    for cell in ("3", "Variant Price", "hat", error.code, error.message):
        assert f"<td>{cell}</td>" in page.text
    assert Product.objects.get().slug == "mug"


def test_the_same_file_again_changes_nothing(manager):
    upload(manager, GOOD)
    assert numbers(upload(manager, GOOD)) == (0, 0, 1, 0)


def test_other_encodings_are_named_and_not_guessed(manager):
    content = GOOD.replace("Mug", "Café")
    page = upload(manager, content.encode("windows-1252"))
    assert "Line 2 is not utf-8." in page.text
    upload(manager, content, encoding="windows-1252")
    assert Product.objects.get().name == "Café"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The submitted file is empty."),
        (GOOD + "mug,Mug,10.00\n" * MAX_ROWS, f"more than {MAX_ROWS} rows"),
        ("a,b\n1,2\n", "This is no product export of Shopify"),
        ("x" * (MAX_KILOBYTES * 1000 + 1), "Give a file of at most"),
    ],
)
def test_what_is_no_import_is_refused_in_words(manager, content, message):
    page = upload(manager, content)
    assert message in page.text
    assert "report" not in page.context
    assert not Product.objects.exists()


def test_it_needs_a_file(manager):
    page = manager.post(URL, {"encoding": "utf-8"})
    assert "This field is required." in page.text


@pytest.mark.parametrize("role", ["support", "order_manager"])
def test_is_for_who_may_change_the_catalogue(client, role):
    user = User.objects.create_user("staff@example.com", "pass", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    assert client.get(URL).status_code == 403
    assert upload(client, GOOD).status_code == 403
    assert URL not in client.get("/admin/catalog/product/").text
    assert not Product.objects.exists()
