"""Backups move between databases, and from older versions to newer ones, with real processes."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from tests.processes.installations import base_environment
from tests.processes.site import ROOT, manage
from tests.recognizer.backups.conftest import destroy, everything, restore

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Back = Callable[[], Path]
OLDER = ROOT / "tests" / "data" / "backup_before_random_ids.zip"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


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


def test_a_backup_of_an_older_version_is_migrated_and_deletions_are_repeated(
    elsewhere: dict[str, str], log: Path, tmp_path: Path
) -> None:
    """One of the time before people had random ids: a person with two drawings and a row in every table."""
    with zipfile.ZipFile(OLDER) as opened:
        drawings = opened.read("tables/recognizer_drawing.copy").decode().splitlines()
    gone, left = [str(uuid) for line in drawings for uuid in re.findall(UUID, line)]
    log.write_text(f"{gone}\n")
    with pytest.raises(CommandError, match="empty database without tables"):
        restore(OLDER)  # this database has the tables of today
    manage(elsewhere, "restore", str(OLDER))
    with closing(sqlite3.connect(tmp_path / "elsewhere" / "inkling.sqlite3")) as opened:
        assert opened.execute("SELECT email, length(uuid) FROM accounts_user").fetchall() == [("bob@example.org", 32)]
        assert opened.execute("SELECT uuid FROM recognizer_drawing").fetchall() == [(left.replace("-", ""),)]
    assert "No planned" in manage(elsewhere, "migrate", "--plan").stdout
