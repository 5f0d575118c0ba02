"""What staff do with orders, on a page that first says what will follow.

Each form is one action with one order: the row of ``commerce.states`` that allows it, what it
asks, and the service that does it. The page shows a form for each of the chosen orders.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.http import QueryDict

from catalog.money import in_words, rounded
from commerce.models import Order, OrderLine, Payment, PaymentStatus
from commerce.payments import is_offline
from commerce.services.fulfillments import MAX_TRACKING_NUMBER, create_fulfillment
from commerce.services.order_lines import OrderLineInput
from commerce.services.orders import MAX_REASON, cancel_order
from commerce.services.payments.operations import left_to_capture, left_to_refund
from commerce.services.payments.staff import Operated, capture_payment, refund_payment
from commerce.states import TRANSITIONS, OrderAction
from tasks.idempotency import MAX_KEY_LENGTH
from users.viewer import Viewer


class OrderActionForm(forms.Form):
    """One action with one order.

    Its key makes a form that is sent twice have its effect once.

    Attributes:
        action: what is done, a row of ``commerce.states``.
        title: the page's heading.
        button: what is done with one order.
        paths: the fields by the paths by which the service calls them.
    """

    action: ClassVar[OrderAction]
    title: ClassVar[str]
    button: ClassVar[str]

    key = forms.CharField(
        widget=forms.HiddenInput, max_length=MAX_KEY_LENGTH, initial=secrets.token_urlsafe
    )

    data: dict[str, Any]

    def __init__(self, order: Order, data: QueryDict | None = None) -> None:
        super().__init__(data and data.dict(), prefix=str(order.pk))
        self.order = order
        self.total = self.money(order.total)
        self.paths = {"amount": "amount", "reason": "reason", "trackingNumber": "tracking_number"}

    @classmethod
    def is_for(cls, viewer: Viewer) -> bool:
        """Whether the viewer may do it at all."""
        return viewer.may(str(TRANSITIONS[cls.action].permission))

    def was_sent(self) -> bool:
        """Whether the browser has sent it: orders with which it is not possible have no form."""
        return self.add_prefix("key") in self.data

    def consequences(self) -> Iterator[str]:
        """What will follow, in sentences."""
        raise NotImplementedError

    def act(self, viewer: Viewer, now: datetime) -> str:
        """Do it.

        Returns:
            What was done, in a sentence.

        Raises:
            ValidationError: what the service refuses.
        """
        raise NotImplementedError

    def refuse(self, error: ValidationError) -> None:
        """Show a service's refusal, and have what is sent next be another request."""
        for each in error.error_list:
            field = self.paths.get(getattr(each, "field", ""))
            self.add_error(field if field in self.fields else None, each.messages[0])
        self.data = {**self.data, self.add_prefix("key"): secrets.token_urlsafe()}

    def money(self, amount: Decimal) -> str:
        """An amount of the order's currency, as people read it."""
        return in_words(amount, currency=self.order.currency)


class CancelForm(OrderActionForm):
    action = OrderAction.CANCEL
    title = "Cancel orders"
    button = "Cancel"

    reason = forms.CharField(
        required=False,
        max_length=MAX_REASON,
        widget=AdminTextInputWidget,
        help_text="The customer reads it.",
    )

    def consequences(self) -> Iterator[str]:
        items = sum(line.quantity for line in self.order.lines.all())
        yield f"Its {items} items and its vouchers can be used by others again."
        for payment in self.order.payments.all():
            captured = payment.captured - payment.refunded
            if captured and is_offline(payment):
                yield f"{self.money(captured)} came outside the shop: give it back yourself."
            elif captured:
                yield f"{self.money(captured)} goes back to the customer."
            elif payment.status == Payment.Status.AUTHORIZED:
                yield f"{self.money(payment.authorized)} is no longer reserved."

    def act(self, viewer: Viewer, now: datetime) -> str:
        cancel_order(
            viewer=viewer,
            number=self.order.number,
            reason=self.cleaned_data["reason"],
            idempotency_key=self.cleaned_data["key"],
            now=now,
        )
        return "Cancelled."


