"""`python -m tests.benchmarks.soak`: do memory, connections, latency and tables stay flat for hours?

The processes of docker-compose.yml, on a PostgreSQL and a Redis of their own, under the steady load of `soak_load.py`.
With `--people 4 --remembered 500` the personal memories are full from the beginning, so that they do not grow, either.
Samples every minute and prints tables at the end: growth by a line through the samples after the first 20 minutes,
latency in the first and the last quarter. Ends with status 1 after an error, or when the memory of the web processes
has grown by 3 % or more.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import psutil

from tests.benchmarks.soak_load import PASSWORD, Load, Sample
from tests.processes.installations import composed
from tests.processes.services import Postgres, Redis, own_postgres, own_redis
from tests.processes.site import RunningSite

REVIEWERS = 3
WARM = 20 * 60  # seconds that do not count for growth
EVERY = 60  # seconds between two samples
TRAIN_AFTER = 240  # newly approved drawings: a training run about every ten minutes
MOST_GROWTH = 0.03
METRICS_TOKEN = "a-token-of-the-soak"
SERVICES = ("web", "worker", "trainer", "beat")
LIMITS = {"PREDICT_RATE": "600", "DRAWING_RATE": "120", "DRAWINGS_PER_DAY": "10000", "TICK_SECONDS": "60"}
PROXY = {"TRUSTED_PROXIES": "1", "METRICS_TOKEN": METRICS_TOKEN}
MAKE_PEOPLE = f"""
from itertools import islice
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.utils import timezone
from accounts import keys
from accounts.models import User
from recognizer.drawings import corrections, store
from recognizer.management.demo.handwriting import leaning_writers
from recognizer.models import Policy, Recognizer
from recognizer.webhooks import manage
def make(email):
    person = User.objects.create_user(email, {PASSWORD!r}, consented_at=timezone.now())
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person
rights = ["review_drawings", "see_operations"]
may = Permission.objects.filter(content_type__app_label="recognizer", codename__in=rights)
people = [make(f"person{{n}}@example.org") for n in range(PEOPLE)]
reviewers = [make(f"reviewer{{n}}@example.org") for n in range({REVIEWERS})]
for reviewer in reviewers:
    reviewer.user_permissions.set(may)
for person in people[:3]:
    manage.create_webhook(person=person, url="http://127.0.0.1:PORT/", events=["correction.reviewed"])
for person, writer in zip(people, leaning_writers(len(people), seed=3)):
    for label, ink in islice(writer, REMEMBERED):
        drawing, _new = store.save_drawing(author=person, recognizer="digits", content=store.Content.from_ink(ink))
        corrections.correct(drawing=drawing, label=label)
for recognizer in Recognizer.objects.all():
    Policy.objects.update_or_create(recognizer=recognizer, defaults={{"train_after": {TRAIN_AFTER}}})
print(keys.create_key(person=reviewers[0], name="soak", scopes=["predict", "export"])[1])
"""
CONNECTIONS = """
SELECT count(*), count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state LIKE 'idle in transaction%%')
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = """
SELECT relname, n_live_tup, n_dead_tup, n_tup_ins, n_tup_upd, n_tup_del, pg_total_relation_size(relid)
FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC
"""
RUNS = "SELECT state, count(*) FROM recognizer_trainingrun GROUP BY state ORDER BY state"


def main() -> None:
    """Start the site, load it, print the tables."""
    options = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="inkling-soak-", ignore_cleanup_errors=True) as name,
        own_postgres() as postgres,
        own_redis() as redis,
        _receiver() as (port, received),
    ):
        folder = Path(name)
        cache = f"redis://127.0.0.1:{redis.port}/0"
        hooks = {"WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8", "WEBHOOK_ALLOW_HTTP": "true"}
        with composed(folder, postgres.url, cache, TMPDIR=name, **LIMITS, **PROXY, **hooks) as site:
            code = MAKE_PEOPLE.replace("PORT", str(port)).replace("PEOPLE", str(options.people))
            code = code.replace("REMEMBERED", str(options.remembered))
            made = site.manage("shell", "--no-imports", "-v0", "-c", code, timeout=1800)
            people = [f"person{number}@example.org" for number in range(options.people)]
            reviewers = [f"reviewer{number}@example.org" for number in range(REVIEWERS)]
            load = Load(site.url, people, reviewers, made.stdout.split()[-1])
            load.sign_in_all()
            watch = Watch(site, postgres, redis, load, options.results)
            watch.start()
            load.run(60 * options.minutes, options.rate)
            watch.stop()
            runs = dict(postgres.run(RUNS, url=site.environment["DATABASE_URL"]))
            errors = [line for service in SERVICES for line in site.log(service).splitlines() if '"ERROR"' in line]
    _say(f"{len(received):,} webhooks received; training runs: {runs}")
    failed = _report(load, watch.rows, errors)
    raise SystemExit(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--rate", type=float, default=8, help="actions a second")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument(
        "--remembered",
        type=int,
        default=0,
        help="drawings that each has saved before",
    )
    parser.add_argument("--results", type=Path, default=Path("soak.jsonl"), help="where each sample is appended")
    return parser.parse_args()


