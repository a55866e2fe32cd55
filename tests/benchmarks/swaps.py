"""`python -m tests.benchmarks.swaps`: do promotions lose requests, give stale predictions, cost time or memory?

The web service of docker-compose.yml (two processes of four threads) and wrk at full speed on eight
connections. Rounds without and with promotions take turns, so that a change in the speed of the machine affects both;
every response of every round is checked. Then a hundred more promotions for the memory of the web processes. Needs
`wrk`; uses DATABASE_URL and REDIS_URL if they are set.
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

from tests.ink import SEVEN
from tests.processes.installations import web_alone
from tests.processes.site import RunningSite

ROUNDS = 5
PROMOTIONS = 4  # per round
INTERVAL = 2.1  # seconds from one promotion to the next
STALE = 2.0  # seconds for which a prediction of the version before is allowed
MEMORY_SWAPS = 100  # promotions in the memory test
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
    """Results of wrk for one round."""

    rate: float  # responses per second
    p50: float  # ms
    p99: float
    failed: int


@dataclass(frozen=True)
class LivePeriod:
    """When a version was live: start and end in seconds since 1970."""

    version: int
    start: float
    end: float = float("inf")


def main() -> None:
    """Start the site, load it, print the results; ends with status 1 if a limit is exceeded."""
    if not shutil.which("wrk"):
        raise SystemExit("This benchmark needs wrk (https://github.com/wg/wrk; Debian: the package wrk).")
    with tempfile.TemporaryDirectory(prefix="inkling-swaps-") as name:
        folder = Path(name)
        with web_alone(folder, PREDICT_RATE=str(10**9), LOG_LEVEL="ERROR") as site:
            promoter = Promoter(site)
            held = [_loads_pass(site, promoter, folder), _memory_passes(site, promoter, folder)]
            promoter.close()
    if not all(held):
        raise SystemExit(1)


class Promoter:
    """Promotes two versions of the shipped model in turns, and records when each was live."""

    def __init__(self, site: RunningSite) -> None:
        os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="config.settings")
        import django

        django.setup()
        from recognizer.models import Recognizer
        from recognizer.registry import promotions

        recognizer = Recognizer.objects.get(slug="digits")
        first = recognizer.versions.get()
        second = promotions.register(recognizer=recognizer, bundle=promotions.bundle_of(first))
        self._versions = [first, second]
        self._newest = promotions.current_promotion(recognizer.pk)
        self.live_periods = [LivePeriod(first.number, 0.0)]

    def swap(self) -> None:
        """Promote the other version."""
        from recognizer.registry import promotions

        version = self._versions[len(self.live_periods) % 2]
        before = time.time()
        self._newest = promotions.promote(version=version, replaces=self._newest, reason="Benchmark.")
        last = self.live_periods[-1]
        self.live_periods[-1:] = [LivePeriod(last.version, last.start, time.time()), LivePeriod(version.number, before)]

    def close(self) -> None:
        """Close the connection to the database, which will be dropped."""
        from django.db import connection

        connection.close()


def _loads_pass(site: RunningSite, promoter: Promoter, folder: Path) -> bool:
    quiet, swapped = [], []
    _load(site, folder, 3)
    for _ in range(ROUNDS):
        quiet.append(_load(site, folder, round(PROMOTIONS * INTERVAL)))
        swapped.append(_load_while(site, promoter, folder, PROMOTIONS, INTERVAL))
    late = _lateness(folder, promoter.live_periods)
    stale = sum(seconds > STALE for seconds in late)
    failed = sum(one.failed for one in quiet + swapped)
    for name, rounds in (("quiet", quiet), ("with swaps", swapped)):
        rate, p50, p99 = (statistics.median(getattr(one, of) for one in rounds) for of in ("rate", "p50", "p99"))
        every = ", ".join(f"{one.p99:.1f}" for one in rounds)
        _say(f"{name:11} {rate:6.0f} answers/s   p50 {p50:.2f} ms   p99 {p99:.1f} ms (rounds: {every})")
    slower = statistics.median(one.p99 for one in swapped) / statistics.median(one.p99 for one in quiet)
    _say(f"{len(promoter.live_periods) - 1} promotions: {failed} failed responses; {stale} of {len(late)} are stale,")
    _say(f"the last response of a version came {max(late):.2f} s after the next one was promoted")
    _say(f"p99 with swaps / quiet: {slower:.2f}; load of the machine {os.getloadavg()[0]:.1f}")
    return not failed and not stale and slower <= SLOWER


def _memory_passes(site: RunningSite, promoter: Promoter, folder: Path) -> bool:
    """Measure every ten promotions; compares the median of the first three and the last three measurements."""
    looks = []
    for _ in range(MEMORY_SWAPS // 10 + 1):
        _load_while(site, promoter, folder, 10, 1.2)
        looks.append(_sizes(site))
    grown = []
    for pid in looks[0]:
        sizes = [look[pid] for look in looks]
        grown.append(statistics.median(sizes[-3:]) - statistics.median(sizes[:3]))
        every = ", ".join(f"{size:.0f}" for size in sizes)
        _say(f"web process {pid}: {grown[-1]:+.1f} MB in {MEMORY_SWAPS} promotions ({every})")
    return max(grown) <= GROWTH


def _sizes(site: RunningSite) -> dict[int, float]:
    """MB of unshared memory of each web process by its id."""
    return {process.pid: process.memory_full_info().uss / 2**20 for process in site.processes("web")[1:]}


def _load_while(site: RunningSite, promoter: Promoter, folder: Path, swaps: int, apart: float) -> Round:
    """Load at full speed, with a promotion every `apart` seconds."""
    result: list[Round] = []
    load = threading.Thread(target=lambda: result.append(_load(site, folder, round(swaps * apart))))
    load.start()
    for _ in range(swaps):
        time.sleep(apart / 2)
        promoter.swap()
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


def _lateness(folder: Path, periods: list[LivePeriod]) -> list[float]:
    """For each line of the logs of wrk: seconds since its version was replaced; infinite for a failed request."""
    lines = [line.split() for log in folder.glob("answers-*") for line in log.read_text().splitlines()]
    return [_late(version, float(at), periods) for at, version in lines]


def _late(version: str, at: float, periods: list[LivePeriod]) -> float:
    """Times in the logs are rounded down to 10 ms."""
    begun = [period for period in periods if str(period.version) == version and period.start <= at + 0.01]
    return max(0.0, at - max(period.end for period in begun)) if begun else float("inf")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
