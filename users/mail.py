"""Mail that background jobs send."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from email.utils import parseaddr
from smtplib import SMTPException, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from tasks.errors import TryAgain

logger = logging.getLogger(__name__)


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

    Raises:
        TryAgain: the mail server takes no mail, or not this one.
    """
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    message = EmailMessage(
        subject=subject,
        body=render_to_string(template, dict(context)),
        to=[to],
        headers={"Message-ID": f"<{job_id}@{sender.rpartition('@')[2]}>", "X-Job-ID": job_id},
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        # Mail servers say addresses in their answers, which the log must not repeat.
        code = f" {error.smtp_code}" if isinstance(error, SMTPResponseException) else ""
        logger.warning("The mail server refuses: %s%s", type(error).__name__, code)
        raise TryAgain("The mail server does not take the mail.") from None
