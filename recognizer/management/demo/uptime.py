"""Checks which version answers: several users send requests all the time, so that every process is reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from recognizer.management.demo.http_user import HttpUser, RefusedError

ASK_EVERY = 0.4  # seconds between two requests of one user; far below the limits of the API
MAX_DELAY = 2.0  # seconds after a promotion in which the previous version may still answer
OBSERVE_FOR = 2.0  # seconds after these in which answers are checked


class ObservedAnswer(NamedTuple):
    """One answer: when the request was sent (time.time()), and the number of the version; 0 after an error."""

    at: float
    version: int


class VersionMonitor:
    """A context manager that sends requests inside the `with` block."""

    def __init__(self, users: Sequence[HttpUser], recognizer: str, ink: list[Any]) -> None:
        self.seen: list[ObservedAnswer] = []
        self.failures: list[str] = []
        self._recognizer, self._ink = recognizer, ink
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[user], daemon=True) for user in users]

    def __enter__(self) -> VersionMonitor:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, user: HttpUser) -> None:
        while not self._over.wait(ASK_EVERY):
            at = time.time()
            try:
                version = user.predict(self._recognizer, self._ink)["model_version"]
            except RefusedError as error:
                self.failures.append(str(error))
                version = 0
            self.seen.append(ObservedAnswer(at, version))

    def settle(self, version: int, since: float) -> tuple[float, int]:
        """Wait until every answer should be by `version`, which was promoted at `since`.

        Returns after how many seconds another version last answered, and how many answers were checked.
        """
        time.sleep(max(0.0, since + MAX_DELAY + OBSERVE_FOR - time.time()))
        after = [one for one in list(self.seen) if one.at > since]
        return max((one.at - since for one in after if one.version not in (0, version)), default=0.0), len(after)
