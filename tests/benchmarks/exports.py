"""`python -m tests.benchmarks.exports [DRAWINGS]`: how fast drawings are exported, and with how much memory.

Fills the database of DATABASE_URL, which must be PostgreSQL with its tables, the shipped models and no other rows, with
drawings of sixty people: two strokes and sixty points each, with a prediction, a correction and a review. Then the
command writes each format in a process of its own. `cpu` is the processor time of that process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django
from django.db import connection
from django.utils import timezone

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 60
FORMS = {"ndjson": "ndjson", "csv": "csv", "npz": "npz", "png": "zip"}


INKS = """
insert into recognizer_drawing (uuid, recognizer_id, author_id, created, ink)
select gen_random_uuid(), %(recognizer)s, %(first)s + n %% %(people)s, now(), (
    select jsonb_agg(stroke) from (
        select jsonb_build_array(
            jsonb_agg((n * 7 + p * 13) %% 200 + 0.5), jsonb_agg((n * 3 + p * 29) %% 200 + 0.25), jsonb_agg(p * 16)
        ) stroke from generate_series(1, 60) p group by p > 45
    ) strokes
) from generate_series(1, %(count)s) n
"""
ANSWERS = """
insert into recognizer_prediction (drawing_id, model_version_id, guesses, label_id, probability, unsure, created)
select id, %(version)s, (
    select jsonb_agg(jsonb_build_array(slug, 0.1)) from recognizer_label where recognizer_id = %(recognizer)s
), %(label)s, 0.1, true, now() from recognizer_drawing
"""
SAID = """
insert into recognizer_correction (drawing_id, label_id, created) select id, %(label)s, now() from recognizer_drawing
"""
DECIDED = """
insert into recognizer_review (correction_id, decision, label_id, reason, by_id, automatic, agreed, created)
select id, 'accepted', label_id, '', %(first)s + id %% %(people)s, false, 0, now() from recognizer_correction
"""


def fill(count: int) -> None:
    """Fill the database with SQL statements, which takes seconds instead of many minutes."""
    from accounts.models import User
    from recognizer.models import Recognizer

    digits, now = Recognizer.objects.get(slug="digits"), timezone.now()
    authors = [User.objects.create_user(f"{n}@example.org", consented_at=now) for n in range(PEOPLE)]
    values = {
        "recognizer": digits.pk,
        "version": digits.versions.latest("number").pk,
        "label": digits.labels.get(slug="7").pk,
        "first": authors[0].pk,
        "people": PEOPLE,
        "count": count,
    }
    with connection.cursor() as cursor:
        for statement in (INKS, ANSWERS, SAID, DECIDED, "analyze"):
            cursor.execute(statement, values)


def measure(form: str, file: Path, count: int) -> None:
    """Export in one format and print a line of figures."""
    before = time.perf_counter()
    command = [sys.executable, "manage.py", "export_drawings", str(file), f"--format={form}", "--recognizer=digits"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _pid, status, used = os.wait4(process.pid, 0)
    took, cpu = time.perf_counter() - before, used.ru_utime + used.ru_stime
    figures = {"format": form, "status": status, "seconds": round(took, 1), "cpu": round(cpu, 1)}
    speeds = {"a_second": round(count / took), "a_cpu_second": round(count / cpu)}
    sizes = {"peak_mb": used.ru_maxrss >> 10, "file_mb": file.stat().st_size >> 20}
    sys.stdout.write(json.dumps(figures | speeds | sizes) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    fill(wanted)
    with tempfile.TemporaryDirectory() as folder:
        for each, suffix in FORMS.items():
            measure(each, Path(folder) / f"all.{suffix}", wanted)
