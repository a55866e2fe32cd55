"""Counts the errors in the log of this process."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone


@dataclass
class ErrorCount:
    """How many errors this process logged, and when the last one was."""

    errors: int = 0
    last: datetime | None = None


found = ErrorCount()


class ErrorCounter(logging.Handler):
    """Counts records of level ERROR and above."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count it."""
        if record.levelno >= logging.ERROR:
            found.errors += 1
            found.last = timezone.now()
