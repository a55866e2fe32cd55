"""POST /api/v1/predict: an answer, and nothing is kept."""

import base64
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, ImageDraw

from recognizer.models import Drawing, Prediction
from tests.ink import DOT, ONE, SCRIBBLE, SEVEN, ZERO

pytestmark = pytest.mark.django_db
URL = "/api/v1/predict"


def predict(client: Client, **body: Any) -> Any:
    return client.post(URL, {"recognizer": "digits", **body}, content_type="application/json")


def picture_of_seven(mode: str = "RGB", size: int = 280, paper: Any = "white", pen: Any = "black") -> bytes:
    image = Image.new(mode, (size, size), paper)
    unit = size / 100
    draw = ImageDraw.Draw(image)
    for xs, ys in ((stroke[0], stroke[1]) for stroke in SEVEN):
        points = [(x * unit, y * unit) for x, y in zip(xs, ys, strict=True)]
        draw.line(points, fill=pen, width=int(7 * unit), joint="curve")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(("ink", "label"), [(SEVEN, "7"), (ONE, "1"), (ZERO, "0")])
def test_it_recognises_ink(client: Client, ink: Any, label: str) -> None:
    answer = predict(client, ink=ink).json()
    assert answer["guesses"][0]["label"] == label
    assert answer["unsure"] is False
    assert answer["recognizer"] == "digits"
    assert answer["model_version"] == 1


@pytest.mark.usefixtures("digits")
def test_it_ranks_every_label_with_its_probability(client: Client) -> None:
    guesses = predict(client, ink=SEVEN).json()["guesses"]
    probabilities = [guess["probability"] for guess in guesses]
    assert {guess["label"] for guess in guesses} == set("0123456789")
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0.5 < sum(probabilities) <= 1.001
    assert guesses[0] == {"label": "7", "glyph": "7", "name": "seven", "probability": probabilities[0]}


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("ink", [DOT, SCRIBBLE])
def test_it_is_not_sure_of_a_dot_or_a_scribble(client: Client, ink: Any) -> None:
    assert predict(client, ink=ink).json()["unsure"] is True


@pytest.mark.usefixtures("digits")
def test_it_keeps_nothing_even_for_somebody_signed_in(client: Client, as_alice: Client) -> None:
    predict(client, ink=SEVEN)
    as_alice.post(URL, {"recognizer": "digits", "ink": SEVEN}, content_type="application/json")
    assert not Drawing.objects.exists()
    assert not Prediction.objects.exists()


@pytest.mark.usefixtures("digits")
def test_place_and_size_do_not_change_the_answer(client: Client) -> None:
    moved = [[[x * 13.7 + 900 for x in stroke[0]], [y * 13.7 - 350 for y in stroke[1]]] for stroke in SEVEN]
    assert predict(client, ink=moved).json() == predict(client, ink=SEVEN).json()


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    "colours",
    [
        ("RGB", "white", "black"),
        ("RGB", "black", "yellow"),
        ("RGB", "white", "#808080"),
        ("RGBA", (0, 0, 0, 0), "#FF5733"),
        ("L", 255, 0),
    ],
)
def test_it_recognises_a_picture_whatever_its_colours(client: Client, colours: tuple[str, Any, Any]) -> None:
    mode, paper, pen = colours
    url = "data:image/png;base64," + base64.b64encode(picture_of_seven(mode, 280, paper, pen)).decode()
    answer = predict(client, image=url).json()
    assert answer["guesses"][0]["label"] == "7"


@pytest.mark.usefixtures("digits")
def test_it_recognises_an_uploaded_file(client: Client) -> None:
    file = SimpleUploadedFile("photo.png", picture_of_seven(), "image/png")
    answer = client.post(URL, {"recognizer": "digits", "image": file}).json()
    assert answer["guesses"][0]["label"] == "7"


@pytest.mark.usefixtures("digits")
def test_it_asks_the_database_only_about_the_newest_version(client: Client, django_assert_num_queries: Any) -> None:
    predict(client, ink=SEVEN)
    with django_assert_num_queries(0):
        predict(client, ink=SEVEN)


@pytest.mark.usefixtures("digits")
def test_a_get_is_not_allowed(client: Client) -> None:
    response = client.get(URL)
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"


@pytest.mark.usefixtures("db")
def test_it_says_so_where_no_recognizer_is_installed(client: Client) -> None:
    response = predict(client, ink=SEVEN)
    assert response.status_code == 404
    assert response.json()["code"] == "unknown_recognizer"
