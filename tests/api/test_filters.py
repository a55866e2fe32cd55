"""The filters of lists and exports: one form of moments, and an error for what the site does not have."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey, KeyUse, User
from recognizer.models import Drawing, Export, Recognizer
from tests.api.test_keys import BODY, program
from tests.people import allow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
NOON = datetime(2026, 5, 8, 12, tzinfo=UTC)


@pytest.fixture
def app(alice: User) -> Client:
    """A program of a reviewer."""
    allow(alice, "review_drawings")
    return program(alice, *ApiKey.Scope.values)


def refused(answer: Any) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.json()["field"]


def count(app: Client, path: str, **query: str) -> int:
    """How many rows of 8 May at noon the filters leave."""
    answer = app.get(f"/api/v1/{path}", query)
    assert answer.status_code == 200, answer.content
    return sum("2026-05-08" in (row.get("created") or row.get("day")) for row in answer.json()["results"])


def exported(app: Client, **wanted: str) -> tuple[int, bool]:
    """How many drawings an export has, and whether the answer says that the request is deprecated."""
    Export.objects.all().delete()
    answer = app.post("/api/v1/exports", {"format": "csv", **wanted}, content_type="application/json")
    found = answer.json()["total"] if answer.status_code == 201 else 0
    return found, answer.has_header("Deprecation")


@pytest.fixture
def of_noon(app: Client) -> Client:
    """A drawing of noon, and a use of the key on that day."""
    app.post("/api/v1/drawings", BODY, content_type="application/json")
    Drawing.objects.update(created=NOON)
    KeyUse.objects.create(key=ApiKey.objects.get(), day=date(2026, 5, 8), calls=1)
    return app


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-05-08T12:00:00Z", "2026-05-08T12:00:01Z", True),
        ("2026-05-08T14:00:00+02:00", "2026-05-08T23:00:00-05:00", True),
        ("2026-05-08T12:00", "2026-05-09T00:00", True),
        ("2026-05-08", "2026-05-09T00:00:00Z", True),
        ("2026-05-09", "2026-06-01T00:00:00Z", False),
        ("2026-05-01T00:00:00Z", "2026-05-08T00:00:00Z", False),
    ],
)
def test_all_addresses_read_the_same_moments(of_noon: Client, since: str, until: str, found: bool) -> None:
    for path in ("drawings", "usage"):
        assert bool(count(of_noon, path, since=since, until=until)) == found, path
    assert exported(of_noon, since=since, until=until) == (int(found), False)


def test_a_plus_sign_that_was_not_encoded_is_understood(of_noon: Client) -> None:
    assert of_noon.get("/api/v1/drawings?since=2026-05-08T14:00:00+02:00").json()["results"]
    assert not of_noon.get("/api/v1/drawings?since=2026-05-08T12:00:00+00:00&until=2026-05-08T12:00:00Z").json()[
        "results"
    ]


def test_until_a_day_is_before_it(of_noon: Client) -> None:
    for path in ("drawings", "usage"):
        assert count(of_noon, path, until="2026-05-09") == 1
        assert count(of_noon, path, until="2026-05-08") == 0


def test_an_export_until_a_day_still_includes_it_and_says_that_this_is_deprecated(of_noon: Client) -> None:
    assert exported(of_noon, until="2026-05-08") == (1, True)
    assert exported(of_noon, until="2026-05-07") == (0, False)
    assert exported(of_noon, until=" 2026-05-08 ") == (1, True)
    assert exported(of_noon, since="2026-05-08") == (1, False)
    assert exported(of_noon, since=" ", until=" ") == (1, False)  # blank: no filter


@pytest.mark.parametrize("value", ["yesterday", "2026-5-8", "20260508", "2026-05-32", "2026-05-08T", "1746705600", "৮"])
def test_other_forms_are_refused_everywhere(app: Client, value: str) -> None:
    for name in ("since", "until"):
        for path in ("drawings", "usage"):
            assert refused(app.get(f"/api/v1/{path}", {name: value})) == (400, "invalid", name)
        body = {"format": "csv", name: value}
        assert refused(app.post("/api/v1/exports", body, content_type="application/json")) == (400, "invalid", name)


@pytest.mark.parametrize("path", ["drawings", "corrections"])
def test_an_unknown_recognizer_or_label_is_no_empty_list(app: Client, bangla_digits: Recognizer, path: str) -> None:
    def ask(**query: str) -> Any:
        return app.get(f"/api/v1/{path}", query)

    assert refused(ask(recognizer="digit")) == (404, "unknown_recognizer", "recognizer")
    assert "`digits`?" in ask(recognizer="digit").json()["detail"]
    assert refused(ask(label="sevn")) == (400, "unknown_label", "label")
    assert refused(ask(recognizer="bangla-digits", label="umbrella")) == (400, "unknown_label", "label")
    for known in ({"recognizer": "digits"}, {"label": "7"}, {"recognizer": "digits", "label": "7"}):
        assert ask(**known).json() == {"results": [], "next": None}
