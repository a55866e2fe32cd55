"""POST /api/v1/predict/batch: many answers at once, and one bad item does not spoil the rest."""

import base64
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.models import Drawing
from tests.api.test_keys import program
from tests.api.test_predict import picture_of_seven, predict
from tests.ink import ONE, SEVEN, ZERO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
PICTURE = "data:image/png;base64," + base64.b64encode(picture_of_seven()).decode()


def ask(client: Client, items: Any, **more: Any) -> Any:
    body = {"recognizer": "digits", "items": items, **more}
    return client.post("/api/v1/predict/batch", body, content_type="application/json")


def test_each_item_is_answered_as_if_it_had_come_alone(client: Client) -> None:
    inks = [SEVEN, ONE, ZERO, SEVEN]
    answer = ask(client, [{"ink": ink} for ink in inks]).json()
    assert (answer["recognizer"], answer["model_version"]) == ("digits", 1)
    for at, (ink, result) in enumerate(zip(inks, answer["results"], strict=True)):
        alone = predict(client, ink=ink).json()
        assert result == {"index": at, "guesses": alone["guesses"], "unsure": alone["unsure"]}
    assert not Drawing.objects.exists()


def test_one_bad_item_does_not_spoil_the_rest(client: Client) -> None:
    broken = {"image": "data:image/png;base64,!"}
    bad: list[Any] = [{"ink": []}, {}, "seven", None, broken, {"ink": [[[1], [float(2)], [3], [4]]]}]
    results = ask(client, [{"ink": SEVEN}, *bad, {"image": PICTURE}]).json()["results"]
    assert [result["index"] for result in results] == list(range(8))
    assert results[0]["guesses"][0]["label"] == results[7]["guesses"][0]["label"] == "7"
    for result in results[1:7]:
        assert set(result) == {"index", "error"}
        assert set(result["error"]) == {"code", "detail", "field", "request_id"}
    codes = [result["error"]["code"] for result in results[1:7]]
    assert codes == ["empty_ink", "missing_field", "missing_field", "missing_field", "invalid_image", "invalid_ink"]


def test_options_go_for_all_items(client: Client) -> None:
    results = ask(client, [{"ink": SEVEN}, {"ink": ONE}], top_k=2, threshold=1, include=["raster"]).json()["results"]
    assert [len(result["guesses"]) for result in results] == [2, 2]
    assert all(result["raster"].startswith("data:image/png;base64,") for result in results)


def test_256_items_are_answered_and_one_more_is_refused(client: Client) -> None:
    results = ask(client, [{"ink": ONE}] * 256).json()["results"]
    assert {result["guesses"][0]["label"] for result in results} == {"1"}
    assert len(results) == 256
    response = ask(client, [{"ink": ONE}] * 257)
    assert (response.status_code, response.json()["code"]) == (400, "too_many_items")


@pytest.mark.parametrize("items", [[], {}, "seven", 7, None])
def test_a_batch_needs_items(client: Client, items: Any) -> None:
    response = ask(client, items)
    assert response.status_code == 400
    assert response.json()["field"] == "items"


def test_each_item_counts_against_the_limit(client: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 5
    assert ask(client, [{"ink": ONE}] * 3).status_code == 200
    assert ask(client, [{"ink": ONE}] * 2).status_code == 200
    assert ask(client, [{"ink": ONE}]).status_code == 429


def test_each_picture_counts_against_the_limit_of_pictures(client: Client, settings: Any) -> None:
    settings.PICTURE_RATE = 2
    assert ask(client, [{"image": PICTURE}] * 3).status_code == 429
    assert ask(client, [{"ink": ONE}] * 3).status_code == 200


def test_what_is_refused_for_its_pictures_takes_nothing_else_away(client: Client, alice: User, settings: Any) -> None:
    settings.PICTURE_RATE, settings.PREDICT_RATE = 2, 10
    app = program(alice)
    refused = ask(app, [{"image": PICTURE}] * 3)
    assert (refused.status_code, refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == (429, "2", "2")
    assert ask(app, [{"ink": ONE}] * 9).status_code == 200  # the refused one counted as one request
    assert app.get("/api/v1/usage").json()["results"][0]["calls"] == 1 + 9 + 1


def test_what_a_person_has_no_more_of_is_not_taken_from_the_rate_of_a_key(alice: User, settings: Any) -> None:
    settings.PREDICT_RATE = 9
    slow, other = program(alice, rate=8), program(alice)
    assert ask(other, [{"ink": ONE}] * 5).status_code == 200
    assert ask(slow, [{"ink": ONE}] * 6).status_code == 429
    assert '"key";r=6;' in ask(slow, [{"ink": ONE}])["RateLimit"]


def test_a_body_over_4_mb_is_not_read(client: Client) -> None:
    body = b'{"recognizer": "digits", "items": [' + b" " * (4 * 1024 * 1024) + b"]}"
    response = client.post("/api/v1/predict/batch", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_the_recognizer_must_be_one(client: Client) -> None:
    response = client.post("/api/v1/predict/batch", {"recognizer": "runes", "items": [1]}, "application/json")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_recognizer")
