"""``manage.py load_sample``: a new shop gets the sample, any other stays as it is."""

from __future__ import annotations

import tempfile
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

from catalog.models import Product
from users.models import User


def load() -> str:
    output = StringIO()
    with tempfile.TemporaryDirectory() as media, override_settings(DEBUG=True, MEDIA_ROOT=media):
        call_command("load_sample", stdout=output)
    return output.getvalue()


class TestLoadSample(TestCase):
    def test_fills_a_new_shop_once(self):
        assert "sample catalogue" in load()
        assert Product.objects.count() >= 60
        assert User.objects.filter(email="customer@example.com").exists()

        Product.objects.first().delete()
        left = Product.objects.count()
        assert load() == ""
        assert Product.objects.count() == left

    def test_a_shop_that_has_accounts_stays_as_it_is(self):
        User.objects.create_user("owner@example.com", "a-fine-password")
        assert load() == ""
        assert not Product.objects.exists()

    def test_refuses_in_production(self):
        with pytest.raises(CommandError, match="DEBUG=false"):
            call_command("load_sample")
        assert not User.objects.exists()
