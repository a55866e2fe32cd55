"""`python -m tests.benchmarks.million`: what pages cost with a million drawings in PostgreSQL.

Creates a database beside that of DATABASE_URL (whose user must be a superuser), fills it in minutes (`crowd.py`),
requests each page through the whole site but the network, and drops the database. Reports the wall time, which other
work on the machine lengthens, and what the page needs: processor time here and the execution time of the database.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]
NAME = "inkling_million"
WARM, MAX_SECONDS = 2, 6.0
AUTHOR = 1_000_000  # the author with many drawings
REVIEWER, SUPERUSER = 2_000_000, 2_000_001
ADMIN = "/admin/recognizer"
PAGES: tuple[tuple[str, int, str], ...] = (
    ("queue", REVIEWER, "/review/"),
    ("queue, oldest first", REVIEWER, "/review/?order=oldest"),
    ("queue, a recognizer", REVIEWER, "/review/?recognizer=sketches"),
    ("queue, a label", REVIEWER, "/review/?recognizer=digits&said=7"),
    ("queue, a label, oldest first", REVIEWER, "/review/?recognizer=digits&said=7&order=oldest"),
    ("queue, a version", REVIEWER, "/review/?recognizer=digits&version=4"),
    ("queue, an author", REVIEWER, f"/review/?author={AUTHOR}"),
    ("grid", REVIEWER, "/review/grid/"),
    ("grid, a label", REVIEWER, "/review/grid/?recognizer=sketches&said=nose"),
    ("admin, drawings", SUPERUSER, f"{ADMIN}/drawing/"),
    ("admin, drawings of a recognizer", SUPERUSER, f"{ADMIN}/drawing/?recognizer__id__exact=1"),
    ("admin, drawings of a person", SUPERUSER, f"{ADMIN}/drawing/?q=author0@example.org"),
    ("admin, predictions", SUPERUSER, f"{ADMIN}/prediction/"),
    ("admin, predictions not sure", SUPERUSER, f"{ADMIN}/prediction/?unsure__exact=1"),
    ("admin, personal answers", SUPERUSER, f"{ADMIN}/personalanswer/"),
    ("admin, corrections", SUPERUSER, f"{ADMIN}/correction/"),
    ("admin, corrections of a recognizer", SUPERUSER, f"{ADMIN}/correction/?label__recognizer__id__exact=1"),
    ("admin, reviews", SUPERUSER, f"{ADMIN}/review/"),
    ("admin, reviews rejected", SUPERUSER, f"{ADMIN}/review/?decision__exact=rejected"),
    ("admin, recognizers", SUPERUSER, f"{ADMIN}/recognizer/"),
    ("My drawings", AUTHOR, "/drawings/"),
    ("My drawings, page 400", AUTHOR, "/drawings/?page=400"),
    ("My drawings, a recognizer", AUTHOR, "/drawings/?recognizer=sketches"),
    ("My drawings, a label", AUTHOR, "/drawings/?recognizer=digits&label=7"),
    ("My drawings, agreed", AUTHOR, "/drawings/?state=agreed"),
    ("My drawings, corrected", AUTHOR, "/drawings/?state=corrected"),
    ("My drawings, unanswered", AUTHOR, "/drawings/?state=unanswered"),
    ("My drawings, not sure", AUTHOR, "/drawings/?state=unsure"),
    ("My drawings, a label, corrected", AUTHOR, "/drawings/?recognizer=digits&label=7&state=corrected"),
    ("confusion matrix", REVIEWER, "/review/confusion/sketches/"),
    ("confusion matrix, live", REVIEWER, "/review/confusion/sketches/4/?test=live"),
    ("a cell", REVIEWER, "/review/confusion/digits/4/live/7/7/"),
    ("a cell of the field test", REVIEWER, "/review/confusion/digits/4/field/7/7/"),
    ("doubtful", REVIEWER, "/review/doubtful/digits/"),
    ("doubtful, a label", REVIEWER, "/review/doubtful/digits/?label=7"),
    ("coverage", REVIEWER, "/review/coverage/sketches/"),
    ("export", REVIEWER, "/review/export/"),
    ("progress", SUPERUSER, "/progress/"),
    ("progress, a visitor", 0, "/progress/?recognizer=sketches"),
    ("model card", 0, "/models/sketches/"),
    ("sheet", AUTHOR, "/"),
    ("memory", AUTHOR, "/memory/"),
    ("API, drawings", AUTHOR, "/api/v1/drawings"),
    ("API, drawings of a label", AUTHOR, "/api/v1/drawings?recognizer=digits&label=7"),
)
NUMBERS = re.compile(r"(planning|execution) time: ([\d.]+) ms", re.IGNORECASE)


class PageCost(NamedTuple):
    """What one page costs; times in milliseconds."""

    queries: int
    p50: float
    p95: float
    least: float  # of all
    here: float  # processor time of this process, median
    there: float  # planning and execution time of the database


def main() -> None:
    """Fill the database, measure the pages, print."""
    options = _arguments()
    os.environ |= {"INKLING_ENV": "embedded", "SECRET_KEY": "only for benchmarks"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    with _database(options.keep):
        import django

        django.setup()
        _plain_static_names()
        _fill(options.drawings)
        for title, person, page in PAGES:
            if re.search(options.only, title):
                _report(title, person, page, options)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.million", description=__doc__)
    parser.add_argument("--drawings", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100, help="of each page")
    parser.add_argument("--only", default="", help="pages whose title matches this regular expression")
    parser.add_argument("--plans", action="store_true", help="print the plan of each page's slowest query")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true", help=f"keep the database {NAME!r}, and use it if it is there")
    return parser.parse_args()


@contextmanager
def _database(keep: bool) -> Iterator[None]:
    """A new database, named by DATABASE_URL for the duration."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        raise SystemExit(
            "DATABASE_URL is not PostgreSQL. Set it to any database of a server; a new one is created beside it."
        )
    import psycopg2
    from psycopg2.errors import DuplicateDatabase

    name = NAME if keep else f"{NAME}_{os.getpid()}"
    admin = psycopg2.connect(server)
    admin.autocommit = True
    with admin.cursor() as cursor, suppress(DuplicateDatabase):
        cursor.execute(f"create database {name}")
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    try:
        yield
    finally:
        from django.db import connection

        connection.close()
        if not keep:
            with admin.cursor() as cursor:
                cursor.execute(f"drop database {name}")
        admin.close()


