"""What a caller may ask of an answer: fewer guesses, another threshold, a version, what the network saw."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import ModelVersion, Recognizer
from recognizer.registry import promotions, serving
from tests.api.test_keys import program
from tests.api.test_predict import picture_of_seven, predict
from tests.ink import ONE, SEVEN

pytestmark = pytest.mark.django_db
URL = "/api/v1/predict"


@pytest.fixture
def two_versions(digits: Recognizer, starter: Bundle) -> Recognizer:
    """The second one answers."""
    second = promotions.register(recognizer=digits, bundle=starter)
    promotions.promote(version=second, replaces=promotions.current_promotion(digits.pk), reason="The second.")
    serving.clear_cache()
    return digits


@pytest.mark.usefixtures("digits")
def test_it_gives_as_many_guesses_as_are_asked_for(client: Client) -> None:
    everything = predict(client, ink=SEVEN).json()
    first = predict(client, ink=SEVEN, top_k=1).json()
    assert first == everything | {"guesses": everything["guesses"][:1]}
    assert predict(client, ink=SEVEN, top_k=500).json() == everything


@pytest.mark.usefixtures("digits")
def test_the_callers_threshold_decides_what_is_unsure(client: Client) -> None:
    first = predict(client, ink=SEVEN).json()["guesses"][0]["probability"]
    assert predict(client, ink=SEVEN, threshold=0).json()["unsure"] is False
    assert predict(client, ink=SEVEN, threshold=first).json()["unsure"] is False
    assert predict(client, ink=SEVEN, threshold=1).json()["unsure"] is (first < 1)


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("top_k", 0),
        ("top_k", True),
        ("top_k", "3"),
        ("top_k", 10**9),
        ("threshold", 1.01),
        ("threshold", "0.5"),
        ("threshold", False),
        ("as_of", 0),
        ("as_of", 2**40),
        ("as_of", 1.0),
        ("include", ["weights"]),
        ("include", 7),
        ("include", [["raster"]]),
        ("keep", 1),
    ],
)
def test_an_option_of_another_form_is_refused_by_its_name(client: Client, field: str, value: Any) -> None:
    response = predict(client, ink=SEVEN, **{field: value})
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (400, "invalid", field)


@pytest.mark.usefixtures("digits")
def test_the_curious_see_what_the_network_saw(client: Client) -> None:
    answer = predict(client, ink=SEVEN, include=["raster", "embedding"]).json()
    assert len(answer["embedding"]) == 128
    kind, _, data = answer["raster"].partition(",")
    raster = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert (kind, raster.shape) == ("data:image/png;base64", (28, 28))
    active = serving.live_version("digits")
    again = active.predictor.predict(raster[None])
    assert float(again.probabilities[0].max()) == pytest.approx(answer["guesses"][0]["probability"], abs=1e-4)
    assert np.allclose(again.embeddings[0], answer["embedding"], atol=1e-4)


def test_a_version_that_answered_before_can_be_asked_by_its_number(client: Client, two_versions: Recognizer) -> None:
    assert [predict(client, ink=SEVEN, as_of=n).json()["model_version"] for n in (1, 2, 1)] == [1, 2, 1]
    assert predict(client, ink=SEVEN).json()["model_version"] == 2


def test_a_version_that_is_not_there_is_said_to_be_missing(client: Client, two_versions: Recognizer) -> None:
    response = predict(client, ink=SEVEN, as_of=7)
    assert (response.status_code, response.json()["code"]) == (404, "unknown_version")
    assert response.json()["field"] == "as_of"


def test_a_version_that_never_answered_or_is_broken_does_not_answer(
    client: Client, two_versions: Recognizer, starter: Bundle
) -> None:
    promotions.register(recognizer=two_versions, bundle=starter)
    response = predict(client, ink=SEVEN, as_of=3)
    assert (response.status_code, response.json()["code"]) == (409, "version_unavailable")
    ModelVersion.objects.filter(number=1).update(tflite=b"half of it")
    assert predict(client, ink=SEVEN, as_of=1).json()["code"] == "version_unavailable"
    assert predict(client, ink=SEVEN).status_code == 200


def test_a_key_keeps_to_the_version_it_is_pinned_to(alice: User, two_versions: Recognizer) -> None:
    pinned = program(alice, "predict", "drawings", pins={"digits": 1})
    assert predict(pinned, ink=SEVEN).json()["model_version"] == 1
    assert predict(pinned, ink=SEVEN, as_of=2).json()["model_version"] == 2
    batch = {"recognizer": "digits", "items": [{"ink": SEVEN}]}
    assert pinned.post(f"{URL}/batch", batch, content_type="application/json").json()["model_version"] == 1
    kept = pinned.post("/api/v1/drawings", {"recognizer": "digits", "ink": ONE}, content_type="application/json")
    assert kept.json()["prediction"]["model_version"] == 1


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/x-whatever"])
def test_a_body_may_be_the_picture_itself(client: Client, kind: str) -> None:
    response = client.post(f"{URL}?recognizer=digits&top_k=2&threshold=0.1", picture_of_seven(), content_type=kind)
    assert response.status_code == 200
    assert response.json()["guesses"][0]["label"] == "7"
    assert len(response.json()["guesses"]) == 2


@pytest.mark.usefixtures("digits")
def test_a_picture_as_a_body_is_kept_likewise(as_alice: Client) -> None:
    response = as_alice.post("/api/v1/drawings?recognizer=digits", picture_of_seven(), content_type="image/png")
    assert response.status_code == 201
    assert response.json()["image"]


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("kind", ["application/octet-stream", "image/png", "image/x-whatever"])
@pytest.mark.parametrize(("path", "status"), [("predict/picture", 200), ("pictures", 201)])
def test_a_picture_has_an_address_of_its_own(as_alice: Client, kind: str, path: str, status: int) -> None:
    response = as_alice.post(f"/api/v1/{path}?recognizer=digits", picture_of_seven(), content_type=kind)
    assert (response.status_code, response.has_header("Deprecation")) == (status, False)
    assert as_alice.post(f"/api/v1/{path}?recognizer=digits", {"ink": SEVEN}, "application/json").status_code == 415
    assert as_alice.post(f"/api/v1/{path}", picture_of_seven(), content_type=kind).json()["field"] == "recognizer"
    for method in ("GET", "PUT", "TRACE"):
        assert as_alice.generic(method, "/api/v1/pictures?recognizer=digits").status_code == 405


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(("old", "new"), [("predict", "predict/picture"), ("drawings", "pictures")])
def test_the_old_ways_to_send_a_picture_work_and_name_the_new_one(as_alice: Client, old: str, new: str) -> None:
    form = {"recognizer": "digits", "image": SimpleUploadedFile("seven.png", picture_of_seven(), "image/png")}
    address = f"/api/v1/{old}?recognizer=digits"
    for response in (
        as_alice.post(f"/api/v1/{old}", form),
        as_alice.post(address, picture_of_seven(), content_type="image/png"),
    ):
        assert response.status_code in (200, 201)
        assert response["Deprecation"].startswith("@")
        assert response["Link"] == f'</api/v1/{new}>; rel="successor-version"'
    response = as_alice.post(address, {"ink": SEVEN}, content_type="application/json")
    assert not response.has_header("Deprecation")


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("query", ["include=raster,embedding", "include=raster&include=embedding"])
def test_names_of_extras_are_separated_by_commas_or_sent_one_by_one(client: Client, query: str) -> None:
    address = f"/api/v1/predict/picture?recognizer=digits&{query}"
    answer = client.post(address, picture_of_seven(), content_type="application/octet-stream").json()
    assert {"raster", "embedding"} <= set(answer)


@pytest.mark.usefixtures("digits")
def test_what_is_no_picture_is_refused_whatever_it_says_it_is(client: Client) -> None:
    response = client.post(f"{URL}?recognizer=digits", b"%PDF-1.7", content_type="image/png")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_image")
    assert client.post(URL, picture_of_seven(), content_type="image/png").json()["field"] == "recognizer"
    assert client.post(f"{URL}?recognizer=digits", b"\0" * 5_000_001, content_type="image/png").status_code == 413
    assert client.post(f"{URL}?recognizer=digits", b"x", content_type="application/pdf").status_code == 415


@pytest.mark.usefixtures("digits")
def test_a_form_takes_the_same_options_as_texts(client: Client) -> None:
    file = SimpleUploadedFile("seven.png", picture_of_seven(), "image/png")
    form = {"recognizer": "digits", "image": file, "top_k": "1", "threshold": "0.99999", "include": "raster"}
    answer = client.post(URL, form).json()
    assert (len(answer["guesses"]), "raster" in answer) == (1, True)
    file.seek(0)
    assert client.post(URL, {**form, "threshold": "nan"}).json()["field"] == "threshold"


def ask(client: Client, query: str, **body: Any) -> Any:
    return client.post(f"{URL}?{query}", body, content_type="application/json")


@pytest.mark.usefixtures("digits")
def test_what_the_body_leaves_out_may_stand_in_the_address(client: Client) -> None:
    answer = ask(client, "recognizer=digits&top_k=2&include=raster", ink=SEVEN).json()
    assert (len(answer["guesses"]), "raster" in answer) == (2, True)
    form = {"image": SimpleUploadedFile("seven.png", picture_of_seven(), "image/png")}
    assert len(client.post(f"{URL}?recognizer=digits&top_k=1", form).json()["guesses"]) == 1


def test_the_body_has_the_last_word(client: Client, two_versions: Recognizer) -> None:
    query = "recognizer=nothing&top_k=2&as_of=1&threshold=1"
    said = {"recognizer": "digits", "top_k": 3, "as_of": 2, "threshold": 0}
    answer = ask(client, query, ink=SEVEN, **said).json()
    assert (len(answer["guesses"]), answer["model_version"], answer["unsure"]) == (3, 2, False)


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(("top_k=0", "top_k"), ("top_k=many", "top_k"), ("threshold=2", "threshold"), ("as_of=0", "as_of")),
        *(("as_of=true", "as_of"), ("recognizer=%20", "recognizer"), ("include=secrets", "include")),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/drawings"])
def test_what_is_wrong_in_the_address_is_refused_whatever_the_body_says(
    as_alice: Client, path: str, query: str, field: str
) -> None:
    options = {"top_k": 1, "threshold": 0.5} if path.endswith("predict") else {}
    body = {"recognizer": "digits", "ink": SEVEN, "as_of": 1, **options}
    answer = as_alice.post(f"{path}?{query}", body, content_type="application/json")
    code = "invalid" if options or field in ("as_of", "recognizer") else "unknown_field"
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, code, field)
