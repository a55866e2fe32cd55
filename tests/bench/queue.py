"""`python -m tests.bench.queue`: the first pages of the review room with a million drawings in PostgreSQL.

Fills the database that DATABASE_URL names, which has to be empty, with generated rows: half of the drawings are
decided, and those that wait are of three recognizers and a thousand authors. Then asks for pages in turn, with all that
a page does: claim, count, render. Prints how long they take, how many queries, and how the first are found.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Any

from tests.bench.http import ROOT

DRAWINGS = int(os.environ.get("DRAWINGS", 1_000_000))
AUTHORS = 1000
ROUNDS = 60
PAGES = (
    "/review/",
    "/review/?order=oldest",
    "/review/?recognizer=sketches",
    "/review/?recognizer=sketches&said=eye",
    "/review/?recognizer=digits&said=7&order=oldest",
    "/review/?recognizer=digits&version=1",
    "/review/?author={author}",
    "/review/grid/?recognizer=digits&said=7",
)
FILL = """
insert into accounts_user (id, password, is_superuser, first_name, last_name, is_staff, is_active, date_joined, email,
  consented_at, revision)
select 1000000 + n, '', false, '', '', false, true, now(), 'many' || n || '@example.org', now(), 0
from generate_series(0, {authors} - 1) n;

create temporary table chosen as select r.id as recognizer, l.id as label, v.id as version,
  row_number() over () - 1 as at, count(*) over () as all_labels
from recognizer_recognizer r join recognizer_label l on l.recognizer_id = r.id
join recognizer_modelversion v on v.recognizer_id = r.id;

insert into recognizer_drawing (id, uuid, recognizer_id, author_id, ink, created)
select n, gen_random_uuid(), c.recognizer, 1000000 + n % {authors},
  '[[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]]', now()
from generate_series(1, {drawings}) n join chosen c on c.at = n % c.all_labels;

insert into recognizer_correction (id, drawing_id, label_id, created)
select n, n, c.label, now() from generate_series(1, {drawings}) n join chosen c on c.at = n % c.all_labels;

insert into recognizer_prediction (drawing_id, model_version_id, guesses, label_id, probability, unsure, created)
select n, c.version, '[["7", 0.9], ["1", 0.1]]', c.label, 0.9, n % 11 = 0, now()
from generate_series(1, {drawings}) n join chosen c on c.at = n % c.all_labels;

insert into recognizer_review (correction_id, decision, label_id, reason, automatic, created)
select n, 'accepted', c.label, '', false, now()
from generate_series(1, {drawings} / 2) n join chosen c on c.at = n % c.all_labels;

insert into recognizer_place (correction_id, waits, usefulness, recognizer_id, label_id, author_id, version_id, points,
  shape)
select n, n > {drawings} / 2, n::bigint * 7919 % 32, c.recognizer, c.label, 1000000 + n % {authors}, c.version, 5, n
from generate_series(1, {drawings}) n join chosen c on c.at = n % c.all_labels;

analyze;
"""


def main() -> None:
    """Fill, ask, print."""
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        raise SystemExit("Name an empty PostgreSQL database in DATABASE_URL: postgres:///bench")
    os.environ |= {"INKLING_ENV": "embedded", "SECRET_KEY": "only for benchmarks"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    for command in (["migrate", "-v0"], ["install_models"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    import django

    django.setup()
    _fill()
    _report()


def _fill() -> None:
    from django.db import connection

    from recognizer.models import Drawing

    if Drawing.objects.exists():
        sys.stdout.write("There are drawings already: they are measured.\n")
        return
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(authors=AUTHORS, drawings=DRAWINGS))


def _report() -> None:
    from django.test import Client

    from accounts.models import User
    from tests.loop import community

    User.objects.filter(email="reviewer@example.org").delete()
    client = Client()
    client.force_login(community.reviewer("reviewer"))
    for page in PAGES:
        took, queries = _ask(client, page.format(author=1000000 + AUTHORS // 2))
        ranked = sorted(took)
        p95 = ranked[int(0.95 * len(ranked))]
        sys.stdout.write(f"{page:50} median {statistics.median(took):4.0f} ms  p95 {p95:4.0f} ms  {queries} queries\n")
    _explain()


def _ask(client: Any, page: str) -> tuple[list[float], str]:
    """Milliseconds of each request after the first, and the numbers of queries that were seen."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    took, counts = [], set()
    for _ in range(ROUNDS + 1):
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            response = client.get(page)
            took.append((time.perf_counter() - began) * 1000)
        assert response.status_code == 200, page
        counts.add(len(queries))
    return took[1:], "-".join(map(str, sorted({min(counts), max(counts)})))


def _explain() -> None:
    from accounts.models import User
    from recognizer import queue
    from recognizer.models import Recognizer

    reviewer = User.objects.get(email="reviewer@example.org")
    for wanted in (queue.ANYTHING, queue.Wanted(recognizer=Recognizer.objects.get(slug="digits"))):
        found = queue.waiting(reviewer=reviewer, own=False, wanted=wanted)
        sys.stdout.write(f"\n{found[:5].explain(analyze=True)}\n")


if __name__ == "__main__":
    main()
