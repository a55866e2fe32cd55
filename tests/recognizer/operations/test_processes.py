"""Processes report themselves to the database."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ml.bundles.bundle import Bundle
from recognizer.models import Process, Recognizer
from recognizer.operations import error_count, processes
from recognizer.operations.processes import Kind
from recognizer.registry import serving
from tests.ink import SEVEN
from tests.pages.training_runs import learned

pytestmark = pytest.mark.django_db


def test_a_report_says_which_versions_answer_and_is_updated(digits: Recognizer, client: Client) -> None:
    process = processes.new_process(Kind.WEB)
    processes.report(process)
    first = Process.objects.get()
    assert (first.kind, first.versions) == ("web", {})
    client.post("/api/v1/predict", {"recognizer": "digits", "ink": SEVEN}, "application/json")
    processes.report(process)
    again = Process.objects.get()
    assert again.pk == first.pk
    assert again.versions == {"digits": 1}
    assert again.started == first.started
    assert again.seen > first.seen


def test_a_process_without_requests_takes_a_new_version_when_it_reports(
    digits: Recognizer, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LOOK_EVERY", 0)
    serving.live_version("digits")
    learned(digits, starter)
    process = processes.new_process(Kind.WEB)
    processes.report(process)
    assert Process.objects.get().versions == {"digits": 2}


def test_errors_of_the_log_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_count, "found", error_count.ErrorCount())
    logger = logging.getLogger("recognizer.operations")
    logger.warning("no error")
    logger.error("an error")
    process = processes.new_process(Kind.WORKER)
    processes.report(process)
    row = Process.objects.get()
    assert row.errors == 1
    assert row.last_error is not None
    assert timezone.now() - row.last_error < timedelta(minutes=1)


def test_what_has_been_silent_for_long_is_deleted_by_the_next_process() -> None:
    old, silent = processes.new_process(Kind.WEB), processes.new_process(Kind.WEB)
    processes.report(old)
    processes.report(silent)
    now = timezone.now()
    Process.objects.filter(pk=old.pk).update(seen=now - timedelta(hours=2))
    Process.objects.filter(pk=silent.pk).update(seen=now - timedelta(minutes=30))
    new = processes.new_process(Kind.WEB)
    processes.report(new)
    assert {*Process.objects.values_list("pk", flat=True)} == {silent.pk, new.pk}


def test_a_report_that_was_deleted_is_written_again_with_the_same_start() -> None:
    process = processes.new_process(Kind.BEAT)
    processes.report(process)
    Process.objects.all().delete()
    processes.report(process)
    assert Process.objects.get().started == process.started
