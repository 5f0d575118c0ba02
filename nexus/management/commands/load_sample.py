"""``manage.py load_sample``: something to look at."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from catalog.sample import load_sample_catalogue
from commerce.sample import load_sample_shop
from users.sample import CUSTOMER_EMAIL, create_demo_accounts


class Command(BaseCommand):
    """Fills a new shop; one that has accounts is somebody's and stays as it is."""

    help = "Load the sample catalogue, shop and demo accounts into a new shop, once."

    def handle(self, **options: Any) -> None:
        """Load all or nothing. Raises CommandError in production."""
        if not settings.DEBUG:
            raise CommandError("The demo accounts' password is public: not with DEBUG=false.")
        if get_user_model().objects.exists():
            return
        self.stdout.write("Loading the sample catalogue")
        with transaction.atomic():
            create_demo_accounts()
            customer = get_user_model().objects.of_email(CUSTOMER_EMAIL).get()
            load_sample_catalogue(report=self.stdout.write, reviewer_ids=[customer.pk])
            load_sample_shop()
