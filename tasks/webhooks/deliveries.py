"""What is to be sent to endpoints: prepared once for each event, sent until it arrives."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from tasks.dispatch import NewJob, enqueue, enqueue_many
from tasks.errors import Rejected, TryAgain
from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEventType
from tasks.webhooks.sending import Answer, NotDelivered, post
from tasks.webhooks.signing import signed_headers

logger = logging.getLogger(__name__)

SEND = "webhooks.send_delivery"
# Endpoints are strangers' servers, and slow ones must hold up nobody's mail.
QUEUE = Job.Queue.BULK


def deliver_event(
    *, event_type: str, data: Mapping[str, Any], happened_at: datetime, now: datetime
) -> list[WebhookDelivery]:
    """Have an event sent to each endpoint that listens for it.

    To be called in a job that has its effect once, so that there is one event for each effect.

    Args:
        event_type: a ``WebhookEventType``.
        data: what the body tells, of values that Django's JSON encoder knows.
    """
    listening = WebhookEndpoint.objects.filter(is_active=True, event_types__contains=[event_type])
    return prepare_deliveries(
        listening.order_by("pk"),
        event_type=event_type,
        data=data,
        happened_at=happened_at,
        now=now,
    )


def prepare_deliveries(
    endpoints: Iterable[WebhookEndpoint],
    *,
    event_type: str,
    data: Mapping[str, Any],
    happened_at: datetime,
    now: datetime,
) -> list[WebhookDelivery]:
    """Write down one event for these endpoints, and enqueue its sending; in a transaction."""
    body = {
        "type": WebhookEventType(event_type).label,
        "timestamp": happened_at,
        "data": data,
    }
    payload = json.dumps(body, cls=DjangoJSONEncoder, separators=(",", ":"))
    endpoints, event_id = list(endpoints), uuid4()
    jobs = enqueue_many([NewJob(kind=SEND, queue=QUEUE) for _ in endpoints])
    return WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=endpoint,
            job=job,
            event_id=event_id,
            event_type=event_type,
            payload=payload,
            created_at=now,
        )
        for endpoint, job in zip(endpoints, jobs, strict=True)
    )


def send_delivery(*, job_id: str, now: datetime) -> None:
    """Send the delivery of a job and write down what was answered.

    A repeat, by a lost answer or by hand, carries the same ``webhook-id``. Nothing happens where
    the delivery is gone, or another job's by now.

    Args:
        job_id: the job's public id.
        now: when it is sent, which is signed.

    Raises:
        TryAgain: it has not arrived.
        Rejected: its endpoint wants nothing any more.
    """
    deliveries = WebhookDelivery.objects.filter(job__public_id=job_id)
    delivery = deliveries.select_related("endpoint").first()
    if delivery is None:
        return
    endpoint = delivery.endpoint
    if not endpoint.is_active:
        raise Rejected("INVALID_TRANSITION", "The endpoint is switched off.")
    body = delivery.payload.encode()
    headers = signed_headers(
        message_id=str(delivery.event_id), body=body, secrets=endpoint.secrets_at(now), now=now
    )
    headers |= {"Content-Type": "application/json", "User-Agent": "Nexus-Webhooks/1"}
    try:
        answer = post(endpoint.url, body=body, headers=headers)
    except NotDelivered as error:
        deliveries.update(response_status=None, response_excerpt="")
        raise TryAgain(str(error)) from error
    deliveries.update(response_status=answer.status, response_excerpt=answer.excerpt)
    _judge(answer, endpoint)


def resend_delivery(*, delivery_id: int) -> WebhookDelivery:
    """Send a delivery again, or at once where it waits; it has all its attempts again.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``; ``INVALID_TRANSITION`` on ``id`` where its endpoint is
            switched off.
    """
    with transaction.atomic():
        deliveries = WebhookDelivery.objects.select_for_update(of=["self"])
        delivery = deliveries.select_related("endpoint").filter(pk=delivery_id).first()
        if delivery is None:
            raise Rejected("NOT_FOUND", "There is no such delivery.", field="id")
        if not delivery.endpoint.is_active:
            message = "The endpoint is switched off; switch it on first."
            raise Rejected("INVALID_TRANSITION", message, field="id")
        delivery.job = enqueue(SEND, queue=QUEUE)
        delivery.save(update_fields=["job"])
    return delivery


def _judge(answer: Answer, endpoint: WebhookEndpoint) -> None:
    """Whether the endpoint has it; else raises what becomes of the job."""
    if 200 <= answer.status < 300:
        return
    # By Standard Webhooks, 410 is how a server asks to be left alone: this one, not where the
    # endpoint has moved to meanwhile.
    asked = WebhookEndpoint.objects.filter(pk=endpoint.pk, url=endpoint.url)
    if answer.status == HTTPStatus.GONE and asked.update(is_active=False):
        logger.warning("%s is switched off: it has answered 410", endpoint)
        message = "The endpoint answered 410 (Gone) and was switched off."
        raise Rejected("INVALID_TRANSITION", message)
    if 300 <= answer.status < 400:
        raise TryAgain(
            f"The endpoint answered {answer.status}, a redirect, which is not followed: "
            "give it the address that it leads to."
        )
    raise TryAgain(f"The endpoint answered {answer.status}.")
