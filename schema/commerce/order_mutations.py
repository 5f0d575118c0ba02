"""What clients may do with orders after checkout: thin doors to the services."""

from __future__ import annotations

from typing import Any

from commerce.models import Fulfillment as FulfillmentModel
from commerce.models import Return as ReturnModel
from commerce.services.fulfillments import (
    cancel_fulfillment,
    create_fulfillment,
    deliver_fulfillment,
)
from commerce.services.notes import create_order_note
from commerce.services.order_lines import OrderLineInput
from commerce.services.orders import cancel_order
from commerce.services.returns import (
    approve_return,
    receive_return,
    reject_return,
    request_return,
)
from schema.commerce.inputs import (
    FulfillmentCancelInput,
    FulfillmentCreateInput,
    FulfillmentDeliverInput,
    OrderCancelInput,
    OrderNoteCreateInput,
    ReturnApproveInput,
    ReturnReceiveInput,
    ReturnRejectInput,
    ReturnRequestInput,
)
from schema.commerce.types.orders import Order, OrderNote
from schema.commerce.types.parcels import Fulfillment, Return
from schema.compiler.ids import row_key
from schema.mutation import Context, Made, entities, entity, mutation
from schema.tasks.types import Job
from users.permissions import AllowAny, HasPermission


def _lines(given: Any) -> list[OrderLineInput]:
    return [
        OrderLineInput(
            order_line_id=row_key(line["order_line_id"], "OrderLine"), quantity=line["quantity"]
        )
        for line in given
    ]


@mutation(
    OrderCancelInput,
    "Call off an order of which nothing was sent.",
    order=entity(Order, "The order."),
    permission=AllowAny(),
)
def order_cancel(context: Context, given: Any) -> Made:
    """``cancel_order``."""
    order = cancel_order(
        viewer=context.viewer,
        token=given.get("token"),
        number=given.get("number"),
        reason=given.get("reason") or "",
        now=context.now,
    )
    # Staff that cancel by number were not given the token, and are not now.
    return Made(order=order.pk, holding={"order_token": given.get("token")})


@mutation(
    FulfillmentCreateInput,
    "Send a parcel of an order; its goods leave the stock and the customer is told.",
    fulfillment=entity(Fulfillment, "The parcel."),
    order=entity(Order, "The order."),
    jobs=entities(lambda: Job, "What goes on in the background: telling the customer."),
    permission=HasPermission("commerce.add_fulfillment"),
)
def fulfillment_create(context: Context, given: Any) -> Made:
    """``create_fulfillment``."""
    lines = given.get("lines")
    made = create_fulfillment(
        viewer=context.viewer,
        order_number=given["order_number"],
        lines=None if lines is None else _lines(lines),
        tracking_number=given.get("tracking_number") or "",
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    parcel = made.fulfillment
    return Made(fulfillment=parcel.pk, order=parcel.order_id, jobs=made.jobs)


def _parcel(fulfillment: FulfillmentModel) -> Made:
    return Made(fulfillment=fulfillment.pk, order=fulfillment.order_id)


@mutation(
    FulfillmentDeliverInput,
    "Record that a parcel has reached the customer.",
    fulfillment=entity(Fulfillment, "The parcel."),
    order=entity(Order, "The order."),
    permission=HasPermission("commerce.change_fulfillment"),
)
def fulfillment_deliver(context: Context, given: Any) -> Made:
    """``deliver_fulfillment``."""
    return _parcel(
        deliver_fulfillment(
            viewer=context.viewer,
            fulfillment_id=row_key(given["id"], "Fulfillment"),
            now=context.now,
        )
    )


@mutation(
    FulfillmentCancelInput,
    "Undo a parcel that has not left after all: its goods wait to be sent again.",
    fulfillment=entity(Fulfillment, "The parcel."),
    order=entity(Order, "The order."),
    permission=HasPermission("commerce.change_fulfillment"),
)
def fulfillment_cancel(context: Context, given: Any) -> Made:
    """``cancel_fulfillment``."""
    return _parcel(
        cancel_fulfillment(
            viewer=context.viewer,
            fulfillment_id=row_key(given["id"], "Fulfillment"),
            now=context.now,
        )
    )


def _return(asked: ReturnModel, **holding: Any) -> Made:
    return Made(order_return=asked.pk, order=asked.order_id, holding=holding)


@mutation(
    ReturnRequestInput,
    "Ask to send back what was sent.",
    order_return=entity(Return, "The return."),
    order=entity(Order, "The order."),
    permission=AllowAny(),
)
def return_request(context: Context, given: Any) -> Made:
    """``request_return``."""
    asked = request_return(
        viewer=context.viewer,
        token=given.get("token"),
        number=given.get("number"),
        lines=_lines(given["lines"]),
        reason=given.get("reason") or "",
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return _return(asked, order_token=given.get("token"))


@mutation(
    ReturnApproveInput,
    "Agree that goods come back.",
    order_return=entity(Return, "The return."),
    order=entity(Order, "The order."),
    permission=HasPermission("commerce.change_return"),
)
def return_approve(context: Context, given: Any) -> Made:
    """``approve_return``."""
    return _return(
        approve_return(
            viewer=context.viewer,
            return_id=row_key(given["id"], "Return"),
            answer=given.get("answer") or "",
            now=context.now,
        )
    )


@mutation(
    ReturnRejectInput,
    "Decline a return, or close an approved one whose goods do not arrive; they stay with the "
    "customer.",
    order_return=entity(Return, "The return."),
    order=entity(Order, "The order."),
    permission=HasPermission("commerce.change_return"),
)
def return_reject(context: Context, given: Any) -> Made:
    """``reject_return``."""
    return _return(
        reject_return(
            viewer=context.viewer,
            return_id=row_key(given["id"], "Return"),
            answer=given.get("answer") or "",
            now=context.now,
        )
    )


@mutation(
    ReturnReceiveInput,
    "Record that an approved return's goods have come back; refund apart from it.",
    order_return=entity(Return, "The return."),
    order=entity(Order, "The order."),
    permission=HasPermission("commerce.change_return"),
)
def return_receive(context: Context, given: Any) -> Made:
    """``receive_return``."""
    restock = given.get("restock")
    return _return(
        receive_return(
            viewer=context.viewer,
            return_id=row_key(given["id"], "Return"),
            restock=True if restock is None else restock,
            now=context.now,
        )
    )


@mutation(
    OrderNoteCreateInput,
    "Write something down about an order, which its customer never sees.",
    order_note=entity(OrderNote, "The note."),
    order=entity(Order, "The order."),
    permission=HasPermission("commerce.add_ordernote"),
)
def order_note_create(context: Context, given: Any) -> Made:
    """``create_order_note``."""
    note = create_order_note(
        viewer=context.viewer,
        order_number=given["order_number"],
        body=given["body"],
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(order_note=note.pk, order=note.order_id)


class OrderMutations:
    """Root fields."""

    order_cancel = order_cancel
    fulfillment_create = fulfillment_create
    fulfillment_deliver = fulfillment_deliver
    fulfillment_cancel = fulfillment_cancel
    return_request = return_request
    return_approve = return_approve
    return_reject = return_reject
    return_receive = return_receive
    order_note_create = order_note_create
