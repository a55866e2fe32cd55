"""Model versions and their files: what a device needs to answer by itself."""

import hashlib
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.bundles.predictor import Predictor
from recognizer.models import ModelVersion, Recognizer, TrainingRun
from recognizer.registry import promotions
from tests.api.test_keys import program
from tests.api.test_options import two_versions  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/recognizers/digits"


@pytest.fixture
def app(alice: User) -> Client:
    """A device of alice's."""
    return program(alice, "models:read")


@pytest.mark.usefixtures("two_versions")
def test_versions_are_listed_with_what_they_measured(client: Client) -> None:
    second, first = client.get(f"{ROOT}/versions").json()["results"]
    assert [(each["number"], each["active"]) for each in (second, first)] == [(2, True), (1, False)]
    assert first["metrics"]["MNIST test"]["accuracy"] > 0.99
    assert first["first_answered"] < second["first_answered"]
    assert first["bytes"] > 100_000
    assert first["verdict"] is None
    assert [each["number"] for each in client.get(f"{ROOT}/versions?page_size=1").json()["results"]] == [2]


def test_a_version_tells_its_card_and_its_verdict(client: Client, digits: Recognizer) -> None:
    verdict = {"outcome": "passed", "sentences": ["Field test: better."], "figures": {"secret": 1}}
    TrainingRun.objects.create(
        recognizer=digits,
        version=digits.versions.get(),
        state=TrainingRun.State.PASSED,
        trigger="By hand.",
        verdict=verdict,
        finished=timezone.now(),
    )
    told = client.get(f"{ROOT}/versions/1").json()
    assert told["verdict"] == {"outcome": "passed", "sentences": ["Field test: better."]}
    assert told["labels"] == list("0123456789")
    assert told["card"]["limits"]


def test_versions_that_never_answered_can_be_left_out(client: Client, digits: Recognizer, starter: Bundle) -> None:
    promotions.register(recognizer=digits, bundle=starter)

    def numbers(query: str) -> list[int]:
        return [each["number"] for each in client.get(f"{ROOT}/versions{query}").json()["results"]]

    assert (numbers(""), numbers("?answered=true"), numbers("?answered=false")) == ([2, 1], [1], [2])


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("number", ["2", "0", "99999999999999999999999"])
def test_a_version_that_is_not_there_is_a_404(client: Client, app: Client, number: str) -> None:
    assert client.get(f"{ROOT}/versions/{number}").status_code == 404
    assert app.get(f"{ROOT}/versions/{number}/model").status_code == 404
    assert app.get(f"{ROOT}/versions/{number}/model.tflite").status_code == 404


@pytest.mark.usefixtures("two_versions")
def test_a_device_gets_the_file_that_answers_and_all_it_needs_to_use_it(app: Client) -> None:
    told = app.get(f"{ROOT}/model").json()
    file = app.get(f"{ROOT}/model.tflite")
    assert told["model_version"] == 2
    assert file["Model-Version"] == "2"
    assert file["ETag"] == f'"{told["sha256"]}"'
    assert hashlib.sha256(file.content).hexdigest() == told["sha256"]
    assert len(file.content) == told["bytes"]
    predictor = Predictor(file.content, len(told["labels"]))
    assert told["input"]["shape"] == [1, predictor.size, predictor.size, 1]
    blank = predictor.predict(np.zeros((1, told["raster"]["size"], told["raster"]["size"]), np.uint8))
    assert blank.probabilities.max() < told["unsure_below"]
    assert app.get(told["file"]).content == file.content


@pytest.mark.usefixtures("two_versions")
def test_a_device_that_has_the_file_is_not_sent_it_again(app: Client) -> None:
    first = app.get(f"{ROOT}/model.tflite")
    again = app.get(f"{ROOT}/model.tflite", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Model-Version"] == "2"
    assert "no-cache" in again["Cache-Control"]
    assert "immutable" in app.get(f"{ROOT}/versions/1/model.tflite")["Cache-Control"]
    assert app.get(f"{ROOT}/versions/1/model").json()["model_version"] == 1


def test_a_file_that_never_answered_is_not_given_away(app: Client, digits: Recognizer, starter: Bundle) -> None:
    promotions.register(recognizer=digits, bundle=starter)
    response = app.get(f"{ROOT}/versions/2/model.tflite")
    assert (response.status_code, response.json()["code"]) == (409, "version_unavailable")


@pytest.mark.usefixtures("digits")
def test_files_are_for_people_and_keys_that_may_read_models(client: Client, alice: User) -> None:
    for path in ("model", "model.tflite", "versions/1/model", "versions/1/model.tflite"):
        assert client.get(f"{ROOT}/{path}").status_code == 401
        assert program(alice, "predict").get(f"{ROOT}/{path}").json()["code"] == "scope_missing"


def test_a_recognizer_without_a_model_says_so(app: Client) -> None:
    Recognizer.objects.create(slug="runes", name="Runes")
    assert app.get("/api/v1/recognizers/runes/model").json()["code"] == "no_model"
    assert app.get("/api/v1/recognizers/runes/versions").json() == {"results": [], "next": None}
    assert app.get("/api/v1/recognizers/elvish/model").json()["code"] == "unknown_recognizer"


@pytest.mark.usefixtures("digits")
def test_a_list_of_many_versions_asks_no_more_queries(
    client: Client, starter: Bundle, django_assert_num_queries: Any
) -> None:
    digits = Recognizer.objects.get()
    ModelVersion.objects.bulk_create(
        ModelVersion(recognizer=digits, number=n, manifest=starter.manifest, tflite=b"x", keras=b"x", sha256="0" * 64)
        for n in range(2, 12)
    )
    with django_assert_num_queries(2):
        assert len(client.get(f"{ROOT}/versions").json()["results"]) == 11
