"""Lists are read by indexes: no sort and no filter has PostgreSQL look at every row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from schema.catalog.sorts import PRODUCT_SORTS
from schema.commerce.sorts import ORDER_SORTS
from schema.compiler.ids import encode_id
from schema.compiler.run import run
from schema.execution import GraphQLRequest, plan_of
from users.models import User
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer

PRODUCTS = 5_000

# As services would leave them; their own rules have tests elsewhere.
ROWS = f"""
INSERT INTO catalog_category (id, name, slug, path, position)
SELECT n, 'Category ' || n, 'c' || n, '1/' || n || '/', n FROM generate_series(2, 40) n;

INSERT INTO catalog_product (id, category_id, name, slug, description, vendor, tags, is_published,
                             search_vector, created_at, updated_at)
SELECT n, 2 + n % 39, 'Thing ' || n * 7919 % {PRODUCTS}, 'p' || n, '', 'Vendor ' || n % 60,
       ARRAY['tag-' || n % 50], n % 50 > 0,
       to_tsvector('english', 'Thing ' || n),
       timestamptz '2024-02-01' + n * interval '1 hour', now()
  FROM generate_series(1, {PRODUCTS}) n;

INSERT INTO catalog_variant (id, product_id, sku, name, position, options, price, currency)
SELECT 3 * n + size, n, 'S' || 3 * n + size, '', size,
       jsonb_build_object('Size', (ARRAY['Small', 'Medium', 'Large'])[1 + size]),
       5 + n * 37 % 20000 / 100.0 + size, 'EUR'
  FROM generate_series(1, {PRODUCTS}) n, generate_series(0, 2) size;

INSERT INTO catalog_stock (variant_id, on_hand, allocated)
SELECT id, id * 13 % 40, 0 FROM catalog_variant;

INSERT INTO catalog_collection (id, name, slug)
SELECT n, 'Collection ' || n, 'collection-' || n FROM generate_series(1, 20) n;
INSERT INTO catalog_collection_products (collection_id, product_id)
SELECT 1 + n % 20, n FROM generate_series(1, {PRODUCTS}) n;

INSERT INTO catalog_productlisting (product_id, min_price, max_price, availability, in_stock,
                                    rating, review_count)
SELECT n, CASE WHEN n % 30 > 0 THEN 5 + n * 37 % 20000 / 100.0 END, 300, 'IN_STOCK', true,
       CASE WHEN n % 3 > 0 THEN round(1 + n % 400 / 100.0, 2) END, 1
  FROM generate_series(1, {PRODUCTS}) n;

ANALYZE;
"""  # noqa: S608

FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "category": {"category": "c20"},
    "subtree": {"category": "c3", "includeDescendants": True},
    "collection": {"collection": "collection-7"},
    "price": {"price": {"min": "50", "max": "60"}},
    "in stock": {"inStock": True},
    "sold out": {"inStock": False},
    "vendor": {"vendor": ["Vendor 3", "Vendor 7"]},
    "tags": {"tags": ["tag-3"]},
    "options": {"options": [{"name": "Size", "values": ["Small", "Large"]}]},
    "a rare option": {"options": [{"name": "Size", "values": ["Huge"]}]},
    "ids": {"ids": [encode_id("Product", n) for n in (7, 77, 777)]},
    "created after": {"createdAfter": "2024-08-20T00:00:00Z"},
    "published": {"isPublished": True},
    "unpublished": {"isPublished": False},
    "several": {
        "category": "c3",
        "inStock": True,
        "price": {"min": "50"},
        "options": [{"name": "Size", "values": ["Small"]}],
    },
}

PAGE = """
query Page($after: String, $sort: ProductSort, $search: String, $filter: ProductFilter) {
  products(first: 24, after: $after, sort: $sort, search: $search, filter: $filter) {
    nodes { name }
  }
}
"""
CURSORS = """
query Cursors($first: Int, $after: String, $sort: ProductSort, $search: String) {
  products(first: $first, after: $after, sort: $sort, search: $search) { pageInfo { endCursor } }
}
"""


@pytest.fixture
def _rows():
    with connection.cursor() as cursor:
        cursor.execute(ROWS)


def planned(document: str, viewer: Viewer = ANONYMOUS, **variables: Any):
    """The plan of a query and its values."""
    return plan_of(GraphQLRequest(document, None, variables), viewer=viewer)


def cursor_after(pages: int, **variables: Any) -> str:
    """The cursor that so many pages of a hundred rows end in."""
    after = None
    for _ in range(pages):
        column = run(*planned(CURSORS, first=100, after=after, **variables))[0]
        after = json.loads(column)["pageInfo"]["endCursor"]
    return after


def scanned(node: dict[str, Any]) -> set[str]:
    """The tables that a plan reads from end to end."""
    found = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return found.union(*(scanned(child) for child in node.get("Plans", ())))


def scanned_for(document: str = PAGE, viewer: Viewer = ANONYMOUS, **variables: Any) -> set[str]:
    """The tables that PostgreSQL would scan for a page."""
    plan, bindings = planned(document, viewer, **variables)
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE page AS {plan.sql}")
        cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE page{plan.marks}", plan.parameters(bindings))
        tree = cursor.fetchone()[0][0]["Plan"]
        cursor.execute("DEALLOCATE page")
    return scanned(tree)


# Categories and collections are few: these are the tables that grow.
LARGE = {
    "catalog_product",
    "catalog_productlisting",
    "catalog_variant",
    "catalog_stock",
    "catalog_collection_products",
}


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("sort", PRODUCT_SORTS)
def test_no_sort_with_any_filter_scans_a_table(sort):
    order = {"sort": sort, "search": "thing" if sort == "RELEVANCE" else None}
    scans = {}
    for place, after in [("first", None), ("deep", cursor_after(42, **order))]:
        for name, filter_ in FILTERS.items():
            tables = scanned_for(after=after, filter=filter_, **order)
            if tables & LARGE:
                scans[place, name] = tables & LARGE
    assert scans == {}


REVIEWS = """
INSERT INTO catalog_review (product_id, user_id, rating, title, body, status, created_at)
SELECT n, id, 5, '', '', CASE WHEN n % 100 = 0 THEN 'PENDING' ELSE 'PUBLISHED' END,
       timestamptz '2024-02-01' + n * interval '1 hour'
  FROM (SELECT row_number() OVER (ORDER BY id) AS n, id FROM users_user) AS author;
