"""/api/v1/exports: programs of reviewers ask for files, watch them being written, and download them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.utils import timezone

from accounts import people
from accounts.models import AuditEntry, User
from recognizer import tasks
from recognizer.datasets import export_job
from recognizer.drawings import store
from recognizer.models import Drawing, Export, ExportChunk
from tests.api.errors import said
from tests.api.test_keys import program
from tests.people import allow
from tests.recognizer.datasets.conftest import as_rita, community, rita

__all__ = ["as_rita", "community", "rita"]

pytestmark = pytest.mark.django_db
URL = "/api/v1/exports"
Community = dict[str, Drawing]


@pytest.fixture
def app(rita: User) -> Client:
    """The reviewer's program; it may export and nothing else."""
    return program(rita, "export")


def ask(client: Client, **said: Any) -> Any:
    return client.post(URL, {"format": "ndjson"} | said, content_type="application/json")


def made(client: Client, **said: Any) -> Any:
    """Ask for a file, which is written as a worker would; what the API then tells of it."""
    answer = ask(client, **said)
    assert answer.status_code == 201, answer.content
    tasks.export(answer.json()["id"])
    return client.get(f"{URL}/{answer.json()['id']}").json()


def content_of(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def refused(answer: Any) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.json()["field"]


def test_a_program_asks_watches_and_downloads(app: Client, community: Community) -> None:
    answer = ask(app, recognizer="digits", status=["accepted", "undecided"], licence="CC0", label=None)
    assert answer.status_code == 201
    asked = answer.json()
    assert asked | {"state": "waiting", "done": 0, "total": 4, "file": None, "sha256": None, "size": None} == asked
    assert asked["wanted"] == {"recognizer": "digits", "status": ["accepted", "undecided"]}
    Export.objects.update(state="running", done=3)
    watched = app.get(f"{URL}/{asked['id']}").json()
    assert watched == asked | {"state": "running", "done": 3}
    Export.objects.update(state="waiting", done=0)
    tasks.export(asked["id"])
    ready = app.get(f"{URL}/{asked['id']}").json()
    assert (ready["state"], ready["done"], ready["file"]) == ("ready", 4, f"{URL}/{asked['id']}/file")
    content = content_of(app.get(ready["file"]))
    assert (ready["size"], ready["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert b'"licence":"CC0"' in content.replace(b": ", b":")


@pytest.mark.parametrize("form", ["ndjson", "csv", "npz", "png"])
def test_the_file_is_that_of_the_page(app: Client, as_rita: Client, community: Community, form: str) -> None:
    ready = made(app, format=form, recognizer="digits")
    ours, theirs = app.get(ready["file"]), as_rita.get(f"/review/export/{ready['id']}/")
    assert content_of(ours) == content_of(theirs)
    for name in ("Content-Type", "Content-Disposition", "Content-Length"):
        assert ours[name] == theirs[name]
    assert ours["ETag"] == f'"{ready["sha256"]}"'
    assert f"/review/export/{ready['id']}/" in as_rita.get("/review/export/").content.decode()


def test_who_has_the_file_is_not_sent_it_again_and_each_download_is_noted(app: Client, community: Community) -> None:
    ready = made(app)
    noted = AuditEntry.objects.filter(what="export.downloaded")
    head = app.head(ready["file"])
    assert (head.status_code, head["Content-Length"], noted.count()) == (200, str(ready["size"]), 0)
    again = app.get(ready["file"], headers={"if-none-match": head["ETag"]})
    assert (again.status_code, again.content, noted.count()) == (304, b"", 0)
    content_of(app.get(ready["file"]))
    entry = noted.get()
    assert (entry.subject, entry.detail) == (f"export {ready['id']}", {"sha256": ready["sha256"]})
    assert AuditEntry.objects.filter(what="export.made").count() == 1


def test_only_people_who_may_review_have_exports(
    client: Client, as_alice: Client, as_rita: Client, alice: User, app: Client, community: Community
) -> None:
    path = f"{URL}/{made(app)['id']}"
    doors = [("GET", URL), ("POST", URL), ("GET", path), ("DELETE", path), ("GET", f"{path}/file")]
    for method, address in doors:
        for who in (as_alice, program(alice, "export")):
            answer = who.generic(method, address, b'{"format": "ndjson"}', "application/json")
            assert refused(answer) == (403, "permission_denied", None)
        assert client.generic(method, address, b"{}", "application/json").status_code == 401
    assert as_rita.get(path).status_code == 200
    assert Export.objects.count() == 1


def test_a_key_without_the_scope_opens_nothing_of_a_reviewers(app: Client, rita: User, community: Community) -> None:
    path = f"{URL}/{made(app)['id']}"
    narrow = program(rita, "predict", "drawings", "feedback", "models:read")
    for method, address in [("GET", URL), ("POST", URL), ("GET", path), ("DELETE", path), ("GET", f"{path}/file")]:
        answer = narrow.generic(method, address, b'{"format": "ndjson"}', "application/json")
        assert refused(answer) == (403, "scope_missing", None)
        assert "`export`" in answer.json()["detail"]


def test_who_may_not_review_any_more_has_no_exports_any_more(app: Client, rita: User, community: Community) -> None:
    ready = made(app)
    rita.user_permissions.clear()
    assert refused(app.get(ready["file"])) == (403, "permission_denied", None)
    assert not AuditEntry.objects.filter(what="export.downloaded").exists()


def test_another_reviewers_exports_are_not_there(app: Client, bob: User, community: Community) -> None:
    path = f"{URL}/{made(app)['id']}"
    allow(bob, "review_drawings")
    other = program(bob, "export")
    for method, address in [("GET", path), ("DELETE", path), ("GET", f"{path}/file")]:
        theirs = other.generic(method, address)
        nothing = other.generic(method, address.replace(path, f"{URL}/99999999999999999999999"))
        assert refused(theirs) == refused(nothing) == (404, "not_found", None)
        assert said(theirs) == said(nothing)
    assert other.get(URL).json() == {"results": [], "next": None}
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "pdf"}, "format"),
        ({"format": 7}, "format"),
        ({"format": "npz"}, "recognizer"),
        ({"recognizer": "runes"}, "recognizer"),
        ({"recognizer": ["digits"]}, "recognizer"),
        ({"label": "7"}, "recognizer"),
        ({"recognizer": "digits", "label": "seven"}, "label"),
        ({"since": "soon"}, "since"),
        ({"until": "0001-01-01"}, "until"),
        ({"since": "2026-02-02", "until": "2026-01-01"}, "since"),
        ({"status": ["fine"]}, "status"),
        ({"status": "accepted"}, "status"),
        ({"status": [["accepted"]]}, "status"),
        ({"recognizer": "digits", "version": 0}, "version"),
        ({"recognizer": "digits", "version": 10**20}, "version"),
        ({"recognizer": "digits", "version": "1"}, "version"),
        ({"recognizer": "digits", "version": True}, "version"),
        ({"licence": "=1"}, "licence"),
        ({"licence": "\ud800"}, "licence"),
        ({"recognizer": "digits", "label": "8"}, None),
    ],
)
def test_an_invalid_request_is_refused_and_its_field_named(
    app: Client, community: Community, body: dict[str, Any], field: str | None
) -> None:
    assert refused(ask(app, **body)) == (400, "invalid", field)
    assert not Export.objects.exists()


