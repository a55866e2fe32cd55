"""Backups move between databases, and from older versions to newer ones, with real processes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from accounts.models import User
from recognizer.models import Drawing
from tests.accounts.world import furnish
from tests.processes.installations import base_environment
from tests.processes.site import manage
from tests.recognizer.backups.conftest import destroy, everything, manifest, restore, rewrite

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Back = Callable[[], Path]
RANDOM_IDS = "accounts.0008_random_ids_of_people"


@pytest.fixture
def elsewhere(tmp_path: Path, log: Path) -> dict[str, str]:
    """The environment of another installation, with SQLite and no tables yet."""
    (tmp_path / "elsewhere").mkdir()
    return base_environment(tmp_path / "elsewhere", INKLING_ENV="embedded", DELETION_LOG=str(log))


def test_a_site_moves_to_sqlite_and_back(
    site: dict[str, Any], archive: Back, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    path = archive()
    rows = everything("accounts_auditentry")
    manage(elsewhere, "restore", str(path))
    manage(elsewhere, "backup", str(tmp_path / "returned.zip"))
    destroy()
    restore(tmp_path / "returned.zip")
    assert everything("accounts_auditentry") == rows


def make_older(path: Path) -> None:
    """Make an archive one of the version before people had random ids."""
    table = "accounts_user"
    with zipfile.ZipFile(path) as opened:
        columns = next(
            each["columns"] for each in json.loads(opened.read("manifest.json"))["tables"] if each["name"] == table
        )
        lines = opened.read(f"tables/{table}.copy").decode().splitlines()
    place = list(columns).index("uuid")
    kept = [[value for at, value in enumerate(line.split("\t")) if at != place] for line in lines]
    content = "".join("\t".join(values) + "\n" for values in kept).encode()
    changed = {
        "columns": {name: kind for name, kind in columns.items() if name != "uuid"},
        "sha256": hashlib.sha256(content).hexdigest(),
    }

    def tables(old: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each | changed if each["name"] == table else each for each in old]

    rewrite(path, lambda name, found: content if name == f"tables/{table}.copy" else found)
    older = [RANDOM_IDS, "accounts.0009"]  # and what follows it
    rewrite(
        path,
        manifest(tables=tables, migrations=lambda old: [name for name in old if not name.startswith(tuple(older))]),
    )


def test_a_backup_of_an_older_version_is_migrated_and_deletions_are_repeated(
    bob: User, archive: Back, elsewhere: dict[str, str], log: Path, tmp_path: Path
) -> None:
    furnish(bob)
    path = archive()
    gone, left = [str(uuid) for uuid in Drawing.objects.order_by("pk").values_list("uuid", flat=True)]
    log.write_text(f"{gone}\n")
    make_older(path)
    with pytest.raises(CommandError, match="empty database without tables"):
        restore(path)  # this database has the tables of today
    manage(elsewhere, "restore", str(path))
    with closing(sqlite3.connect(tmp_path / "elsewhere" / "inkling.sqlite3")) as opened:
        assert opened.execute("SELECT email, length(uuid) FROM accounts_user").fetchall() == [(bob.email, 32)]
        assert opened.execute("SELECT uuid FROM recognizer_drawing").fetchall() == [(left.replace("-", ""),)]
    assert "No planned" in manage(elsewhere, "migrate", "--plan").stdout
