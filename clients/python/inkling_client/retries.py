"""When to send a request again. Every call can be repeated: writes have an idempotency key."""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx

from inkling_client import errors

TEMPORARY = frozenset({429, 502, 503, 504})
IN_PROGRESS = "idempotency_in_progress"  # the first attempt is still running


@dataclass(frozen=True)
class Retries:
    """At most `attempts` attempts. Waits grow from `first` to `longest` seconds and vary randomly.

    `Retry-After` is obeyed. If it asks for more than `longest`, the error is raised at once.
    """

    attempts: int = 4
    first: float = 0.5
    longest: float = 60.0

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds to wait after this attempt (from 1); None if it is the last. `response`: None if there was none."""
        if attempt >= self.attempts or (response is not None and not _is_temporary(response)):
            return None
        asked = errors.retry_after(response) if response is not None else None
        if asked is not None:
            return asked + random.uniform(0, self.first) if asked <= self.longest else None  # noqa: S311 - no secret
        return float(min(self.longest, self.first * 2 ** (attempt - 1)) * random.uniform(0.5, 1))  # noqa: S311


def _is_temporary(response: httpx.Response) -> bool:
    if response.status_code == 409:
        return errors.of_response(response).code == IN_PROGRESS
    return response.status_code in TEMPORARY
