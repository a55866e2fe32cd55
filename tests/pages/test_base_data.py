"""/runs/base-data/: what the trainer has, and downloads started with a button."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from ml.data.sources import SOURCES
from recognizer import tasks
from recognizer.models import BaseDataSet, Recognizer
from recognizer.pages.moderation import audit_entries
from tests.pages.conftest import message_codes
from tests.pages.training_runs import ended, superuser, verdict
from tests.people import allow, otto_the_operator
from tests.publisher import Publisher
from tests.recognizer.training.base_data import publish_words, row
from tests.recognizer.training.queue import take_messages

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, STATUS = "/runs/base-data/", "/runs/base-data/status"
State = BaseDataSet.State


@pytest.fixture
def otto(db: None) -> User:
    """An operator: may see and download base data, and nothing else."""
    return otto_the_operator()


@pytest.fixture
def as_otto(otto: User) -> Client:
    client = Client()
    client.force_login(otto)
    return client


def html_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_only_people_with_the_permission_see_it(
    client: Client, as_alice: Client, as_rita: Client, as_otto: Client, digits: Recognizer
) -> None:
    root = Client()
    root.force_login(superuser())
    for path in (PAGE, STATUS):
        assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
        assert as_alice.get(path).status_code == 403
        assert as_rita.get(path).status_code == 403
        assert as_otto.get(path).status_code == root.get(path).status_code == 200
        assert "no-store" in as_otto.get(path)["Cache-Control"]


def test_only_people_with_the_permission_start_downloads(
    client: Client, as_alice: Client, as_rita: Client, words_only: Recognizer
) -> None:
    for other, status in ((client, 302), (as_alice, 403), (as_rita, 403)):
        assert other.post(PAGE, {"recognizer": "digits"}).status_code == status
    assert not BaseDataSet.objects.exists()


def test_a_post_without_a_token_is_refused(otto: User, words_only: Recognizer) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(otto)
    assert client.post(PAGE, {"recognizer": "digits"}).status_code == 403
    assert not BaseDataSet.objects.filter(state=State.WAITING).exists()


def test_every_data_set_is_shown_with_licence_and_origin(as_otto: Client, three: list[Recognizer]) -> None:
    html = html_of(as_otto.get(PAGE))
    for name in ("mnist", "pendigits", "quickdraw", "omniglot"):
        source = SOURCES[name]
        assert f'data-source="{name}"' in html
        assert f'href="{source.licence_page}"' in html
        assert f'href="{source.page}"' in html
    assert 'data-source="bhmsds"' not in html


def test_opening_the_page_asks_the_trainer_and_downloads_nothing(
    as_otto: Client, words_only: Recognizer, publisher: Publisher
) -> None:
    take_messages("training")
    publish_words(publisher)
    page = as_otto.get(PAGE)
    assert take_messages("training") == [("recognizer.tasks.base_data", ["quickdraw"])]
    assert not page.context["status"]["final"]
    assert "js/runs/run.js" in html_of(page)
    as_otto.get(PAGE)
    assert take_messages("training") == []
    tasks.base_data("quickdraw")
    page = as_otto.get(PAGE)
    assert page.context["status"]["final"]
    assert 'data-mode="head"' in html_of(page)
    assert publisher.asked == []


def test_the_folder_and_the_disk_are_the_trainers(
    as_otto: Client, words_only: Recognizer, data_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_otto.get(PAGE)
    tasks.base_data("quickdraw")
    monkeypatch.setenv("INKLING_DATA", str(tmp_path / "of the web process"))
    html = html_of(as_otto.get(PAGE))
    assert str(data_folder) in html
    assert "of the web process" not in html


def test_the_button_downloads_in_the_background_until_all_layers_can_be_trained(
    as_otto: Client, words_only: Recognizer, publisher: Publisher
) -> None:
    publish_words(publisher)
    as_otto.get(PAGE)
    take_messages("training")
    assert 'value="digits"' in html_of(as_otto.get(PAGE))
    assert as_otto.post(PAGE, {"recognizer": "digits"})["Location"] == PAGE
    assert publisher.asked == []
    assert take_messages("training") == [("recognizer.tasks.base_data", ["quickdraw"])]
    page = as_otto.get(PAGE)
    assert 'value="digits"' not in html_of(page)
    assert not page.context["status"]["final"]
    tasks.base_data("quickdraw")
    page = as_otto.get(PAGE)
    assert 'data-mode="full"' in html_of(page)
    assert 'value="digits"' not in html_of(page)
    assert page.context["status"]["final"]


def test_the_audit_log_has_who_started_a_download(as_otto: Client, otto: User, words_only: Recognizer) -> None:
    as_otto.post(PAGE, {"recognizer": "digits"})
    root = Client()
    root.force_login(superuser())
    html = html_of(root.get("/audit/?what=base-data.requested"))
    assert str(audit_entries.ACTIONS["base-data.requested"]) in html
    assert "quickdraw" in html
    assert str(otto.pk) in html


def test_a_second_press_starts_nothing(as_otto: Client, words_only: Recognizer, publisher: Publisher) -> None:
    publish_words(publisher)
    as_otto.post(PAGE, {"recognizer": "digits"})
    take_messages("training")
    again = as_otto.post(PAGE, {"recognizer": "digits"}, follow=True)
    assert message_codes(again) == ["already-downloading"]
    assert take_messages("training") == []
    tasks.base_data("quickdraw")
    done = as_otto.post(PAGE, {"recognizer": "digits"}, follow=True)
    assert message_codes(done) == ["nothing-missing"]
    assert len(publisher.asked) == 3


def test_looking_again_asks_the_trainer(as_otto: Client, words_only: Recognizer) -> None:
    as_otto.get(PAGE)
    tasks.base_data("quickdraw")
    take_messages("training")
    BaseDataSet.objects.update(asked=timezone.now() - timedelta(seconds=5))
    as_otto.post(PAGE)
    assert take_messages("training") == [("recognizer.tasks.base_data", ["quickdraw"])]


def test_an_unknown_recognizer_is_not_found(as_otto: Client, digits: Recognizer) -> None:
    assert as_otto.post(PAGE, {"recognizer": "runes"}).status_code == 404


def test_progress_is_shown(as_otto: Client, words_only: Recognizer) -> None:
    as_otto.post(PAGE, {"recognizer": "digits"})
    assert as_otto.get(STATUS).json()["share"] is None
    progress = {"done": 1, "files": 4, "bytes": 3 << 20}
    BaseDataSet.objects.update(state=State.RUNNING, lease=uuid4(), progress=progress)
    status = as_otto.get(STATUS).json()
    assert (status["final"], status["share"]) == (False, 0.25)
    assert "1 of 4" in status["quickdraw"]
    assert status["quickdraw"] in status["step"]
    assert status["quickdraw"] in as_otto.get(PAGE).content.decode()


@pytest.mark.usefixtures("no_network")
def test_without_network_the_error_is_shown_and_can_be_tried_again(as_otto: Client, words_only: Recognizer) -> None:
    as_otto.post(PAGE, {"recognizer": "digits"})
    tasks.base_data("quickdraw")
    html = html_of(as_otto.get(PAGE))
    assert "data-error" in html
    assert "airplane.ndjson" in html
    assert 'value="digits"' in html


def test_a_data_set_without_a_download_says_what_to_do(
    as_otto: Client, words_only: Recognizer, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recognizer.training import base_data

    monkeypatch.setattr(base_data, "base_data_of", lambda _: base_data.BaseData(["numtadb"], None, ""))
    as_otto.get(PAGE)
    tasks.base_data("numtadb")
    html = html_of(as_otto.get(PAGE))
    assert 'data-by-hand="numtadb"' in html
    assert f"{data_folder}/numtadb28/numtadb28.npz" in html
    assert "python -m ml data --pack numtadb" in html
    assert 'value="digits"' not in html
    assert message_codes(as_otto.post(PAGE, {"recognizer": "digits"}, follow=True)) == ["nothing-missing"]


def test_a_damaged_file_is_shown(
    as_otto: Client, words_only: Recognizer, data_folder: Path, publisher: Publisher
) -> None:
    publish_words(publisher)
    as_otto.post(PAGE, {"recognizer": "digits"})
    tasks.base_data("quickdraw")
    (data_folder / "quickdraw/strokes/cat.jsonl.gz").write_bytes(b"half of")
    tasks.base_data("quickdraw")
    html = html_of(as_otto.get(PAGE))
    assert "data-wrong" in html
    assert "cat.jsonl.gz" in html
    assert 'value="digits"' in html


def test_a_read_only_folder_is_shown(as_otto: Client, words_only: Recognizer) -> None:
    as_otto.get(PAGE)
    tasks.base_data("quickdraw")
    BaseDataSet.objects.update(report=row().report | {"writable": False})
    assert "data-read-only" in html_of(as_otto.get(PAGE))


def test_a_trainer_that_does_not_answer_is_shown(as_otto: Client, words_only: Recognizer) -> None:
    assert "data-unanswered" not in html_of(as_otto.get(PAGE))
    BaseDataSet.objects.update(asked=timezone.now() - timedelta(minutes=1))
    page = as_otto.get(PAGE)
    assert "data-unanswered" in html_of(page)
    assert page.context["status"]["final"]


def test_where_all_layers_cannot_be_trained_nothing_is_offered(
    as_otto: Client, words_only: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml.recipes import RECIPES

    monkeypatch.delitem(RECIPES, "digits")
    html = html_of(as_otto.get(PAGE))
    assert "recipe for digits" in html
    assert 'data-mode="head"' in html
    assert 'value="digits"' not in html
    assert 'data-source="quickdraw"' not in html


def test_the_time_of_a_run_is_that_of_the_last_one_here(as_otto: Client, words_only: Recognizer) -> None:
    assert as_otto.get(PAGE).context["recognizers"][0].minutes > 0
    now = timezone.now()
    run = ended(words_only, mode="full", verdict=verdict(), started=now - timedelta(minutes=7), finished=now)
    ended(words_only, mode="full", verdict={})  # declined before it trained
    shown = as_otto.get(PAGE).context["recognizers"][0]
    assert (shown.last_run, shown.duration) == (run, "7 min")


def test_the_number_of_queries_does_not_grow(as_otto: Client, words_only: Recognizer) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            html_of(as_otto.get(PAGE))
        for query in found:
            heavy = ("tflite", "keras", "rehearsal")
            assert not any(f'"{name}"' in query["sql"].split(" FROM ")[0] for name in heavy), query["sql"]
        return len(found)

    queries()
    before = queries()
    for _ in range(4):
        ended(words_only, mode="full", verdict=verdict())
    assert queries() == before
    assert before < 25


# Links to it


def test_the_page_of_a_run_says_why_it_trained_the_last_layer(as_rita: Client, rita: User, digits: Recognizer) -> None:
    why = "Only the last layer is trained, on the replay pack: the data of the base is not here (mnist)."
    run = ended(digits, mode="head", snapshot={"mode_reason": why})
    html = html_of(as_rita.get(f"/runs/{run.pk}/"))
    assert why in html
    assert PAGE not in html
    assert PAGE not in html_of(as_rita.get("/runs/"))
    allow(rita, "download_base_data")
    assert f'href="{PAGE}#digits"' in html_of(as_rita.get(f"/runs/{run.pk}/"))
    assert f'href="{PAGE}"' in html_of(as_rita.get("/runs/"))


def test_a_run_of_all_layers_needs_no_link(digits: Recognizer) -> None:
    root = Client()
    root.force_login(superuser())
    run = ended(digits, mode="full", snapshot={})
    html = html_of(root.get(f"/runs/{run.pk}/"))
    assert PAGE not in html
    assert "data-mode-reason" not in html
