"""A site in use, its backup, and its destruction."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction

from recognizer.backups import databases
from recognizer.backups.create import LEFT_OUT


@pytest.fixture
def log(tmp_path: Path, settings: Any) -> Path:
    """The log of deletions."""
    settings.DELETION_LOG = str(tmp_path / "deletions.log")
    return tmp_path / "deletions.log"


@pytest.fixture
def archive(tmp_path: Path, log: Path) -> Callable[[], Path]:
    """Backs up the database."""

    def back_up() -> Path:
        path = tmp_path / "inkling.zip"
        call_command("backup", str(path), stdout=io.StringIO())
        return path

    return back_up


def destroy() -> None:
    """Empty the database, also of what migrations wrote."""
    with transaction.atomic():
        databases.clear_tables()


def restore(path: Path, *options: str) -> str:
    """Restore an archive; what the command printed."""
    printed = io.StringIO()
    call_command("restore", str(path), *options, stdout=printed, stderr=printed)
    return printed.getvalue()


def everything(*without: str) -> dict[str, list[Any]]:
    """All rows by table, as the database has them."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        name = model._meta.db_table
        if name not in LEFT_OUT | set(without):
            rows = model._default_manager.order_by("pk").values_list()
            found[name] = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]
    return found


def next_ids() -> dict[str, int]:
    """The id that the next row of each table gets."""
    with databases.reading() as database:
        names = [each._meta for each in apps.get_models(include_auto_created=True)]
        counted = [each for each in names if each.auto_field and each.db_table not in LEFT_OUT]
        return {each.db_table: database.next_id(each.db_table, "id") for each in counted}


def indexes() -> dict[str, Any]:
    """Indexes and constraints of the database, by table."""
    with connection.cursor() as cursor:
        # SQLite counts its rows in tables of its own.
        names = [each for each in connection.introspection.table_names(cursor) if not each.startswith("sqlite_stat")]
        return {name: connection.introspection.get_constraints(cursor, name) for name in names}


def rewrite(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Write the archive again, each file as `change` returns it."""
    old = path.with_suffix(".old")
    shutil.move(path, old)
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))


def manifest(**changes: Any) -> Callable[[str, bytes], bytes]:
    """Changes fields of the manifest; a function gets the value that is there."""

    def change(name: str, content: bytes) -> bytes:
        if name != "manifest.json":
            return content
        read = json.loads(content)
        return json.dumps(
            read | {field: new(read[field]) if callable(new) else new for field, new in changes.items()}
        ).encode()

    return change
