"""Delete again what the log of deletions names."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import deletion_log
from recognizer.backups.restore import repeat_deletions


class Command(BaseCommand):
    """For databases that were recovered by other means than `restore`, which does this itself."""

    help = (
        f"{__doc__} Run it after a point-in-time recovery, or after restoring a dump of PostgreSQL. DELETION_LOG names "
        "the log. What is deleted already stays so; the command can run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, and print how many accounts, drawings and webhooks there were."""
        try:
            deleted = repeat_deletions(deletion_log.read())
        except deletion_log.UnreadableLogError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{deleted:,} deletions were repeated.", self.style.SUCCESS)
