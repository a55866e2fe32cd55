"""Rate limits let exactly as many through as they say, whoever hurries."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from accounts import keys
from accounts.models import User
from recognizer.api.base import Endpoint
from recognizer.api.throttling import PredictLimit, check_batch
from tests.api.test_keys import program
from tests.api.test_predict import picture_of_seven
from tests.ink import SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


@pytest.fixture(autouse=True)
def _stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.api.throttling.time.time", lambda: 1_000_000_010.0)


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
    monkeypatch.setattr("recognizer.api.throttling.time.time", lambda: 1_000_000_070.0)
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


def test_a_person_saves_only_so_many_drawings_on_a_day(
    alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DRAWINGS_PER_DAY = 2
    browser = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": "a" * 32})
    browser.force_login(alice)
    browser.cookies["csrftoken"] = "a" * 32
    once = "7a3f0c1e-9f0e-4d0a-8e0f-1f2b7a6d4c11"

    def save(path: str = "drawings", **more: Any) -> Any:
        body = {"recognizer": "digits", "ink": SEVEN, **more}
        return browser.post(f"/api/v1/{path}", body, content_type="application/json")

    # What saves nothing is not counted: a repetition, and what is refused.
    codes = [save(id=once).status_code, save(id=once).status_code, save(ink=[]).status_code]
    assert codes == [201, 200, 400]
    assert save("predict", keep=True).status_code == 200
    refused = [save(), save("predict", keep=True), save("predict", keep=True, id=once)]
    assert [response.status_code for response in refused] == [429] * 3
    assert {response.json()["code"] for response in refused} == {"daily_limit"}
    assert int(refused[0]["Retry-After"]) == 86_400 - 1_000_000_010 % 86_400
    assert '"day";q=2;w=86400' in refused[0]["RateLimit-Policy"]
    assert save("predict").status_code == 200
    assert alice.drawings.count() == 2
    monkeypatch.setattr("recognizer.api.throttling.time.time", lambda: 1_000_000_010.0 + 86_400)
    assert save().status_code == 201


def test_pictures_have_a_limit_of_their_own_and_ink_goes_on(client: Client, settings: Any) -> None:
    settings.PICTURE_RATE = 1
    url = "data:image/png;base64," + base64.b64encode(picture_of_seven()).decode()
    body = {"recognizer": "digits", "image": url}
    answers = [client.post("/api/v1/predict", body, content_type="application/json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1]["Retry-After"]
    assert predict(client).status_code == 200


def limits_of(answer: Any) -> tuple[str, str, str]:
    return answer["RateLimit-Limit"], answer["RateLimit-Remaining"], answer["RateLimit-Reset"]


def test_each_limited_answer_says_how_much_is_left(client: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 2
    first, second, third = predict(client), predict(client), predict(client)
    assert [limits_of(answer) for answer in (first, second, third)] == [
        ("2", "1", "10"),
        ("2", "0", "10"),
        ("2", "0", "10"),
    ]
    assert first["RateLimit-Policy"] == '"predict";q=2;w=60'
    assert first["RateLimit"] == '"predict";r=1;t=10'
    assert third["Retry-After"] == "10"


def test_an_answer_that_is_not_limited_says_nothing(as_alice: Client) -> None:
    assert "RateLimit-Limit" not in as_alice.get("/api/v1/drawings")


def test_of_several_limits_the_nearest_is_told_and_all_are_listed(client: Client, settings: Any) -> None:
    settings.PREDICT_RATE, settings.PICTURE_RATE = 10, 5
    url = "data:image/png;base64," + base64.b64encode(picture_of_seven()).decode()
    answer = client.post("/api/v1/predict", {"recognizer": "digits", "image": url}, content_type="application/json")
    assert limits_of(answer) == ("5", "4", "10")
    assert answer["RateLimit-Policy"] == '"predict";q=10;w=60, "picture";q=5;w=60'


def test_a_key_with_a_rate_of_its_own_takes_no_more_than_that(alice: User, as_alice: Client) -> None:
    app = program(alice, rate=2)
    answers = [predict(app), app.get("/api/v1/drawings"), predict(app)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[1]["RateLimit-Policy"] == '"key";q=2;w=60'
    assert predict(as_alice).status_code == 200
    assert predict(program(alice, rate=2)).status_code == 200, "another key is counted by itself"


def test_keys_without_a_rate_share_that_of_their_person(alice: User, as_alice: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 2
    answers = [predict(who).status_code for who in (program(alice), program(alice, rate=2), as_alice)]
    assert answers == [200, 200, 429]


def test_a_higher_rate_that_staff_gave_a_key_stands_instead_of_its_persons(alice: User, settings: Any) -> None:
    settings.PREDICT_RATE = 2
    app = program(alice, rate=4)
    assert [predict(app).status_code for _ in range(5)] == [200, 200, 200, 200, 429]


def test_people_at_one_address_of_the_new_kind_are_counted_by_their_network(client: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 1
    answers = [predict(client, REMOTE_ADDR=address) for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")]
    assert [answer.status_code for answer in answers] == [200, 429, 200]


def test_a_batch_counts_as_many_as_it_asks_for_or_not_at_all(settings: Any, alice: User) -> None:
    settings.PREDICT_RATE = 10
    key, _secret = keys.create_key(person=alice, name="mine", scopes=["predict"], rate=8)
    view, request = Endpoint(), Request(RequestFactory().post("/"))
    request.user, request.auth = alice, key
    check_batch(PredictLimit(), request, view, count=7, pictures=0)
    with pytest.raises(Throttled):
        check_batch(PredictLimit(), request, view, count=7, pictures=0)
    check_batch(PredictLimit(), request, view, count=2, pictures=0)
    assert [(count.scope, count.left) for count in view.counts[-2:]] == [("key", 1), ("predict", 3)]


@pytest.mark.django_db(transaction=True)
def test_exactly_the_limit_passes_under_thirty_two_threads(settings: Any, digits: Any) -> None:
    settings.PREDICT_RATE = 20

    def hurry(_: int) -> int:
        try:
            return predict(Client()).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(hurry, range(120)))
    assert statuses.count(200) == 20
    assert statuses.count(429) == 100
