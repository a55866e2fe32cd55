"""`python -m tests.benchmarks.http`: what a prediction costs over HTTP, beside the same view without its work.

One gunicorn (two processes of two threads, as the compose file runs it but smaller), four connections of
wrk, the two addresses in turn so that a drifting machine hurts both alike. Needs `wrk`, and takes
DATABASE_URL and REDIS_URL where they are set.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil

import tests.environment  # noqa: F401
from tests.ink import SEVEN
from tests.processes.installations import MALLOC
from tests.smoke import free_port

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
    """Start the site, load it, print the table."""
    if not shutil.which("wrk"):
        raise SystemExit("This benchmark needs wrk (https://github.com/wg/wrk; Debian: the package wrk).")
    port = free_port()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    for command in (["migrate", "-v0"], ["install_models"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen(
        f"{sys.executable} -m gunicorn config.wsgi --bind 127.0.0.1:{port} --log-level error"
        " --workers 2 --threads 2".split(),
        cwd=ROOT,
        env={**os.environ, **MALLOC},
    )
    try:
        wait_for(port)
        _report(port, server.pid)
    finally:
        server.terminate()
        server.wait()


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
    """Requests a second and median latency in ms; any answer but 2xx ends the benchmark."""
    command = ["wrk", "-t1", "-c4", f"-d{SECONDS}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{path} failed under load:\n{said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p50 = re.search(r"50%\s+([\d.]+)(us|ms|s)", said)
    assert rate, said
    assert p50, said
    return float(rate[1]), float(p50[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[p50[2]]


def wait_for(port: int) -> None:
    """Return once the site answers."""
    request = Request(f"http://127.0.0.1:{port}/api/v1/predict", BODY.encode(), {"Content-Type": "application/json"})
    for _ in range(100):
        try:
            urlopen(request, timeout=20).close()  # noqa: S310
            return
        except (URLError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit("The site did not start.")


if __name__ == "__main__":
    main()
