"""Circuit breakers: a process remembers that a service is away, so that only the first requests wait for it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

FIRST_PROBE = 0.1  # seconds; a service that only was slow for a moment, as on a busy machine, is used again at once
PROBE_EVERY = 1.0  # seconds


class Circuit:
    """Whether a service can be used. While it is open a thread of its own tries the service; no request waits.

    `probe` uses the service and raises an exception if that fails. `opened`, `failures` and `seconds_open` only grow,
    so that metrics can show them.
    """

    def __init__(self, name: str, probe: Callable[[], object]) -> None:
        self.name = name
        self.is_open = False
        self.opened = 0  # times
        self.failures = 0  # commands that failed, or that were not sent because the circuit was open
        self.when_back: Callable[[], object] = bool  # called before the service is used again, and once more after
        self._seconds_open = 0.0  # of the times that have ended
        self._since = 0.0
        self._probe = probe
        self._lock = threading.Lock()

    @property
    def seconds_open(self) -> float:
        """How long the service was away for this process, in all."""
        return self._seconds_open + (time.monotonic() - self._since if self.is_open else 0.0)

    def open(self, reason: object) -> None:
        """Use the service no more until a probe succeeds."""
        self.failures += 1
        with self._lock:
            if self.is_open:
                return
            self.is_open, self._since = True, time.monotonic()
            self.opened += 1
        logger.warning("%s is not available and is not used until it answers again: %s", self.name, reason)
        threading.Thread(target=self._probe_until_back, name=f"probe-{self.name}", daemon=True).start()

    def _probe_until_back(self) -> None:
        wait = FIRST_PROBE
        while self.is_open:
            time.sleep(wait)
            wait = PROBE_EVERY
            try:
                self._probe()
                self.when_back()
                self.close()
                self.when_back()  # what came between the two lines before
            except Exception as error:
                logger.debug("%s is still not available: %s", self.name, error)

    def close(self) -> None:
        """Use the service again."""
        with self._lock:
            if not self.is_open:
                return
            self._seconds_open += (away := time.monotonic() - self._since)
            self.is_open = False
        logger.warning("%s is available again after %.1f s", self.name, away)


circuits: dict[str, Circuit] = {}
"""The circuits of this process by name, for metrics and checks."""

_lock = threading.Lock()


def circuit(name: str, probe: Callable[[], object]) -> Circuit:
    """The circuit of this name; the first call makes it."""
    with _lock:
        if name not in circuits:
            circuits[name] = Circuit(name, probe)
        return circuits[name]


os.register_at_fork(after_in_child=circuits.clear)  # the thread that probes stays in the parent process