class FulfillForm(OrderActionForm):
    action = OrderAction.FULFILL
    title = "Send parcels"
    button = "Send a parcel"

    tracking_number = forms.CharField(
        required=False, max_length=MAX_TRACKING_NUMBER, help_text="The carrier's."
    )

    def __init__(self, order: Order, data: QueryDict | None = None) -> None:
        super().__init__(order, data)
        for line in order.lines.all():
            unsent = line.quantity - line.fulfilled
            # A form that is sent twice still names the lines of which nothing is left by then.
            if unsent or self.is_bound:
                self.fields[_field_of(line)] = forms.IntegerField(
                    label=f"{line.name} ({line.sku})" if line.sku else line.name,
                    initial=unsent,
                    min_value=0,
                    required=False,
                    widget=AdminIntegerFieldWidget,
                    help_text=f"{unsent} of {line.quantity} not sent yet.",
                )
        self.order_fields([*[name for name in self.fields if name.startswith("line-")]])

    def consequences(self) -> Iterator[str]:
        yield "The goods leave the stock, and the customer gets a mail."
        if self.order.payment_status != PaymentStatus.PAID:
            yield "Mind that it is not paid."

    def act(self, viewer: Viewer, now: datetime) -> str:
        wanted = [
            (line, quantity)
            for line in self.order.lines.all()
            if (quantity := self.cleaned_data.get(_field_of(line)))
        ]
        for position, (line, _) in enumerate(wanted):
            self.paths[f"lines.{position}.quantity"] = _field_of(line)
        create_fulfillment(
            viewer=viewer,
            order_number=self.order.number,
            lines=[OrderLineInput(order_line_id=line.pk, quantity=n) for line, n in wanted],
            tracking_number=self.cleaned_data["tracking_number"],
            idempotency_key=self.cleaned_data["key"],
            now=now,
        )
        return f"A parcel with {sum(n for _, n in wanted)} items is on its way."


class MoneyForm(OrderActionForm):
    """An amount of one of the order's payments: the one with the most left for it."""

    amount = forms.DecimalField(max_digits=12, decimal_places=2)

    def __init__(self, order: Order, data: QueryDict | None = None) -> None:
        super().__init__(order, data)
        self.left = max((self.left_of(each) for each in order.payments.all()), default=Decimal(0))
        self.fields["amount"].initial = rounded(self.left, currency=order.currency)
        self.fields["amount"].help_text = f"At most {self.money(self.left)}."

    def left_of(self, payment: Payment) -> Decimal:
        raise NotImplementedError

    def outcome(self, operated: Operated, done: str) -> str:
        """What was done; where the provider has not answered, that a job asks again."""
        amount = self.money(self.cleaned_data["amount"])
        if operated.jobs:
            return f"{amount}: the payment provider has not answered yet; a job asks again."
        return f"{amount} {done}."


class CaptureForm(MoneyForm):
    action = OrderAction.CAPTURE
    title = "Take payments"
    button = "Take payment"

    def left_of(self, payment: Payment) -> Decimal:
        return left_to_capture(payment)

    def consequences(self) -> Iterator[str]:
        if any(is_offline(payment) for payment in self.order.payments.all()):
            yield "It is noted that the money has come outside the shop."
        else:
            yield "The provider takes the money that it has reserved."

    def act(self, viewer: Viewer, now: datetime) -> str:
        operated = capture_payment(
            viewer=viewer,
            order_number=self.order.number,
            amount=self.cleaned_data["amount"],
            idempotency_key=self.cleaned_data["key"],
            now=now,
        )
        return self.outcome(operated, "taken")


class RefundForm(MoneyForm):
    action = OrderAction.REFUND
    title = "Give money back"
    button = "Refund"

    reason = forms.CharField(
        required=False,
        max_length=MAX_REASON,
        widget=AdminTextInputWidget,
        help_text="The customer reads it.",
    )

    def left_of(self, payment: Payment) -> Decimal:
        return left_to_refund(payment)

    def consequences(self) -> Iterator[str]:
        for payment in self.order.payments.all():
            if payment.captured:
                how = (
                    "outside the shop: give it back yourself, here it is noted"
                    if is_offline(payment)
                    else f"by {payment.provider}, which gives it back"
                )
                given = f", {self.money(payment.refunded)} given back" if payment.refunded else ""
                yield f"{self.money(payment.captured)} came {how}{given}."
        yield "This can't be undone. The order's goods stay as they are."

    def act(self, viewer: Viewer, now: datetime) -> str:
        operated = refund_payment(
            viewer=viewer,
            order_number=self.order.number,
            amount=self.cleaned_data["amount"],
            reason=self.cleaned_data["reason"],
            idempotency_key=self.cleaned_data["key"],
            now=now,
        )
        return self.outcome(operated, "given back")


def _field_of(line: OrderLine) -> str:
    return f"line-{line.pk}"


FORMS: dict[str, type[OrderActionForm]] = {
    form.action.lower(): form for form in (FulfillForm, CaptureForm, RefundForm, CancelForm)
}
