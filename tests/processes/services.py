"""PostgreSQL, Redis and PgBouncer of a test's own, and relays between them and the site that can slow or stop them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import redis

from tests.processes.site import wait_until
from tests.programs import find_program
from tests.smoke import free_port

ROOT_USER = 0


class Relay:
    """Passes TCP connections on to another port of this machine, until it is told to slow, hold or refuse them."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self.delay = 0.0  # seconds before each answer
        self._flowing = threading.Event()
        self._flowing.set()
        self._sockets: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.accept()

    def hang(self) -> None:
        """Accept connections and pass nothing on."""
        self._flowing.clear()

    def refuse(self) -> None:
        """Cut all connections and refuse new ones."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for each in [*self._sockets]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def accept(self) -> None:
        """Work as an ordinary relay, also again."""
        self.delay = 0.0
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=200)
            threading.Thread(target=self._listen, args=[self._listener], daemon=True).start()

    def close(self) -> None:
        """Stop; no thread is left waiting."""
        self.refuse()
        self._flowing.set()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                if self._listener is not listener:
                    return
                with suppress(OSError, UnboundLocalError):
                    client.close()
                continue
            self._sockets |= {client, server}
            for source, sink, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass_on, args=[source, sink, is_answer], daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if is_answer and self.delay:
                    time.sleep(self.delay)
                self._flowing.wait()
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._sockets.discard(each)


@contextmanager
def relay(target: int) -> Iterator[Relay]:
    """A relay to a port of this machine."""
    made = Relay(target)
    try:
        yield made
    finally:
        made.close()


class Redis:
    """A Redis server that can be stopped and started again, without its data."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        words = f"--port {self.port} --bind 127.0.0.1 --save '' --appendonly no --loglevel warning".split()
        words = [word.strip("'") for word in words]
        self._process = subprocess.Popen([find_program("redis-server"), *words], stdout=subprocess.DEVNULL)
        wait_until(self._answers, "Redis answers", 20)

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self, database: int = 0) -> redis.Redis:
        """A client of it."""
        return redis.Redis(port=self.port, db=database)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False


@contextmanager
def own_redis() -> Iterator[Redis]:
    """A running Redis server."""
    server = Redis()
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Postgres:
    """A cluster of PostgreSQL. Run as root, it belongs to the user `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()

    @property
    def url(self) -> str:
        """The address of the database `postgres`."""
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make the cluster; it does not run yet."""
        if os.geteuid() == ROOT_USER:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        own = f"port={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nfsync=off\n"
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(own + "max_connections=40\nshared_buffers=32MB\nlog_min_messages=fatal\n")

    def start(self) -> None:
        """Returns when it answers."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "start")

    def stop(self) -> None:
        """Stop it as an administrator does who does not wait for clients."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def run(self, *statements: str, url: str = "") -> list[Any]:
        """Run statements one by one; returns the rows of the last one."""
        with closing(psycopg2.connect(url or self.url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: object) -> None:
        path = _postgres_program(program)
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == ROOT_USER else []
        words = [*as_postgres, path, *map(str, arguments)]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=False)
        assert done.returncode == 0, " ".join(words)


def _postgres_program(name: str) -> str:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return find_program(name, *(str(folder / name) for folder in folders))


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """A running cluster of PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="inkling-postgres-", ignore_cleanup_errors=True) as folder:
        cluster = Postgres(Path(folder))
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            with suppress(AssertionError):  # a test may have stopped it
                cluster.stop()


@contextmanager
def pgbouncer(target: int, *, size: int = 10) -> Iterator[int]:
    """PgBouncer in transaction mode in front of a PostgreSQL of this machine; yields its port."""
    program = find_program("pgbouncer", "/usr/sbin/pgbouncer")
    with tempfile.TemporaryDirectory(prefix="inkling-pgbouncer-") as folder:
        port, config, users = free_port(), Path(folder) / "pgbouncer.ini", Path(folder) / "users.txt"
        users.write_text('"postgres" ""\n')
        config.write_text(
            f"[databases]\n* = host=127.0.0.1 port={target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {users}\n"
            f"pool_mode = transaction\ndefault_pool_size = {size}\nmax_client_conn = 500\n"
            "server_check_delay = 0\nquery_wait_timeout = 3\nlog_connections = 0\nlog_disconnections = 0\n"
        )
        as_other = []
        if os.geteuid() == ROOT_USER:
            for path in (Path(folder), config, users):
                shutil.chown(path, "postgres")
            as_other = ["-u", "postgres"]
        process = subprocess.Popen([program, *as_other, str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: _connects(port), "PgBouncer answers", 20)
            yield port
        finally:
            process.kill()
            process.wait()


def _connects(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
