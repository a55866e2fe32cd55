"""`python -m tests.benchmarks.all_recognizers`: the memory of web processes that hold every shipped recognizer.

A site with two web processes of two threads answers 1,000 drawings of each process: each recognizer in turn, and all of
them (`any`). Prints the memory of each process before and after, the median time of an answer over HTTP, and the
processor time of an answer in this process. Uses DATABASE_URL and REDIS_URL if they are set.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from itertools import cycle
from statistics import median

import django
import httpx
import psutil

import tests.environment  # noqa: F401
from tests.benchmarks.server import running_site
from tests.ink import ONE, SCRIBBLE, SEVEN

PREDICTIONS = 1_000  # of each process
PROCESSES = 2
IN_PROCESS = 500  # answers of each recognizer in this process
CONNECTIONS = 5  # each stays with one process; odd, so that every connection asks every recognizer


def main() -> None:
    """Start the site, ask, print the figures."""
    with running_site(options=f"--workers {PROCESSES} --threads 2") as (port, pid):
        api = f"http://127.0.0.1:{port}/api/v1"
        clients = [httpx.Client(base_url=api, timeout=60) for _ in range(CONNECTIONS)]
        recognizers = [each["slug"] for each in clients[0].get("/recognizers").json()["results"]]
        before = _memory(pid)
        took: defaultdict[str, list[float]] = defaultdict(list)
        asked, inks = cycle([*recognizers, "any"]), cycle([SEVEN, ONE, SCRIBBLE])
        for number in range(PREDICTIONS * PROCESSES):
            recognizer = next(asked)
            took[recognizer].append(_ask(clients[number % CONNECTIONS], recognizer, next(inks)))
        _say(f"{len(recognizers)} recognizers: {', '.join(recognizers)}")
        _say(f"memory of each web process, idle: {before}; after {PREDICTIONS:,} predictions each: {_memory(pid)}")
        for recognizer, times in took.items():
            _say(f"{recognizer:16} {median(times):5.1f} ms over HTTP, median of {len(times)}")
        django.setup()
        for recognizer in recognizers:
            _say(f"{recognizer:16} {_answer_in_process(recognizer):5.2f} ms of processor in process, median")


def _memory(pid: int) -> str:
    sizes = [child.memory_info().rss / 2**20 for child in psutil.Process(pid).children()]
    return ", ".join(f"{size:.0f} MB" for size in sizes)


def _ask(client: httpx.Client, recognizer: str, ink: object) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    client.post("/predict", json={"recognizer": recognizer, "ink": ink}).raise_for_status()
    return 1000 * (time.perf_counter() - began)


def _answer_in_process(recognizer: str) -> float:
    """Milliseconds of processor time from the strokes to the first guesses."""
    from ml.preprocessing.content import Content
    from recognizer.drawings.predict import recognise

    times = []
    for _ in range(IN_PROCESS):
        began = time.thread_time()
        recognise(recognizer=recognizer, content=Content.from_ink(SEVEN)).guesses[:10]
        times.append(1000 * (time.thread_time() - began))
    return median(times)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")


if __name__ == "__main__":
    main()
