"""Django's PostgreSQL backend, which lets no request wait longer than its budget (`config.deadline`).

- The server ends statements that take too long. When it does not, or when all statements of a request together take too
  long, the connection is closed, and the server notices that. A server that hangs is not asked again until it answers
  (`config.circuit`).
- A migration waits half a second for a lock, then it is undone, and `manage.py migrate` repeats it. While it waits,
  requests wait for it; after a second PostgreSQL would end one of two that wait for each other, maybe the request.
- A server that takes no writes is reported as OperationalError, like one that is away, and its connection is not used
  again: after a failover the same address leads to another server.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.db import InternalError, OperationalError
from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

from config import deadline
from config.circuit import circuit

CONNECT_SECONDS = 2  # the shortest that libpq can wait
KEEPALIVE = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}  # a host that vanished: 90 s
GRACE = 0.4  # seconds in which the server has to end a statement
NOTICE_MS = 1000  # how often the server checks whether the client of a statement is still there
LOCK_MS = 500  # less than PostgreSQL's deadlock_timeout, and than what a request may wait
_READ_ONLY = "25006"
_CHECK_EVERY = 0.1  # seconds

background_seconds = 0.0
"""The statement timeout of connections that no request opens; 0: none. `config.celery` sets it in workers."""


class SchemaEditor(DatabaseSchemaEditor):
    """Changes tables without making requests wait long. A migration is one transaction, so SET LOCAL ends with it."""

    def __enter__(self) -> SchemaEditor:
        super().__enter__()
        if self.atomic_migration and not self.collect_sql:
            self.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
        return self


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that knows how long the current request may still wait."""

    SchemaEditorClass = SchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._execute_in_time)
        where = "PostgreSQL at {HOST}:{PORT}/{NAME}".format(**self.settings_dict)
        self.circuit = circuit(where, self._probe)
        self._statement_seconds = 0.0  # the limit with which the connection was opened

    def get_connection_params(self) -> dict[str, Any]:
        """The parameters of psycopg2.

        A pooler in transaction mode refuses `options`, and would pass the settings of one client on to another one.
        """
        params: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **KEEPALIVE, **super().get_connection_params()}
        self._statement_seconds = deadline.statement_seconds() or background_seconds
        if self._statement_seconds and not self.settings_dict.get("POOLER"):
            limits = {
                "statement_timeout": round(1000 * self._statement_seconds),
                "client_connection_check_interval": NOTICE_MS,
            }
            words = [params.get("options", ""), *(f"-c {name}={value}" for name, value in limits.items())]
            params["options"] = " ".join(words).strip()
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises OperationalError at once while the server is known not to answer, or without the time to connect."""
        self._check()
        if (left := deadline.seconds_left()) is not None and left < CONNECT_SECONDS - 0.5:
            raise self.Database.OperationalError("This request has no time left to connect to the database.")
        started = time.monotonic()
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError as error:
            if time.monotonic() - started > CONNECT_SECONDS - 0.5:
                self.circuit.open(error)
            raise
        finally:
            deadline.spend("postgresql", time.monotonic() - started)

    def _cursor(self, name: str | None = None) -> Any:
        self._check()
        wanted = deadline.statement_seconds()
        if self.connection is not None and wanted not in (0, self._statement_seconds) and not self.in_atomic_block:
            self.close()  # it was opened for requests that may take longer, or less long
        return super()._cursor(name)  # type: ignore[misc]

    def is_usable(self) -> bool:
        """Whether the connection works; asked before each request."""
        if self.circuit.is_open:
            return False
        with self._in_time():
            return super().is_usable()

    def _commit(self) -> None:
        with self._in_time():
            super()._commit()  # type: ignore[misc]

    def _rollback(self) -> None:
        with self._in_time():
            super()._rollback()  # type: ignore[misc]

    def _execute_in_time(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        self._check()
        try:
            with self._in_time():
                return execute(sql, params, many, context)
        except InternalError as error:
            if getattr(error.__cause__, "pgcode", "") != _READ_ONLY:
                raise
            self.close_at = time.monotonic()  # at the end of the request
            raise OperationalError(str(error)) from error.__cause__

    def _check(self) -> None:
        """Raises OperationalError if the server is known not to answer, or the request has waited long enough."""
        if self.circuit.is_open:
            self.circuit.failures += 1
            raise OperationalError(f"{self.circuit.name} does not answer.")
        if (left := deadline.seconds_left()) is not None and left <= 0:
            raise OperationalError("This request has waited for the database and the cache long enough.")

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        left = deadline.seconds_left()
        if left is None or self.connection is None:
            yield
            return
        wait = _Wait(self, max(left, 0.1))
        try:
            with _watch.over(wait):
                yield
        finally:
            deadline.spend("postgresql", time.monotonic() - wait.started)

    def _probe(self) -> None:
        params = {**base.DatabaseWrapper.get_connection_params(self), "connect_timeout": CONNECT_SECONDS}
        params.pop("cursor_factory", None)
        psycopg2.connect(**params).close()


class _Wait:
    """One thread that waits for its connection, at most this many seconds."""

    def __init__(self, wrapper: DatabaseWrapper, seconds: float) -> None:
        self.connection, self.circuit = wrapper.connection, wrapper.circuit
        self.started = time.monotonic()
        self._hangs = self.started + deadline.statement_seconds() + GRACE
        self._ends = min(self.started + seconds, self._hangs)
        self.lock = threading.Lock()
        self.done = False

    def check(self, now: float) -> None:
        """Close the connection when the time is over."""
        with self.lock:  # while it is held the thread does not go on, so that the connection stays its own
            if self.done or now < self._ends:
                return
            self.done = True
            if now >= self._hangs:
                self.circuit.open("it did not end a statement in time")
            _shut_down(self.connection)


def _shut_down(connection: Any) -> None:
    """End what waits for this connection's socket; the file descriptor stays open.

    `connection.cancel()` would stop the whole process while the server hangs.
    """
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg2.Error):  # it is closed already
        return


class _Watch:
    """A thread that checks every wait of this process. The first wait starts it."""

    def __init__(self) -> None:
        self._waits: dict[int, _Wait] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, wait: _Wait) -> Iterator[None]:
        """Check this wait until the end of the block."""
        if self._thread is None or not self._thread.is_alive():  # as in a process that was forked
            self._thread = threading.Thread(target=self._run, name="statement-watch", daemon=True)
            self._thread.start()
        self._waits[id(wait)] = wait
        try:
            yield
        finally:
            with wait.lock:
                wait.done = True
            self._waits.pop(id(wait), None)

    def _run(self) -> None:
        while True:
            time.sleep(_CHECK_EVERY)
            now = time.monotonic()
            for wait in [*self._waits.values()]:
                wait.check(now)


_watch = _Watch()
