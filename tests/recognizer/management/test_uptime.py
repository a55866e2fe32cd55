"""Which version answered, and when."""

import time
from typing import Any

import pytest

from recognizer.management.demo import uptime as module
from recognizer.management.demo.http_user import RefusedError
from recognizer.management.demo.uptime import ObservedAnswer, VersionMonitor
from tests.ink import SEVEN


class Site:
    """Answers as told, in place of a visitor."""

    def __init__(self, *versions: int) -> None:
        self.versions = list(versions)

    def predict(self, recognizer: str, ink: Any) -> dict[str, int]:
        version = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        if not version:
            raise RefusedError("The site is away.")
        return {"model_version": version}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_EVERY", 0.01)
    monkeypatch.setattr(module, "MAX_DELAY", 0.1)
    monkeypatch.setattr(module, "OBSERVE_FOR", 0.1)


def watch(*versions: int) -> VersionMonitor:
    return VersionMonitor([Site(*versions)], "digits", SEVEN)  # type: ignore[list-item]


def test_requests_are_sent_until_the_block_ends() -> None:
    with watch(1) as watching:
        time.sleep(0.2)
    count = len(watching.seen)
    time.sleep(0.1)
    assert len(watching.seen) == count > 3
    assert not watching.failures


def test_settle_finds_the_last_answer_of_another_version() -> None:
    watching = watch(1)
    watching.seen = [
        ObservedAnswer(99.0, 1),
        ObservedAnswer(100.5, 1),
        ObservedAnswer(101.2, 1),
        ObservedAnswer(101.3, 2),
        ObservedAnswer(103.0, 2),
    ]
    assert watching.settle(2, 100.0) == (pytest.approx(1.2), 4)


def test_a_failed_request_is_recorded_and_is_not_another_version() -> None:
    with watch(1, 0, 2) as watching:
        time.sleep(0.2)
    assert watching.failures == ["The site is away."]
    assert watching.settle(2, watching.seen[0].at)[0] == 0
