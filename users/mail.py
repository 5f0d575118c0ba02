"""Mail that background jobs send."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string


def send_mail(
    *, to: str, subject: str, template: str, context: Mapping[str, Any], job_id: str
) -> None:
    """Send the mail of a job.

    A job that runs again sends it again with the same Message-ID, by which mail programs know it
    for the same one.

    Args:
        to: one e-mail address.
        subject: one line.
        template: of the plain text.
        context: what the template shows.
        job_id: the job's public id.
    """
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    EmailMessage(
        subject=subject,
        body=render_to_string(template, dict(context)),
        to=[to],
        headers={"Message-ID": f"<{job_id}@{sender.rpartition('@')[2]}>", "X-Job-ID": job_id},
    ).send()
