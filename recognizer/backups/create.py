"""Write a backup."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from django.apps import apps
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from accounts import audit, deletion_log
from recognizer.backups.archive import ArchiveWriter, Manifest, Table
from recognizer.backups.databases import Reader, reading
from recognizer.backups.rows import kind_of

LEFT_OUT = {"django_session", "recognizer_export", "recognizer_piece", "accounts_cacheentry", "recognizer_process"}
"""Tables that a restored site does without: everybody signs in again, and the others have what expires soon."""


class CannotBackUpError(RuntimeError):
    """The database does not belong to this version of Inkling. The text says what to do."""


def create_backup(target: IO[bytes], *, report: Callable[[str], object] = lambda line: None) -> Manifest:
    """Write the database to an archive, as one transaction sees it. Returns the manifest.

    `report` is called with a line about each table. Raises CannotBackUpError, DeletionLogError, UnreadableLogError and
    OSError.
    """
    deletion_log.make_sure_it_exists()
    # Read before the database: what is deleted in between is in the archive or not, and in the log in any case.
    last_deletion = deletion_log.last_id()
    with reading() as database:
        migrations = database.applied_migrations()
        _check_migrations(set(migrations))
        with ArchiveWriter(target) as archive:
            tables = [_write_table(model, archive, database, report) for model in _models()]
            manifest = Manifest(
                created=timezone.now().isoformat(timespec="seconds"),
                migrations=sorted(migrations),
                tables=tables,
                last_deletion=str(last_deletion) if last_deletion else None,
            )
            archive.finish(manifest)
    rows = sum(table.rows for table in manifest.tables)
    audit.note(by=None, what="backup.made", subject="backup", detail={"rows": rows})
    return manifest


def _models() -> list[type[models.Model]]:
    found = apps.get_models(include_auto_created=True)
    return [
        each for each in found if each._meta.managed and not each._meta.proxy and each._meta.db_table not in LEFT_OUT
    ]


def _check_migrations(applied: set[str]) -> None:
    """Tables of another version may have columns that the models of this one do not name."""
    ours = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if missing := ours - applied:
        raise CannotBackUpError(f"The database lacks {_few(missing)}. Run manage.py migrate first.")
    if unknown := applied - ours:
        text = f"The database is of a newer version of Inkling: it has {_few(unknown)}. Back it up with that version."
        raise CannotBackUpError(text)


def _few(names: set[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (" and others" if len(names) > len(shown) else "")


def _write_table(
    model: type[models.Model], archive: ArchiveWriter, database: Reader, report: Callable[[str], object]
) -> Table:
    name, columns = model._meta.db_table, {str(each.column): kind_of(each) for each in model._meta.concrete_fields}
    with archive.table(name) as sink:
        database.write_rows(name, columns, sink)
    key = model._meta.pk
    next_id = (
        database.next_id(name, str(key.column)) if isinstance(key, models.AutoField | models.BigAutoField) else None
    )
    report(f"{name}: {sink.rows:,} rows")
    return Table(name, columns, sink.rows, sink.sha256, next_id)