ANALYZE;
"""


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("filter_", [None, {"status": "PENDING"}, {"status": "PUBLISHED"}])
def test_moderators_lists_scan_no_table(filter_):
    User.objects.bulk_create(User(email=f"{n}@example.com") for n in range(3_000))
    with connection.cursor() as cursor:
        cursor.execute(REVIEWS)
    page = "query ($filter: ReviewFilter) { reviews(filter: $filter) { nodes { id title } } }"
    moderator = Viewer(user_id=1, permissions=frozenset({"catalog.change_review"}))
    assert "catalog_review" not in scanned_for(page, moderator, filter=filter_)


ORDERS = 5_000
# Of every hundred, one waits to be paid and one to be sent.
MANY_ORDERS = f"""
INSERT INTO commerce_order (number, token, email, status, payment_status, currency, subtotal,
                            discount, shipping, tax, included_tax, total, shipping_address,
                            shipping_method_name, placed_at)
SELECT 'N-' || 100000 + n, 't' || n, 'Customer.' || n % 900 || '@example.com',
       CASE n % 100 WHEN 0 THEN 'PENDING_PAYMENT' WHEN 1 THEN 'CONFIRMED' ELSE 'FULFILLED' END,
       CASE n % 100 WHEN 0 THEN 'PENDING' WHEN 1 THEN 'AUTHORIZED' ELSE 'PAID' END,
       'EUR', 0, 0, 0, 0, 0, 0, '{{}}', '', timestamptz '2024-02-01' + n * interval '1 hour'
  FROM generate_series(1, {ORDERS}) n;
ANALYZE;
"""  # noqa: S608


@pytest.mark.parametrize("sort", ORDER_SORTS)
@pytest.mark.parametrize(
    "filter_",
    [
        None,
        {"status": ["CONFIRMED"]},
        {"status": ["CONFIRMED", "PENDING_PAYMENT"]},
        {"paymentStatus": ["AUTHORIZED"]},
        {"placedAfter": "2024-08-01T00:00:00Z", "placedBefore": "2024-08-02T00:00:00Z"},
        {"email": "customer.7@example.com"},
        {"search": "n-1001"},
        {"search": "CUSTOMER.77"},
        {"search": "nobody"},
        {"status": ["FULFILLED"], "paymentStatus": ["PAID"], "search": "N-1"},
    ],
)
def test_staffs_lists_of_orders_scan_no_table(db, filter_, sort):
    with connection.cursor() as cursor:
        cursor.execute(MANY_ORDERS)
    page = """query Orders($filter: OrderFilter, $sort: OrderSort) {
      orders(filter: $filter, sort: $sort, first: 50) { nodes { number allowedActions } }
    }"""
    staff = Viewer(user_id=1, permissions=ROLES["order_manager"])
    assert "commerce_order" not in scanned_for(page, staff, filter=filter_, sort=sort)
