"""Lists and facts: pieces that go on where the last one ended, and nothing sent twice."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.api.test_drawings import correct, keep
from tests.api.test_keys import program
from tests.ink import ONE, SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


@pytest.mark.parametrize("path", ["recognizers", "recognizers/digits", "drawings", "corrections"])
def test_what_the_client_has_is_not_sent_again(as_alice: Client, path: str) -> None:
    made = keep(as_alice).json()["id"]
    correct(as_alice, made, "7")
    first = as_alice.get(f"/api/v1/{path}")
    again = as_alice.get(f"/api/v1/{path}", headers={"if-none-match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again["ETag"] == first["ETag"]
    assert as_alice.get(f"/api/v1/{path}", headers={"if-none-match": '"another"'}).content == first.content


@pytest.mark.parametrize(
    "path",
    ["recognizers", "drawings", "recognizers/digits/model.tflite", "recognizers/digits/versions/1/model.tflite"],
)
def test_who_wants_only_what_it_has_is_refused_as_ever_where_that_is_gone(as_alice: Client, path: str) -> None:
    first = as_alice.get(f"/api/v1/{path}")
    for held in (first["ETag"], "*", f'"another", {first["ETag"]}'):
        assert as_alice.get(f"/api/v1/{path}", headers={"if-match": held}).content == first.content
    refused = as_alice.get(f"/api/v1/{path}", headers={"if-match": '"another"'})
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert "immutable" not in refused.headers.get("Cache-Control", "")


def test_what_has_no_date_is_given_to_who_names_one(as_alice: Client) -> None:
    for name in ("if-unmodified-since", "if-modified-since"):
        answer = as_alice.get("/api/v1/recognizers", headers={name: "Sat, 01 Jan 2000 00:00:00 GMT"})
        assert answer.status_code == 200


def test_also_what_is_not_sent_again_says_how_the_limits_stand(alice: User) -> None:
    app = program(alice, rate=5)
    etag = app.get("/api/v1/drawings")["ETag"]
    again = app.get("/api/v1/drawings", headers={"if-none-match": f'"another", W/{etag}'})
    assert (again.status_code, again["RateLimit-Remaining"]) == (304, "3")
    assert "no-store" in again["Cache-Control"]


def test_a_change_changes_the_etag(as_alice: Client) -> None:
    made = keep(as_alice).json()["id"]
    for path in (f"drawings/{made}", "drawings", "corrections", f"predictions/{made}"):
        before = as_alice.get(f"/api/v1/{path}")["ETag"]
        correct(as_alice, made, "7")
        after = as_alice.get(f"/api/v1/{path}", headers={"if-none-match": before})
        assert after.status_code == 200
        as_alice.delete(f"/api/v1/drawings/{made}/correction")


def test_a_head_is_a_get_without_its_body(as_alice: Client) -> None:
    keep(as_alice)
    got, head = as_alice.get("/api/v1/drawings"), as_alice.head("/api/v1/drawings")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", got["ETag"])


@pytest.mark.parametrize("cursor", ["x", "!", "YWZ0ZXI6eA", "a" * 65, "৭", "YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_cursor_that_is_not_ours_is_refused(as_alice: Client, cursor: str) -> None:
    response = as_alice.get("/api/v1/drawings", {"cursor": cursor})
    assert (response.status_code, response.json()["field"]) == (400, "cursor")


@pytest.mark.parametrize("size", ["0", "101", "many"])
def test_a_page_has_1_to_100_rows(as_alice: Client, size: str) -> None:
    assert as_alice.get("/api/v1/drawings", {"page_size": size}).json()["field"] == "page_size"


def test_drawings_are_found_by_when_they_were_kept(as_alice: Client) -> None:
    first, second = (keep(as_alice, ink).json() for ink in (SEVEN, ONE))

    def found(**query: Any) -> list[str]:
        return [item["id"] for item in as_alice.get("/api/v1/drawings", query).json()["results"]]

    assert found(since=second["created"]) == [second["id"]]
    assert found(until=second["created"]) == [first["id"]]
    assert as_alice.get("/api/v1/drawings", {"since": "yesterday"}).json()["field"] == "since"


def test_filters_stay_with_the_next_page(as_alice: Client) -> None:
    for ink in (SEVEN, ONE, SEVEN, SEVEN):
        correct(as_alice, keep(as_alice, ink).json()["id"], "7" if ink is SEVEN else "1")
    url: str | None = "/api/v1/drawings?label=7&page_size=2"
    seen: list[str] = []
    while url:
        page = as_alice.get(url).json()
        seen += [item["correction"]["label"] for item in page["results"]]
        url = page["next"]
    assert seen == ["7"] * 3


def test_one_recognizer_is_read_by_its_slug(client: Client) -> None:
    everything = client.get("/api/v1/recognizers").json()["results"]
    assert client.get("/api/v1/recognizers/digits").json() == everything[0]
    assert client.get("/api/v1/recognizers/runes").json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["predict/batch", "corrections", "recognizers/digits"])
def test_a_method_that_is_not_there_names_those_that_are(as_alice: Client, path: str) -> None:
    response = as_alice.delete(f"/api/v1/{path}")
    assert response.status_code == 405
    assert response["Allow"]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+06:00"])
def test_a_moment_that_is_none_in_utc_is_refused(as_alice: Client, moment: str) -> None:
    for name in ("since", "until"):
        refused = as_alice.get("/api/v1/drawings", {name: moment})
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (400, "invalid", name)
