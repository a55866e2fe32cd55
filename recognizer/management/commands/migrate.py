"""`manage.py migrate`, as Django's; on PostgreSQL it lets requests go first, so that the site can serve meanwhile."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError

LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code
PATIENCE = 1200  # seconds; a statement of a worker may take 15 minutes


class Command(migrate.Command):
    """Repeats a migration that has waited too long for a table that somebody else reads (`config.postgresql`)."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises OperationalError when a table was in use all the time."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if getattr(error.__cause__, "pgcode", "") != LOCK_NOT_AVAILABLE or time.monotonic() > end:
                    raise
            self.stdout.write("A table is in use. The migration was undone and is tried again.")
            time.sleep(1)
