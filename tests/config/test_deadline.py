"""The budget of a request, and which requests have a longer one."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from config import deadline
from config.circuit import PROBE_EVERY, Circuit
from tests.processes.site import wait_until


def test_what_a_request_spends_is_taken_from_its_budget_and_from_no_other() -> None:
    with deadline.request("/"):
        assert deadline.spend("redis", 0.25) == 0.25
        assert deadline.spend("redis", 0.25) == 0.5
        assert deadline.seconds_left() == deadline.REQUEST_SECONDS - 0.5
        with ThreadPoolExecutor(1) as other:
            assert other.submit(deadline.seconds_left).result() is None
    assert deadline.seconds_left() is None
    assert deadline.spend("redis", 1) == 0


@pytest.mark.parametrize("path", ["/admin/recognizer/drawing/", "/accounts/delete/", "/review/set-aside/new/"])
def test_what_changes_thousands_of_rows_may_take_longer(path: str) -> None:
    with deadline.request(path):
        assert deadline.seconds_left() == deadline.LONG_REQUEST_SECONDS
        assert deadline.statement_seconds() == deadline.LONG_STATEMENT_SECONDS


def test_a_circuit_closes_when_a_probe_succeeds() -> None:
    answers = iter([OSError("still away"), None])
    prepared = []

    def probe() -> None:
        if error := next(answers):
            raise error

    circuit = Circuit("a service", probe)
    circuit.when_back = lambda: prepared.append(circuit.is_open)
    circuit.open("it hangs")
    circuit.open("it hangs")
    assert (circuit.is_open, circuit.opened, circuit.failures) == (True, 1, 2)
    wait_until(lambda: not circuit.is_open, "the circuit is closed", 20)
    wait_until(lambda: len(prepared) == 2, "it was prepared again", 20)
    assert prepared == [True, False]
    before = circuit.seconds_open
    assert before > 1
    time.sleep(0.01)
    assert circuit.seconds_open == before


def test_a_circuit_that_opened_for_a_moment_of_slowness_is_closed_soon() -> None:
    circuit = Circuit("a service", lambda: None)
    circuit.open("a busy machine")
    wait_until(lambda: not circuit.is_open, "the circuit is closed", 20)
    assert circuit.seconds_open < PROBE_EVERY
