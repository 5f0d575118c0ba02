"""Who takes the customers' money: one module a provider, and the list of them."""

from __future__ import annotations

from django.conf import settings

from commerce.models import Payment
from commerce.payments.fake import FakeProvider
from commerce.payments.manual import ManualProvider
from commerce.payments.provider import (
    InvalidEvent,
    OperationOutcome,
    PaymentOutcome,
    PaymentProvider,
    ProviderEvent,
    ProviderUnavailable,
    RefundNews,
)
from tasks.errors import Rejected

__all__ = [
    "PROVIDERS",
    "InvalidEvent",
    "OperationOutcome",
    "PaymentOutcome",
    "PaymentProvider",
    "ProviderEvent",
    "ProviderUnavailable",
    "RefundNews",
    "is_offline",
    "provider_named",
    "provider_of",
]


def _providers() -> list[PaymentProvider]:
    """Those that the settings allow."""
    providers: list[PaymentProvider] = [ManualProvider()]
    if settings.FAKE_PAYMENTS:
        providers.append(FakeProvider())
    if settings.STRIPE_SECRET_KEY:
        # Here, so that a shop without Stripe does not wait for its library.
        from commerce.payments.stripe import StripeProvider

        providers.append(
            StripeProvider(
                secret_key=settings.STRIPE_SECRET_KEY,
                webhook_secret=settings.STRIPE_WEBHOOK_SECRET,
                api_base=settings.STRIPE_API_BASE,
                timeout=settings.STRIPE_TIMEOUT_SECONDS,
                capture=settings.PAYMENT_CAPTURE,
            )
        )
    return providers


PROVIDERS: dict[str, PaymentProvider] = {provider.name: provider for provider in _providers()}


def provider_named(name: str) -> PaymentProvider:
    """Return the provider that an input calls ``name``.

    Raises:
        Rejected: ``INVALID`` on ``payment.provider``.
    """
    provider = PROVIDERS.get(name)
    if provider is None:
        known = ", ".join(sorted(PROVIDERS))
        raise Rejected("INVALID", f"Choose one of: {known}.", field="payment.provider")
    return provider


def provider_of(payment: Payment) -> PaymentProvider:
    """Return the provider of a payment that was started.

    Raises:
        ProviderUnavailable: the settings do not name it any more.
    """
    provider = PROVIDERS.get(payment.provider)
    if provider is None:
        raise ProviderUnavailable(f"The shop has no provider {payment.provider} now.")
    return provider


def is_offline(payment: Payment) -> bool:
    """Whether a payment's money comes outside the system."""
    provider = PROVIDERS.get(payment.provider)
    return provider is not None and provider.is_offline