@contextmanager
def _receiver() -> Iterator[tuple[int, list[int]]]:
    """A receiver of webhooks: its port, and the lengths of the bodies that came."""
    received: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, received
    server.shutdown()


class Watch(threading.Thread):
    """Takes a sample every minute: `rows` has them, and each is appended to a file."""

    def __init__(self, site: RunningSite, postgres: Postgres, redis: Redis, load: Load, results: Path) -> None:
        super().__init__(daemon=True)
        self.site, self.postgres, self.redis, self.load, self.results = site, postgres, redis, load, results
        self.rows: list[dict[str, Any]] = []
        self._ending = threading.Event()
        self._begun = time.monotonic()

    def run(self) -> None:
        while True:
            row = self._sample()
            self.rows.append(row)
            with self.results.open("a") as file:
                file.write(json.dumps(row) + "\n")
            if self._ending.wait(EVERY - (time.monotonic() - self._begun) % EVERY):
                return

    def stop(self) -> None:
        """End; the thread has taken its last sample."""
        self._ending.set()
        self.join()

    def _sample(self) -> dict[str, Any]:
        connections = self.postgres.run(CONNECTIONS, url=self.site.environment["DATABASE_URL"])[0]
        keys = ("live", "dead", "inserted", "updated", "deleted", "bytes")
        tables = self.postgres.run(TABLES, url=self.site.environment["DATABASE_URL"])
        memory = self.redis.client().info("memory")["used_memory"]
        clients = self.redis.client().info("clients")["connected_clients"]
        return {
            "seconds": round(time.monotonic() - self._begun),
            "load": psutil.getloadavg()[0],
            "memory": {service: _memory(self.site, service) for service in SERVICES},
            "connections": dict(zip(("all", "active", "idle in transaction"), connections, strict=True)),
            "redis": {"bytes": memory, "clients": clients, "keys": self._keys()},
            "tables": {name: dict(zip(keys, numbers, strict=True)) for name, *numbers in tables},
            "scrape": self._scrape(),
            "requests": len(self.load.samples),
            "faults": dict(self.load.faults.most_common(5)),
        }

    def _keys(self) -> int:
        return sum(int(database["keys"]) for database in self.redis.client().info("keyspace").values())

    def _scrape(self) -> dict[str, float]:
        """What Prometheus gets each minute: seconds and bytes; the files in which the web processes count."""
        request = Request(f"{self.site.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})  # noqa: S310
        begun = time.monotonic()
        with urlopen(request, timeout=30) as response:  # noqa: S310 - our own site
            size = len(response.read())
        files = [file for folder in self.site.folder.glob("inkling-metrics-*") for file in folder.iterdir()]
        return {"seconds": time.monotonic() - begun, "bytes": size, "files": len(files)}


def _memory(site: RunningSite, service: str) -> dict[str, Any]:
    """Bytes of all processes of a service: shared pages in parts (pss), and those of one process alone (uss)."""
    found: Counter[str] = Counter()
    pids = []
    for process in site.processes(service):
        with suppress(psutil.Error):
            full = process.memory_full_info()
            found.update(pss=full.pss, uss=full.uss, files=process.num_fds(), threads=process.num_threads())
            pids.append(process.pid)
    return {**found, "pids": pids}


# --- The report ---


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _report(load: Load, rows: list[dict[str, Any]], errors: list[str]) -> int:
    """Print all tables; returns the exit status."""
    statuses = Counter(sample.status for sample in load.samples)
    wrong = sum(count for status, count in statuses.items() if not 200 <= status < 400)
    _say(f"{len(load.samples):,} actions, by status: {dict(sorted(statuses.items()))}; errors logged: {len(errors)}")
    minutes = Counter(int(each.due // 60) for each in load.samples if not 200 <= each.status < 400)
    _say(f"  errors by minute: {dict(sorted(minutes.items()))}")
    for text, count in load.faults.most_common(10):
        _say(f"  {count} times {text}")
    for line in errors[:5]:
        _say(f"  {line[:400]}")
    growth = _print_memory(rows)
    _print_latency(load.samples)
    _print_tables(rows)
    return int(bool(wrong) or bool(errors) or growth >= MOST_GROWTH)


def _print_memory(rows: list[dict[str, Any]]) -> float:
    """Print what should be flat; returns the growth of the web processes' memory as a share."""
    series = {f"{service}, {kind}": [row["memory"][service][kind] for row in rows]
              for service in SERVICES for kind in ("pss", "uss", "files", "threads")}  # fmt: skip
    series["database connections"] = [row["connections"]["all"] for row in rows]
    series["idle in transaction"] = [row["connections"]["idle in transaction"] for row in rows]
    series |= {f"Redis, {kind}": [row["redis"][kind] for row in rows] for kind in ("bytes", "clients", "keys")}
    series |= {f"scrape, {kind}": [row["scrape"][kind] for row in rows] for kind in ("seconds", "bytes", "files")}
    series["load of the machine"] = [row["load"] for row in rows]
    times = np.array([row["seconds"] for row in rows], float)
    _say(f"\n{'':28} {'first':>12} {'min':>12} {'max':>12} {'last':>12}  growth after the warm-up")
    for name, values in series.items():
        shown = " ".join(f"{value:12,.2f}" if max(values) < 100 else f"{value:12,.0f}"
                         for value in (values[0], min(values), max(values), values[-1]))  # fmt: skip
        _say(f"{name:28} {shown}  {_growth(times, values):+.1%}")
    return _growth(times, series["web, pss"])


def _growth(times: np.ndarray, values: list[float]) -> float:
    """How much a line through the samples rises after the warm-up, as a share of its start.

    Its slope is the median of the slopes between any two samples (Theil and Sen): a large picture takes 100 MB for a
    moment.
    """
    warm = min(WARM, times[-1] / 6)
    at, found = times[times >= warm] - warm, np.array(values, float)[times >= warm]
    one, other = np.triu_indices(len(at), 1)
    slope = np.median((found[other] - found[one]) / (at[other] - at[one])) if len(one) else 0.0
    start = np.median(found - slope * at)
    return float(slope * at[-1] / start) if start else 0.0


def _print_latency(samples: list[Sample]) -> None:
    """Milliseconds by kind, in the first and the last quarter after the warm-up."""
    end = max(sample.due for sample in samples)
    warm = min(WARM, end / 6)
    quarter = (end - warm) / 4
    _say(f"\n{'ms':22} {'actions':>8} {'p50 first':>10} {'last':>8} {'p95 first':>10} {'last':>8} {'slowest':>9}")
    for kind in sorted({sample.kind for sample in samples}):
        mine = [sample for sample in samples if sample.kind == kind]
        first = [sample.seconds for sample in mine if warm <= sample.due < warm + quarter]
        last = [sample.seconds for sample in mine if sample.due >= end - quarter]
        if first and last:
            numbers = [np.percentile(part, share) * 1000 for share in (50, 95) for part in (first, last)]
            most = max(sample.seconds for sample in mine) * 1000
            _say(f"{kind:22} {len(mine):8,} {numbers[0]:10.0f} {numbers[1]:8.0f} {numbers[2]:10.0f} {numbers[3]:8.0f} "
                  f"{most:9.0f}")  # fmt: skip


def _print_tables(rows: list[dict[str, Any]]) -> None:
    """Tables with changes: rows and bytes at the beginning and the end, and the most dead rows at once."""
    _say(f"\n{'table':34} {'added':>8} {'updated':>8} {'deleted':>8} {'most dead':>9} {'KB first':>9} {'KB last':>9}")
    for name, last in rows[-1]["tables"].items():
        first = rows[0]["tables"].get(name, dict.fromkeys(last, 0))
        dead = max(row["tables"].get(name, last)["dead"] for row in rows)
        changes = [last[key] - first[key] for key in ("inserted", "updated", "deleted")]
        if any(changes):
            numbers = " ".join(f"{change:8,}" for change in changes)
            _say(f"{name:34} {numbers} {dead:9,} {first['bytes'] / 1024:9,.0f} {last['bytes'] / 1024:9,.0f}")


if __name__ == "__main__":
    main()
