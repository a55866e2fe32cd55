"""Base data: the web asks, the trainer downloads and reports; lost and dead downloads."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from ml.bundles.bundle import Bundle
from ml.data import loaders
from ml.training.finetune import find_mode
from recognizer import tasks
from recognizer.models import BaseDataSet, Recognizer
from recognizer.registry import promotions
from recognizer.training import base_data
from tests import small_bundles
from tests.publisher import Publisher
from tests.recognizer.training.base_data import WORDS, publish_words, row
from tests.recognizer.training.queue import take_messages

pytestmark = pytest.mark.django_db(transaction=True)
State = BaseDataSet.State
TASK = "recognizer.tasks.base_data"


@pytest.fixture(autouse=True)
def _empty_queue() -> None:
    take_messages("training")


def test_what_nothing_is_trained_on_is_no_base_data(digits: Recognizer) -> None:
    found = base_data.base_data_of(digits)
    assert found.names == ["mnist", "pendigits", "quickdraw", "omniglot"]
    assert not found.obstacle


def test_a_recognizer_of_ones_own_has_no_base_data(digits: Recognizer, starter: Bundle) -> None:
    from recognizer.registry import install

    training = {key: value for key, value in starter.manifest["training"].items() if key != "sources"}
    own = small_bundles.bangla_digits(starter)
    manifest = own.manifest | {"training": training, "recognizer": "runes"}
    install.install(bundle=Bundle(manifest, own.tflite, own.keras, own.rehearsal))
    found = base_data.base_data_of(Recognizer.objects.get(slug="runes"))
    assert found.names == []
    assert "runes" in found.obstacle


def test_the_trainer_is_asked_once_in_a_while(db: None) -> None:
    assert base_data.request_reports(["mnist", "omniglot"]) == 2
    assert base_data.request_reports(["mnist", "omniglot"]) == 0
    assert take_messages("training") == [(TASK, ["mnist"]), (TASK, ["omniglot"])]
    BaseDataSet.objects.filter(name="mnist").update(asked=timezone.now() - timedelta(hours=1))
    assert base_data.request_reports(["mnist", "omniglot"]) == 1


def test_a_report_downloads_nothing(words_only: Recognizer, data_folder: Path, publisher: Publisher) -> None:
    publish_words(publisher)
    base_data.request_reports(["quickdraw"])
    tasks.base_data("quickdraw")
    found = row()
    assert found.report["here"] == 0
    assert found.report["files"] == 3
    assert found.report["folder"] == str(data_folder)
    assert found.report["free"] > 0
    assert found.report["writable"]
    assert not found.report["is_available"]
    assert found.reported
    assert not publisher.asked
    assert not data_folder.exists()


def test_a_download_makes_training_of_all_layers_possible(
    words_only: Recognizer, data_folder: Path, publisher: Publisher, alice: User
) -> None:
    publish_words(publisher)
    base = promotions.base_version(words_only)
    assert base
    assert find_mode(promotions.bundle_of(base))[0] == "head"
    assert base_data.request_download(["quickdraw"], by=alice) == ["quickdraw"]
    assert take_messages("training") == [(TASK, ["quickdraw"])]
    assert row().state == State.WAITING
    entry = AuditEntry.objects.get(what=base_data.REQUESTED)
    assert (entry.by, entry.detail) == (alice, {"data_sets": ["quickdraw"]})
    tasks.base_data("quickdraw")
    found = row()
    assert (found.state, found.error, found.lease) == (State.IDLE, "", None)
    assert (found.report["here"], found.report["as_downloaded"], found.report["is_available"]) == (3, 3, True)
    assert find_mode(promotions.bundle_of(base))[0] == "full"


def test_a_second_request_starts_no_second_download(words_only: Recognizer, publisher: Publisher) -> None:
    publish_words(publisher)
    assert base_data.request_download(["quickdraw"]) == ["quickdraw"]
    assert base_data.request_download(["quickdraw"]) == []
    assert take_messages("training") == [(TASK, ["quickdraw"])]
    assert AuditEntry.objects.filter(what=base_data.REQUESTED).count() == 1


def test_a_message_that_arrives_twice_downloads_once(words_only: Recognizer, publisher: Publisher) -> None:
    publish_words(publisher)
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    tasks.base_data("quickdraw")
    assert len(publisher.asked) == 3


def test_a_message_that_arrives_during_the_download_changes_nothing(
    words_only: Recognizer, publisher: Publisher
) -> None:
    base_data.request_download(["quickdraw"])
    lease = uuid4()
    BaseDataSet.objects.update(state=State.RUNNING, lease=lease)
    tasks.base_data("quickdraw")
    assert (row().state, row().lease) == (State.RUNNING, lease)
    assert not publisher.asked


def test_data_sets_without_a_public_download_are_not_requested(db: None) -> None:
    assert base_data.request_download(["numtadb", "omniglot"]) == ["omniglot"]
    assert take_messages("training") == [(TASK, ["omniglot"])]


def test_what_cannot_be_had_is_an_error_and_the_rest_is_downloaded(
    words_only: Recognizer, data_folder: Path, publisher: Publisher
) -> None:
    publish_words(publisher, "apple", "cat")
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    found = row()
    assert found.state == State.IDLE
    assert "airplane" in found.error
    assert "HTTP 404" in found.error
    assert found.report["here"] == 2
    publish_words(publisher)
    base_data.request_download(["quickdraw"])
    assert row().error == ""
    tasks.base_data("quickdraw")
    assert (row().error, row().report["here"]) == ("", 3)


@pytest.mark.usefixtures("no_network")
def test_without_network_the_error_names_the_address(words_only: Recognizer) -> None:
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    assert row().state == State.IDLE
    assert "airplane.ndjson" in row().error
    assert row().report["here"] == 0


def test_a_folder_that_cannot_be_written_is_an_error(
    words_only: Recognizer, data_folder: Path, publisher: Publisher
) -> None:
    publish_words(publisher)
    data_folder.write_text("a file where the folder belongs")
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    assert str(data_folder) in row().error
    assert row().state == State.IDLE


def test_an_unexpected_error_ends_the_download(words_only: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(base_data, "download_missing", fail)
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    assert "ZeroDivisionError" in row().error
    assert row().state == State.IDLE


def test_a_trainer_that_is_stopped_ends_the_download(words_only: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: Any, **options: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(base_data, "download_missing", stop)
    base_data.request_download(["quickdraw"])
    with pytest.raises(SystemExit):
        tasks.base_data("quickdraw")
    assert row().error
    assert row().state == State.IDLE


def test_progress_is_written_while_files_arrive(
    words_only: Recognizer, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_words(publisher)
    seen: list[dict[str, int]] = []
    write = base_data._Progress._write

    def written(self: Any) -> None:
        write(self)
        seen.append(row().progress)

    monkeypatch.setattr(base_data._Progress, "_write", written)
    monkeypatch.setattr(base_data, "BEAT_SECONDS", 0)
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    assert [found["done"] for found in seen] == sorted(2 * [0, 1, 2])
    assert seen[-1]["files"] == 3
    assert seen[-1]["bytes"] == 3 * seen[1]["bytes"] > 0
    assert row().progress == {}


def test_a_download_that_another_task_has_by_now_stops(
    words_only: Recognizer, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_words(publisher)
    monkeypatch.setattr(base_data, "BEAT_SECONDS", 0)
    real, other = base_data.download_missing, uuid4()

    def stolen(name: str, **options: Any) -> None:
        BaseDataSet.objects.update(lease=other)
        real(name, **options)

    monkeypatch.setattr(base_data, "download_missing", stolen)
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    assert (row().state, row().lease, row().reported) == (State.RUNNING, other, None)
    assert not publisher.asked


def test_a_lost_message_is_sent_again(words_only: Recognizer) -> None:
    base_data.request_download(["quickdraw"])
    take_messages("training")
    tasks.tick()
    assert take_messages("training") == []
    BaseDataSet.objects.update(heartbeat=timezone.now() - timedelta(minutes=11))
    tasks.tick()
    tasks.tick()
    assert take_messages("training") == [(TASK, ["quickdraw"])]


def test_a_download_whose_trainer_died_is_closed(words_only: Recognizer) -> None:
    base_data.request_download(["quickdraw"])
    BaseDataSet.objects.update(state=State.RUNNING, lease=uuid4())
    tasks.tick()
    assert row().state == State.RUNNING
    BaseDataSet.objects.update(heartbeat=timezone.now() - timedelta(minutes=11))
    tasks.tick()
    assert (row().state, row().lease) == (State.IDLE, None)
    assert row().error


def test_a_damaged_file_is_reported_and_downloaded_again(
    words_only: Recognizer, data_folder: Path, publisher: Publisher
) -> None:
    publish_words(publisher)
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    (data_folder / f"quickdraw/strokes/{WORDS[0]}.jsonl.gz").write_bytes(b"half of")
    tasks.base_data("quickdraw")
    (wrong,) = row().report["wrong"]
    assert WORDS[0] in wrong
    assert not row().report["is_available"]
    base_data.request_download(["quickdraw"])
    tasks.base_data("quickdraw")
    assert row().report["wrong"] == []
    assert len(loaders.load_negative_drawings()) == 2  # an apple is among the labels of nothing that is no digit


@pytest.mark.parametrize(
    "fields",
    [{"state": State.RUNNING, "heartbeat": timezone.now()}, {"lease": uuid4()}, {"state": State.WAITING}],
    ids=["running without a lease", "a lease while idle", "waiting without a heartbeat"],
)
def test_the_database_refuses_states_that_cannot_be(fields: dict[str, Any], db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        BaseDataSet.objects.create(name="mnist", **fields)
