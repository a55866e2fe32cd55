"""A kept answer, and what its person says of it: the same correction that the site's pages make."""

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.models import Correction, Drawing, QueueEntry, Review
from recognizer.review import decisions
from tests.api.errors import said
from tests.api.test_keys import program
from tests.ink import ONE, SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


def keep(client: Client, ink: Any = SEVEN, **more: Any) -> Any:
    body = {"recognizer": "digits", "ink": ink, "keep": True, **more}
    return client.post("/api/v1/predict", body, content_type="application/json")


def say(client: Client, prediction: str, **body: Any) -> Any:
    return client.post(f"/api/v1/predictions/{prediction}/feedback", body, content_type="application/json")


@pytest.fixture
def app(alice: User) -> Client:
    """A program of alice's that asks and says what was right."""
    return program(alice, "predict", "feedback")


def test_a_program_says_what_was_right_and_it_waits_for_a_review(app: Client, alice: User) -> None:
    answer = keep(app).json()
    assert answer["guesses"][0]["label"] == "7"
    response = say(app, answer["prediction"], label="1")
    assert response.status_code == 200
    said = response.json()["correction"]
    assert (said["label"], said["agrees"]) == ("1", False)
    place = QueueEntry.objects.get(correction__drawing__author=alice)
    assert (place.waits, place.label.slug) == (True, "1")


def test_that_the_answer_was_right_is_a_correction_too(app: Client) -> None:
    answer = keep(app).json()
    assert say(app, answer["prediction"], correct=True).json()["correction"]["agrees"] is True
    assert Correction.objects.get().label.slug == "7"  # type: ignore[union-attr]


def test_saying_it_again_changes_nothing(app: Client) -> None:
    answer = keep(app).json()
    assert say(app, answer["prediction"], label="1").json() == say(app, answer["prediction"], label="1").json()
    assert Correction.objects.count() == 1


def test_that_no_label_is_right_is_a_correction_that_nobody_reviews(app: Client) -> None:
    answer = keep(app).json()
    said = say(app, answer["prediction"], none_of_these=True).json()["correction"]
    assert (said["label"], said["none_of_these"]) == (None, True)
    assert not QueueEntry.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"correct": False}, {"correct": 1.5}, {"correct": True, "label": "7"}),
        *({"correct": True, "none_of_these": True}, {"none_of_these": True, "label": "7"}),
    ],
)
def test_feedback_says_a_label_or_that_it_was_right(app: Client, body: dict[str, Any]) -> None:
    assert say(app, keep(app).json()["prediction"], **body).status_code == 400
    assert not Correction.objects.exists()


def test_a_field_that_is_null_counts_as_left_out(app: Client) -> None:
    prediction = keep(app).json()["prediction"]
    assert say(app, prediction, label="1", correct=None).json()["correction"]["label"] == "1"
    assert say(app, prediction, correct=True, label=None, none_of_these=None).json()["correction"]["agrees"] is True
    refused = say(app, prediction, corect=True).json()
    assert (refused["code"], refused["field"]) == ("unknown_field", "corect")
    assert "`correct`?" in refused["detail"]


def test_a_label_that_is_none_is_told_so(app: Client) -> None:
    response = say(app, keep(app).json()["prediction"], label="eleven")
    assert (response.status_code, response.json()["code"]) == (400, "unknown_label")


def test_a_kept_answer_can_be_read_again_with_what_was_said(app: Client) -> None:
    answer = keep(app, top_k=1).json()
    again = app.get(f"/api/v1/predictions/{answer['prediction']}").json()
    assert again["correction"] is None
    assert again["guesses"][:1] == answer["guesses"]
    say(app, answer["prediction"], correct=True)
    assert app.get(f"/api/v1/predictions/{answer['prediction']}").json()["correction"]["label"] == "7"


def test_nothing_is_kept_of_a_stranger_or_without_the_scope_or_without_consent(client: Client, alice: User) -> None:
    assert keep(client).status_code == 401
    missing = keep(program(alice, "predict"))
    assert (missing.status_code, missing.json()["code"]) == (403, "scope_missing")
    User.objects.update(consented_at=None)
    refused = keep(program(alice, "predict", "feedback"))
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_required")
    assert not Drawing.objects.exists()


def test_who_withdrew_their_consent_teaches_nothing_more(app: Client) -> None:
    answer = keep(app).json()
    User.objects.update(consented_at=None)
    assert say(app, answer["prediction"], label="1").json()["code"] == "consent_required"
    assert not Correction.objects.exists()


def test_anothers_answer_is_not_there(app: Client, bob: User) -> None:
    theirs = keep(program(bob)).json()["prediction"]
    nobodys = str(uuid.uuid4())
    assert said(say(app, theirs, label="1")) == said(say(app, nobodys, label="1"))
    assert app.get(f"/api/v1/predictions/{theirs}").status_code == 404


def test_a_repeated_id_keeps_one_drawing(app: Client) -> None:
    made = str(uuid.uuid4())
    assert keep(app, id=made).json() == keep(app, id=made).json()
    assert Drawing.objects.count() == 1


def test_what_is_kept_comes_without_extras(app: Client) -> None:
    assert keep(app, include=["raster"]).json()["field"] == "keep"
    assert not Drawing.objects.exists()


def test_ones_corrections_are_listed_with_what_became_of_them(alice: User, bob: User) -> None:
    app = program(alice)
    ids = [keep(app, ink).json()["prediction"] for ink in (SEVEN, ONE)]
    say(app, ids[0], correct=True)
    say(app, ids[1], label="7")
    decisions.reject(
        correction=Correction.objects.get(drawing__uuid=ids[1]), reviewer=bob, reason=Review.Reason.SCRIBBLE
    )
    listed = app.get("/api/v1/corrections").json()
    assert [(item["drawing"], item["label"]) for item in listed["results"]] == [(ids[1], "7"), (ids[0], "7")]
    assert listed["results"][0]["review"]["decision"] == "rejected"
    assert listed["results"][1]["review"] is None

    def found(query: str) -> list[str]:
        return [item["drawing"] for item in app.get(f"/api/v1/corrections?{query}").json()["results"]]

    assert found("review=waiting") == [ids[0]]
    assert found("review=rejected") == [ids[1]]
    assert found("label=1") == []
    assert found("recognizer=digits&page_size=1") == [ids[1]]
    assert app.get("/api/v1/corrections?review=perhaps").status_code == 400
    assert program(bob).get("/api/v1/corrections").json()["results"] == []


def test_one_correction_can_be_read(alice: User) -> None:
    app = program(alice)
    made = keep(app).json()["prediction"]
    assert app.get(f"/api/v1/drawings/{made}/correction").status_code == 404
    say(app, made, correct=True)
    assert app.get(f"/api/v1/drawings/{made}/correction").json()["label"] == "7"
