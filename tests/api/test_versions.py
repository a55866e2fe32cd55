"""Model versions and their files: what a device needs to answer by itself."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from inkling_client import raster
from ml.bundles.bundle import Bundle
from ml.bundles.predictor import Predictor
from recognizer.models import ModelVersion, Recognizer, TrainingRun
from recognizer.registry import pinned, promotions, serving
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
def test_files_are_for_everybody_but_keys_that_may_not_read_models(client: Client, alice: User) -> None:
    for path in ("model", "model.tflite", "versions/1/model", "versions/1/model.tflite"):
        answer = client.get(f"{ROOT}/{path}")
        assert answer.status_code == 200
        assert "public" in answer["Cache-Control"]
        assert "Cookie" not in answer.get("Vary", "")
        assert program(alice, "predict").get(f"{ROOT}/{path}").json()["code"] == "scope_missing"


@pytest.mark.usefixtures("two_versions")
def test_golden_vectors_are_what_the_version_draws_and_answers(client: Client, app: Client) -> None:
    told = client.get(f"{ROOT}/vectors").json()
    model = app.get(f"{ROOT}/model").json()
    assert client.get(model["vectors"]).json() == told
    shared = ("recognizer", "model_version", "sha256", "preprocess_version", "raster")
    assert {name: told[name] for name in shared} == {name: model[name] for name in shared}
    assert told["labels"] == [label["slug"] for label in model["labels"]]
    size = told["raster"]["size"]
    rasters = np.stack([np.frombuffer(base64.b64decode(each["raster"]), np.uint8) for each in told["vectors"]])
    rasters = rasters.reshape(-1, size, size)
    inks = [each["ink"] for each in told["vectors"]]
    np.testing.assert_array_equal(rasters, [raster.rasterise(ink, **told["raster"]) for ink in inks])
    predictor = Predictor(app.get(f"{ROOT}/model.tflite").content, len(told["labels"]))
    answers = [each["probabilities"] for each in told["vectors"]]
    np.testing.assert_allclose(predictor.predict(rasters).probabilities, answers, atol=1e-4)
    guesses = {each["name"]: (each["guess"], each["unsure"]) for each in told["vectors"]}
    assert guesses["the digit 7"] == ("7", False)
    assert guesses["256 strokes"][1]


@pytest.mark.usefixtures("two_versions")
def test_golden_vectors_may_be_cached_by_anybody(client: Client) -> None:
    first = client.get(f"{ROOT}/versions/1/vectors")
    assert "public" in first["Cache-Control"]
    assert "immutable" in first["Cache-Control"]
    assert client.get(f"{ROOT}/vectors")["Cache-Control"] == "public, no-cache"
    again = client.get(f"{ROOT}/versions/1/vectors", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert (again["Model-Version"], first["Model-Version"]) == ("1", "1")
    assert client.get(f"{ROOT}/vectors")["ETag"] != first["ETag"]


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


@pytest.mark.usefixtures("two_versions")
def test_live_versions_are_told_to_everybody_in_a_few_bytes(client: Client, digits: Recognizer) -> None:
    answer = client.get("/api/v1/live-versions")
    live = digits.versions.get(number=2)
    assert answer.json()["results"] == [{"recognizer": "digits", "model_version": 2, "sha256": live.sha256}]
    assert "public" in answer["Cache-Control"]
    assert "Cookie" not in answer.get("Vary", "")
    again = client.get("/api/v1/live-versions", headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_promotion_is_in_the_header_of_every_answer(
    client: Client, digits: Recognizer, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LOOK_EVERY", 0)
    client.get(f"{ROOT}/model")
    assert client.get("/api/v1/recognizers")["Live-Versions"] == "digits=1"
    second = promotions.register(recognizer=digits, bundle=starter)
    promotions.promote(version=second, replaces=promotions.current_promotion(digits.pk), reason="Test.")
    client.get("/api/v1/live-versions")
    assert client.get("/api/v1/usage")["Live-Versions"] == "digits=2"


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("name", ["model", "model.tflite", "vectors"])
def test_what_caches_keep_for_ever_does_not_say_what_was_live_then(client: Client, name: str) -> None:
    assert client.get(f"{ROOT}/{name}")["Live-Versions"] == "digits=1"
    answer = client.get(f"{ROOT}/versions/1/{name}")
    assert "immutable" in answer["Cache-Control"]
    assert "Live-Versions" not in answer


@pytest.mark.usefixtures("digits")
def test_a_process_that_has_not_checked_for_long_tells_no_live_versions(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/api/v1/live-versions")
    assert "Live-Versions" in client.get("/api/v1/recognizers")
    monkeypatch.setattr(serving, "KNOWN_FOR", -1)
    assert "Live-Versions" not in client.get("/api/v1/recognizers")


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The promotions whose versions this process loads from now on."""
    asked: list[int] = []
    load = serving.load_version

    def note(promotion: int) -> serving.LiveVersion:
        asked.append(promotion)
        return load(promotion)

    monkeypatch.setattr(serving, "load_version", note)
    return asked


@pytest.mark.usefixtures("two_versions")
@pytest.mark.parametrize("name", ["model", "model.tflite"])
def test_files_of_an_old_version_are_served_without_loading_it(client: Client, loaded: list[int], name: str) -> None:
    client.get(f"{ROOT}/model")  # the live version is loaded
    loaded.clear()
    path = f"{ROOT}/versions/1/{name}"
    whole = client.get(path)
    assert whole.status_code == 200
    assert client.get(path, headers={"if-none-match": whole["ETag"]}).status_code == 304
    head = client.head(path)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", whole["ETag"])
    assert int(head["Content-Length"]) == len(whole.content)
    assert loaded == []


@pytest.mark.usefixtures("two_versions")
def test_golden_vectors_of_an_old_version_are_computed_once(client: Client, loaded: list[int]) -> None:
    client.get(f"{ROOT}/model")
    loaded.clear()
    path = f"{ROOT}/versions/1/vectors"
    first = client.get(path)
    assert len(loaded) == 1
    pinned.clear_cache()  # as in another process
    assert client.get(path).json() == first.json()
    assert client.get(path, headers={"if-none-match": first["ETag"]}).status_code == 304
    assert len(loaded) == 1


@pytest.mark.usefixtures("two_versions")
def test_a_version_that_is_loaded_answers_while_another_one_is_being_loaded(
    digits: Recognizer, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = promotions.register(recognizer=digits, bundle=starter)
    promotions.promote(version=third, replaces=promotions.current_promotion(digits.pk), reason="The third.")
    serving.clear_cache()
    held = pinned.pinned_version("digits", 1)

    def load(_promotion: int) -> serving.LiveVersion:
        with ThreadPoolExecutor(1) as other:  # while this one is being loaded
            assert other.submit(pinned._pinned._held, "digits", 1).result(timeout=10) is held
        return held

    monkeypatch.setattr(serving, "load_version", load)
    assert pinned.pinned_version("digits", 2) is held
