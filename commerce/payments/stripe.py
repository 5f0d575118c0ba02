"""Payments by Stripe: PaymentIntents, refunds and the events of its webhook.

The client either sends the id of a payment method (``{"paymentMethod": "pm_..."}``, made by
Stripe's own library from the card) and the shop confirms the payment, or sends nothing and confirms
it itself with the client secret of ``nextAction``. Card numbers never come here.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import stripe

from catalog.money import digits_of
from commerce.models import Payment, PaymentOperation
from commerce.payments.provider import (
    InvalidEvent,
    OperationOutcome,
    PaymentOutcome,
    ProviderEvent,
    ProviderUnavailable,
    RefundNews,
)
from tasks.errors import Rejected

logger = logging.getLogger(__name__)

Status = Payment.Status

# Whose amounts Stripe counts in hundredths, although they have none.
COUNTED_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
METHOD = re.compile(r"pm_\w{1,100}", re.ASCII)
DECLINED = "The payment was declined."
# How old a signature may be: seconds.
TOLERANCE = 300


class StripeProvider:
    """Stripe's API, at ``api_base``.

    Args:
        capture: ``automatic`` or ``manual``.
        webhook_secret: what Stripe signs its events with; without one none is believed.
    """

    name = "stripe"
    is_offline = False

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        api_base: str,
        timeout: float,
        capture: str,
    ) -> None:
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=timeout),
            # A repeat is the caller's or a job's: nobody shall wait for more than one timeout.
            max_network_retries=0,
        )
        self._webhook_secret = webhook_secret
        self._capture = capture

    def accept(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The payment method's id and where the bank sends the buyer back to; both optional."""
        accepted = {}
        if (method := data.get("paymentMethod")) is not None:
            if not isinstance(method, str) or not METHOD.fullmatch(method):
                raise Rejected(
                    "INVALID",
                    "Give a payment method's id, pm_...",
                    field="payment.data.paymentMethod",
                )
            accepted["payment_method"] = method
        if (url := data.get("returnUrl")) is not None:
            if not isinstance(url, str) or not _is_web_address(url):
                raise Rejected(
                    "INVALID", "Give an address, https://...", field="payment.data.returnUrl"
                )
            accepted["return_url"] = url
        return accepted

    def start(self, *, payment: Payment) -> PaymentOutcome:
        """Create the PaymentIntent; confirm it where the client sent a payment method."""
        method, url = payment.data.get("payment_method"), payment.data.get("return_url")
        params: dict[str, Any] = {
            "amount": minor(payment.amount, payment.currency),
            "currency": payment.currency.lower(),
            "capture_method": self._capture,
            "automatic_payment_methods": {
                "enabled": True,
                "allow_redirects": "always" if url or not method else "never",
            },
            "metadata": {
                "payment": str(payment.public_id),
                "order": payment.order.number,
                "confirmed_by": "shop" if method else "client",
            },
        }
        if method:
            params |= {"payment_method": method, "confirm": True}
            if url:
                params["return_url"] = url
        options = {"idempotency_key": str(payment.public_id)}
        try:
            with _answers():
                intent = self._client.v1.payment_intents.create(params, options)  # type: ignore[arg-type]
        except stripe.CardError as error:
            return _declined(error)
        except stripe.InvalidRequestError as error:
            logger.warning("Stripe refused to start payment %s: %s", payment.public_id, error.code)
            return PaymentOutcome(Status.FAILED, reason=DECLINED)
        return intent_outcome(_plain(intent))

    def confirm(self, *, payment: Payment, data: Mapping[str, Any]) -> PaymentOutcome:
        """Read the PaymentIntent; start it again, under the same key, where its id is unknown."""
        if payment.provider_ref is None:
            return self.start(payment=payment)
        return intent_outcome(self._intent(payment.provider_ref))

    def capture(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Capture once: Stripe releases what is left."""
        params = {"amount_to_capture": minor(operation.amount, operation.payment.currency)}

        def capture() -> OperationOutcome:
            reference = str(operation.payment.provider_ref)
            self._client.v1.payment_intents.capture(
                reference,
                params,  # type: ignore[arg-type]
                {"idempotency_key": str(operation.public_id)},
            )
            return OperationOutcome(is_done=True, is_last=True)

        return _operate(capture)

    def refund(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Give back; a refund that is on its way counts as done until Stripe says otherwise."""
        payment = operation.payment
        params: Any = {
            "payment_intent": payment.provider_ref,
            "amount": minor(operation.amount, payment.currency),
            "metadata": {
                "payment": str(payment.public_id),
                "operation": str(operation.public_id),
            },
        }

        def refund() -> OperationOutcome:
            options: Any = {"idempotency_key": str(operation.public_id)}
            return refund_outcome(_plain(self._client.v1.refunds.create(params, options)))

        return _operate(refund)

    def cancel(self, *, payment: Payment) -> PaymentOutcome:
        """Cancel the PaymentIntent; where it is too late, answer how it stands."""
        reference = payment.provider_ref or self._find(payment)
        if reference is None:
            return PaymentOutcome(Status.CANCELLED)
        options: Any = {"idempotency_key": f"{payment.public_id}:cancel"}
        try:
            with _answers():
                intent = self._client.v1.payment_intents.cancel(reference, {}, options)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            outcome = intent_outcome(self._intent(reference))
            if outcome.status in {Status.PENDING, Status.AUTHORIZED}:
                raise ProviderUnavailable("Stripe can't cancel the payment now.") from error
            return outcome
        return intent_outcome(_plain(intent))

    def read_event(self, body: bytes, signature: str) -> ProviderEvent | None:
        """What a request to the webhook tells; None where it is of no interest.

        Raises:
            InvalidEvent: it was not signed by Stripe, or is no event.
        """
        if not self._webhook_secret:
            raise InvalidEvent("The shop has no secret to check signatures with.")
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, signature, self._webhook_secret, TOLERANCE)
            return _event(json.loads(text))
        except stripe.SignatureVerificationError as error:
            raise InvalidEvent("The signature is not Stripe's.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidEvent("This is no event.") from error

    def _intent(self, reference: str) -> dict[str, Any]:
        try:
            with _answers():
                return _plain(self._client.v1.payment_intents.retrieve(reference))
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            raise ProviderUnavailable("Stripe does not find the payment.") from error

    def _find(self, payment: Payment) -> str | None:
        """The id of a payment's PaymentIntent whose making was not answered, if there is one."""
        query: Any = {"query": f"metadata['payment']:'{payment.public_id}'"}
        try:
            with _answers():
                found = _plain(self._client.v1.payment_intents.search(query))
        except stripe.InvalidRequestError as error:
            raise ProviderUnavailable("Stripe can't search for the payment.") from error
        return found["data"][0]["id"] if found["data"] else None


def intent_outcome(intent: Mapping[str, Any]) -> PaymentOutcome:
    """Where a PaymentIntent stands, in the shop's words."""
    reference, currency = intent["id"], intent["currency"].upper()
    match intent["status"]:
        case "succeeded":
            captured = major(intent["amount_received"], currency)
            return PaymentOutcome(Status.CAPTURED, reference, captured=captured)
        case "requires_capture":
            return PaymentOutcome(Status.AUTHORIZED, reference)
        case "canceled":
            return PaymentOutcome(Status.CANCELLED, reference)
        case "requires_payment_method" if _is_confirmed_by_shop(intent):
            error = intent.get("last_payment_error") or {}
            return PaymentOutcome(Status.FAILED, reference, reason=_reason(error))
        case "requires_action" | "requires_payment_method" | "requires_confirmation":
            return PaymentOutcome(Status.PENDING, reference, next_action=_next_action(intent))
        case _:
            return PaymentOutcome(Status.PENDING, reference)


def refund_outcome(refund: Mapping[str, Any]) -> OperationOutcome:
    """What came of a refund, in the shop's words."""
    is_done = refund["status"] not in {"failed", "canceled"}
    reason = "" if is_done else "Stripe could not give the money back."
    return OperationOutcome(is_done=is_done, reference=refund["id"], reason=reason)


def minor(amount: Decimal, currency: str) -> int:
    """An amount as Stripe counts it, in the currency's smallest unit."""
    return int(amount * _factor(currency))


def major(amount: int, currency: str) -> Decimal:
    """An amount as the shop writes it."""
    return (Decimal(amount) / _factor(currency)).quantize(Decimal("0.01"))


def _factor(currency: str) -> int:
    return 100 if currency in COUNTED_IN_HUNDREDTHS else 10 ** digits_of(currency)


def _event(event: Mapping[str, Any]) -> ProviderEvent | None:
    kind, thing = event["type"], event["data"]["object"]
    payment_id = _uuid((thing.get("metadata") or {}).get("payment"))
    if kind in {
        "payment_intent.amount_capturable_updated",
        "payment_intent.canceled",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
    }:
        return ProviderEvent(
            event["id"], kind, payment_id, thing["id"], outcome=intent_outcome(thing)
        )
    if kind in {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}:
        if thing["status"] == "requires_action":
            return None
        news = RefundNews(
            operation_id=_uuid((thing.get("metadata") or {}).get("operation")),
            amount=major(thing["amount"], thing["currency"].upper()),
            outcome=refund_outcome(thing),
        )
        return ProviderEvent(event["id"], kind, payment_id, thing["payment_intent"], refund=news)
    return None


def _next_action(intent: Mapping[str, Any]) -> dict[str, Any]:
    action = intent.get("next_action") or {}
    url = (action.get("redirect_to_url") or {}).get("url")
    kind = "REDIRECT" if url else "STRIPE"
    return {"kind": kind, "client_secret": intent["client_secret"], "redirect_url": url}


def _is_confirmed_by_shop(intent: Mapping[str, Any]) -> bool:
    """Whether a refusal is final: where the client confirms, it may try another card."""
    return (intent.get("metadata") or {}).get("confirmed_by") == "shop"


def _declined(error: stripe.CardError) -> PaymentOutcome:
    body: Any = error.json_body or {}
    details = body.get("error", {})
    reference = (details.get("payment_intent") or {}).get("id")
    return PaymentOutcome(Status.FAILED, reference, reason=_reason(details))


def _reason(details: Mapping[str, Any]) -> str:
    """Why a card was declined: Stripe writes these for buyers, and only of cards."""
    is_for_buyers = details.get("type") == "card_error"
    return str(details.get("message") or DECLINED)[:200] if is_for_buyers else DECLINED


def _operate(call: Callable[[], OperationOutcome]) -> OperationOutcome:
    try:
        with _answers():
            return call()
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        logger.warning("Stripe refused a capture or refund: %s", error.code)
        return OperationOutcome(is_done=False, reason="Stripe refused it.")


@contextmanager
def _answers() -> Iterator[None]:
    """Make one error of all that is no answer: the network's, Stripe's own, access denied."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except stripe.StripeError as error:
        name, status = type(error).__name__, error.http_status
        logger.warning("Stripe does not answer: %s, HTTP status %s", name, status)
        raise ProviderUnavailable("Stripe does not answer.") from error


def _plain(thing: Any) -> dict[str, Any]:
    return json.loads(str(thing))


def _uuid(text: Any) -> str | None:
    try:
        return str(uuid.UUID(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and len(url) <= 2000
