"""Usage: how many calls each key makes a day.

A call must not cost a write, so each process adds up what it was asked and writes the sums a few seconds later, all
at once. A process that is killed takes the last seconds along: these are figures for people, not for bills.
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


class _Tally:
    """What this process counted and has not written yet, by key and day."""

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

    def give_back(self, left: dict[tuple[int, date], int]) -> None:
        """What could not be written goes with what is counted next."""
        with self._lock:
            self._calls.update(left)

    def take(self) -> dict[tuple[int, date], int]:
        """All of it; the next call begins anew."""
        with self._lock:
            taken, self._calls = dict(self._calls), Counter()
            if self._timer:
                self._timer.cancel()
            self._timer = None
        return taken


_tally = _Tally()


def count_calls(*, key: ApiKey, calls: int = 1) -> None:
    """Note that a key made so many calls just now."""
    _tally.add(key.pk, calls)


def write_counts() -> None:
    """Add what this process counted to what is kept; while the database is away it waits for the next time."""
    taken = _tally.take()
    try:
        for of_day, calls in list(taken.items()):
            _write_one(of_day, calls)
            del taken[of_day]
    except (OperationalError, InterfaceError):
        _tally.give_back(taken)
        raise


def _write_one(of_day: tuple[int, date], calls: int) -> None:
    try:
        _add(*of_day, calls)
    except IntegrityError:
        logger.info("key %d was deleted before its calls were written", of_day[0])


def clear_cache() -> None:
    """Drop what is not written yet."""
    _tally.take()


def usage_of(*, person: User, key: ApiKey | None = None) -> QuerySet[KeyUse]:
    """Of all keys of a person, or of this one of them, by day."""
    write_counts()
    found = KeyUse.objects.filter(key__person=person).select_related("key")
    return found if key is None else found.filter(key=key)


def _add(key: int, day: date, calls: int) -> None:
    kept = KeyUse.objects.filter(key=key, day=day)
    if kept.update(calls=F("calls") + calls) or not ApiKey.objects.filter(pk=key).exists():
        return
    try:
        with transaction.atomic():
            KeyUse.objects.create(key_id=key, day=day, calls=calls)
    except IntegrityError:  # another process was first, or the key is gone
        if not kept.update(calls=F("calls") + calls):
            raise


def _write_later() -> None:
    """In a thread of its own, with a connection of its own."""
    try:
        write_counts()
    except Error as error:
        logger.warning("the calls of some keys could not be written: %s", error)
    finally:
        connection.close()


def _write_at_last() -> None:
    """A process that ends in peace loses nothing."""
    if _tally._timer:
        _write_later()


atexit.register(_write_at_last)
