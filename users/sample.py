"""The two accounts that everybody may try the shop with."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import CommandError
from django.db import transaction
from django.utils import timezone

from users.models import User
from users.services.addresses import add_address

STAFF_EMAIL = "staff@example.com"
CUSTOMER_EMAIL = "customer@example.com"
PASSWORD = "nexus-demo-password"


def create_demo_accounts() -> None:
    """Make the demo accounts that are missing; those that exist stay as they are.

    Raises:
        CommandError: in production, where accounts with a published password, one of them an
            administrator's, would give the shop away.
    """
    if not settings.DEBUG:
        raise CommandError(
            "The demo accounts have a published password and one of them may change everything, "
            "so they are made only with DEBUG=true. Use `manage.py createsuperuser` instead."
        )
    with transaction.atomic():
        if not User.objects.of_email(STAFF_EMAIL).exists():
            staff = User.objects.create_user(
                STAFF_EMAIL, PASSWORD, first_name="Sam", last_name="Staff", is_staff=True
            )
            staff.groups.add(Group.objects.get(name="admin"))
        if not User.objects.of_email(CUSTOMER_EMAIL).exists():
            customer = User.objects.create_user(
                CUSTOMER_EMAIL, PASSWORD, first_name="Casey", last_name="Customer"
            )
            add_address(
                user_id=customer.pk,
                address={
                    "name": customer.full_name,
                    "street": "12 Harbour Street",
                    "city": "Bristol",
                    "postal_code": "BS1 4QA",
                    "country": "GB",
                    "is_default_shipping": True,
                    "is_default_billing": True,
                },
                now=timezone.now(),
            )
