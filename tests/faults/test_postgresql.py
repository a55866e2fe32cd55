"""PostgreSQL away, hanging, slow, locked, restarted, read-only, full or without connections: nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from tests.faults.conftest import LONGEST, Answer, Parts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Fault = Callable[[Parts], AbstractContextManager[None]]


@contextmanager
def away(parts: Parts) -> Iterator[None]:
    """PostgreSQL refuses connections."""
    parts.to_postgres.refuse()
    try:
        yield
    finally:
        parts.to_postgres.accept()


@contextmanager
def stopped(parts: Parts) -> Iterator[None]:
    """The server was killed."""
    parts.postgres.stop()
    try:
        yield
    finally:
        parts.postgres.start()


@contextmanager
def hanging(parts: Parts) -> Iterator[None]:
    """PostgreSQL accepts connections and does not answer."""
    parts.to_postgres.hang()
    try:
        yield
    finally:
        parts.to_postgres.accept()


@contextmanager
def locked(parts: Parts) -> Iterator[None]:
    """Each statement about people waits for somebody who changes that table."""
    with closing(psycopg2.connect(parts.database)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_user")
        yield


@contextmanager
def slow(parts: Parts) -> Iterator[None]:
    """Each answer of PostgreSQL takes half a second."""
    parts.to_postgres.delay = 0.5
    try:
        yield
    finally:
        parts.to_postgres.accept()


@contextmanager
def without_connections(parts: Parts) -> Iterator[None]:
    """All connections are taken by others."""
    parts.postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        " AND pid <> pg_backend_pid()"
    )
    with ExitStack() as stack:
        with suppress(psycopg2.OperationalError):
            while True:
                stack.enter_context(closing(psycopg2.connect(parts.postgres.url)))
        yield


@contextmanager
def read_only(parts: Parts) -> Iterator[None]:
    """PostgreSQL takes no writes, as a standby server."""
    parts.postgres.run("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        own = "SET default_transaction_read_only = off"
        parts.postgres.run(own, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


@contextmanager
def disk_full(parts: Parts) -> Iterator[None]:
    """The disk of the drawings is a full one of 16 MB. Needs the right to mount a file system."""
    folder = parts.postgres.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("This user cannot mount a file system.")
    try:
        subprocess.run(["chown", "postgres", str(folder)], check=True)
        parts.postgres.run(f"CREATE TABLESPACE small LOCATION '{folder}'")
        parts.postgres.run("ALTER TABLE recognizer_drawing SET TABLESPACE small", url=parts.database)
        filler = Path(folder) / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"0" * 4096)
        yield
        filler.unlink()
        parts.postgres.run("ALTER TABLE recognizer_drawing SET TABLESPACE pg_default", url=parts.database)
        parts.postgres.run("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("fault", [away, stopped, hanging, locked, without_connections])
def test_what_needs_the_database_is_503_in_time(whole: Parts, fault: Fault) -> None:
    with whole.logs("Service Unavailable"), fault(whole):
        for path in ("/drawings/", "/accounts/", "/", "/drawings/"):
            check_page(whole.alice.request(path))
        for answer in (whole.draw(), whole.alice.request("/api/v1/drawings")):
            check_error(answer)
        assert whole.alice.request("/healthz").status == 200
        assert whole.alice.request("/readyz").status == (200 if fault is locked else 503)


@pytest.mark.parametrize("fault", [away, stopped, hanging, locked, slow, without_connections, read_only, disk_full])
def test_what_was_answered_as_saved_is_saved_once(whole: Parts, fault: Fault) -> None:
    """A client that repeats what was not answered with success has each of its drawings in the end."""
    ids = [str(uuid4()) for _ in range(60)]
    if fault is disk_full:
        ids += [str(uuid4()) for _ in range(200)]
    before, answered = whole.saved(), set()
    for uuid in ids[:3]:
        answered |= {uuid} if whole.draw(uuid).status == 201 else set()
    refused = 0
    with fault(whole):
        for uuid in ids[3:]:
            answer = whole.draw(uuid)
            answered |= {uuid} if answer.status == 201 else set()
            if answer.status != 201:
                check_error(answer)
                refused += 1
            if refused == 4:
                break
    assert refused
    assert answered <= whole.saved() - before
    whole.recovers()
    for uuid in ids[:10]:
        assert whole.draw(uuid).status in (200, 201)
    assert set(ids[:10]) <= whole.saved()


def test_a_slow_database_makes_nobody_wait_longer(whole: Parts) -> None:
    with slow(whole):
        for path in ("/drawings/", "/accounts/", "/", "/drawings/"):
            answer = whole.alice.request(path)
            assert (answer.status in (200, 503), answer.seconds < LONGEST) == (True, True), answer


def test_a_page_can_be_read_while_nothing_can_be_written(whole: Parts) -> None:
    with read_only(whole):
        for path in ("/", "/drawings/", "/accounts/", "/models/", "/api/v1/drawings"):
            assert whole.alice.request(path).status == 200
        body = json.dumps({"recognizer": "digits", "ink": [[[0, 90, 90], [0, 0, 200]]]}).encode()
        assert whole.alice.request("/api/v1/predict", body).status == 200
        check_error(whole.draw())
        check_page(whole.alice.request("/accounts/consent/withdraw/", b"", "application/x-www-form-urlencoded"))


def test_a_restart_of_the_database_costs_at_most_the_requests_in_its_middle(whole: Parts) -> None:
    whole.postgres.stop()
    whole.postgres.start()
    assert [whole.alice.request("/drawings/").status for _ in range(4)].count(200) >= 2
    whole.recovers()


def check_page(answer: Answer) -> None:
    """A page of the site that says so, in time."""
    assert answer.status == 503, answer
    assert answer.seconds < LONGEST
    assert int(answer.headers["Retry-After"]) > 0
    assert "<h1>" in answer.text
    assert 'class="wordmark"' in answer.text


def check_error(answer: Answer) -> None:
    """An error of the API, in time."""
    assert (answer.status, json.loads(answer.text)["code"]) == (503, "unavailable"), answer
    assert answer.seconds < LONGEST
    assert int(answer.headers["Retry-After"]) > 0
