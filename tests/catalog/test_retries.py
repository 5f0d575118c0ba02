"""Changes of the catalogue that PostgreSQL asks to repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.utils import timezone

from catalog.csv_import import import_products
from catalog.models import Collection, Media, Product, Variant
from catalog.services.categories import create_category, delete_category, update_category
from catalog.services.collections import delete_collection, update_collection
from catalog.services.media import delete_media, update_media
from catalog.services.products import create_product, delete_product, update_product
from catalog.services.stocktaking import StockReason, VariantName, enter_adjustment
from tasks import transactions
from tests.catalog.factories import make_product
from users.models import User
from users.viewer import Viewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]

NOW = timezone.now()


@contextmanager
def deadlock_at_first(table: str) -> Iterator[None]:
    """Have PostgreSQL end the first transaction that writes to a table, as in a deadlock.

    A sequence counts them: it forgets nothing when they are rolled back.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"""
            CREATE SEQUENCE attempts;
            CREATE FUNCTION deadlock_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('attempts') = 1 THEN
                    RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER deadlock_at_first AFTER INSERT OR UPDATE OR DELETE ON {table}
               FOR EACH STATEMENT EXECUTE FUNCTION deadlock_at_first();
        """)
        try:
            yield
            cursor.execute("SELECT last_value FROM attempts")
            assert cursor.fetchone()[0] > 1
        finally:
            cursor.execute(f"""
                DROP TRIGGER deadlock_at_first ON {table};
                DROP FUNCTION deadlock_at_first();
                DROP SEQUENCE attempts;
            """)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(transactions, "FIRST_PAUSE_SECONDS", 0.0001)


@pytest.fixture
def mug() -> Product:
    return make_product("mug", variants=[{"sku": "MUG"}])


@pytest.fixture
def manager() -> Viewer:
    return Viewer(user_id=User.objects.create_user("boss@example.com", "pass").pk)


class TestDeadlock:
    def test_of_products_is_tried_again(self, mug, manager):
        with deadlock_at_first("catalog_product"):
            update_product(product_id=mug.pk, given={"name": "Cup"}, now=NOW)
        jug = {"viewer": manager, "given": {"name": "Jug"}, "idempotency_key": "k", "now": NOW}
        with deadlock_at_first("catalog_product"):
            pk = create_product(**jug)
        assert create_product(**jug) == pk
        with deadlock_at_first("catalog_product"):
            delete_product(product_id=mug.pk, now=NOW)
        assert [product.name for product in Product.objects.all()] == ["Jug"]

    def test_of_categories_is_tried_again(self):
        root, other = create_category(name="Root"), create_category(name="Other")
        with deadlock_at_first("catalog_category"):
            update_category(category_id=other.pk, given={"parent_slug": "root"})
        other.refresh_from_db()
        assert other.parent == root
        with deadlock_at_first("catalog_category"):
            delete_category(category_id=root.pk)
        other.refresh_from_db()
        assert other.parent is None

    def test_of_collections_is_tried_again(self, mug):
        summer = Collection.objects.create(name="Summer", slug="summer")
        with deadlock_at_first("catalog_collection_products"):
            update_collection(collection_id=summer.pk, given={"product_slugs": ["mug"]})
        assert list(summer.products.all()) == [mug]
        with deadlock_at_first("catalog_collection"):
            delete_collection(collection_id=summer.pk)
        assert not Collection.objects.exists()

    def test_of_pictures_is_tried_again(self, mug):
        media = Media.objects.create(product=mug, url="https://example.com/1.jpg")
        with deadlock_at_first("catalog_media"):
            update_media(media_id=media.pk, changes={"alt": "A mug"}, now=NOW)
        media.refresh_from_db()
        assert media.alt == "A mug"
        with deadlock_at_first("catalog_media"):
            delete_media(media_id=media.pk, now=NOW)
        assert not Media.objects.exists()

    def test_of_stock_is_tried_again(self, mug, manager):
        with deadlock_at_first("catalog_stock"):
            enter_adjustment(
                viewer=manager,
                variant=VariantName(sku="MUG", variant_id=None),
                delta=5,
                reason=StockReason.RECEIVED,
                now=NOW,
            )
        assert Variant.objects.get().stock.on_hand == 15

    def test_of_imports_is_tried_again(self):
        with deadlock_at_first("catalog_variant"):
            report = import_products(content=b"Handle,Title,Variant Price\njug,Jug,5\n", now=NOW)
        assert (report.created, report.failed) == (1, 0)
