"""`python -m tests.benchmarks.swaps`: does a swap lose a request, give a stale answer, cost time, or leak memory?

The web service of docker-compose.yml (two gunicorn processes of four threads), wrk at full speed on eight
connections. Quiet rounds and rounds with promotions to and fro take turns, so that a drifting machine hurts
both alike; every answer of every round is looked at. Then a hundred swaps more, for the memory of the web processes.
Needs `wrk`, and takes DATABASE_URL and REDIS_URL where they are set.
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
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from recognizer.registry import promotions
from tests.ink import SEVEN
from tests.processes.installations import web_alone
from tests.processes.site import RunningSite

ROUNDS = 5
PROMOTIONS = 4  # a round
APART = 2.1  # seconds from one promotion to the next
STALE = 2.0  # seconds for which an answer of the version before is good
MANY = 100  # swaps for the memory
GROWTH = 5.0  # MB
SLOWER = 2.0  # times

LUA = """
local ffi = require("ffi")
ffi.cdef[[ typedef struct { long s; long us; } stamp; int gettimeofday(stamp *at, void *zone); ]]
local at, seen, threads = ffi.new("stamp"), {}, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[@BODY@]==]

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  log = io.open("@FOLDER@/answers-" .. number, "a")
  log:setvbuf("line")
end

function response(status, headers, body)
  local version = status == 200 and string.match(body, '"model_version": ?(%d+)') or "failed"
  ffi.C.gettimeofday(at, nil)
  local line = string.format("%d.%02d %s", tonumber(at.s), math.floor(tonumber(at.us) / 10000), version)
  if not seen[line] then
    seen[line] = true
    log:write(line, "\\n")
  end
