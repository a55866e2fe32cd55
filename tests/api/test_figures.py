"""`include=figure`: the figure of the first guess that fits the ink, in the units of the ink."""

from typing import Any

import pytest
from django.test import Client

from ml.bundles.bundle import Bundle
from recognizer.models import Recognizer
from recognizer.registry import install
from tests import small_bundles
from tests.api.test_predict import picture_of_seven
from tests.ink import DOT, ONE, ZERO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shapes")]


@pytest.fixture
def shapes(digits: Recognizer, starter: Bundle) -> None:
    install.install(bundle=small_bundles.shapes(starter))


def predict(client: Client, **body: Any) -> Any:
    body = {"recognizer": "shapes", "include": ["figure"], **body}
    return client.post("/api/v1/predict", body, content_type="application/json")


def test_an_ellipse_comes_with_centre_axes_and_its_outline(client: Client) -> None:
    answer = predict(client, ink=ZERO).json()
    assert answer["guesses"][0]["label"] == "ellipse"
    figure = answer["figure"]
    assert figure["label"] == "ellipse"
    assert figure["values"]["centre"] == pytest.approx([50, 51], abs=4)
    assert figure["values"]["axes"] == pytest.approx([82, 58], abs=8)
    assert abs(figure["values"]["angle"]) == pytest.approx(90, abs=10)
    assert figure["path"].startswith("M")
    assert figure["box"] == pytest.approx([20, 10, 60, 82], abs=6)
    assert 0 < figure["error"] < 0.05


def test_the_figure_is_in_the_units_of_the_ink(client: Client) -> None:
    near, far = (
        predict(client, ink=[[[x * scale + shift for x in axis] for axis in stroke] for stroke in ZERO]).json()
        for scale, shift in ((1, 0), (1000, -5000))
    )
    moved = [place * 1000 - 5000 for place in near["figure"]["values"]["centre"]]
    assert far["figure"]["values"]["centre"] == pytest.approx(moved, abs=50)


def test_a_line_has_two_ends_in_the_direction_of_the_hand(client: Client) -> None:
    figure = predict(client, ink=ONE).json()["figure"]
    assert figure["values"]["ends"] == [pytest.approx([50, 10], abs=0.1), pytest.approx([50, 90], abs=0.1)]


def test_without_being_asked_there_is_no_figure(client: Client) -> None:
    assert "figure" not in predict(client, ink=ZERO, include=["raster"]).json()
    assert {"figure", "raster"} <= {*predict(client, ink=ZERO, include=["raster", "figure"]).json()}


def test_all_recognizers_together_have_it_too(client: Client) -> None:
    answer = predict(client, recognizer="any", ink=ONE).json()
    is_line = answer["guesses"][0]["label"] == "line"
    assert (answer["figure"] or {}).get("label") == ("line" if is_line else None)


def test_a_label_that_is_no_shape_has_no_figure(client: Client) -> None:
    assert predict(client, recognizer="digits", ink=ZERO).json()["figure"] is None


def test_a_dot_has_no_figure(client: Client) -> None:
    answer = predict(client, ink=DOT)
    assert answer.status_code == 200
    assert answer.json()["figure"] is None


def test_a_picture_has_no_figure(client: Client) -> None:
    url = "/api/v1/predict/picture?recognizer=shapes&include=figure"
    answer = client.post(url, picture_of_seven(), content_type="image/png")
    assert answer.status_code == 200
    assert answer.json()["figure"] is None


def test_a_batch_has_no_figures_and_says_so(client: Client) -> None:
    body = {"recognizer": "shapes", "include": ["figure"], "items": [{"ink": ZERO}]}
    answer = client.post("/api/v1/predict/batch", body, content_type="application/json")
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["field"]) == ("invalid", "include")
