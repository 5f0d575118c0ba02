"""How often REST may be asked in a minute."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock

from django.core.cache import cache
from django.test import override_settings

from tests.rest import RestTestCase

URL = "/api/products/"


@override_settings(REST_REQUESTS_PER_MINUTE=2)
class ThrottlingTests(RestTestCase):
    def statuses(self, times: int = 3, **options) -> list[int]:
        return [self.client.get(URL, **options).status_code for _ in range(times)]

    def setUp(self) -> None:
        super().setUp()
        # All in one minute.
        clock = self.enterContext(mock.patch("nexus.api.throttling.timezone"))
        clock.now.return_value = datetime(2026, 1, 2, 3, 4, 15, tzinfo=UTC)

    def test_who_asks_too_often_is_told_when_to_come_back(self):
        assert self.statuses(2) == [200, 200]
        answer = self.client.get(URL)
        self.assert_problem(answer, 429, "RATE_LIMITED")
        assert answer.headers["Retry-After"] == "45"

    def test_accounts_and_addresses_are_counted_apart(self):
        ada = self.headers_of("ada@example.com")
        bea = self.headers_of("bea@example.com")
        assert self.statuses() == [200, 200, 429]
        assert self.statuses(headers=ada) == [200, 200, 429]
        assert self.statuses(headers=bea, REMOTE_ADDR="10.0.0.1") == [200, 200, 429]
        assert self.statuses(REMOTE_ADDR="10.0.0.1") == [200, 200, 429]

    def test_nobody_is_refused_while_the_cache_is_down(self):
        with mock.patch.object(cache, "incr", return_value=None):
            assert self.statuses(5) == [200] * 5

    @override_settings(REST_REQUESTS_PER_MINUTE=0)
    def test_a_shop_may_count_nobody(self):
        assert self.statuses(5) == [200] * 5
