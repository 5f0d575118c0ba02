"""What holds for every page of the admin, whatever it shows."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commerce.models import Order
from nexus.admin.site import CONTENT_SECURITY_POLICY
from tasks.models import Job
from tests.rows import make_rows
from users.models import User

pytestmark = pytest.mark.django_db

ADMINS = {model._meta.label: model_admin for model, model_admin in admin.site._registry.items()}
# The session, the account, the page's count and rows, and what its filters and dates offer.
MOST = 12
# What nothing can be found by: values that no column takes, calendar has or pattern means.
TAMPERED = [
    ("", "\0"),
    ("__exact", "\0"),
    ("__in", "\0"),
    ("__year", "9999"),
    ("__year", "99999"),
    ("__regex", "("),
]


@pytest.fixture
def root(client):
    client.force_login(User.objects.create_superuser("root@example.com", "x"))
    return client


def statements(client, url: str, query: dict[str, str] | None = None) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, query).status_code == 200
    return [query["sql"] for query in queries]


@pytest.mark.parametrize("label", ADMINS)
class TestEveryModel:
    def test_its_list_costs_the_same_for_one_row_and_for_a_hundred(self, root, label):
        model_admin = ADMINS[label]
        model = model_admin.model
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        queries = [{}, {"q": "1"}] if model_admin.search_fields else [{}]
        make_rows(model, 1)
        statements(root, url)  # The first page of a process looks up what is the same for all.
        few = [statements(root, url, query) for query in queries]
        make_rows(model, 99)
        many = [statements(root, url, query) for query in queries]
        assert list(map(len, few)) == list(map(len, many)), "\n".join(many[0])
        assert max(map(len, many)) <= MOST, "\n".join(many[0])

    def test_its_list_answers_what_nothing_can_be_found_by(self, root, label):
        model = ADMINS[label].model
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for field in model._meta.concrete_fields:
            for lookup, value in TAMPERED:
                query = {f"{field.name}{lookup}": value}
                with transaction.atomic():
                    answer = root.get(url, query)
                    transaction.set_rollback(True)
                assert answer.status_code in (200, 302, 400), query
                if answer.status_code == 302:
                    assert answer.headers["Location"] == f"{url}?e=1"

    def test_its_form_begins_without_what_an_address_can_t_mean(self, root, label):
        options = ADMINS[label].model._meta
        url = reverse(f"admin:{options.app_label}_{options.model_name}_add")
        for field in options.get_fields():
            for value in ("abc", "\0", "9" * 30):
                status = root.get(url, {field.name: value}).status_code
                assert status in (200, 302, 403), (field.name, value)

    def test_its_page_costs_the_same_with_few_parts_and_with_many(self, root, label):
        model_admin = ADMINS[label]
        model = model_admin.model
        row, other = make_rows(model, 2)
        for each, count in ((row, 2), (other, 20)):
            for inline in model_admin.inlines:
                make_rows(inline.model, count, **{_key_to(inline.model, model): each})
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        statements(root, reverse(name, args=[row.pk]))
        few = statements(root, reverse(name, args=[row.pk]))
        many = statements(root, reverse(name, args=[other.pk]))
        assert len(few) == len(many), "\n".join(many)

    def test_its_list_can_be_searched_and_its_pages_say_by_what(self, label):
        model_admin = ADMINS[label]
        assert model_admin.search_fields
        assert model_admin.ordering


def test_words_that_no_text_holds_complete_nothing(root):
    query = {"app_label": "catalog", "model_name": "product", "field_name": "category"}
    address = reverse("admin:autocomplete")
    assert root.get(address, {**query, "term": "mug"}).status_code == 200
    assert root.get(address, {**query, "term": "\0"}).status_code == 400


class TestFirstPage:
    def test_says_what_waits_and_leads_there(self, root):
        make_rows(Order, 3, status="CONFIRMED")
        make_rows(Order, 1, status="CANCELLED")
        make_rows(Job, 2, status="DEAD")
        page = root.get("/admin/")
        waiting = {words: (count, url) for count, words, url in page.context["waiting"]}
        assert {words: count for words, (count, _) in waiting.items()} == {
            "orders to send": 3,
            "reviews to read": 0,
            "jobs that failed": 2,
        }
        assert "No reviews to read" in page.text
        for count, address in waiting.values():
            assert root.get(address).context["cl"].result_count == count

    def test_says_nothing_of_what_the_account_may_not_see(self, client):
        user = User.objects.create_user("support@example.com", "x", is_staff=True)
        user.groups.add(Group.objects.get(name="support"))
        client.force_login(user)
        waiting = client.get("/admin/").context["waiting"]
        assert [words for _, words, _ in waiting] == ["orders to send"]


@pytest.mark.parametrize(
    "path", ["login/", "", "catalog/product/", "catalog/product/import/", "jsi18n/"]
)
def test_pages_run_and_load_our_own_files_alone(client, path):
    if path != "login/":
        client.force_login(User.objects.create_superuser("root@example.com", "x"))
    response = client.get(f"/admin/{path}")
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    for tag in re.findall(
        r"<(?:script|style|[a-z]+ (?:[^>]* )?(?:style|on[a-z]+)=)[^>]*>", response.text
    ):
        assert "src=" in tag or 'type="application/json"' in tag, tag


def _key_to(model, target):
    return next(
        field.name
        for field in model._meta.fields
        if field.is_relation and field.related_model is target
    )
