"""Drawings whose answer a copy of the model on the author's device gave."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import Drawing, Prediction, Recognizer
from recognizer.registry import promotions
from tests.api.test_keys import program
from tests.api.test_options import two_versions  # noqa: F401 - a fixture
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


def save(client: Client, **fields: Any) -> Any:
    body = {"recognizer": "digits", "ink": SEVEN, **fields}
    return client.post("/api/v1/drawings", body, content_type="application/json")


@pytest.mark.usefixtures("two_versions")
def test_the_answer_is_that_of_the_version_on_the_device_and_marked(as_alice: Client) -> None:
    answer = save(as_alice, on_device=1).json()["prediction"]
    assert (answer["model_version"], answer["on_device"]) == (1, True)
    assert not answer["personal"]["used"]
    kept = Prediction.objects.get()
    assert (kept.model_version.number, kept.on_device) == (1, True)


@pytest.mark.usefixtures("digits")
def test_an_answer_of_the_server_is_not_marked(as_alice: Client) -> None:
    assert save(as_alice).json()["prediction"]["on_device"] is False
    assert not Prediction.objects.get().on_device


def test_a_version_that_was_never_live_is_refused(as_alice: Client, digits: Recognizer, starter: Bundle) -> None:
    promotions.register(recognizer=digits, bundle=starter)
    refused = save(as_alice, on_device=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "version_unavailable")
    assert refused.json()["field"] == "on_device"
    unknown = save(as_alice, on_device=3)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_version")
    assert unknown.json()["field"] == "on_device"
    assert not Drawing.objects.exists()


@pytest.mark.usefixtures("two_versions")
def test_the_memory_of_the_author_is_not_in_an_answer_of_the_device(as_alice: Client, alice: User) -> None:
    for _ in range(3):
        saved = save(as_alice).json()["id"]
        as_alice.put(f"/api/v1/drawings/{saved}/correction", {"label": "1"}, content_type="application/json")
    assert save(as_alice).json()["prediction"]["personal"]["used"]
    assert not save(as_alice, on_device=2).json()["prediction"]["personal"]["used"]


@pytest.mark.usefixtures("two_versions")
def test_a_repetition_saves_it_once_with_the_answer_of_the_first(as_alice: Client) -> None:
    made = str(uuid4())
    assert save(as_alice, id=made, on_device=1).status_code == 201
    again = save(as_alice, id=made)
    assert (again.status_code, again.json()["prediction"]["model_version"]) == (200, 1)
    assert Prediction.objects.count() == 1


@pytest.mark.usefixtures("digits")
def test_what_is_not_saved_has_no_version_of_a_device(client: Client) -> None:
    body = {"recognizer": "digits", "ink": SEVEN, "on_device": 1}
    refused = client.post("/api/v1/predict", body, content_type="application/json")
    assert (refused.status_code, refused.json()["field"]) == (400, "on_device")


@pytest.mark.usefixtures("digits")
def test_a_process_of_the_release_before_can_save_answers_while_a_site_is_upgraded(as_alice: Client) -> None:
    save(as_alice)
    fields = [each for each in Prediction._meta.concrete_fields if each.name not in ("id", "on_device", "drawing")]
    names = ", ".join(str(each.column) for each in fields)
    kept = Prediction.objects.get()
    Drawing.objects.create(author=kept.drawing.author, recognizer=kept.drawing.recognizer, ink=SEVEN)
    new = Drawing.objects.latest("pk").pk
    with connection.cursor() as cursor:  # a release that does not know the column
        cursor.execute(
            f"INSERT INTO recognizer_prediction (drawing_id, {names}) "  # noqa: S608
            f"SELECT %s, {names} FROM recognizer_prediction",
            [new],
        )
    assert [each.on_device for each in Prediction.objects.all()] == [False, False]


@pytest.mark.usefixtures("two_versions")
def test_a_version_on_the_device_and_another_one_of_the_server_cannot_both_answer(as_alice: Client) -> None:
    refused = save(as_alice, on_device=1, as_of=2)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (400, "invalid", "as_of")
    assert not Drawing.objects.exists()
    body = {"recognizer": "digits", "ink": SEVEN, "on_device": 1, "as_of": 1, "keep": True}
    assert as_alice.post("/api/v1/predict", body, content_type="application/json").json()["field"] == "as_of"


@pytest.mark.usefixtures("two_versions")
def test_the_version_on_the_device_comes_before_the_one_that_a_key_is_pinned_to(alice: User) -> None:
    key = program(alice, "drawings", pins={"digits": 2})
    assert save(key, on_device=1).json()["prediction"]["model_version"] == 1
