"""`manage.py migrate` lets requests go first, and repeats what had to wait too long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import OperationalError, connection

from recognizer.management.commands import migrate as ours
from recognizer.management.commands.migrate import LOCK_NOT_AVAILABLE

ALTER = "ALTER TABLE accounts_cacheentry ADD COLUMN added integer"


class LockNotAvailable(Exception):  # noqa: N818 - as psycopg2 names it
    pgcode = LOCK_NOT_AVAILABLE


@pytest.fixture
def reader() -> Iterator[None]:
    """A transaction that has read a table and goes on."""
    with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_cacheentry")
        yield


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_a_migration_gives_up_before_requests_wait_long_for_it(reader: None) -> None:
    started = time.monotonic()
    with pytest.raises(OperationalError) as error, connection.schema_editor() as editor:
        editor.execute(ALTER)
    assert getattr(error.value.__cause__, "pgcode", "") == LOCK_NOT_AVAILABLE
    assert time.monotonic() - started < 5


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_the_limit_ends_with_the_migration() -> None:
    with connection.schema_editor(), connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("500ms",)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def failing(monkeypatch: pytest.MonkeyPatch, *causes: Exception) -> list[float]:
    """Let Django's migrate fail with these errors, one after the other; returns what is slept between."""
    left = list(causes)
    slept: list[float] = []

    def handle(*_: Any, **__: Any) -> None:
        if left:
            raise OperationalError from left.pop(0)

    monkeypatch.setattr(migrate.Command, "handle", handle)
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_a_migration_that_waited_too_long_is_repeated(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    slept = failing(monkeypatch, LockNotAvailable(), LockNotAvailable())
    call_command("migrate", verbosity=0, skip_checks=True)
    assert len(slept) == 2
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_another_error_is_raised_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = failing(monkeypatch, ValueError("the disk is full"))
    with pytest.raises(OperationalError):
        call_command("migrate", verbosity=0, skip_checks=True)
    assert not slept


def test_a_table_that_is_always_in_use_is_an_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "PATIENCE", -1)
    failing(monkeypatch, LockNotAvailable())
    with pytest.raises(OperationalError):
        call_command("migrate", verbosity=0, skip_checks=True)
