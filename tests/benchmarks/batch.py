"""`python -m tests.benchmarks.batch`: one batch of 256 drawings, compared with 256 requests, over HTTP with a key.

A server as in `tests.benchmarks.http` and one open connection. Both ways are measured in turns, so that a change in
the speed of the machine affects both. Uses DATABASE_URL and REDIS_URL if they are set.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import tests.environment  # noqa: F401
from tests.benchmarks.schemathesis import create_key
from tests.benchmarks.server import running_site
from tests.ink import ONE, SEVEN, ZERO

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 9
ITEMS = 256
INKS: list[Any] = [(SEVEN, ONE, ZERO)[at % 3] for at in range(ITEMS)]


def main() -> None:
    """Start the site, measure both ways, print the table."""
    with running_site() as (port, _pid):
        key = create_key()
        _report(HTTPConnection("127.0.0.1", port, timeout=120), key)


def _report(line: HTTPConnection, key: str) -> None:
    singles = [json.dumps({"recognizer": "digits", "ink": ink}) for ink in INKS]
    batch = json.dumps({"recognizer": "digits", "items": [{"ink": ink} for ink in INKS]})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    rounds = []
    for at in range(ROUNDS + 2):
        one_by_one = _timed(line, headers, "predict", singles)
        at_once = _timed(line, headers, "predict/batch", [batch])
        if at >= 2:  # the first two rounds warm up both processes
            rounds.append((one_by_one, at_once))
    for name, column in (("256 requests", 0), ("one batch", 1)):
        seconds = statistics.median(each[column] for each in rounds)
        sys.stdout.write(f"{name:14} {seconds * 1000:7.0f} ms   {ITEMS / seconds:7.0f} inks/s\n")
    ratios = sorted(one / many for one, many in rounds)
    sys.stdout.write(f"{statistics.median(ratios):.1f} times (min {ratios[0]:.1f}, max {ratios[-1]:.1f})\n")


def _timed(line: HTTPConnection, headers: dict[str, str], path: str, bodies: list[str]) -> float:
    began = time.perf_counter()
    for body in bodies:
        line.request("POST", f"/api/v1/{path}", body, headers)
        answer = line.getresponse()
        said = answer.read()
        assert answer.status == 200, said
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
