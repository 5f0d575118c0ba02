"""Whatever input a client makes up for any mutation: an answer in JSON, never a failure of ours."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from graphql import GraphQLInputObjectType, get_named_type
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.models import Category, Collection, Media, ProductImport, Review
from commerce.models import Fulfillment, Order, OrderLine, Payment, Return
from commerce.services.fulfillments import create_fulfillment
from commerce.services.order_lines import OrderLineInput
from commerce.services.returns import request_return
from schema.compiler.ids import encode_id
from schema.schema import schema
from tests.commerce.factories import NOON, make_voucher
from tests.schema.shop import Endpoint, buy, fill_shop, id_of, make_user, product_id, token_of
from tests.schema.test_generated_input import EXAMPLES, inputs, rarely_anything
from tests.tasks.webhooks.factories import make_delivery
from users.authentication import viewer_of
from users.models import Address

MUTATION = schema.graphql_schema.mutation_type
# By a mutation's name: the type of its input.
INPUTS = {
    name: type_.name
    for name, field in MUTATION.fields.items()
    if "input" in field.args
    and isinstance(type_ := get_named_type(field.args["input"].type), GraphQLInputObjectType)
}


class TestGeneratedMutations(Endpoint, TestCase):
    # What examples mostly name, by the input's field, or by mutation and field.
    known: dict[str, Any]

    @classmethod
    def setUpTestData(cls) -> None:
        fill_shop()
        cls.staff = make_user("boss@example.com", role="admin")
        owner = make_user("ada@example.com")
        endpoint = Endpoint()
        endpoint.client = cls.client_class()
        buy(endpoint, bearer=token_of(owner))
        order = Order.objects.get()
        line = OrderLine.objects.get(order=order)
        one = [OrderLineInput(order_line_id=line.pk, quantity=1)]
        staff = viewer_of(cls.staff)
        create_fulfillment(viewer=staff, order_number=order.number, lines=one, now=NOON)
        request_return(viewer=staff, number=order.number, lines=one, now=NOON)
        review = Review.objects.create(
            product_id=line.variant.product_id, user=owner, rating=5, status="PENDING"
        )
        media = Media.objects.create(product_id=line.variant.product_id, url="https://a.example/b")
        address = Address.objects.create(
            user=cls.staff, name="A", street="B", city="C", country="GB", created_at=NOON
        )
        delivery = make_delivery()
        parcel = id_of(Fulfillment.objects.get())
        back = id_of(Return.objects.get())
        cls.known = {
            "orderNumber": order.number,
            "number": order.number,
            "lines": [{"orderLineId": id_of(line), "quantity": 1}],
            "paymentId": encode_id("Payment", Payment.objects.get().public_id),
            "productId": product_id("mug"),
            "sku": "MUG-1",
            "email": owner.email,
            "fulfillmentDeliver.id": parcel,
            "fulfillmentCancel.id": parcel,
            "returnApprove.id": back,
            "returnReject.id": back,
            "returnReceive.id": back,
            "reviewModerate.id": id_of(review),
            "mediaUpdate.id": id_of(media),
            "mediaDelete.id": id_of(media),
            "addressUpdate.id": id_of(address),
            "addressDelete.id": id_of(address),
            "voucherUpdate.id": id_of(make_voucher()),
            "categoryUpdate.id": id_of(Category.objects.first()),
            "categoryDelete.id": id_of(Category.objects.first()),
            "collectionUpdate.id": id_of(Collection.objects.create(name="Old", slug="old")),
            "importId": id_of(
                ProductImport.objects.create(status="VALIDATED", row_count=1, valid_count=1)
            ),
            "fileHash": "",
            "productUpdate.id": product_id("mug"),
            "productDelete.id": product_id("mug"),
            "webhookDeliveryResend.id": id_of(delivery),
            "webhookEndpointUpdate.id": id_of(delivery.endpoint),
            "webhookEndpointDelete.id": id_of(delivery.endpoint),
            "webhookEndpointPing.id": id_of(delivery.endpoint),
            "webhookEndpointRotateSecret.id": id_of(delivery.endpoint),
            "url": "https://example.com/hooks",
        }

    @settings(max_examples=8 * EXAMPLES)
    @given(st.data())
    def test_of_any_mutation(self, data: Any) -> None:
        # Wrong passwords are counted there, from one example to the next.
        cache.clear()
        name = data.draw(st.sampled_from(sorted(INPUTS)))
        type_ = schema.graphql_schema.type_map[INPUTS[name]]
        known = {
            field: self.known.get(f"{name}.{field}", self.known.get(field))
            for field in type_.fields
            if f"{name}.{field}" in self.known or field in self.known
        }
        if name.startswith("cart"):
            known.pop("lines", None)
        if "token" in type_.fields and "number" in known:
            known["token"] = None
        given_ = data.draw(rarely_anything(inputs(INPUTS[name], **known)))
        answer = self.ask(
            f"mutation ($input: {INPUTS[name]}!)"
            f" {{ {name}(input: $input) {{ userErrors {{ field code message }} }} }}",
            {"input": given_},
            bearer=token_of(self.staff),
        )
        assert answer.status in (200, 400), answer.text
        assert not {"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE"} & set(answer.codes), (
            name,
            given_,
            answer.text,
        )
