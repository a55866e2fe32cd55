"""Reading and writing whole tables: PostgreSQL by COPY, SQLite row by row.

Both classes read one state of the database, whatever is written meanwhile, and let others write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import IO, Any, Protocol

from django.db import connection, transaction

from recognizer.backups.archive import Table, TableSink
from recognizer.backups.rows import read_row, write_row

_BATCH = 1_000  # rows
_UNTOUCHED = "django_migrations"


class Reader(Protocol):
    """One state of a database."""

    def applied_migrations(self) -> list[str]:
        """The applied migrations, as "app.name"."""

    def write_rows(self, table: str, columns: dict[str, str], sink: TableSink) -> None:
        """Write all rows of a table."""

    def next_id(self, table: str, column: str) -> int:
        """The id of the next row. It is above those of rows that were deleted: ids are never used again."""


@contextmanager
def reading() -> Iterator[Reader]:
    """The database as it is now."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            _set_up_postgresql(cursor)
            yield _PostgresReader(cursor)
    else:
        # A connection of its own: Django's transactions keep others from writing.
        uri = f"file:{connection.settings_dict['NAME']}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=20)) as own:
            own.execute("BEGIN")
            yield _SqliteReader(own)


def _set_up_postgresql(cursor: Any) -> None:
    """Settings of this transaction: no limits of time, and values in the form that archives have."""
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SET LOCAL {name} = 0")
    cursor.execute("SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'")
    # Without it a scan of a large table can start in its middle.
    cursor.execute("SET LOCAL extra_float_digits = 1; SET LOCAL synchronize_seqscans = off")


_MIGRATIONS = "SELECT app, name FROM django_migrations"


class _PostgresReader:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def applied_migrations(self) -> list[str]:
        self._cursor.execute(_MIGRATIONS)
        return [f"{app}.{name}" for app, name in self._cursor.fetchall()]

    def write_rows(self, table: str, columns: dict[str, str], sink: TableSink) -> None:
        with connection.wrap_database_errors:
            self._cursor.copy_expert(f"COPY {_quote(table)} ({_quote(*columns)}) TO STDOUT", sink)

    def next_id(self, table: str, column: str) -> int:
        self._cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [_quote(table), column])
        (sequence,) = self._cursor.fetchone()
        self._cursor.execute(f"SELECT last_value + is_called::int FROM {sequence}")  # noqa: S608 - from the catalogue
        return int(self._cursor.fetchone()[0])


class _SqliteReader:
    def __init__(self, own: sqlite3.Connection) -> None:
        self._own = own

    def applied_migrations(self) -> list[str]:
        return [f"{app}.{name}" for app, name in self._own.execute(_MIGRATIONS)]

    def write_rows(self, table: str, columns: dict[str, str], sink: TableSink) -> None:
        kinds = list(columns.values())
        for row in self._own.execute(f"SELECT {_quote(*columns)} FROM {_quote(table)}"):  # noqa: S608 - names of models
            sink.write(write_row(row, kinds))

    def next_id(self, table: str, column: str) -> int:
        found = self._own.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
        return int(found[0]) + 1 if found else 1


def clear_tables() -> None:
    """Delete all rows of all tables. In a transaction, before anything else."""
    names = [name for name in connection.introspection.table_names() if name != _UNTOUCHED]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {_quote(*names)}")
        else:
            for name in names:
                cursor.execute(f"DELETE FROM {_quote(name)}")  # noqa: S608 - from the catalogue


@contextmanager
def loading() -> Iterator[None]:
    """Prepare a transaction that fills empty tables.

    In PostgreSQL indexes and foreign keys are dropped, and made again at the end, which takes a fraction of the time of
    updating and checking them for each row. All of that is in the transaction. SQLite checks foreign keys at its end.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        _set_up_postgresql(cursor)
        cursor.execute("SET LOCAL maintenance_work_mem = '128MB'")
        cursor.execute(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
        foreign_keys = cursor.fetchall()
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = current_schema()::regnamespace "
            "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))"
        )
        indexes = cursor.fetchall()
        for table, name, _definition in foreign_keys:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in foreign_keys:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def load_table(table: Table, lines: IO[bytes]) -> None:
    """Fill an empty table."""
    with connection.cursor() as cursor:
        columns = _quote(*table.columns)
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors:
                cursor.copy_expert(f"COPY {_quote(table.name)} ({columns}) FROM STDIN", lines)
        else:
            marks = ", ".join(["%s"] * len(table.columns))
            insert = f"INSERT INTO {_quote(table.name)} ({columns}) VALUES ({marks})"  # noqa: S608 - checked names
            kinds = list(table.columns.values())
            while batch := [read_row(line, kinds) for line in islice(lines, _BATCH)]:
                cursor.executemany(insert, batch)


def set_next_id(table: str, column: str, next_id: int) -> None:
    """Go on counting where the backup stopped."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s, false)", [_quote(table), column, next_id])
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, next_id - 1])


def analyze() -> None:
    """Let the database count its rows: its plans, and the counts of the admin, depend on them."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def columns_of(table: str) -> set[str]:
    """The names of the columns that a table has now; empty if there is no such table."""
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return set()
        return {column.name for column in connection.introspection.get_table_description(cursor, table)}


def _quote(*names: str) -> str:
    return ", ".join(map(connection.ops.quote_name, names))
