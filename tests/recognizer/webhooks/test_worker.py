"""A real worker process sends what was committed, and one that is killed loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from recognizer import enqueue
from recognizer.models import Delivery, Event, Recognizer
from recognizer.review import decisions
from recognizer.webhooks import events, manage
from tests.ink import SEVEN
from tests.pages.conftest import named
from tests.recognizer.training.queue import take_messages
from tests.recognizer.training.workers import ROOT, environment, until
from tests.recognizer.webhooks.receiver import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
State = Delivery.State


@pytest.fixture(autouse=True)
def _an_empty_queue() -> Iterator[None]:
    take_messages("celery")
    yield
    take_messages("celery")


@contextmanager
def worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """As the Procfile starts it; killed at the end."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", "--queues=celery", "--pool=solo"]
    options = ["--hostname=small@%h", "--without-gossip", "--without-mingle", "--loglevel=info"]
    allowed = {"WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8", "WEBHOOK_ALLOW_HTTP": "true"}
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command + options,
            cwd=ROOT,
            env=environment(folder) | allowed,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def state() -> str:
    return Delivery.objects.values_list("state", flat=True).get()


def test_a_decision_is_delivered_by_the_worker(
    alice: User, rita: User, digits: Recognizer, receiver: Receiver, tmp_path: Path
) -> None:
    manage.create_webhook(person=alice, url=receiver.url("127.0.0.1"), events=Event.values)
    decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=rita)
    with worker(tmp_path):
        until(lambda: state() == State.DELIVERED, "it is delivered", patience=60)
    assert b'"type":"correction.reviewed"' in receiver.got[0].body
    assert len(receiver.got) == 1
    assert receiver.url("127.0.0.1") not in (tmp_path / "worker.log").read_text(), "an address may hold a secret"


def test_a_worker_killed_while_sending_loses_nothing(
    alice: User, digits: Recognizer, receiver: Receiver, tmp_path: Path
) -> None:
    hook = manage.create_webhook(person=alice, url=receiver.url("127.0.0.1"), events=Event.values)
    receiver.hangs = True
    delivery = events.create_test_delivery(hook)
    with worker(tmp_path):
        until(lambda: receiver.got, "it is being sent", patience=60)
    assert state() == State.WAITING
    receiver.hangs = False
    Delivery.objects.update(next_try=timezone.now())  # as some minutes later
    enqueue.send_on_commit(enqueue.Task.SEND_WEBHOOKS)
    with worker(tmp_path):
        until(lambda: state() == State.DELIVERED, "it is delivered", patience=60)
    delivery.refresh_from_db()
    assert delivery.attempts == 2
    assert len({each.headers["webhook-id"] for each in receiver.got}) == 1
