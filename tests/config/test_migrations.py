"""While a site is upgraded, processes of the version before run on the new database: migrations must allow that."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django_migration_linter import MigrationLinter

from tests.processes.site import ROOT

# The last migration of each app from before this rule.
EXEMPT_UNTIL = {"accounts": "0007", "recognizer": "0020"}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="The linter reads the SQL for PostgreSQL."),
]


@pytest.fixture
def linter() -> Any:
    """Prints what it finds."""
    return MigrationLinter(str(ROOT), no_cache=True)


def migrations(linter: Any, *, exempt: bool) -> list[Any]:
    """Our own migrations: those from before the rule, or the others."""
    found = linter.migration_loader.disk_migrations.values()
    ours = [each for each in found if each.app_label in EXEMPT_UNTIL]
    return [each for each in ours if (each.name[:4] <= EXEMPT_UNTIL[each.app_label]) == exempt]


def test_the_version_before_can_live_with_every_migration(linter: Any) -> None:
    """If not, split the change over two releases: docs/operating/upgrade.md."""
    checked = migrations(linter, exempt=False)
    for migration in checked:
        linter.lint_migration(migration)
    assert checked
    assert linter.nb_erroneous == 0


def test_the_linter_finds_what_the_version_before_cannot_live_with(linter: Any) -> None:
    for migration in migrations(linter, exempt=True):
        linter.lint_migration(migration)
    assert linter.nb_erroneous
