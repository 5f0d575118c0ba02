from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.faults import latency, timeline
from tests.faults.faults import ALL, BROKER
from tests.faults.latency import Waits, wrong_answers
from tests.faults.load import Request, outcome_of
from tests.faults.timeline import Timeline

NAMED = {fault.name: fault for fault in ALL}


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time is its only member."""
    now = [0.0]
    monkeypatch.setattr(timeline.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def run(clock) -> Timeline:
    """Measured from 0 to 300 s, the broker slow from 100 to 200."""
    run = Timeline()
    with run.measuring():
        clock[0] = 100
        with run.during(NAMED["broker slow"]):
            clock[0] = 200
        clock[0] = 300
    return run


def requests(began: float, seconds: float, name: str = "Checkout", count: int = 400):
    return [
        Request(name, began + n / 10, began + n / 10 + seconds, "answered") for n in range(count)
    ]


class TestWaits:
    @pytest.mark.parametrize(("seconds", "is_fine"), [(0.16, True), (0.18, False)])
    def test_may_be_half_as_long_again_and_20_ms_while_the_broker_fails(
        self, run, seconds, is_fine
    ):
        waits = Waits([*requests(0, 0.1), *requests(120, seconds)], run)
        assert (waits.complaints() == []) == is_fine

    def test_tell_which_fault_it_was(self, run, monkeypatch):
        monkeypatch.setattr(latency, "MANY", 400)
        waits = Waits([*requests(0, 0.1), *requests(120, 1)], run)
        assert waits.complaints() == [
            "any broker fault: p99 1000 ms, more than 170 ms",
            "broker slow: p99 1000 ms, more than 170 ms",
        ]

    def test_count_pages_that_wait_and_only_while_the_broker_alone_may_fail(self, run):
        waits = Waits(
            [*requests(0, 0.1), *requests(120, 9, "Login"), *requests(310, 9)],
            run,
        )
        assert [row[0] for row in waits.rows()] == ["healthy"]

    def test_are_worth_nothing_without_a_healthy_shop(self, run):
        assert Waits(requests(120, 0.1), run).complaints() == [
            "Only 0 requests met a healthy shop."
        ]


class TestWrongAnswers:
    @pytest.mark.parametrize(
        ("outcome", "of", "is_fine"),
        [
            ("answered", "broker slow", True),
            ("unreachable", "web killed", True),
            ("unavailable", "web killed", False),
            ("unavailable", "database killed", True),
            ("unreachable", "database killed", False),
            ("500 oh", "database killed", False),
            *(
                (outcome, fault.name, False)
                for outcome in ["unreachable", "unavailable"]
                for fault in BROKER
            ),
        ],
    )
    def test_are_excused_by_what_was_wrong(self, clock, outcome, of, is_fine):
        run = Timeline()
        with ExitStack() as on:
            on.enter_context(run.during(NAMED[of]))
            clock[0] = 1
        assert (not wrong_answers([Request("Checkout", 0.5, 0.6, outcome)], run)) == is_fine

    def test_are_excused_no_longer_than_connections_take(self, clock):
        run = Timeline()
        with run.during(NAMED["database killed"]):
            clock[0] = 1
        late = 1 + latency.AFTERMATH
        found = [Request("Checkout", began, began, "unavailable") for began in (late, late + 0.1)]
        assert wrong_answers(found, run) == ["Checkout: unavailable (nothing wrong): 1 times"]


@pytest.mark.parametrize(
    ("status", "text", "headers", "outcome"),
    [
        (200, '{"data": {"x": {"userErrors": []}}}', {}, "answered"),
        (503, "", {"Retry-After": "1"}, "unavailable"),
        (503, "", {}, "503 "),
        (500, "oh", {}, "500 oh"),
        (
            200,
            '{"data": {"x": {"userErrors": [1]}}}',
            {},
            '200 {"data": {"x": {"userErrors": [1]}}}',
        ),
    ],
)
def test_what_an_answer_amounts_to(status, text, headers, outcome):
    assert outcome_of(status, text, headers)[0] == outcome
