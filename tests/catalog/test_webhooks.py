"""What integrators hear of products."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from catalog.models import Product
from catalog.services.announcements import TELL
from catalog.services.media import delete_media
from catalog.services.products import create_product, delete_product, update_product
from nexus.tasks import tell_of_product
from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery, WebhookEventType
from tests.catalog.test_admin import rows
from tests.tasks.webhooks.factories import make_endpoint
from users.models import User
from users.viewer import ANONYMOUS

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def enter(slug: str, **given) -> Product:
    given = {
        "name": slug.title(),
        "slug": slug,
        "is_published": True,
        "variants": [{"price": "9.90"}],
        **given,
    }
    return Product.objects.get(pk=create_product(viewer=ANONYMOUS, given=given, now=NOON))


def told() -> list[str]:
    """Run the jobs that tell of products; the types of what is sent since the last call."""
    WebhookDelivery.objects.all().delete()
    for job in Job.objects.filter(kind=TELL, status="PENDING").order_by("pk"):
        tell_of_product(**job.kwargs)
        Job.objects.filter(pk=job.pk).update(status="SUCCEEDED")
    deliveries = WebhookDelivery.objects.order_by("pk")
    return list(deliveries.values_list("event_type", flat=True))


def body() -> dict:
    """What is sent last."""
    return json.loads(WebhookDelivery.objects.latest("pk").payload)


@pytest.fixture
def everything():
    return make_endpoint(event_types=WebhookEventType.values)


@pytest.mark.usefixtures("everything")
class TestProducts:
    def test_are_told_from_beginning_to_end(self):
        product = enter("mug", is_published=False)
        assert told() == ["PRODUCT_CREATED"]
        update_product(product_id=product.pk, given={"name": "Big mug"}, now=NOON)
        assert told() == ["PRODUCT_UPDATED"]
        assert body()["type"] == "product.updated"
        assert body()["timestamp"] == "2026-03-01T12:00:00Z"
        shown = body()["data"]["product"]
        assert (shown["id"], shown["slug"], shown["name"]) == (product.pk, "mug", "Big mug")
        assert shown["variants"][0]["price"]

        update_product(product_id=product.pk, given={"is_published": True}, now=NOON)
        assert told() == ["PRODUCT_UPDATED", "PRODUCT_PUBLISHED"]
        update_product(product_id=product.pk, given={"is_published": False}, now=NOON)
        assert told() == ["PRODUCT_UPDATED", "PRODUCT_UNPUBLISHED"]
        delete_product(product_id=product.pk, now=NOON)
        assert told() == ["PRODUCT_DELETED"]
        assert body()["data"] == {"product": {"id": product.pk, "slug": "mug"}}

    def test_that_are_published_at_once_are_told_so(self):
        enter("mug")
        assert told() == ["PRODUCT_CREATED", "PRODUCT_PUBLISHED"]

    def test_are_told_when_a_picture_changes(self):
        product = enter("mug", media=[{"url": "https://a.example/mug.jpg"}])
        told()
        delete_media(media_id=product.media.get().pk, now=NOON)
        assert told() == ["PRODUCT_UPDATED"]
        assert body()["data"]["product"]["media"] == []

    def test_are_not_told_where_nothing_changes(self):
        product = enter("mug")
        told()
        update_product(product_id=product.pk, given={"name": product.name}, now=NOON)
        assert told() == []

    def test_that_are_gone_by_then_are_told_only_to_be_gone(self):
        product = enter("mug")
        delete_product(product_id=product.pk, now=NOON)
        assert told() == ["PRODUCT_DELETED"]


@pytest.mark.usefixtures("everything")
def test_what_the_admin_does_is_told_too(client):
    client.force_login(User.objects.create_superuser("staff@example.com", "x"))
    form = {"name": "Mug", "slug": "mug", **rows("options"), **rows("variants"), **rows("media")}
    assert client.post("/admin/catalog/product/add/", form).status_code == 302
    product = Product.objects.get()
    assert told() == ["PRODUCT_CREATED"]
    page = f"/admin/catalog/product/{product.pk}"
    assert client.post(f"{page}/change/", {**form, "is_published": "on"}).status_code == 302
    assert told() == ["PRODUCT_UPDATED", "PRODUCT_PUBLISHED"]
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 302
    assert told() == ["PRODUCT_DELETED"]


def test_nothing_is_enqueued_where_nobody_listens():
    make_endpoint(event_types=["ORDER_CREATED"])
    product = enter("mug")
    delete_product(product_id=product.pk, now=NOON)
    assert not Product.objects.exists()
    assert not Job.objects.filter(kind=TELL).exists()
