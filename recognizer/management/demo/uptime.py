"""Which version answers: asked over HTTP by several people, all the time, so that each process of the site is met."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from recognizer.management.demo.http_user import HttpUser, RefusedError

ASK_EVERY = 0.4  # seconds between two questions of one person; far below the limits of the API
MAX_DELAY = 2.0  # seconds after a promotion within which the version before may still answer
OBSERVE_FOR = 2.0  # seconds after these for which answers are looked at


class ObservedAnswer(NamedTuple):
    """One answer: when it was asked for (seconds of the clock), and the version it names; 0 for none."""

    at: float
    version: int


class VersionMonitor:
    """Use it as a context: it asks while that is open."""

    def __init__(self, visitors: Sequence[HttpUser], recognizer: str, ink: list[Any]) -> None:
        self.seen: list[ObservedAnswer] = []
        self.failures: list[str] = []
        self._recognizer, self._ink = recognizer, ink
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[visitor], daemon=True) for visitor in visitors]

    def __enter__(self) -> VersionMonitor:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, visitor: HttpUser) -> None:
        while not self._over.wait(ASK_EVERY):
            at = time.time()
            try:
                version = visitor.predict(self._recognizer, self._ink)["model_version"]
            except RefusedError as error:
                self.failures.append(str(error))
                version = 0
            self.seen.append(ObservedAnswer(at, version))

    def settle(self, version: int, since: float) -> tuple[float, int]:
        """Wait until every answer should name `version`, promoted at `since`, and look.

        Seconds after `since` at which another one was last asked for and given, and how many answers were looked at.
        """
        time.sleep(max(0.0, since + MAX_DELAY + OBSERVE_FOR - time.time()))
        after = [one for one in list(self.seen) if one.at > since]
        return max((one.at - since for one in after if one.version not in (0, version)), default=0.0), len(after)
