"""Backups: the whole database in one archive, and its restoration into an empty one.

An archive is a zip file. It has a file for each table, in the text format of PostgreSQL's COPY, and `manifest.json`
with the migrations, the columns and a checksum of each table. Both PostgreSQL and SQLite write and read it, one row at
a time, so a site can also move from one to the other. It does not need pg_dump, whose version must match the server's.

Sessions and files of exports are left out. docs/decisions/operations.md has the reasons.
"""

from recognizer.backups.archive import ArchiveError
from recognizer.backups.create import CannotBackUpError, create_backup
from recognizer.backups.restore import CannotRestoreError, restore_backup

__all__ = ["ArchiveError", "CannotBackUpError", "CannotRestoreError", "create_backup", "restore_backup"]
