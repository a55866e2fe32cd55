"""An archive that cannot be restored changes nothing and says why."""

from __future__ import annotations

import gc
import hashlib
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from recognizer.models import Drawing, Recognizer
from tests.accounts.world import furnish
from tests.recognizer.backups.conftest import destroy, everything, manifest, restore, rewrite

pytestmark = pytest.mark.django_db(transaction=True)
Back = Callable[[], Path]


@pytest.fixture
def path(bob: User, archive: Back) -> Path:
    """The backup of a small site."""
    furnish(bob)
    return archive()


def cut(path: Path) -> None:
    """As when a copy was interrupted."""
    path.write_bytes(path.read_bytes()[:-200])


def flip(path: Path) -> None:
    """One wrong bit in the middle of the largest file. Elsewhere it may change nothing: names and times stand twice."""
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda member: member.compress_size)
        after = [each.header_offset for each in archive.infolist() if each.header_offset > largest.header_offset]
        end = min([*after, archive.start_dir])
    content = bytearray(path.read_bytes())
    content[end - largest.compress_size // 2] ^= 1
    path.write_bytes(content)


def swap(path: Path) -> None:
    """Another value in a table, and no damage that a zip file notices."""
    rewrite(path, lambda name, content: content.replace(b"bob@", b"eve@") if "accounts_user." in name else content)


def without(tables: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The tables of a manifest but one."""
    left = [table for table in tables if table["name"] != name]
    assert len(left) == len(tables) - 1
    return left


FAULTS: dict[str, Callable[[Path], object]] = {
    "cut": cut,
    "flipped": flip,
    "changed": swap,
    "empty": lambda path: path.write_bytes(b""),
    "not a zip file": lambda path: path.write_text("hello"),
    "without a manifest": lambda path: zipfile.ZipFile(path, "w").close(),
    "of a later format": lambda path: rewrite(path, manifest(format=2)),
    "of a newer version": lambda path: rewrite(path, manifest(migrations=lambda old: [*old, "recognizer.9999_later"])),
    "with an id that is none": lambda path: rewrite(path, manifest(last_deletion="nonsense")),
    "with a number as an id": lambda path: rewrite(path, manifest(last_deletion=7)),
    "without a table": lambda path: rewrite(path, manifest(tables=lambda old: without(old, "recognizer_correction"))),
    "without any table": lambda path: rewrite(path, manifest(tables=[])),
    "with a table twice": lambda path: rewrite(path, manifest(tables=lambda old: [*old, old[-1]])),
    "with migrations that are none": lambda path: rewrite(path, manifest(migrations=lambda old: [1, 2])),
    "not there": lambda path: path.unlink(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_or_foreign_archive_is_refused(path: Path, fault: str) -> None:
    destroy()
    FAULTS[fault](path)
    before = everything()
    with pytest.raises(CommandError):
        restore(path)
    assert everything() == before


def test_a_database_in_use_is_not_overwritten(path: Path) -> None:
    before = everything()
    with pytest.raises(CommandError, match="empty"):
        restore(path)
    assert everything() == before


def test_a_row_that_breaks_a_constraint_leaves_the_database_as_it_was(path: Path) -> None:
    """All or nothing: the tables before it are filled already."""
    changed: dict[str, str] = {}

    def break_a_reference(name: str, content: bytes) -> bytes:
        if name == "tables/recognizer_drawing.copy":
            lines = content.decode().splitlines(keepends=True)
            values = lines[0].split("\t")
            author = str(User.objects.get(email="bob@example.org").pk)
            lines[0] = "\t".join("99999999" if value == author else value for value in values)
            content = "".join(lines).encode()
            changed["sha256"] = hashlib.sha256(content).hexdigest()
        return content

    def with_checksum(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each | changed if each["name"] == "recognizer_drawing" else each for each in tables]

    rewrite(path, break_a_reference)
    rewrite(path, manifest(tables=with_checksum))
    destroy()
    before = everything()
    with pytest.raises(CommandError, match="Nothing was restored"):
        restore(path)
    assert everything() == before
    assert not Drawing.objects.exists()


def test_installed_models_do_not_count_as_a_site_in_use(digits: Recognizer, archive: Back) -> None:
    rows = everything("accounts_auditentry")
    path = archive()
    Recognizer.objects.update(name="Another installation")
    restore(path)
    assert everything("accounts_auditentry") == rows


def test_a_file_is_not_overwritten(path: Path) -> None:
    content = path.read_bytes()
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(path))
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_named(bob: User, log: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="could not be written"):
        call_command("backup", str(tmp_path / "nowhere" / "backup.zip"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line(bob: User, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", later.append)
    with Path("/dev/full").open("wb", buffering=0) as target:
        monkeypatch.setattr(sys, "stdout", type("Output", (), {"buffer": target})())
        with pytest.raises(CommandError, match="could not be written"):
            call_command("backup", "-")
    gc.collect()
    assert later == []
