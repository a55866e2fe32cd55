"""`python -m tests.benchmarks.predict`: the API, compared with two minimal Flask servers (`flasks.py`).

Each has two processes of two threads: Inkling with its own server, Flask with gunicorn. Four connections of wrk send
the same thirty drawings: to Inkling as ink with an API key, to Flask as the canvas that a browser would send. Rate
limits, authentication and validation are on. The servers are loaded in turns, so that a change in the speed of the
machine affects all. What counts is the median ratio, as in some rounds one process gets all connections. Needs `wrk`
and the packages of the trainer; uses DATABASE_URL and REDIS_URL if they are set.
"""

from __future__ import annotations

import base64
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

import cv2
import numpy as np
import psutil

import tests.environment  # noqa: F401
from ml.augmentation.synthetic_digits import write_digit
from tests.processes.installations import MALLOC
from tests.smoke import free_port

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, SECONDS, DRAWINGS = 7, 5, 30
CANVAS, PEN = 280, 20  # pixels
START_TIMEOUT = 240  # seconds; TensorFlow starts slowly on a busy machine
OURS, PREDICT, FUNCTION = "Inkling", "Flask, model.predict", "Flask, tf.function"
SERVERS: dict[str, tuple[str, str, dict[str, str]]] = {
    OURS: ("config.server", "/api/v1/predict", {}),
    PREDICT: ("gunicorn tests.benchmarks.flasks:app", "/predict", {"WAY": "predict"}),
    FUNCTION: ("gunicorn tests.benchmarks.flasks:app", "/predict", {"WAY": "function"}),
}


class Load(NamedTuple):
    """Requests per second, and latencies in milliseconds."""

    rate: float
    p50: float
    p95: float


class Server(NamedTuple):
    """A running server."""

    address: str
    script: Path
    process: subprocess.Popen[bytes]

    def load(self) -> Load:
        """Load the server with wrk. Raises SystemExit if a response is not 2xx."""
        command = ["wrk", "-t1", "-c4", f"-d{SECONDS}s", "-s", str(self.script), self.address]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in said:
            raise SystemExit(f"{self.address} failed under load:\n{said}")
        rate, p50, p95 = re.findall(r"(?:^rate|^p50|^p95) ([\d.]+)", said, re.MULTILINE)
        return Load(float(rate), float(p50), float(p95))

    def memory(self) -> float:
        """Megabytes of all its processes; shared memory counts once."""
        master = psutil.Process(self.process.pid)
        return sum(each.memory_full_info().pss for each in [master, *master.children(recursive=True)]) / 2**20


def main() -> None:
    """Start the three servers, load them in turns, print the table."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    for command in (["migrate", "-v0"], ["install_models"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    secret = secret_of_new_key()
    inks = [write_digit(number % 10, np.random.default_rng(number)) for number in range(DRAWINGS)]
    canvases = [json.dumps({"image": _canvas(ink)}) for ink in inks]
    drawn = [json.dumps({"recognizer": "digits", "ink": [_stroke(each) for each in ink]}) for ink in inks]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name, (app, path, more) in SERVERS.items():
            headers = {"Authorization": f"Bearer {secret}"} if name == OURS else {}
            script = Path(folder) / f"{len(servers)}.lua"
            script.write_text(_lua(drawn if name == OURS else canvases, headers))
            servers[name] = stack.enter_context(_serving(app, path, more, script))
        for server in servers.values():
            server.load()
        _report(servers, [{name: server.load() for name, server in servers.items()} for _ in range(ROUNDS)])


def secret_of_new_key() -> str:
    """The secret of a new API key."""
    import django

    django.setup()
    from django.utils import timezone

    from accounts import keys
    from accounts.models import User

    User.objects.filter(email="bench@example.org").delete()
    person = User.objects.create_user("bench@example.org", consented_at=timezone.now())
    return keys.create_key(person=person, name="benchmark", scopes=["predict"])[1]


def _stroke(track: np.ndarray) -> list[list[float]]:
    return np.round(track[:2] * CANVAS / 120 + 20, 1).tolist()


def _canvas(ink: list[np.ndarray]) -> str:
    """The drawing as the data URL of a canvas, as a browser would send it."""
    canvas = np.full((CANVAS, CANVAS), 255, np.uint8)
    for track in ink:
        points = np.array(_stroke(track)).T.round().astype(np.int32)
        cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, 0, PEN, cv2.LINE_AA)
    return "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", canvas)[1].tobytes()).decode()


def _lua(bodies: list[str], headers: Mapping[str, str]) -> str:
    named = {"Content-Type": "application/json", **headers}
    return "\n".join(
        [
            'wrk.method = "POST"',
            *(f'wrk.headers["{name}"] = "{value}"' for name, value in named.items()),
            f"bodies = {{ {', '.join(f'[==[{body}]==]' for body in bodies)} }}",
            "at = 0",
            "request = function() at = at % #bodies + 1; return wrk.format(nil, nil, nil, bodies[at]) end",
            "done = function(summary, latency)",
            '  io.write(string.format("rate %f\\n", summary.requests / summary.duration * 1e6))',
            '  io.write(string.format("p50 %f\\n", latency:percentile(50) / 1e3))',
            '  io.write(string.format("p95 %f\\n", latency:percentile(95) / 1e3))',
            "end",
        ]
    )


@contextmanager
def _serving(app: str, path: str, more: dict[str, str], script: Path) -> Iterator[Server]:
    port = free_port()
    command = f"-m {app} --bind 127.0.0.1:{port} --workers 2 --threads 2"
    if more:  # Flask
        command += f" --worker-class gthread --timeout {START_TIMEOUT} --log-level error --no-control-socket"
    serving = [sys.executable, *command.split()]
    process = subprocess.Popen(serving, cwd=ROOT, env={**os.environ, **(more or MALLOC)})
    try:
        _wait(f"http://127.0.0.1:{port}{path}")
        yield Server(f"http://127.0.0.1:{port}{path}", script, process)
    finally:
        process.terminate()
        process.wait()


def _wait(address: str) -> None:
    """Return when the server responds, with any status."""
    for _ in range(START_TIMEOUT):
        try:
            asking = Request(address, b"{}", {"Content-Type": "application/json"})  # noqa: S310
            urlopen(asking, timeout=START_TIMEOUT).close()  # noqa: S310
            return
        except URLError as error:
            if hasattr(error, "code"):
                return
            time.sleep(1)
    raise SystemExit(f"{address} did not start.")


def _report(servers: Mapping[str, Server], rounds: list[dict[str, Load]]) -> None:
    memory = {name: server.memory() for name, server in servers.items()}
    middle: dict[str, Any] = {
        name: Load(*(statistics.median(each[name][at] for each in rounds) for at in range(3))) for name in servers
    }
    for name, load in middle.items():
        sys.stdout.write(
            f"{name:22} {load.rate:7.0f} requests/s   p50 {load.p50:6.2f} ms   p95 {load.p95:6.2f} ms   "
            f"{memory[name]:5.0f} MB\n"
        )
    for name in (PREDICT, FUNCTION):
        faster = statistics.median(each[OURS].rate / each[name].rate for each in rounds)
        sooner = statistics.median(each[OURS].p50 / each[name].p50 for each in rounds)
        sys.stdout.write(
            f"beside {name:22} {faster:5.1f} times the throughput, {sooner:.2f} of its p50, "
            f"{memory[OURS] / memory[name]:.2f} of its memory\n"
        )


if __name__ == "__main__":
    main()