def test_a_body_without_a_format_is_refused(app: Client, community: Community) -> None:
    assert refused(app.post(URL, {}, content_type="application/json")) == (400, "missing_field", "format")
    assert refused(app.post(URL, [1], content_type="application/json")) == (400, "invalid", None)
    assert refused(app.post(URL, {"format": "csv"})) == (415, "unsupported_media_type", None)


def test_a_version_comes_back_as_a_number(app: Client, community: Community) -> None:
    assert made(app, recognizer="digits", version=1)["wanted"] == {"recognizer": "digits", "version": 1}


def test_while_one_is_written_there_is_no_other(app: Client, community: Community) -> None:
    first = ask(app).json()["id"]
    assert refused(ask(app, format="csv")) == (409, "export_open", None)
    assert refused(app.get(f"{URL}/{first}/file")) == (409, "export_unfinished", None)
    assert app.delete(f"{URL}/{first}").status_code == 204
    assert made(app, format="csv")["state"] == "ready"


def test_an_export_is_deleted_with_its_file(app: Client, community: Community) -> None:
    ready = made(app)
    assert app.delete(f"{URL}/{ready['id']}").status_code == 204
    assert not any(model.objects.exists() for model in (Export, ExportChunk))
    assert refused(app.get(ready["file"])) == (404, "not_found", None)


