"""Restore a backup into an empty database, all of it or nothing, and delete again what was deleted since."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from accounts import audit, deletion, deletion_log
from accounts.models import User
from recognizer.backups import databases
from recognizer.backups.archive import Archive, Manifest
from recognizer.backups.create import LEFT_OUT
from recognizer.drawings import store
from recognizer.models import Drawing, ModelVersion, Webhook

Report = Callable[[str], object]
_Node = tuple[str, str]
_BATCH = 500  # ids


class CannotRestoreError(RuntimeError):
    """The archive cannot be restored into this database. The text says why and what to do."""


class Restored(NamedTuple):
    """What was done."""

    rows: int
    deleted: int
    """Accounts, drawings and webhooks that were deleted since the backup."""
    damaged: list[str]
    """Model versions whose file does not have its checksum: they were damaged before the backup."""


def restore_backup(archive: Archive, *, with_deletion_log: bool = True, report: Report = lambda line: None) -> Restored:
    """Fill the database with a backup. `report` is called with a line about each step.

    An archive of an older version needs a database without tables: they are made as they were, filled, and migrated.
    Without the log of deletions, what people deleted after the backup is there again.

    Raises CannotRestoreError and UnreadableLogError; the database is as before then.
    """
    gone = _read_deletions(archive.manifest) if with_deletion_log else set()
    executor = MigrationExecutor(connection)
    archived = {_node(name) for name in archive.manifest.migrations}
    is_older = _check_migrations(executor, archived)
    _check_tables(executor, archived, archive.manifest)
    if not executor.loader.applied_migrations:
        executor.migrate(_leaves(executor, archived))
    _check_empty()
    try:
        with transaction.atomic(durable=True):
            _load(archive, report)
            deleted = 0 if is_older else repeat_deletions(gone)
    except DatabaseError as error:
        raise CannotRestoreError(f"Nothing was restored: {error}") from error
    if is_older:
        deleted = _migrate(gone, report)
    databases.analyze()
    return Restored(sum(table.rows for table in archive.manifest.tables), deleted, _damaged_versions())


def _read_deletions(manifest: Manifest) -> set[UUID]:
    gone = deletion_log.read()
    if manifest.last_deletion and UUID(manifest.last_deletion) not in gone:
        raise deletion_log.UnreadableLogError(
            "The log of deletions is older than the backup, or another site's: it lacks the last deletion before the "
            "backup. Set DELETION_LOG to the log of the site that was backed up."
        )
    return gone


def _node(name: str) -> _Node:
    app, _dot, migration = name.partition(".")
    return app, migration


def _check_migrations(executor: MigrationExecutor, archived: set[_Node]) -> bool:
    """Whether the archive is of an older version than this program. Raises CannotRestoreError."""
    known, applied = set(executor.loader.disk_migrations), set(executor.loader.applied_migrations)
    if unknown := archived - known:
        names = ", ".join(".".join(node) for node in sorted(unknown)[:3])
        text = f"The backup was made by a newer version of Inkling, which has {names}. Install that version first."
        raise CannotRestoreError(text)
    if applied and applied != archived:
        cure = "Create an empty database without tables, and restore into that. It is migrated afterwards."
        if archived == known:
            cure = "Run manage.py migrate first."
        raise CannotRestoreError(f"The tables of the database are not those of the backup. {cure}")
    return archived != known


def _check_tables(executor: MigrationExecutor, archived: set[_Node], manifest: Manifest) -> None:
    """Raises CannotRestoreError if a table is missing that the site had at these migrations."""
    models = executor.loader.project_state(_leaves(executor, archived)).apps.get_models(include_auto_created=True)
    needed = {model._meta.db_table for model in models if model._meta.managed} - LEFT_OUT
    if lacking := needed - {table.name for table in manifest.tables}:
        names = ", ".join(sorted(lacking)[:3])
        raise CannotRestoreError(f"The backup is not complete: its manifest lacks {names}. Use another backup.")


def _leaves(executor: MigrationExecutor, archived: set[_Node]) -> list[_Node]:
    """The migrations that no other archived one of the same app builds on."""
    nodes = executor.loader.graph.node_map
    followed = {parent for node in archived for parent in nodes[node].parents if parent[0] == node[0]}
    return sorted(archived - {tuple(parent) for parent in followed})


def _check_empty() -> None:
    with connection.cursor() as cursor:
        for name, what in (("accounts_user", "people"), ("recognizer_drawing", "drawings")):
            cursor.execute(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608 - constants
            if cursor.fetchone():
                text = f"The database has {what}. A backup is restored into an empty database only: create another one."
                raise CannotRestoreError(text)


def _load(archive: Archive, report: Report) -> None:
    databases.clear_tables()  # what migrations and `install_models` wrote
    with databases.loading():
        for table in archive.manifest.tables:
            if set(table.columns) != databases.columns_of(table.name):
                raise CannotRestoreError(f"The columns of {table.name} are not those of the backup.")
            with archive.open(table) as lines:
                databases.load_table(table, lines)
            if table.next_id:
                databases.set_next_id(table.name, "id", table.next_id)
            report(f"{table.name}: {table.rows:,} rows")
        report("indexes and foreign keys")


def _migrate(gone: set[UUID], report: Report) -> int:
    """Migrate what was restored, and delete what was deleted since; empty the tables if that fails."""
    report("migrations")
    try:
        call_command("migrate", interactive=False, verbosity=0)
        with transaction.atomic(durable=True):
            return repeat_deletions(gone)
    except BaseException:
        with transaction.atomic():
            databases.clear_tables()
        raise


@transaction.atomic
def repeat_deletions(gone: set[UUID]) -> int:
    """Delete what the log names, as when it was deleted. Returns how many accounts, drawings and webhooks."""
    deleted = 0
    for ids in _batches(gone):
        for person in User.objects.filter(uuid__in=ids):
            deletion.erase_person(person)
            deleted += 1
        for drawing in Drawing.objects.filter(uuid__in=ids).defer("ink", "image"):
            store.erase_drawing(drawing)
            deleted += 1
        deleted += Webhook.objects.filter(uuid__in=ids).delete()[1].get("recognizer.Webhook", 0)
    audit.note(by=None, what="backup.restored", subject="backup", detail={"deleted": deleted})
    return deleted


def _batches(gone: Iterable[UUID]) -> Iterator[list[UUID]]:
    left = iter(gone)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _damaged_versions() -> list[str]:
    found = ModelVersion.objects.values_list("recognizer__slug", "number", "sha256", "tflite").iterator(chunk_size=1)
    return [f"{slug} {number}" for slug, number, sha256, file in found if hashlib.sha256(file).hexdigest() != sha256]
