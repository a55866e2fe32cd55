"""The web processes serve others while clients are slow, end slow connections, and stop without losing a request."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from config import asgi
from tests.ink import SEVEN
from tests.processes.installations import MALLOC, base_environment
from tests.processes.site import RunningSite, Service, manage, wait_until
from tests.processes.slow_urls import LARGE
from tests.slow_clients import KINDS, closed, slow_clients
from tests.smoke import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

DEADLINES = {"HEADER_SECONDS": "3", "BODY_SECONDS": "3", "READ_SECONDS": "3"}
SLOW = 20  # connections, of a server with eight threads
BODY = json.dumps({"recognizer": "digits", "ink": SEVEN}).encode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """Two processes of four threads, whose clients have three seconds for everything."""
    folder = tmp_path_factory.mktemp("slow")
    port = free_port()
    settings = {"DJANGO_SETTINGS_MODULE": "tests.processes.slow_settings", "INKLING_ENV": "embedded"}
    environment = base_environment(folder, **settings, **DEADLINES, **MALLOC)
    for command in (["migrate", "-v0"], ["install_models"]):
        manage(environment, *command)
    serve = ["python", "-m", "config.server", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    with RunningSite([Service("web", serve, environment)], port=port, folder=folder) as site:
        site.ask("/api/v1/openapi.json")
        yield site


def connect(site: RunningSite) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)


def answer(
    site: RunningSite, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **how: Any
) -> tuple[int, Any]:
    """The status of one request on its own connection, and its JSON, or its body if it is not JSON."""
    connection = connect(site)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})}, **how)
        response = connection.getresponse()
        content = response.read()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, json.loads(content) if is_json else content
    finally:
        connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_others_are_served_while_clients_are_slow_and_slow_ones_are_disconnected(site: RunningSite, kind: str) -> None:
    with slow_clients(site.port, kind, SLOW, every=0.5) as slow:
        for _ in range(10):
            assert answer(site, "GET", "/healthz")[0] == 200
            assert answer(site, "POST", "/api/v1/predict", BODY)[0] == 200
        wait_until(lambda: not open_connections(site), "the server has closed the slow connections", 30)
        assert closed(slow) == SLOW


def open_connections(site: RunningSite) -> list[Any]:
    """Connections of clients that the web processes hold."""
    return [
        one
        for process in site.processes("web")
        for one in process.net_connections("tcp")
        if one.status == psutil.CONN_ESTABLISHED and one.laddr.port == site.port
    ]


def test_a_streamed_response_that_nobody_reads_occupies_no_thread_and_ends(site: RunningSite) -> None:
    connections = [connect(site) for _ in range(12)]
    for connection in connections:
        connection.request("GET", "/slow/stream")
    try:
        assert all(answer(site, "GET", "/healthz")[0] == 200 for _ in range(20))
        wait_until(lambda: not open_connections(site), "the server has closed the connections", 30)
    finally:
        for connection in connections:
            connection.close()


def test_a_streamed_response_arrives_whole(site: RunningSite) -> None:
    status, content = answer(site, "GET", "/slow/stream")
    assert (status, len(content)) == (200, 2_000 * 64 * 1024)


def test_clients_that_do_not_read_large_responses_hold_a_bounded_sum(site: RunningSite) -> None:
    most = len(site.processes("web")[1:]) * asgi.MAX_UNREAD
    count = 2 * most // LARGE
    before = memory(site)
    clients = [socket.create_connection(("127.0.0.1", site.port), timeout=30) for _ in range(count)]
    try:
        for client in clients:
            client.sendall(b"GET /slow/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        statuses = Counter(client.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL)[9:] for client in clients)
        assert memory(site) - before < 1.3 * most  # with all of them it would be twice as much
        assert answer(site, "GET", "/healthz")[0] == 200
        assert statuses.keys() == {b"200", b"503"}
        assert statuses[b"503"] >= count // 3
        wait_until(lambda: not open_connections(site), "the server has closed the connections", 30)
    finally:
        for client in clients:
            client.close()
    wait_until(lambda: memory(site) - before < 0.3 * most, "the memory is free again", 10)
    assert len(answer(site, "GET", "/slow/large")[1]) == LARGE


def memory(site: RunningSite) -> int:
    """Bytes that the web processes have for themselves."""
    return sum(process.memory_full_info().uss for process in site.processes("web"))


def test_a_client_that_leaves_a_large_response_frees_what_it_held(site: RunningSite) -> None:
    for _ in range(3 * asgi.MAX_UNREAD // LARGE):
        connection = connect(site)
        connection.request("GET", "/slow/large")
        assert connection.getresponse().status == 200
        connection.close()
    assert len(answer(site, "GET", "/slow/large")[1]) == LARGE


def test_a_streamed_response_that_breaks_does_not_look_complete(site: RunningSite) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer(site, "GET", "/slow/broken")


def test_a_client_that_leaves_a_streamed_response_leaves_no_thread_behind(site: RunningSite) -> None:
    before = sum(process.num_threads() for process in site.processes("web"))
    new = 14  # at most: a process that has answered nothing yet starts its threads
    for _ in range(30):
        connection = connect(site)
        connection.request("GET", "/slow/stream")
        connection.getresponse().read(1000)
        connection.close()
    wait_until(
        lambda: sum(each.num_threads() for each in site.processes("web")) <= before + new, "threads have ended", 30
    )


def test_a_body_that_arrives_in_parts_is_read(site: RunningSite) -> None:
    connection = connect(site)
    connection.putrequest("POST", "/api/v1/predict")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(BODY)))
    connection.endheaders()
    for at in range(0, len(BODY), 40):
        connection.send(BODY[at : at + 40])
        time.sleep(0.01)
    response = connection.getresponse()
    assert response.status == 200
    assert json.loads(response.read())["guesses"][0]["label"] == "7"
    connection.close()


def test_a_body_that_stops_is_answered_with_an_error_of_the_api(site: RunningSite) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as client:
        head = b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(head + b"Content-Length: 100\r\n\r\n{")
        response = http.client.HTTPResponse(client)
        response.begin()
        assert response.status == 400
        assert json.loads(response.read())["code"] == "unreadable"


def test_a_chunked_body_is_refused_with_an_error_of_the_api(site: RunningSite) -> None:
    status, error = answer(site, "POST", "/api/v1/predict", iter([BODY]), encode_chunked=True)
    assert (status, error["code"]) == (411, "length_required")


def test_a_client_that_sends_too_large_a_body_reads_why_it_is_refused(site: RunningSite) -> None:
    status, error = answer(site, "POST", "/api/v1/predict", bytes(12 * 2**20))
    assert (status, error["code"]) == (413, "too_large")


def test_a_long_query_string_gets_an_error_of_the_api(site: RunningSite) -> None:
    status, error = answer(site, "GET", f"/api/v1/recognizers?{'x' * 8_000}=1")
    assert status == 400
    assert error["code"]


def test_headers_beyond_the_limit_are_refused(site: RunningSite) -> None:
    for headers in ({"X-Long": "x" * 200_000}, {f"X-{number}": "x" for number in range(300)}):
        try:
            assert answer(site, "GET", "/healthz", headers=headers)[0] == 431
        except ConnectionError:  # closed while the client was still sending
            continue
    assert answer(site, "GET", "/healthz")[0] == 200


def test_a_header_with_an_underscore_cannot_pass_for_one_of_a_proxy(site: RunningSite) -> None:
    headers = {"X_Forwarded_For": "6.6.6.6", "X-Forwarded-For": "10.0.0.1", "X_Real": "6.6.6.6", "X_Forwarded-For": "6"}
    shown = answer(site, "GET", "/slow/show", headers=headers)[1]
    assert (shown["HTTP_X_FORWARDED_FOR"], shown["REMOTE_ADDR"]) == ("10.0.0.1", "127.0.0.1")
    assert "HTTP_X_REAL" not in shown


def test_a_view_sees_nothing_of_the_environment_of_the_server(site: RunningSite) -> None:
    assert not {"PATH", "INKLING_ENV", "SECRET_KEY"} & set(answer(site, "GET", "/slow/show")[1])


def test_processes_are_replaced_at_sighup_without_a_lost_request(site: RunningSite) -> None:
    before = {process.pid for process in site.processes("web")[1:]}
    statuses: list[Any] = []
    done = threading.Event()

    def ask_all_the_time() -> None:
        while not done.is_set():
            try:
                statuses.append(answer(site, "POST", "/api/v1/predict", BODY)[0])
            except (OSError, http.client.HTTPException) as error:
                statuses.append(type(error))

    threads = [threading.Thread(target=ask_all_the_time) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        site.processes("web")[0].send_signal(signal.SIGHUP)
        wait_until(lambda: not before & {process.pid for process in site.processes("web")}, "all are new", 60)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert len(statuses) > 20
    assert set(statuses) == {200}
    assert len(site.processes("web")) == 3


def test_open_connections_lose_no_request_at_sighup(site: RunningSite) -> None:
    """They are told to close, and the client opens another one."""
    before = {process.pid for process in site.processes("web")[1:]}
    connections = [connect(site) for _ in range(8)]
    ask_on_each(connections)
    site.processes("web")[0].send_signal(signal.SIGHUP)
    told = 0
    while before & {process.pid for process in site.processes("web")}:
        told += ask_on_each(connections)
    for connection in connections:
        connection.close()
    assert told >= len(connections)


def ask_on_each(connections: list[http.client.HTTPConnection]) -> int:
    """How many were told to close. They open again with the next request."""
    told = 0
    for connection in connections:
        connection.request("POST", "/api/v1/predict", BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        told += response.headers.get("Connection") == "close"
    return told


def test_a_request_in_progress_is_finished_at_sigterm(site: RunningSite) -> None:
    parent = site.processes("web")[0]
    connection = connect(site)
    connection.request("GET", "/slow/wait/3")
    wait_until(lambda: open_connections(site), "the request is there", 10)
    time.sleep(0.5)  # nothing outside of the process shows that it has the whole request
    parent.send_signal(signal.SIGTERM)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"waited")
    wait_until(lambda: not parent.is_running(), "the server has ended", 20)
    wait_until(site.answers, "another one is started", 60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_for_the_whole_group_stops_the_server_without_an_error(site: RunningSite, number: int) -> None:
    """As Ctrl+C in a terminal, and as `make run` stops its processes."""
    family, before = site.processes("web"), len(site.log("web"))  # other tests make the site log errors
    os.killpg(os.getpgid(family[0].pid), number)
    _, left = psutil.wait_procs(family, timeout=20)
    assert not left
    assert "ERROR" not in site.log("web")[before:]
    wait_until(site.answers, "another one is started", 60)


def test_web_processes_end_when_their_parent_is_killed(site: RunningSite, tmp_path: Path) -> None:
    parent, *children = site.processes("web")
    parent.kill()
    _, left = psutil.wait_procs(children, timeout=30)
    assert not left
    wait_until(site.answers, "another server is started", 60)
