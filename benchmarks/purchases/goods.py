"""What can be bought in the benchmark: a copy of its shop with full shelves, thrown away after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.database import SETTINGS, Database
from benchmarks.operations import PRODUCTS

VARIANTS = 3 * PRODUCTS
# The two variants of a purchase: one of each range, so that they always differ.
RANGES = ((1, VARIANTS // 2), (VARIANTS // 2 + 1, VARIANTS))
# What a variant's SKU is more than its primary key, by dataset.sql.
SKU_OFFSET = 9_000_003
# The shipping method that is chosen, of those below.
METHOD = 1
ADDRESS = {
    "name": "Ada Byron",
    "street": "1 Analytical Way",
    "city": "London",
    "postalCode": "N1 9GU",
    "country": "GB",
    "phone": "",
}
# Where the keys of new rows begin, so that each is a number that stands nowhere else.
SEQUENCES = {
    "commerce_cart": 7_000_000_000,
    "commerce_order": 8_000_000_000,
    "commerce_payment": 9_000_000_000,
    "tasks_job": 6_000_000_000,
}
_TERMS = """
INSERT INTO commerce_shippingzone (id, name, countries) VALUES (1, 'Britain', '{GB}');
INSERT INTO commerce_shippingmethod (id, zone_id, name, price, currency, position, is_active)
VALUES (1, 1, 'Standard', 4.90, 'EUR', 0, true), (2, 1, 'Express', 12.90, 'EUR', 1, true);
INSERT INTO commerce_taxrate (country, rate) VALUES ('GB', 0.2);
UPDATE catalog_stock SET on_hand = 1000000;
INSERT INTO catalog_stock (variant_id, on_hand, allocated)
SELECT id, 1000000, 0 FROM catalog_variant ON CONFLICT DO NOTHING;
"""
# Nothing was sold twice or half, whoever met whom.
_BROKEN = {
    "stock promised and ordered": """
        SELECT count(*)
          FROM catalog_stock s
          LEFT JOIN (
              SELECT variant_id, sum(quantity) AS quantity
                FROM commerce_orderline
               WHERE order_id > {order}
               GROUP BY 1
          ) o USING (variant_id)
         WHERE s.allocated <> coalesce(o.quantity, 0)""",
    "orders with other lines than their carts": """
        SELECT count(*)
          FROM commerce_order o
         WHERE o.id > {order}
           AND ARRAY(SELECT (variant_id, quantity, total)::text FROM commerce_orderline
                      WHERE order_id = o.id ORDER BY 1)
            <> ARRAY(SELECT (variant_id, quantity, total)::text FROM commerce_cartline
                      WHERE cart_id = o.cart_id ORDER BY 1)""",
    "orders of another total than lines, shipping and tax": """
        SELECT count(*)
          FROM commerce_order o
         WHERE o.id > {order}
           AND total <> (SELECT sum(total) FROM commerce_orderline WHERE order_id = o.id)
                        - discount + shipping + tax""",
    "orders without their payment, history or job": """
        SELECT count(*)
          FROM commerce_order o
         WHERE o.id > {order}
           AND (NOT EXISTS (SELECT FROM commerce_payment p
                             WHERE p.order_id = o.id AND p.amount = o.total)
                OR NOT EXISTS (SELECT FROM commerce_orderevent e WHERE e.order_id = o.id)
                OR NOT EXISTS (SELECT FROM tasks_job j WHERE j.key = 'order:' || o.id))""",
}


@contextmanager
def stocked(own: Database) -> Iterator[Database]:
    """A copy of the benchmark's database that sells everything to Great Britain, meanwhile."""
    from django.db import connections

    # Nobody may be connected to what is copied.
    connections.close_all()
    copy = replace(own, name=f"{own.name}_purchases")
    _administer(own, f'DROP DATABASE IF EXISTS "{copy.name}" WITH (FORCE)')
    _administer(own, f'CREATE DATABASE "{copy.name}" TEMPLATE "{own.name}"')
    try:
        for name, value in SETTINGS.items():
            _administer(own, f"ALTER DATABASE \"{copy.name}\" SET {name} = '{value}'")
        connection = copy.connect()
        cursor = connection.cursor()
        cursor.execute(_TERMS)
        for table, first in SEQUENCES.items():
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first])
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
        connection.close()
        yield copy
    finally:
        _administer(own, f'DROP DATABASE IF EXISTS "{copy.name}" WITH (FORCE)')


def broken(shop: Database) -> dict[str, int]:
    """What of the shop's books does not agree after the purchases, and how often."""
    counts = {
        what: shop.query(sql.format(order=SEQUENCES["commerce_order"]))
        for what, sql in _BROKEN.items()
    }
    return {what: count for what, count in counts.items() if count}


def orders(shop: Database) -> int:
    """How many purchases there were, replayed ones included."""
    return shop.query(
        f"SELECT count(*) FROM commerce_order WHERE id > {SEQUENCES['commerce_order']}"  # noqa: S608
    )


def _administer(own: Database, sql: str) -> Any:
    """Run a statement about databases, from one that is neither the shop nor its copy."""
    connection = own.connect("postgres")
    try:
        connection.cursor().execute(sql)
    finally:
        connection.close()
