"""When to ask again. Every call bears being repeated: what writes carries a key by which the site knows it."""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx

from inkling_client import errors

PASSING = frozenset({429, 502, 503, 504})
IN_PROGRESS = "idempotency_in_progress"  # the first try is still being worked on


@dataclass(frozen=True)
class Retries:
    """At most so many attempts; waits grow from `first` to `longest` (seconds), each a little different.

    `Retry-After` is followed; where it asks for more than `longest`, the error is raised at once.
    """

    attempts: int = 4
    first: float = 0.5
    longest: float = 60.0

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds to wait after this attempt (from 1); None where it is the last. No response: there was no answer."""
        if attempt >= self.attempts or (response is not None and not _is_passing(response)):
            return None
        asked = errors.retry_after(response) if response is not None else None
        if asked is not None:
            return asked + random.uniform(0, self.first) if asked <= self.longest else None  # noqa: S311 - no secret
        return float(min(self.longest, self.first * 2 ** (attempt - 1)) * random.uniform(0.5, 1))  # noqa: S311


def _is_passing(response: httpx.Response) -> bool:
    if response.status_code == 409:
        return errors.of_response(response).code == IN_PROGRESS
    return response.status_code in PASSING
