"""`python -m tests.benchmarks.labels [TURNS]`: what a page costs with a thousand labels beside ten.

Two processes, each with one recognizer: the network of the shipped digits with ten and with a thousand labels with
codes, and the same drawings. They answer in turns, so that a change in the speed of the machine affects both. Uses
DATABASE_URL and REDIS_URL if they are set; works in databases of its own, which it deletes.
"""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import tests.environment  # noqa: F401

TURNS = 20
FEW, MANY = 10, 1_000
DRAWINGS = 60
PAGES = {
    "sheet": "/",
    "review, one at a time": "/review/",
    "review, many at once": "/review/grid/",
    "coverage": "/review/coverage/symbols/",
    "confusions": "/review/confusion/symbols/",
    "possible label errors": "/review/doubtful/symbols/",
    "My drawings": "/drawings/",
    "memory": "/memory/?recognizer=symbols",
    "models": "/models/",
    "prediction, ten guesses": "predict",
}


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(turns: int) -> None:
    """Start both sites, ask them in turns, print the table."""
    sites = {count: Site(count) for count in (FEW, MANY)}
    for site in sites.values():
        site.wait()
    say(f"{'':24} {'ms of processor':>24} {'ms':>16} {'bytes':>18} {'compressed':>16}  times")
    for name, path in PAGES.items():
        for site in sites.values():
            for _ in range(3):
                site.ask(path)
        found: dict[int, list[dict[str, float]]] = {count: [] for count in sites}
        for _ in range(turns):
            for count, site in sites.items():
                found[count].append(site.ask(path))
        few, many = ({key: statistics.median(row[key] for row in found[n]) for key in found[n][0]} for n in sites)
        pairs = "  ".join(f"{few[key]:8.5g} {many[key]:8.5g}" for key in few)
        ratios = ", ".join(f"{many[key] / few[key]:.2f}" for key in few)
        say(f"{name:24} {pairs}  {ratios}")
    for site in sites.values():
        site.stop()


class Site:
    """A process with one recognizer of so many labels."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.labels", "serve", str(count)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def wait(self) -> None:
        """Until it has its drawings."""
        if self._read() != "ready":
            raise SystemExit("A site did not start; its error is above.")

    def ask(self, path: str) -> dict[str, float]:
        """Processor time and time in ms, bytes, and bytes compressed."""
        assert self._process.stdin
        self._process.stdin.write(path + "\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._read())
        return found

    def stop(self) -> None:
        """Let it delete its database."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


def serve(count: int) -> None:
    """Answer the paths of standard input, one a line."""
    import os

    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_test_environment

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # works without `collectstatic`
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    setup_test_environment()
    name = connection.settings_dict["NAME"]
    test = connection.settings_dict["TEST"]  # each process has a database of its own
    test["MIGRATE"] = False  # tables from the models: half a minute less
    test["NAME"] = f"test_labels_{count}" if connection.vendor == "postgresql" else f"{test['NAME']}.{count}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        ask = _site(count)
        say("ready")
        for line in sys.stdin:
            say(json.dumps(ask(line.strip())))
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _site(count: int) -> Any:
    """A function that asks for a page, of a site with drawings that wait for a reviewer and some that are approved."""
    from django.test import Client
    from django.utils import timezone

    import ml
    from accounts.models import User
    from ml.bundles.bundle import load_bundle
    from ml.preprocessing.content import Content
    from recognizer.drawings import corrections, store
    from recognizer.insights import counts, label_checks
    from recognizer.models import Correction
    from recognizer.registry import install
    from recognizer.review import decisions
    from tests.ink import ONE, SEVEN, ZERO
    from tests.many_labels import many_labels, symbols

    shipped = load_bundle(Path(ml.__file__).parent / "models" / "digits")
    install.install(bundle=many_labels(shipped, symbols(count)))
    people = [
        User.objects.create_superuser(f"{who}@example.org", "a rather long word", consented_at=timezone.now())
        for who in ("author", "reviewer")
    ]
    for at in range(DRAWINGS):
        ink, label = ((SEVEN, "x7"), (ONE, "x1"), (ZERO, "x0"))[at % 3]
        moved = [[[x + at for x in xs], *rest] for xs, *rest in ink]
        drawing, _new = store.save_drawing(author=people[0], recognizer="symbols", content=Content.from_ink(moved))
        corrections.correct(drawing=drawing, label=label if at % 5 else "x3")
    for correction in Correction.objects.order_by("pk")[: DRAWINGS // 3]:
        decisions.accept(correction=correction, reviewer=people[1])
    label_checks.refresh_label_checks()
    counts.recount()
    clients = [Client(), Client()]
    for client, person in zip(clients, people, strict=True):
        client.force_login(person)

    def ask(path: str) -> dict[str, float]:
        reader = clients[0] if path in ("/", "/drawings/") or path.startswith("/memory/") else clients[1]
        started, computed = time.perf_counter(), time.thread_time()
        if path == "predict":
            body = {"recognizer": "symbols", "ink": SEVEN, "top_k": 10}
            response = Client().post("/api/v1/predict", body, content_type="application/json")
        else:
            response = reader.get(path)
        spent = (1_000 * (time.thread_time() - computed), 1_000 * (time.perf_counter() - started))
        if response.status_code != 200:
            raise AssertionError(f"{path}: {response.status_code}")
        content = response.content
        if response.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return {"cpu": spent[0], "ms": spent[1], "bytes": len(content), "compressed": len(gzip.compress(content))}

    return ask


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else TURNS)
