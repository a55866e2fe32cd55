"""`python -m tests.benchmarks.slow_clients`: a good client among slow ones, and how many threads a process needs.

First 250 connections of each kind (`tests.slow_clients`) on a server with two processes of four threads; the good
client asks /healthz and predicts with a key. Each kind is measured between two rounds without slow clients. Then a slow
export, a slow statement and twenty pages at a time, with 1, 2, 4 and 8 threads, in turns. Uses DATABASE_URL and
REDIS_URL if they are set.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import tests.environment  # noqa: F401
from tests.benchmarks.predict import secret_of_new_key
from tests.benchmarks.server import running_site
from tests.ink import SEVEN
from tests.slow_clients import KINDS, slow_clients

SLOW = 250
REQUESTS = 200  # of the good client, half of each kind
PAUSE = 0.02  # seconds between them
ROUNDS = 3
THREADS = (1, 2, 4, 8)
PAGES, SECONDS = 20, 6
BODY = json.dumps({"recognizer": "digits", "ink": SEVEN})


def main() -> None:
    """Measure, and print both tables."""
    with running_site(options="--workers 2 --threads 4") as (port, _pid):
        secret = secret_of_new_key()
        good_client(port, secret)
        _say(f"{SLOW} connections that are slow: share of {REQUESTS} requests served, p95 in ms, and without them")
        for kind in KINDS:
            rounds = [among(port, secret, kind) for _ in range(ROUNDS)]
            served = min(each[0] for each in rounds)
            slow, alone = (statistics.median(each[at] for each in rounds) for at in (1, 2))
            _say(f"  {kind:22} {served:4.0%}   {slow:6.1f}   {alone:6.1f}   {slow / alone:.2f} times")
    _say("A slow export, a slow statement, twenty pages: p50 and p95 of predictions in ms, and pages a second")
    with ExitStack() as stack:
        sites = {
            each: stack.enter_context(running_site(options=f"--workers 2 --threads {each}"))[0] for each in THREADS
        }
        for port in sites.values():
            busy(port, secret)
        found: dict[int, list[tuple[float, float, float]]] = {each: [] for each in THREADS}
        for _ in range(ROUNDS):
            for each, port in sites.items():
                found[each].append(busy(port, secret))
        for each, rounds3 in found.items():
            p50, p95, pages = (statistics.median(one[at] for one in rounds3) for at in range(3))
            _say(f"  2 x {each}   p50 {p50:6.1f}   p95 {p95:6.1f}   {pages:5.1f} pages")


def among(port: int, secret: str, kind: str) -> tuple[float, float, float]:
    """The share of requests served among slow clients, their p95 in ms, and the p95 before and after."""
    _, before = good_client(port, secret)
    with slow_clients(port, kind, SLOW):
        time.sleep(1)  # for what they ask for at first
        served, slow = good_client(port, secret)
    _, after = good_client(port, secret)
    return served, slow, (before + after) / 2


def good_client(port: int, secret: str) -> tuple[float, float]:
    """The share of its requests that were answered within 10 s, and their p95 in ms."""
    times = []
    for number in range(REQUESTS):
        begun = time.perf_counter()
        if ask(port, secret, "/healthz" if number % 2 else "/api/v1/predict"):
            times.append((time.perf_counter() - begun) * 1000)
        time.sleep(PAUSE)
    return len(times) / REQUESTS, statistics.quantiles(times, n=20)[-1] if len(times) > 1 else float("inf")


def ask(port: int, secret: str, path: str) -> bool:
    """Whether a request on its own connection succeeds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    try:
        connection.request("POST" if "predict" in path else "GET", path, BODY, headers)
        response = connection.getresponse()
        response.read()
        return response.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def busy(port: int, secret: str) -> tuple[float, float, float]:
    """p50 and p95 of predictions in ms, and pages a second, while one streams, one waits and twenty ask for pages."""
    done = threading.Event()
    pages: list[bool] = []
    work: list[Callable[[], object]] = [
        lambda: ask(port, secret, "/bench/stream"),
        lambda: ask(port, secret, "/bench/statement"),
        *[lambda: pages.append(ask(port, secret, "/"))] * PAGES,
    ]
    times = []
    with _repeating(work, done):
        begun = time.perf_counter()
        while time.perf_counter() - begun < SECONDS:
            start = time.perf_counter()
            ask(port, secret, "/api/v1/predict")
            times.append((time.perf_counter() - start) * 1000)
            time.sleep(PAUSE)
        rate = len(pages) / SECONDS
    return statistics.median(times), statistics.quantiles(times, n=20)[-1], rate


@contextmanager
def _repeating(work: list[Callable[[], object]], done: threading.Event) -> Iterator[None]:
    """Do each again and again, a second apart, in a thread of its own."""

    def repeat(one: Callable[[], object]) -> None:
        while not done.is_set():
            one()
            done.wait(1)

    threads = [threading.Thread(target=repeat, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
