"""Where payment providers tell the shop what has happened."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from commerce.payments import PROVIDERS, InvalidEvent
from commerce.services.payments.events import receive_event

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Record one of Stripe's events: 400 for what Stripe did not sign, 200 for every repeat.

    It is one short transaction, so that Stripe need not wait.
    """
    provider: Any = PROVIDERS.get("stripe")
    if provider is None:
        return HttpResponse(status=404)
    try:
        event = provider.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except InvalidEvent as error:
        logger.warning("Refused an event: %s", error)
        return HttpResponse(status=400)
    if event is not None:
        receive_event(provider=provider.name, event=event, now=timezone.now())
    return HttpResponse(status=200)