def test_once_a_drawing_is_deleted_so_is_the_file(app: Client, community: Community) -> None:
    ready = made(app)
    store.delete_drawing(drawing=community["accepted"])
    for known in ({}, {"if-none-match": f'"{ready["sha256"]}"'}):
        answer = app.get(ready["file"], headers=known)
        assert refused(answer) == (410, "export_gone", None)
    assert not ExportChunk.objects.exists()
    told = app.get(f"{URL}/{ready['id']}").json()
    assert (told["state"], told["file"]) == ("gone", None)
    assert not AuditEntry.objects.filter(what="export.downloaded").exists()


def test_once_an_author_left_or_its_day_is_over_the_file_is_gone(
    app: Client, alice: User, community: Community
) -> None:
    left = made(app)
    people.withdraw_consent(person=alice)
    assert refused(app.get(left["file"])) == (410, "export_gone", None)
    expired = made(app)
    Export.objects.update(finished=timezone.now() - export_job.KEPT_FOR - timedelta(seconds=1))
    export_job.run_due_jobs()
    assert refused(app.get(expired["file"])) == (410, "export_gone", None)


def test_one_that_failed_says_why(app: Client, community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_job, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(export_job, "MAX_BYTES", 1)
    failed = made(app)
    assert (failed["state"], failed["file"], failed["size"]) == ("failed", None, None)
    assert "GB" in failed["reason"]
    assert refused(app.get(f"{URL}/{failed['id']}/file")) == (410, "export_gone", None)


def test_they_are_listed_newest_first_in_pieces_with_an_etag(app: Client, rita: User, community: Community) -> None:
    first, second, third = (made(app, status=["unnamed"])["id"] for _ in range(3))
    page = app.get(URL, {"page_size": 2})
    assert [each["id"] for each in page.json()["results"]] == [third, second]
    assert [each["id"] for each in app.get(page.json()["next"]).json()["results"]] == [first]
    assert app.get(URL, {"page_size": 2}, headers={"if-none-match": page["ETag"]}).status_code == 304
    app.delete(f"{URL}/{third}")
    assert app.get(URL, {"page_size": 2}, headers={"if-none-match": page["ETag"]}).status_code == 200
    assert refused(app.get(URL, {"cursor": "x"})) == (400, "invalid_cursor", "cursor")


def test_a_write_with_a_name_makes_one_export(app: Client, community: Community) -> None:
    asked: dict[str, Any] = {"content_type": "application/json", "headers": {"Idempotency-Key": "one"}}
    first, again = (app.post(URL, {"format": "csv"}, **asked) for _ in range(2))
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.json() == again.json()
    assert Export.objects.count() == 1


def test_writes_are_counted_and_reading_is_not(app: Client, community: Community, settings: Any) -> None:
    settings.DRAWING_RATE = 2
    ready = made(app)
    assert app.delete(f"{URL}/{ready['id']}").status_code == 204
    assert refused(ask(app))[:2] == (429, "throttled")
    assert refused(app.delete(f"{URL}/{ready['id']}"))[:2] == (429, "throttled")
    assert app.get(URL).status_code == 200


def test_what_does_not_exist_here_is_405_for_everybody(app: Client, as_alice: Client, community: Community) -> None:
    for who in (app, as_alice):
        assert refused(who.put(URL)) == (405, "method_not_allowed", None)


def test_answers_and_the_example_are_as_the_document_says(client: Client, app: Client, community: Community) -> None:
    told = client.get("/api/v1/openapi.json").json()
    asking = told["paths"]["/exports"]["post"]
    body = asking["requestBody"]["content"]["application/json"]
    jsonschema.validate(body["example"], {**body["schema"], "components": told["components"]})
    answer = app.post(URL, body["example"], content_type="application/json")
    schema = asking["responses"]["201"]["content"]["application/json"]["schema"] | {"components": told["components"]}
    jsonschema.validate(answer.json(), schema)
    tasks.export(answer.json()["id"])
    for export in app.get(URL).json()["results"]:
        jsonschema.validate(export, schema)
        assert export["state"] == "ready"


def test_who_waits_for_an_export_is_told_when_to_look_again(app: Client, community: Community) -> None:
    asked = ask(app)
    address = f"{URL}/{asked.json()['id']}"
    assert (asked.status_code, asked["Location"]) == (201, address)
    waiting = [asked, app.get(address), app.get(f"{address}/file"), ask(app)]
    Export.objects.update(state="running")
    waiting += [app.get(address), app.get(f"{address}/file")]
    assert all(int(answer["Retry-After"]) > 0 for answer in waiting)
    Export.objects.update(state="waiting")
    tasks.export(asked.json()["id"])
    assert not app.get(asked["Location"]).has_header("Retry-After")
