"""Which recognizers are switched off: they answer no new drawings, and pages do not offer them.

Their drawings, versions and history stay. What belongs to drawings that exist goes on: corrections, reviews, exports,
and drawings that were answered on a device before it learned of the switch.
"""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Lock

from django.db import DatabaseError

from recognizer.models import Recognizer
from recognizer.registry import serving


class RecognizerOffError(RuntimeError):
    """The recognizer is switched off."""


class _Registry:
    """The slugs of the recognizers that are off, as this process found them lately."""

    def __init__(self) -> None:
        self._off: frozenset[str] = frozenset()
        self._looked = -float("inf")
        self._lock = Lock()

    def check_is_on(self, slug: str) -> None:
        """Raise RecognizerOffError for a recognizer that is switched off; unknown ones pass."""
        if slug in self._slugs():
            raise RecognizerOffError(slug)

    def _slugs(self) -> frozenset[str]:
        with self._lock:
            if time.monotonic() - self._looked >= serving.LOOK_EVERY:
                with suppress(DatabaseError):  # answers need no database: what was known last stays
                    self._off = frozenset(Recognizer.objects.filter(is_on=False).values_list("slug", flat=True))
                self._looked = time.monotonic()
            return self._off

    def clear_cache(self) -> None:
        """Forget everything; the next check looks again."""
        with self._lock:
            self._off, self._looked = frozenset(), -float("inf")


_registry = _Registry()
check_is_on = _registry.check_is_on
clear_cache = _registry.clear_cache
