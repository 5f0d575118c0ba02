"""What clients may do with payments: thin doors to the services."""

from __future__ import annotations

from typing import Any

from commerce.services.payments.asking import confirm_payment
from commerce.services.payments.staff import Operated, capture_payment, refund_payment
from schema.commerce.inputs import PaymentCaptureInput, PaymentConfirmInput, PaymentRefundInput
from schema.commerce.mutations import object_of
from schema.commerce.types.orders import Order
from schema.commerce.types.payments import Payment
from schema.compiler.ids import decode_id
from schema.mutation import Context, Made, entities, entity, mutation
from schema.tasks.types import Job
from tasks.errors import Rejected
from users.permissions import AllowAny, HasPermission


@mutation(
    PaymentConfirmInput,
    "Go on with a payment after its nextAction was done, such as 3-D Secure.",
    order=entity(Order, "The order."),
    payment=entity(Payment, "The payment."),
    jobs=entities(lambda: Job, "What goes on in the background, such as the confirmation."),
    permission=AllowAny(),
)
def payment_confirm(context: Context, given: Any) -> Made:
    """``confirm_payment``."""
    type_name, public_id = decode_id(given["payment_id"], "uuid")
    if public_id is None or type_name != "Payment":
        raise Rejected("NOT_FOUND", "There is no such payment.", field="paymentId")
    made = confirm_payment(
        public_id=public_id,
        data=object_of(given.get("data"), field="data"),
        now=context.now,
    )
    return Made(
        order=made.order.pk,
        payment=made.payment.pk,
        jobs=made.jobs,
        holding={"order_token": made.order.token},
    )


@mutation(
    PaymentCaptureInput,
    "Take money that is reserved, in part or all; or record that money has come.",
    order=entity(Order, "The order."),
    jobs=entities(lambda: Job, "What goes on where the payment provider does not answer now."),
    permission=HasPermission("commerce.change_payment"),
)
def payment_capture(context: Context, given: Any) -> Made:
    """``capture_payment``."""
    return _operated(
        capture_payment(
            viewer=context.viewer,
            order_number=given["order_number"],
            amount=given.get("amount"),
            idempotency_key=given["idempotency_key"],
            now=context.now,
        )
    )


@mutation(
    PaymentRefundInput,
    "Give money back, in part or all.",
    order=entity(Order, "The order."),
    jobs=entities(lambda: Job, "What goes on where the payment provider does not answer now."),
    permission=HasPermission("commerce.change_payment"),
)
def payment_refund(context: Context, given: Any) -> Made:
    """``refund_payment``."""
    return _operated(
        refund_payment(
            viewer=context.viewer,
            order_number=given["order_number"],
            amount=given.get("amount"),
            reason=given.get("reason") or "",
            idempotency_key=given["idempotency_key"],
            now=context.now,
        )
    )


def _operated(made: Operated) -> Made:
    return Made(order=made.order.pk, jobs=made.jobs)


class PaymentMutations:
    """Root fields."""

    payment_confirm = payment_confirm
    payment_capture = payment_capture
    payment_refund = payment_refund
