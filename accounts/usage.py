"""Counts the calls of each API key per day.

A call must not cost a database write, so each process counts in memory and writes the sums every few seconds
(`USAGE_SECONDS`). A killed process loses the last seconds; the figures are not used for billing.
"""

from __future__ import annotations

import atexit
import logging
from collections import Counter
from datetime import date
from threading import Lock, Timer

from django.conf import settings
from django.db import Error, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import ApiKey, KeyUse, User

logger = logging.getLogger(__name__)


class _Counts:
    """The calls that this process counted but has not written, by key and day."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[int, date]] = Counter()
        self._timer: Timer | None = None
        self._lock = Lock()

    def add(self, key: int, calls: int) -> None:
        with self._lock:
            self._calls[key, timezone.now().date()] += calls
            if self._timer is None and settings.USAGE_SECONDS:
                self._timer = Timer(settings.USAGE_SECONDS, _write_later)
                self._timer.daemon = True
                self._timer.start()

    def put_back(self, left: dict[tuple[int, date], int]) -> None:
        """Add counts that could not be written."""
        with self._lock:
            self._calls.update(left)

    def take(self) -> dict[tuple[int, date], int]:
        """Return all counts and start again from zero."""
        with self._lock:
            taken, self._calls = dict(self._calls), Counter()
            if self._timer:
                self._timer.cancel()
            self._timer = None
        return taken


_counts = _Counts()


def count_calls(*, key: ApiKey, calls: int = 1) -> None:
    """Count calls of a key."""
    _counts.add(key.pk, calls)


def write_counts() -> None:
    """Write the counts of this process. If the database is away they stay in memory, and the error is raised."""
    taken = _counts.take()
    try:
        for (key, day), calls in list(taken.items()):
            try:
                _add(key, day, calls)
            except IntegrityError:
                logger.info("key %d was deleted before its calls were written", key)
            del taken[key, day]
    except (OperationalError, InterfaceError):
        _counts.put_back(taken)
        raise


def clear_cache() -> None:
    """Drop the counts that are not written."""
    _counts.take()


def usage_of(*, person: User, key: ApiKey | None = None) -> QuerySet[KeyUse]:
    """The usage of all keys of a person, or of one of them, by day. Writes pending counts first."""
    write_counts()
    found = KeyUse.objects.filter(key__person=person).select_related("key")
    return found if key is None else found.filter(key=key)


def _add(key: int, day: date, calls: int) -> None:
    row = KeyUse.objects.filter(key=key, day=day)
    if row.update(calls=F("calls") + calls) or not ApiKey.objects.filter(pk=key).exists():
        return
    try:
        with transaction.atomic():
            KeyUse.objects.create(key_id=key, day=day, calls=calls)
    except IntegrityError:  # another process was first, or the key was deleted
        if not row.update(calls=F("calls") + calls):
            raise


def _write_later() -> None:
    """Runs in its own thread, with its own connection."""
    try:
        write_counts()
    except Error as error:
        logger.warning("could not write the calls of API keys: %s", error)
    finally:
        connection.close()


@atexit.register
def _write_at_exit() -> None:
    if _counts._timer:
        _write_later()
