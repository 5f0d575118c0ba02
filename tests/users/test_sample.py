from __future__ import annotations

import pytest
from django.core.management import CommandError

from users.authentication import viewer_for_token
from users.models import Address, User
from users.roles import ROLES
from users.sample import create_demo_accounts
from users.services.sessions import log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def _development(settings):
    settings.DEBUG = True


@pytest.mark.usefixtures("_development")
class TestCreateDemoAccounts:
    def test_makes_an_administrator_and_a_customer_who_can_log_in(self, now):
        create_demo_accounts()
        permissions = {}
        for email in ["staff@example.com", "customer@example.com"]:
            pair = log_in(email=email, password="nexus-demo-password", address=None, now=now)
            permissions[email] = viewer_for_token(pair.token).permissions
        assert permissions == {
            "staff@example.com": ROLES["admin"],
            "customer@example.com": frozenset(),
        }
        assert list(User.objects.filter(is_staff=True).values_list("email")) == [
            ("staff@example.com",)
        ]
        assert Address.objects.get(is_default_shipping=True).user.email == "customer@example.com"

    def test_leaves_accounts_alone_that_exist(self, now):
        create_demo_accounts()
        customer = User.objects.get(email="customer@example.com")
        customer.set_password("staple battery horse")
        customer.save()
        User.objects.get(email="staff@example.com").groups.clear()
        create_demo_accounts()
        assert User.objects.count() == 2
        assert Address.objects.count() == 1
        customer.refresh_from_db()
        assert customer.check_password("staple battery horse")
        assert not User.objects.staff().exists()


def test_no_demo_accounts_in_production():
    with pytest.raises(CommandError, match="published password"):
        create_demo_accounts()
    assert not User.objects.exists()
