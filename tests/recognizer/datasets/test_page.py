"""/review/export/: reviewers ask for files, watch them being written, and download them as long as they may."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import deletion, people
from accounts.models import User
from recognizer import tasks
from recognizer.datasets import export_job
from recognizer.datasets.formats import FORMATS
from recognizer.drawings import store
from recognizer.models import Drawing, Export, ExportChunk
from tests.recognizer.datasets.conftest import Command

PAGE = "/review/export/"
Community = dict[str, Drawing]


def ask(client: Client, **said: Any) -> Export:
    """Ask for a file; it is written as a worker would."""
    response = client.post(PAGE, {"format": "ndjson"} | said)
    assert response.status_code == 302
    export = Export.objects.latest("pk")
    tasks.export(export.pk)
    export.refresh_from_db()
    return export


def get(client: Client, export: Export) -> bytes:
    response = client.get(f"{PAGE}{export.pk}/")
    assert response.status_code == 200
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_only_reviewers_get_data(client: Client, as_alice: Client, as_rita: Client, community: Community) -> None:
    export = ask(as_rita)
    for path in (PAGE, f"{PAGE}{export.pk}/", f"{PAGE}{export.pk}/status"):
        assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
        assert as_alice.get(path).status_code == 403
        assert as_rita.get(path).status_code == 200
        assert "no-store" in as_rita.get(path)["Cache-Control"]
    assert as_alice.post(PAGE, {"format": "ndjson"}).status_code == 403
    assert as_alice.post(f"{PAGE}{export.pk}/delete/").status_code == 403
    assert as_rita.get(f"{PAGE}{export.pk}/delete/").status_code == 405


def test_each_reviewer_has_their_own_files(as_rita: Client, as_other_reviewer: Client, community: Community) -> None:
    export = ask(as_rita)
    assert as_other_reviewer.get(f"{PAGE}{export.pk}/").status_code == 404
    assert as_other_reviewer.post(f"{PAGE}{export.pk}/delete/").status_code == 404
    assert f"{PAGE}{export.pk}/" not in as_other_reviewer.get(PAGE).content.decode()


def test_the_file_is_the_one_that_the_command_writes(
    as_rita: Client, community: Community, export: Command, tmp_path: Path
) -> None:
    made = ask(as_rita, licence="CC0", recognizer="digits", status=["accepted", "undecided"])
    content = get(as_rita, made)
    said = export(
        tmp_path / "a.ndjson", "--licence=CC0", "--recognizer=digits", "--status=accepted", "--status=undecided"
    )
    assert content == (tmp_path / "a.ndjson").read_bytes()
    assert made.sha256 in said
    assert (made.state, made.done, made.total, made.size) == ("ready", 4, 4, len(content))
    response = as_rita.get(f"{PAGE}{made.pk}/")
    assert response["Content-Length"] == str(len(content))
    assert response["Content-Disposition"].endswith(f'-{made.pk}.ndjson"')


@pytest.mark.parametrize("form", ["csv", "npz", "png"])
def test_the_file_is_saved_in_chunks(
    as_rita: Client, community: Community, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(export_job, "CHUNK_SIZE", 1000)
    made = ask(as_rita, format=form, recognizer="digits")
    content = get(as_rita, made)
    assert made.pieces.count() == -(-len(content) // 1000) > 1
    assert hashlib.sha256(content).hexdigest() == made.sha256
    if form != "csv":
        assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def test_the_page_shows_the_progress(as_rita: Client, rita: User, community: Community) -> None:
    as_rita.post(PAGE, {"format": "ndjson"})
    export = Export.objects.get()
    status = f"{PAGE}{export.pk}/status"
    html = as_rita.get(PAGE).content.decode()
    assert f'data-run="{status}"' in html
    assert "data-create" not in html
    assert not as_rita.get(status).json()["final"]
    Export.objects.update(state="running", done=3)
    progress = as_rita.get(status).json()
    assert (progress["final"], progress["chosen"], progress["share"]) == (False, False, 3 / 7)
    assert "3" in progress["step"]
    assert "7" in progress["step"]
    as_rita.post(PAGE, {"format": "csv"}, follow=True)
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"format": "pdf"}, "&#x27;pdf&#x27;"),
        ({"format": "npz"}, "ecognizer"),
        ({"label": "7"}, "ecognizer"),
        ({"since": "soon"}, "&#x27;soon&#x27;"),
        ({"status": "fine"}, "&#x27;fine&#x27;"),
        ({"recognizer": "digits", "version": "99999999999999999999"}, "999"),
        ({"recognizer": "digits", "label": "8"}, "No drawings"),
        ({"licence": "=1"}, "licence"),
    ],
)
def test_invalid_filters_are_named_and_the_form_stays_filled(
    as_rita: Client, community: Community, said: dict[str, str], why: str
) -> None:
    response = as_rita.post(PAGE, {"format": "ndjson", "until": "2026-01-02"} | said)
    assert response.status_code == 400
    assert why in response.content.decode()
    assert 'value="2026-01-02"' in response.content.decode()
    assert not Export.objects.exists()


def test_a_task_delivered_twice_writes_once(as_rita: Client, community: Community) -> None:
    export = ask(as_rita)
    pieces = list(ExportChunk.objects.values_list("pk", flat=True))
    tasks.export(export.pk)
    tasks.export(export.pk + 1)
    assert list(ExportChunk.objects.values_list("pk", flat=True)) == pieces


def test_a_file_is_deleted_when_one_of_its_drawings_is(as_rita: Client, community: Community) -> None:
    export = ask(as_rita)
    store.delete_drawing(drawing=community["accepted"])
    response = as_rita.get(f"{PAGE}{export.pk}/", follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    export.refresh_from_db()
    assert (export.state, export.pieces.count()) == ("gone", 0)
    assert not ExportChunk.objects.exists()
    export.refresh_from_db()
    assert export.state == "gone"


def test_when_an_author_leaves_the_next_tick_deletes_the_files(
    as_rita: Client, community: Community, alice: User, bob: User
) -> None:
    bobs = ask(as_rita, status=["undecided", "rejected", "unnamed"])
    alices = ask(as_rita, status=["accepted"])
    deletion.delete_person(person=alice)
    export_job.run_due_jobs()
    assert not ExportChunk.objects.filter(export=alices).exists()
    assert ExportChunk.objects.filter(export=bobs).exists() is False  # her picture was among the undecided
    only = ask(as_rita, status=["rejected", "unnamed"])
    export_job.run_due_jobs()
    assert get(as_rita, only).count(b"\n") == 2
    people.withdraw_consent(person=bob)
    export_job.run_due_jobs()
    assert not ExportChunk.objects.exists()


def test_files_go_with_who_asked_for_them(as_rita: Client, rita: User, community: Community) -> None:
    ask(as_rita)
    deletion.delete_person(person=rita)
    assert not any(model.objects.exists() for model in (Export, ExportChunk))


def test_files_expire(as_rita: Client, community: Community) -> None:
    export = ask(as_rita)
    export_job.run_due_jobs()
    assert ExportChunk.objects.exists()
    Export.objects.update(finished=timezone.now() - export_job.KEPT_FOR - timedelta(seconds=1))
    export_job.run_due_jobs()
    assert not ExportChunk.objects.exists()
    assert as_rita.get(f"{PAGE}{export.pk}/").status_code == 404
    export.refresh_from_db()
    assert export.state == "gone"
    assert export.reason in as_rita.get(PAGE).content.decode()


def test_a_person_keeps_few_files(as_rita: Client, community: Community) -> None:
    exports = [ask(as_rita, status="unnamed") for _ in range(export_job.MAX_PER_PERSON + 1)]
    states = Export.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["gone", *["ready"] * export_job.MAX_PER_PERSON]
    assert not ExportChunk.objects.filter(export=exports[0]).exists()


def test_an_export_of_a_dead_worker_is_given_up_and_a_lost_message_is_sent_again(
    as_rita: Client, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(export_job.enqueue, "send_on_commit", lambda *args: sent.append(args))
    as_rita.post(PAGE, {"format": "ndjson"})
    export = Export.objects.get()
    long_ago = timezone.now() - export_job.SILENT_FOR - timedelta(seconds=1)
    export_job.run_due_jobs()
    assert sent == [("recognizer.tasks.export", export.pk)]
    Export.objects.update(heartbeat=long_ago)
    export_job.run_due_jobs()
    export_job.run_due_jobs()
    assert len(sent) == 2
    Export.objects.update(heartbeat=long_ago, state="running")
    export_job.run_due_jobs()
    export.refresh_from_db()
    assert export.state == "failed"
    assert export.reason


def test_an_export_deleted_while_it_is_written_leaves_nothing(
    as_rita: Client, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_rita.post(PAGE, {"format": "ndjson"})
    export = Export.objects.get()
    add_drawings = export_job._ChunkSink.add_drawings

    def delete_first(sink: Any, ids: list[int]) -> None:
        as_rita.post(f"{PAGE}{export.pk}/delete/")
        add_drawings(sink, ids)

    monkeypatch.setattr(export_job._ChunkSink, "add_drawings", delete_first)
    tasks.export(export.pk)
    assert not any(model.objects.exists() for model in (Export, ExportChunk))


def test_an_export_that_fails_says_so(as_rita: Client, community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_job, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(export_job, "MAX_BYTES", 1)
    too_large = ask(as_rita)
    assert (too_large.state, "GB" in too_large.reason) == ("failed", True)
    monkeypatch.setattr(export_job.formats, "write_export", lambda **kwargs: 1 / 0)
    assert ask(as_rita).state == "failed"
    assert not ExportChunk.objects.exists()


def test_the_number_of_exports_does_not_change_the_number_of_queries(
    as_rita: Client, rita: User, community: Community
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert as_rita.get(PAGE).status_code == 200
        return len(asked)

    ask(as_rita)
    few = queries()
    Export.objects.bulk_create(Export(by=rita, form="csv", state="gone", reason="a reason") for _ in range(30))
    assert queries() == few


def test_staff_see_exports_and_imports_in_the_admin(
    as_other_reviewer: Client, as_rita: Client, community: Community, export: Command, bring: Command, tmp_path: Path
) -> None:
    ask(as_rita)
    export(tmp_path / "all.ndjson")
    store.delete_drawing(drawing=community["accepted"])
    bring(tmp_path / "all.ndjson", licence="with consent")
    assert "rita@example.org" in as_other_reviewer.get("/admin/recognizer/export/").content.decode()
    html = as_other_reviewer.get("/admin/recognizer/importjob/").content.decode()
    assert "with consent" in html
    assert '<td class="field-drawings">1</td>' in html


def test_the_help_describes_the_formats(capsys: pytest.CaptureFixture[str], export: Command) -> None:
    with pytest.raises(SystemExit):
        export("x", "--help")
    out = capsys.readouterr().out
    assert all(form in out for form in FORMATS)
    with pytest.raises(CommandError):
        export("x", "--format=pdf")
