"""Restore a backup into an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.deletion_log import UnreadableLogError
from recognizer import backups
from recognizer.backups.archive import Archive


class Command(BaseCommand):
    """Fill the database with a backup, and delete again what was deleted after it was made."""

    help = (
        f"{__doc__} Stop all other processes first. The database must have no people and no drawings; it may be new or "
        "migrated. What was deleted after the backup was made is deleted again: DELETION_LOG must name the log of the "
        "site that was backed up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The archive."""
        parser.add_argument("file", type=Path, help="an archive of manage.py backup")
        parser.add_argument(
            "--without-deletion-log",
            action="store_true",
            help="the log is lost: accounts and drawings that were deleted after the backup come back",
        )

    def handle(self, *args: Any, file: Path, without_deletion_log: bool, verbosity: int, **options: Any) -> None:
        """Check the archive, restore it, print a summary."""
        report = self.stdout.write if verbosity > 1 else lambda line: None
        try:
            with Archive(file) as archive:
                restored = backups.restore_backup(archive, with_deletion_log=not without_deletion_log, report=report)
        except UnreadableLogError as error:
            text = f"{error} Nothing was restored. If the log is lost, use --without-deletion-log, and tell your users."
            raise CommandError(text) from error
        except (backups.ArchiveError, backups.CannotRestoreError) as error:
            raise CommandError(str(error)) from error
        text = f"{file}: {restored.rows:,} rows. {restored.deleted:,} deletions after the backup were repeated."
        self.stdout.write(text, self.style.SUCCESS)
        for version in restored.damaged:
            self.stderr.write(f"The file of {version} was damaged before the backup. Promote another version.")