def _plain_static_names() -> None:
    """Hashed names exist only after `collectstatic`."""
    from django.conf import settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.ALLOWED_HOSTS = ["testserver"]


def _fill(drawings: int) -> None:
    from recognizer.models import Drawing
    from tests.benchmarks import crowd

    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
    if Drawing.objects.exists():
        return
    subprocess.run([sys.executable, "manage.py", "install_models"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    crowd.fill(drawings)
    crowd.check()
    sys.stdout.write(f"filled in {time.perf_counter() - began:.0f} s\n")
    sys.stdout.flush()


def _report(title: str, person: int, page: str, options: argparse.Namespace) -> None:
    from config.asgi import with_room

    client = _client(person)
    cost, plan = with_room(_measure)(client, page, options.requests)  # as the threads of the site
    if options.json:
        sys.stdout.write(json.dumps({"title": title, "page": page, **cost._asdict()}) + "\n")
    else:
        sys.stdout.write(
            f"{title:36} {cost.queries:3} queries  p50 {cost.p50:6.1f}  p95 {cost.p95:6.1f}  least {cost.least:6.1f}  "
            f"needs {cost.here:6.1f} here + {cost.there:6.1f} in the database\n"
        )
    if options.plans:
        sys.stdout.write(f"{plan}\n\n")
    sys.stdout.flush()


def _client(person: int) -> Any:
    from django.test import Client

    from accounts.models import User

    client = Client()
    if person:
        client.force_login(User.objects.get(pk=person))
    return client


def _measure(client: Any, page: str, requests: int) -> tuple[PageCost, str]:
    for _ in range(WARM):
        _get(client, page)
    wall: list[float] = []
    here: list[float] = []
    end = time.monotonic() + MAX_SECONDS
    while len(wall) < requests and (time.monotonic() < end or len(wall) < WARM):
        began, busy = time.perf_counter(), time.process_time()
        _get(client, page)
        wall.append((time.perf_counter() - began) * 1000)
        here.append((time.process_time() - busy) * 1000)
    queries, there, plan = _explain(client, page)
    ranked = sorted(wall)
    p95 = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    return PageCost(queries, statistics.median(wall), p95, ranked[0], statistics.median(here), there), plan


def _get(client: Any, page: str) -> None:
    response = client.get(page)
    if response.status_code != 200:
        raise SystemExit(f"{page} answers {response.status_code}")


def _explain(client: Any, page: str) -> tuple[int, float, str]:
    """The number of queries, the milliseconds that the database needs for the SELECTs, and the plan of the slowest."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        _get(client, page)
    total, slowest = 0.0, (0.0, "")
    for query in captured.captured_queries:
        sql = query["sql"]
        if not sql.startswith("SELECT") or " FOR " in sql[-80:]:
            continue
        with connection.cursor() as cursor:
            cursor.execute("explain (analyze, buffers) " + sql.replace("%", "%%"), [])
            plan = "\n".join(row[0] for row in cursor.fetchall())
        took = sum(float(number) for _what, number in NUMBERS.findall(plan))
        total += took
        slowest = max(slowest, (took, f"{sql}\n{plan}"))
    return len(captured), total, slowest[1]


if __name__ == "__main__":
    main()
