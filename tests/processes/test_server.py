"""The server goes on when its processes are killed, stops at any moment, and answers requests that are malformed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from tests.processes.installations import base_environment
from tests.processes.site import ROOT, wait_until
from tests.smoke import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Server:
    """`python -m config.server` on a port, without a database: it answers /healthz."""

    def __init__(self, folder: Path, *options: str, **more: str) -> None:
        self.port = free_port()
        self.log = folder / "server.log"
        bind = ["--bind", f"127.0.0.1:{self.port}"] if "--bind" not in options else []
        environment = base_environment(folder, INKLING_ENV="embedded", PROCESS_REPORT_SECONDS="0", **more)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.server", *bind, *options],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def answers(self) -> bool:
        with suppress(OSError), urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as response:
            return bool(response.status == 200)
        return False

    def children(self) -> list[psutil.Process]:
        """The processes that run; one that has ended can vanish while it is looked at."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
        return found

    def send(self, request: bytes, *, half_closed: bool = False) -> bytes:
        """All that the server sends until it closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(request)
            if half_closed:
                client.shutdown(socket.SHUT_WR)
            received = b""
            while part := client.recv(65536):
                received += part
        return received


@contextmanager
def serving(folder: Path, *options: str, **more: str) -> Iterator[Server]:
    server = Server(folder, *options, **more)
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One process, which answers."""
    with serving(tmp_path) as server:
        wait_until(server.answers, "it answers", 60)
        yield server


def test_a_process_that_is_killed_again_and_again_is_replaced(server: Server) -> None:
    for _ in range(4):
        (child,) = wait_until(server.children, "there is a process", 20)
        child.kill()
        child.wait(10)
        wait_until(server.answers, "another one answers", 20)
    assert server.process.poll() is None


def test_processes_that_are_killed_together_are_all_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "3") as server:
        wait_until(server.answers, "it answers", 60)
        killed = server.children()
        for child in killed:
            child.kill()
        wait_until(lambda: len({*server.children()} - {*killed}) == 3, "there are three others", 20)
        assert server.answers()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_processes_start_stops_the_server_without_an_error(tmp_path: Path, number: int) -> None:
    with serving(tmp_path, "--workers", "4") as server:

        def listens() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
                return True
            return False

        wait_until(listens, "it listens", 60, every=0.001)
        server.process.send_signal(number)
        assert server.process.wait(15) == 0, server.log.read_text()
        assert "ERROR" not in server.log.read_text()


def test_connections_are_spread_over_the_processes(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as server, ExitStack() as opened:
        wait_until(lambda: len(server.children()) == 2 and server.answers(), "both run", 60)
        for _ in range(40):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        counts = [
            sum(each.status == psutil.CONN_ESTABLISHED for each in child.net_connections("tcp"))
            for child in server.children()
        ]
        assert sum(counts) >= 40
        assert min(counts) >= 5  # by chance once in five million runs


def test_connections_that_arrive_while_no_process_runs_are_answered_by_the_next_ones(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as server, ExitStack() as opened:
        wait_until(lambda: len(server.children()) == 2 and server.answers(), "both run", 60)
        killed = server.children()
        server.process.send_signal(signal.SIGSTOP)  # so it starts no others yet
        for child in killed:
            child.kill()
        clients = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30)) for _ in range(20)
        ]
        server.process.send_signal(signal.SIGCONT)
        for client in clients:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert all(client.recv(65536).startswith(b"HTTP/1.1 200") for client in clients)


def test_sighup_while_processes_start_replaces_them(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as server:
        wait_until(server.answers, "it answers", 60)
        old = {*server.children()}
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not old & {*server.children()}, "all were replaced", 30)
        wait_until(server.answers, "it answers", 20)
        server.process.terminate()
        assert server.process.wait(25) == 0
        assert "ERROR" not in server.log.read_text()


def test_a_process_that_is_killed_while_another_one_stops_is_replaced_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as server, ExitStack() as opened:
        wait_until(lambda: len(server.children()) == 2 and server.answers(), "both run", 60)
        for _ in range(20):  # so each process has requests to wait for
            client = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            client.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        old = {*server.children()}
        server.process.send_signal(signal.SIGHUP)
        (new,) = wait_until(lambda: {*server.children()} - old, "one is replaced", 20)
        new.kill()
        wait_until(lambda: {*server.children()} - old - {new}, "another one runs", 5)
        assert all(server.answers() for _ in range(20))
        opened.close()
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert not any(child.is_running() for child in old)


def test_a_stop_during_sighup_finishes_the_requests_of_the_old_process(server: Server) -> None:
    (old,) = server.children()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(HEAD + b"Content-Length: 2\r\n\r\n{")
        assert server.answers()  # so the connection before was accepted
        server.process.send_signal(signal.SIGHUP)

        def stops() -> bool:
            return not any(each.status == psutil.CONN_LISTEN for each in old.net_connections("tcp"))

        wait_until(stops, "the old process stops", 20)
        server.process.terminate()
        wait_until(lambda: server.children() == [old], "the new process has ended", 10)
        client.sendall(b"{")
        assert client.recv(65536).startswith(b"HTTP/1.1 400")
    assert server.process.wait(20) == 0
    assert "ERROR" not in server.log.read_text()


def test_a_port_in_use_is_named_in_one_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with serving(tmp_path / "second", "--bind", f"127.0.0.1:{server.port}") as second:
        assert second.process.wait(60) != 0
        text = second.log.read_text()
        assert str(server.port) in text
        assert "Traceback" not in text


@pytest.mark.parametrize("options", [["--bind", "8000"], ["--bind", "127.0.0.1:99999"], ["--workers", "0"]])
def test_an_option_that_makes_no_sense_is_refused(tmp_path: Path, options: list[str]) -> None:
    with serving(tmp_path, *options) as server:
        assert server.process.wait(60) == 2
        assert "Traceback" not in server.log.read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_stops_the_counting_and_not_the_site(tmp_path: Path, small_disk: Path) -> None:
    with serving(tmp_path, METRICS_TOKEN="token", TMPDIR=str(small_disk)) as server:
        wait_until(lambda: [*small_disk.iterdir()], "the folder of the metrics is there", 60)
        with suppress(OSError):
            (small_disk / "other").write_bytes(bytes(200_000))
        wait_until(server.answers, "it answers", 60)
        (child,) = server.children()
        assert all(server.answers() for _ in range(5))
        assert server.children() == [child]


HEAD = b"POST /api/v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_sent",
    [
        CHUNKED + b"ZZ\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"2;" + b"x" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    ],
    ids=["no number", "negative", "huge", "too short", "long extension", "many trailers"],
)
def test_a_malformed_chunk_is_an_error_of_the_client(server: Server, request_sent: bytes) -> None:
    assert b" 4" in server.send(request_sent).partition(b"\r\n")[0]


def test_a_body_that_ends_too_early_is_an_error_of_the_client(server: Server) -> None:
    answer = server.send(HEAD + b"Content-Length: 100\r\n\r\n{}", half_closed=True)
    assert answer.startswith(b"HTTP/1.1 4")
