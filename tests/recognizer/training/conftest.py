"""A starter with a small replay pack, so that real training takes seconds."""

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


def thinned(pack: ReplayPack, every: int) -> ReplayPack:
    """Every n-th row of each part."""
    return ReplayPack(*(np.ascontiguousarray(part[::every]) for part in pack))


@pytest.fixture(scope="session")
def starter(shipped: Bundle) -> Bundle:
    """The shipped bundle with a tenth of its replay pack."""
    return with_replay_pack(shipped, write_pack(thinned(read_pack(shipped.rehearsal), 10)))


@pytest.fixture
def policy(digits: Recognizer) -> Policy:
    """The policy of the digits."""
    return training.policy_of(digits)


@pytest.fixture(autouse=True)
def _only_the_last_layer(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Hide the data sets that the environment names, so that training takes seconds."""
    monkeypatch.setenv("INKLING_DATA", str(tmp_path))


@pytest.fixture
def waiting(digits: Recognizer) -> TrainingRun:
    """A run that waits for a worker."""
    return training.open_run(recognizer=digits, trigger="for a test")


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], Any]], None]:
    """Do something at the beginning of a step, in another thread, as another process would."""
    actions: dict[str, Callable[[], Any]] = {}
    begin_step = Lease.begin_step

    def watched(lease: Lease, name: str, **more: Any) -> None:
        if action := actions.pop(name, None):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(_run_and_close, action).result()
        begin_step(lease, name, **more)

    monkeypatch.setattr(Lease, "begin_step", watched)
    return lambda name, action: actions.update({name: action})


def _run_and_close(action: Callable[[], Any]) -> None:
    try:
        action()
    finally:
        connection.close()
