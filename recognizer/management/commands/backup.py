"""Back up the whole database, with its model versions, to one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.deletion_log import DeletionLogError, UnreadableLogError
from recognizer import backups
from recognizer.backups.archive import Manifest


class Command(BaseCommand):
    """Write one archive, of one moment, while the site runs."""

    help = (
        f"{__doc__} The file holds addresses, password hashes and second factors: only its owner can read it. Encrypt "
        "it before you send it anywhere. Secrets of the environment are not in it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The target."""
        parser.add_argument("file", help="a file that does not exist yet, or - for standard output")

    def handle(self, *args: Any, file: str, verbosity: int, **options: Any) -> None:
        """Write the archive and print a summary, on standard error if the archive goes to standard output."""
        try:
            manifest = self._write(sys.stdout.buffer) if file == "-" else self._write_file(Path(file), verbosity)
        except (backups.CannotBackUpError, DeletionLogError, UnreadableLogError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{file} could not be written: {error.strerror}.") from error
        rows = sum(table.rows for table in manifest.tables)
        output = self.stderr if file == "-" else self.stdout
        output.write(f"{file}: {rows:,} rows of {len(manifest.tables)} tables.", self.style.SUCCESS)

    def _write_file(self, path: Path, verbosity: int) -> Manifest:
        """Write to a temporary file first, so that a file with this name is always complete."""
        if path.exists():
            raise CommandError(f"{path} exists already. Remove it or choose another name.")
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                manifest = self._write(target, self.stdout.write if verbosity > 1 else lambda line: None)
                target.flush()
                os.fsync(target.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return manifest

    def _write(self, target: IO[bytes], report: Any = lambda line: None) -> Manifest:
        return backups.create_backup(target, report=report)
