"""Who takes the customers' money: one module a provider, and the list of them."""

from __future__ import annotations

from commerce.payments.manual import ManualProvider
from commerce.payments.provider import PaymentOutcome, PaymentProvider
from tasks.errors import Rejected

__all__ = ["PROVIDERS", "PaymentOutcome", "PaymentProvider", "provider_named"]

PROVIDERS: dict[str, PaymentProvider] = {provider.name: provider for provider in [ManualProvider()]}


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
