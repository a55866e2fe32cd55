"""A field or a query parameter that does not exist is refused, with the name that was probably meant."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import ApiKey, User
from recognizer.models import Correction, Drawing
from tests.api.test_every_endpoint import DOORS, filled
from tests.api.test_keys import BODY, program
from tests.ink import SEVEN
from tests.people import allow
from tests.recognizer.datasets.conftest import picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


@pytest.fixture
def app(alice: User) -> Client:
    """A program that may use every address."""
    allow(alice, "review_drawings")
    return program(alice, *ApiKey.Scope.values)


def post(app: Client, path: str, body: Any, method: str = "POST") -> Any:
    return app.generic(method, f"/api/v1/{path}", json.dumps(body), "application/json")


def refused(answer: Any) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.json()["field"]


def test_no_address_takes_a_query_parameter_that_does_not_exist(app: Client) -> None:
    taken = []
    for address, method in DOORS:
        body = (picture(), "image/png") if "picture" in address else (b"{}", "application/json")
        answer = app.generic(method, filled(address, uuid4()) + "?sinse=1", *body)
        if refused(answer) != (400, "unknown_field", "sinse"):
            taken.append((address, method, answer.status_code))
    assert not taken


@pytest.mark.parametrize(
    ("path", "body", "meant"),
    [
        ("predict", {**BODY, "topK": 3}, "top_k"),
        ("predict", {**BODY, "top-k": 3}, "top_k"),
        ("predict", {"recogniser": "digits", "ink": SEVEN}, "recognizer"),
        ("predict", {**BODY, "treshold": 0.5}, "threshold"),
        ("predict/batch", {"recognizer": "digits", "item": [{"ink": SEVEN}]}, "items"),
        ("drawings", {**BODY, "personnal": True}, "personal"),
        ("exports", {"format": "csv", "states": ["accepted"]}, "status"),
    ],
)
def test_a_field_that_does_not_exist_is_refused_with_the_nearest_one(
    app: Client, path: str, body: dict[str, Any], meant: str
) -> None:
    answer = post(app, path, body)
    assert refused(answer)[:2] == (400, "unknown_field")
    assert answer.json()["field"] in body
    assert f"`{meant}`?" in answer.json()["detail"]


def test_a_field_without_a_similar_one_is_refused_too(app: Client) -> None:
    answer = post(app, "predict", {**BODY, "colour": "red"})
    assert refused(answer) == (400, "unknown_field", "colour")
    assert "?" not in answer.json()["detail"]


def test_labels_and_feedback_take_only_their_own_fields(app: Client) -> None:
    saved = post(app, "drawings", BODY).json()["id"]
    assert refused(post(app, f"predictions/{saved}/feedback", {"label": "7", "note": ""}))[2] == "note"
    assert refused(post(app, f"predictions/{saved}/feedback", {"correct": True, "note": ""}))[2] == "note"
    assert refused(post(app, f"drawings/{saved}/correction", {"label": "7", "by": "me"}, "PUT"))[2] == "by"
    assert not Correction.objects.exists()


def test_saving_takes_no_options_of_answers(app: Client) -> None:
    for name, value in {"top_k": 1, "keep": True, "include": ["raster"], "threshold": 0.5}.items():
        assert refused(post(app, "drawings", {**BODY, name: value})) == (400, "unknown_field", name)
    assert refused(post(app, "drawings?top_k=1", BODY)) == (400, "unknown_field", "top_k")
    assert not Drawing.objects.exists()


def test_the_query_of_a_picture_and_the_fields_of_a_form_are_checked_too(app: Client) -> None:
    def raw(query: str) -> Any:
        return app.post(f"/api/v1/predict?recognizer=digits{query}", picture(), content_type="image/png")

    assert raw("&top_k=1&personal=true&keep=false").status_code == 200
    assert refused(raw("&topk=1")) == (400, "unknown_field", "topk")
    form = {"recognizer": "digits", "image": SimpleUploadedFile("seven.png", picture(), "image/png")}
    assert refused(app.post("/api/v1/predict", {**form, "name": "seven"})) == (400, "unknown_field", "name")


def test_what_belongs_into_the_body_is_refused_in_the_query(app: Client) -> None:
    assert post(app, "predict?top_k=1", BODY).status_code == 200
    assert refused(post(app, "predict?keep=true", BODY)) == (400, "unknown_field", "keep")


def test_an_item_of_a_batch_with_such_a_field_gets_an_error_of_its_own(app: Client) -> None:
    items = [{"ink": SEVEN}, {"ink": SEVEN, "id": "a"}, {"picture": "x"}]
    results = post(app, "predict/batch", {"recognizer": "digits", "items": items}).json()["results"]
    assert [each.get("error", {}).get("code") for each in results] == [None, "unknown_field", "unknown_field"]


def test_what_is_there_twice_is_refused(app: Client) -> None:
    assert refused(app.get("/api/v1/drawings?label=7&label=1")) == (400, "invalid", "label")
    two = app.post("/api/v1/predict/picture?recognizer=digits&image=x", picture(), content_type="image/png")
    assert refused(two) == (400, "invalid", "image")
    form = {"recognizer": ["digits", "digits"], "image": SimpleUploadedFile("seven.png", picture(), "image/png")}
    assert refused(app.post("/api/v1/predict", form)) == (400, "invalid", "recognizer")


@pytest.mark.parametrize("name", ["\ud800", "\u0000", "x" * 100_000, "", "<script>"])
def test_strange_names_are_answered_in_the_same_shape(app: Client, name: str) -> None:
    answer = post(app, "predict", {**BODY, name: 1})
    assert refused(answer)[:2] == (400, "unknown_field")
    assert len(answer.content) < 1000
