"""Rate limits let exactly as many through as they say, whoever hurries."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.api.test_predict import picture_of_seven
from tests.ink import SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


@pytest.fixture(autouse=True)
def _stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.api.limits.time.time", lambda: 1_000_000_010.0)


def predict(client: Client, **headers: str) -> Any:
    body = {"recognizer": "digits", "ink": SEVEN}
    return client.post("/api/v1/predict", body, content_type="application/json", **headers)  # type: ignore[arg-type]


def test_the_request_over_the_limit_is_told_when_to_come_back(client: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 3
    assert [predict(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    response = predict(client)
    assert response.json()["code"] == "throttled"
    assert 0 < int(response["Retry-After"]) <= 60


def test_the_next_minute_counts_anew(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PREDICT_RATE = 1
    assert [predict(client).status_code for _ in range(2)] == [200, 429]
    monkeypatch.setattr("recognizer.api.limits.time.time", lambda: 1_000_000_070.0)
    assert predict(client).status_code == 200


def test_people_are_counted_apart(client: Client, as_alice: Client, as_bob: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 1
    assert [predict(who).status_code for who in (client, as_alice, as_bob)] == [200, 200, 200]
    assert [predict(who).status_code for who in (client, as_alice, as_bob)] == [429, 429, 429]


def test_a_made_up_forwarded_address_does_not_help(client: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 1
    answers = [predict(client, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code for n in range(3)]
    assert answers == [200, 429, 429]


def test_only_writing_is_counted_for_drawings(as_alice: Client, settings: Any) -> None:
    settings.DRAWING_RATE = 1
    body = {"recognizer": "digits", "ink": SEVEN}

    def keep() -> int:
        return as_alice.post("/api/v1/drawings", body, content_type="application/json").status_code

    assert [as_alice.get("/api/v1/drawings").status_code for _ in range(3)] == [200] * 3
    assert [keep(), keep()] == [201, 429]


def test_pictures_have_a_limit_of_their_own_and_ink_goes_on(client: Client, settings: Any) -> None:
    settings.PICTURE_RATE = 1
    url = "data:image/png;base64," + base64.b64encode(picture_of_seven()).decode()
    body = {"recognizer": "digits", "image": url}
    answers = [client.post("/api/v1/predict", body, content_type="application/json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1]["Retry-After"]
    assert predict(client).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_exactly_the_limit_passes_under_sixteen_threads(settings: Any, digits: Any) -> None:
    settings.PREDICT_RATE = 20

    def hurry(_: int) -> int:
        try:
            return predict(Client()).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(hurry, range(120)))
    assert statuses.count(200) == 20
    assert statuses.count(429) == 100
