"""The first message of a process keeps nobody waiting, and is not lost when the process ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from recognizer import enqueue, tasks

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import os, threading, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from recognizer import enqueue
enqueue.send_on_commit(enqueue.Task.RUN_DUE_JOBS)
print([each.name for each in threading.enumerate()][1:])
for each in threading.enumerate()[1:]:
    each.join(60 * {joined})
enqueue.send_on_commit(enqueue.Task.RUN_DUE_JOBS)
print([each.name for each in threading.enumerate()][1:])
"""


def send(folder: Path, *, joined: bool = False, redis: str = "") -> subprocess.CompletedProcess[str]:
    """Send two messages from a process of their own; `joined`: the second one after the first was sent."""
    mine = {"INKLING_VAR": str(folder), "REDIS_URL": redis, "DATABASE_URL": ""}
    command = [sys.executable, "-c", SCRIPT.format(joined=int(joined))]
    return subprocess.run(command, cwd=ROOT, env=os.environ | mine, capture_output=True, text=True, check=True)


def test_the_first_message_is_sent_apart_from_the_request_and_the_next_at_once(tmp_path: Path) -> None:
    ran = send(tmp_path, joined=True)
    assert ran.stdout.splitlines()[0].startswith("['first-message']")
    assert ran.stdout.splitlines()[1] == "[]"
    assert len(list((tmp_path / "broker").glob("*.msg"))) == 2


def test_a_process_that_ends_sends_what_it_has_to_send(tmp_path: Path) -> None:
    assert "['first-message', 'first-message']" in send(tmp_path).stdout
    assert len(list((tmp_path / "broker").glob("*.msg"))) == 2


def test_a_message_that_cannot_be_sent_is_logged(tmp_path: Path) -> None:
    ran = send(tmp_path, redis="redis://127.0.0.1:1/0")
    assert "recognizer.tasks.tick()" in ran.stderr


def test_each_name_is_a_registered_task_and_each_task_has_a_name_or_is_in_the_schedule() -> None:
    ours = {name for name in tasks.app.tasks if name.startswith("recognizer.")}
    scheduled = {str(each["task"]) for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert ours == set(enqueue.Task) | {name for name in scheduled if name.startswith("recognizer.")}
