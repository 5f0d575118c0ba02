"""What staff write about orders for each other."""

from __future__ import annotations

import pytest

from commerce.models import OrderNote
from commerce.services.notes import create_order_note
from tests.commerce.factories import NOON, buy, make_customer, make_ready_cart, make_variant
from tests.commerce.refusals import refused
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer


@pytest.fixture
def order(standard):
    make_variant()
    return buy(make_ready_cart(method=standard, mug_1=1)).order


@pytest.fixture
def support(db):
    return Viewer(
        user_id=make_customer("support@example.com").user_id, permissions=ROLES["support"]
    )


def write(order, viewer, **options):
    return create_order_note(
        **{
            "viewer": viewer,
            "order_number": order.number,
            "body": "call back",
            "now": NOON,
            **options,
        }
    )


class TestCreateOrderNote:
    def test_keeps_who_wrote_what_when(self, order, support):
        note = write(order, support, body=" call back\n")
        assert (note.order, note.author_id, note.body, note.created_at) == (
            order,
            support.user_id,
            "call back",
            NOON,
        )
        assert not order.events.filter(message__contains="call").exists()

    def test_once_for_a_key(self, order, support):
        first = write(order, support, idempotency_key="k")
        assert write(order, support, idempotency_key="k") == first == OrderNote.objects.get()
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            write(order, support, body="another", idempotency_key="k")

    def test_refuses_nothing_too_much_and_unknown_orders(self, order, support):
        with refused(("REQUIRED", "body")):
            write(order, support, body=" \n")
        with refused(("INVALID", "body")):
            write(order, support, body="a" * 5001)
        with refused(("NOT_FOUND", "orderNumber")):
            write(order, support, order_number="N-1")


class TestNotes:
    def test_are_seen_by_who_may_view_them_whoever_owns_the_order(self, order, support):
        write(order, support)
        assert OrderNote.objects.visible_to(support).count() == 1
        holder = ANONYMOUS.holding(order_token=order.token)
        for viewer in [ANONYMOUS, holder, Viewer(user_id=support.user_id)]:
            assert not OrderNote.objects.visible_to(viewer).exists()