end
"""


@dataclass(frozen=True)
class Round:
    """What wrk says of one round."""

    rate: float  # answers a second
    p50: float  # ms
    p99: float
    failed: int


@dataclass(frozen=True)
class Reign:
    """From when until when a version was the newest promotion, in seconds of the clock."""

    version: int
    start: float
    end: float = float("inf")


def main() -> None:
    """Start the site, load it, print what happened; ends with 1 when a bound does not hold."""
    if not shutil.which("wrk"):
        raise SystemExit("This benchmark needs wrk (https://github.com/wg/wrk; Debian: the package wrk).")
    with tempfile.TemporaryDirectory(prefix="inkling-swaps-") as name:
        folder = Path(name)
        with web_alone(folder, PREDICT_RATE=str(10**9), LOG_LEVEL="ERROR") as site:
            throne = Throne(site)
            held = [_load_and_judge(site, throne, folder), _memory_holds(site, throne, folder)]
            throne.leave()
    if not all(held):
        raise SystemExit(1)


class Throne:
    """Two versions of the shipped model, and which one reigned when."""

    def __init__(self, site: RunningSite) -> None:
        os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="config.settings")
        import django

        django.setup()
        from recognizer.models import Recognizer

        recognizer = Recognizer.objects.get(slug="digits")
        first = recognizer.versions.get()
        second = promotions.register(recognizer=recognizer, bundle=promotions.bundle_of(first))
        self._versions = [first, second]
        self._newest = promotions.current_promotion(recognizer.pk)
        self.reigns = [Reign(first.number, 0.0)]

    def swap(self) -> None:
        """Promote the other one."""
        version = self._versions[len(self.reigns) % 2]
        before = time.time()
        self._newest = promotions.promote(version=version, replaces=self._newest, reason="To and fro.")
        last = self.reigns[-1]
        self.reigns[-1:] = [Reign(last.version, last.start, time.time()), Reign(version.number, before)]

    def leave(self) -> None:
        """Let go of the database, which is about to be dropped."""
        from django.db import connection

        connection.close()


def _load_and_judge(site: RunningSite, throne: Throne, folder: Path) -> bool:
    quiet, swapped = [], []
    _load(site, folder, 3)
    for _ in range(ROUNDS):
        quiet.append(_load(site, folder, round(PROMOTIONS * APART)))
        swapped.append(_load_while(site, throne, folder, PROMOTIONS, APART))
    late = _lateness(folder, throne.reigns)
    stale = sum(seconds > STALE for seconds in late)
    failed = sum(one.failed for one in quiet + swapped)
    for name, rounds in (("quiet", quiet), ("with swaps", swapped)):
        rate, p50, p99 = (statistics.median(getattr(one, of) for one in rounds) for of in ("rate", "p50", "p99"))
        every = ", ".join(f"{one.p99:.1f}" for one in rounds)
        _say(f"{name:11} {rate:6.0f} answers/s   p50 {p50:.2f} ms   p99 {p99:.1f} ms (rounds: {every})")
    slower = statistics.median(one.p99 for one in swapped) / statistics.median(one.p99 for one in quiet)
    _say(
        f"{len(throne.reigns) - 1} promotions: {failed} failed answers; {stale} of {len(late)} looks at them are stale,"
    )
    _say(f"the latest answer of a version came {max(late):.2f} s after the next one was promoted")
    _say(f"p99 with swaps / quiet: {slower:.2f}; load of the machine {os.getloadavg()[0]:.1f}")
    return not failed and not stale and slower <= SLOWER


def _memory_holds(site: RunningSite, throne: Throne, folder: Path) -> bool:
    """Look every ten swaps; the middle of the first three looks against the middle of the last three."""
    looks = []
    for _ in range(MANY // 10 + 1):
        _load_while(site, throne, folder, 10, 1.2)
        looks.append(_sizes(site))
    grown = []
    for pid in looks[0]:
        sizes = [look[pid] for look in looks]
        grown.append(statistics.median(sizes[-3:]) - statistics.median(sizes[:3]))
        _say(f"web process {pid}: {grown[-1]:+.1f} MB over {MANY} swaps ({', '.join(f'{size:.0f}' for size in sizes)})")
    return max(grown) <= GROWTH


def _sizes(site: RunningSite) -> dict[int, float]:
    """MB of memory that each answering process has to itself; their parent is left out."""
    return {process.pid: process.memory_full_info().uss / 2**20 for process in site.processes("web")[1:]}


def _load_while(site: RunningSite, throne: Throne, folder: Path, swaps: int, apart: float) -> Round:
    """Full speed, and meanwhile a promotion every `apart` seconds."""
    result: list[Round] = []
    load = threading.Thread(target=lambda: result.append(_load(site, folder, round(swaps * apart))))
    load.start()
    for _ in range(swaps):
        time.sleep(apart / 2)
        throne.swap()
        time.sleep(apart / 2)
    load.join()
    return result[0]


def _load(site: RunningSite, folder: Path, seconds: int) -> Round:
    script = folder / "swaps.lua"
    body = json.dumps({"recognizer": "digits", "ink": SEVEN})
    script.write_text(LUA.replace("@BODY@", body).replace("@FOLDER@", str(folder)))
    words = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout", "10s", "--latency", "-s", str(script)]
    said = subprocess.run([*words, f"{site.url}/api/v1/predict"], capture_output=True, text=True, check=True).stdout
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    failed = sum(int(number) for found in (errors, refused) if found for number in found.groups())
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert rate, said
    return Round(float(rate[1]), _milliseconds(said, 50), _milliseconds(said, 99), failed)


def _milliseconds(said: str, percent: int) -> float:
    found = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", said)
    assert found, said
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]


def _lateness(folder: Path, reigns: list[Reign]) -> list[float]:
    """Of each line of wrk's logs: seconds after the reign of the version it names; infinite for a failure."""
    lines = [line.split() for log in folder.glob("answers-*") for line in log.read_text().splitlines()]
    return [_late(version, float(at), reigns) for at, version in lines]


def _late(version: str, at: float, reigns: list[Reign]) -> float:
    """Lines are cut to 10 ms, so an answer came at most that much later than its line says."""
    begun = [reign for reign in reigns if str(reign.version) == version and reign.start <= at + 0.01]
    return max(0.0, at - max(reign.end for reign in begun)) if begun else float("inf")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
