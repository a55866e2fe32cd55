"""The code and the documents keep what ARCHITECTURE.md says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.benchmarks import structure

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PATH = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|md|html|js|css|toml|lock|sh|yml|ipynb))`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[\w-]*)?\)")
HISTORY = {"CHANGELOG.md"}  # names files of earlier versions


def test_imports_follow_the_layers() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("package", structure.PACKAGES)
def test_no_modules_import_each_other_in_a_cycle(package: str) -> None:
    assert structure.cycles_of(structure.graph_of(package)) == []
    assert structure.cycles_of(structure.children_of(package)) == []


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_no_lock_file_names_a_package_index() -> None:
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert [lock.name for lock in locks] == ["build.lock", "dev.lock", "train.lock", "web.lock"]
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_the_web_process_is_locked_without_tensorflow() -> None:
    assert "tensorflow" not in (ROOT / "requirements" / "web.lock").read_text()


def test_pre_commit_runs_the_locked_version_of_ruff() -> None:
    locked = re.search(r"^ruff==(\S+)", (ROOT / "requirements" / "dev.lock").read_text(), re.MULTILINE)
    assert locked
    assert f"rev: v{locked[1]} " in (ROOT / ".pre-commit-config.yaml").read_text()


@pytest.mark.parametrize(("name", "most"), [("README.md", 10_000), ("ARCHITECTURE.md", 12_000)])
def test_the_first_documents_are_short(name: str, most: int) -> None:
    assert len((ROOT / name).read_bytes()) <= most


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    links = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    assert links == []
    folders = [ROOT, ROOT / "recognizer", ROOT / "ml", document.parent]  # ARCHITECTURE.md shortens `recognizer/api/...`
    paths = [path for path in PATH.findall(text) if not any((folder / path.lstrip("/")).exists() for folder in folders)]
    assert paths == [] or document.name in HISTORY
