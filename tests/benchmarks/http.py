"""`python -m tests.benchmarks.http`: predictions over HTTP, compared with the same view without its work.

A server with two processes of two threads, and four connections of wrk. The two URLs are loaded in turns, so that a
change in the speed of the machine affects both. Needs `wrk`; uses DATABASE_URL and REDIS_URL if they are set.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

import tests.environment  # noqa: F401
from tests.benchmarks.server import running_site
from tests.ink import SEVEN

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
SECONDS = 4
BODY = json.dumps({"recognizer": "digits", "ink": SEVEN})
LUA = f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[{BODY}]==]
"""


def main() -> None:
    """Start the site, load both URLs, print the table."""
    if not shutil.which("wrk"):
        raise SystemExit("This benchmark needs wrk (https://github.com/wg/wrk; Debian: the package wrk).")
    with running_site() as (port, pid):
        _report(port, pid)


def _report(port: int, pid: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(LUA)
        _load(port, "/api/v1/predict", script)
        pairs = [(_load(port, "/bench/empty", script), _load(port, "/api/v1/predict", script)) for _ in range(ROUNDS)]
    ratios = sorted(full[0] / empty[0] for empty, full in pairs)
    for name, column in (("empty view", 0), ("predict", 1)):
        rate = statistics.median(pair[column][0] for pair in pairs)
        p50 = statistics.median(pair[column][1] for pair in pairs)
        sys.stdout.write(f"{name:12} {rate:8.0f} requests/s   p50 {p50:.2f} ms\n")
    median = statistics.median(ratios)
    sys.stdout.write(f"throughput, predict / empty: {median:.0%} (min {ratios[0]:.0%}, max {ratios[-1]:.0%})\n")
    sizes = [child.memory_info().rss / 2**20 for child in psutil.Process(pid).children()]
    sys.stdout.write(f"memory of each web process: {', '.join(f'{size:.0f} MB' for size in sizes)}\n")


def _load(port: int, path: str, script: Path) -> tuple[float, float]:
    """Requests per second and median latency in ms. Raises SystemExit if a response is not 2xx."""
    command = ["wrk", "-t1", "-c4", f"-d{SECONDS}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}{path}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        raise SystemExit(f"{path} failed under load:\n{output}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p50 = re.search(r"50%\s+([\d.]+)(us|ms|s)", output)
    assert rate, output
    assert p50, output
    return float(rate[1]), float(p50[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[p50[2]]


if __name__ == "__main__":
    main()
