"""A starter whose rehearsal pack is small, so that a real training takes a moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.db import connection

from ml.bundles.bundle import Bundle, with_replay_pack
from ml.embeddings.replay_pack import ReplayPack, read_pack, write_pack
from recognizer import training
from recognizer.models import Policy, Recognizer, TrainingRun
from recognizer.training.lease import Lease


def thinned(rehearsal: ReplayPack, every: int) -> ReplayPack:
    """One in so many of each part."""
    return ReplayPack(*(np.ascontiguousarray(part[::every]) for part in rehearsal))


@pytest.fixture(scope="session")
def starter(shipped: Bundle) -> Bundle:
    """The shipped bundle with a tenth of its pack."""
    return with_replay_pack(shipped, write_pack(thinned(read_pack(shipped.rehearsal), 10)))


@pytest.fixture
def policy(digits: Recognizer) -> Policy:
    """When digits are taught."""
    return training.policy_of(digits)


@pytest.fixture(autouse=True)
def _only_the_last_layer(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No data set is at hand, whatever the environment names: trainings take seconds."""
    monkeypatch.setenv("INKLING_DATA", str(tmp_path))


@pytest.fixture
def waiting(digits: Recognizer) -> TrainingRun:
    """A run that waits for a worker."""
    return training.open_run(recognizer=digits, trigger="for a test")


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], Any]], None]:
    """Do something when a run comes to a step, from a thread of its own, as another process would."""
    actions: dict[str, Callable[[], Any]] = {}
    step = Lease.step

    def watched(lease: Lease, name: str, **more: Any) -> None:
        if action := actions.pop(name, None):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(_apart, action).result()
        step(lease, name, **more)

    monkeypatch.setattr(Lease, "step", watched)
    return lambda name, action: actions.update({name: action})


def _apart(action: Callable[[], Any]) -> None:
    try:
        action()
    finally:
        connection.close()
