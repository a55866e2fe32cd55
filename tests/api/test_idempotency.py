"""A write with an `Idempotency-Key` is done once, however often and however quickly it is sent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import keys
from accounts.models import User
from recognizer import tasks
from recognizer.api import idempotency
from recognizer.models import Correction, Drawing, Receipt
from tests.api.test_keys import program
from tests.api.test_predict import picture_of_seven
from tests.ink import ONE, SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]


def send(client: Client, name: str | None, ink: Any = SEVEN, path: str = "/api/v1/drawings", **more: Any) -> Any:
    body = {"recognizer": "digits", "ink": ink, **more}
    headers = {} if name is None else {"Idempotency-Key": name}
    return client.post(path, body, content_type="application/json", headers=headers)


def test_the_same_write_again_writes_nothing_and_is_answered_alike(as_alice: Client) -> None:
    first, again = send(as_alice, "a"), send(as_alice, "a")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first["Content-Type"] == again["Content-Type"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Drawing.objects.count() == 1


def test_another_name_is_another_write(as_alice: Client) -> None:
    assert send(as_alice, "a").json()["id"] != send(as_alice, "b").json()["id"]
    assert Drawing.objects.count() == 2


@pytest.mark.parametrize("more", [{"ink": ONE}, {"path": "/api/v1/predict", "keep": True}])
def test_another_request_by_the_same_name_is_refused(as_alice: Client, more: Any) -> None:
    send(as_alice, "a")
    answer = send(as_alice, "a", **more)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert Drawing.objects.count() == 1


def test_every_way_to_write_is_done_once(as_alice: Client) -> None:
    made = send(as_alice, "keep").json()["id"]

    def twice(method: str, path: str, name: str, body: Any = None) -> list[int]:
        options = {"content_type": "application/json", "headers": {"Idempotency-Key": name}}
        return [getattr(as_alice, method)(path, body, **options).status_code for _ in range(2)]

    correction = f"/api/v1/drawings/{made}/correction"
    assert twice("put", correction, "say", {"label": "7"}) == [200, 200]
    as_alice.put(correction, {"label": "1"}, content_type="application/json")
    assert twice("put", correction, "say", {"label": "7"}) == [200, 200]
    stands = Correction.objects.current().filter(label__slug="1")
    assert stands.exists(), "what comes late does not overrule what came since"
    assert twice("delete", correction, "take-back") == [204, 204]
    assert twice("delete", f"/api/v1/drawings/{made}", "delete") == [204, 204]
    assert twice("delete", f"/api/v1/drawings/{made}", "delete-again") == [404, 404]


def test_of_a_question_nothing_is_kept_whatever_name_it_has(as_alice: Client) -> None:
    batch = {"recognizer": "digits", "items": [{"ink": SEVEN}], "include": ["raster"]}
    for path, body in (("predict", {"recognizer": "digits", "ink": SEVEN}), ("predict/batch", batch)):
        options: dict[str, Any] = {"content_type": "application/json", "headers": {"Idempotency-Key": "x"}}
        assert as_alice.post(f"/api/v1/{path}", body, **options).status_code == 200
    assert not Receipt.objects.exists()


def test_an_answer_without_a_body_stays_one(as_alice: Client) -> None:
    made = send(as_alice, "keep").json()["id"]
    name = {"Idempotency-Key": "x"}
    first, again = (as_alice.delete(f"/api/v1/drawings/{made}", headers=name) for _ in range(2))
    assert (first.content, again.content) == (b"", b"")
    assert "Content-Type" not in again
    assert again["Idempotency-Replayed"] == "true"


def test_what_was_refused_may_be_sent_again_by_the_same_name(as_alice: Client, alice: User) -> None:
    assert send(as_alice, "a", ink=[]).status_code == 400
    User.objects.update(consented_at=None)
    assert send(as_alice, "a").json()["code"] == "consent_required"
    User.objects.update(consented_at=timezone.now())
    assert send(as_alice, "a").status_code == 201
    assert Receipt.objects.count() == 1


def test_what_failed_is_not_kept(as_alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr("recognizer.api.views.drawings.drawing_json", broken)
        with pytest.raises(RuntimeError):
            send(as_alice, "a")
    assert not Drawing.objects.exists(), "an answer that could not be given was not written either"
    assert send(as_alice, "a").status_code == 201


def test_people_and_programs_do_not_share_their_names(alice: User, as_alice: Client, as_bob: Client) -> None:
    everybody = [as_alice, as_bob, program(alice), program(alice)]
    assert [send(client, "a").status_code for client in everybody] == [201] * 4
    assert all("Idempotency-Replayed" in send(client, "a") for client in everybody)
    assert Drawing.objects.count() == 4


def test_nobody_is_shown_what_another_was_answered(as_alice: Client, as_bob: Client) -> None:
    made = send(as_alice, "a").json()["id"]
    assert made not in send(as_bob, "a").content.decode()


def test_a_revoked_key_is_not_answered_again(alice: User) -> None:
    app = program(alice)
    send(app, "a")
    keys.revoke_key(key=alice.keys.get(), by=alice)
    assert send(app, "a").status_code == 401


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "with space", "é", "a\tb"])
def test_a_name_of_another_form_is_refused(as_alice: Client, name: str) -> None:
    answer = send(as_alice, name)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_invalid")


def test_a_form_is_known_again_although_its_parts_are_divided_otherwise(as_alice: Client) -> None:
    def hand_in(picture: bytes) -> Any:
        body = {"recognizer": "digits", "image": SimpleUploadedFile(uuid4().hex, picture, "image/png")}
        return as_alice.post("/api/v1/drawings", body, headers={"Idempotency-Key": "a"})

    picture = picture_of_seven()
    first, again = hand_in(picture), hand_in(picture)
    assert (first.status_code, again.content) == (201, first.content)
    assert hand_in(picture + b"\0").status_code == 422


def test_after_a_day_the_name_is_free_again_and_the_tick_cleans_up(as_alice: Client) -> None:
    send(as_alice, "a")
    send(as_alice, "b")
    Receipt.objects.update(created=timezone.now() - timedelta(hours=24, seconds=1))
    assert "Idempotency-Replayed" not in send(as_alice, "a", ink=ONE)
    tasks.tick()
    assert [receipt.name for receipt in Receipt.objects.all()] == ["a"]


def test_a_deleted_drawing_leaves_nothing_and_does_not_come_back(as_alice: Client) -> None:
    made = send(as_alice, "a").json()["id"]
    send(as_alice, "b")
    as_alice.delete(f"/api/v1/drawings/{made}")
    assert not any(made in receipt.content for receipt in Receipt.objects.all())
    late = send(as_alice, "a")
    assert (late.status_code, late.json()["code"]) == (404, "not_found")
    assert late.json()["request_id"] == late["X-Request-Id"]
    assert send(as_alice, "b").status_code == 201
    assert Drawing.objects.count() == 1


def test_nobody_in_particular_is_answered_as_ever(client: Client) -> None:
    answers = [send(client, "a", path="/api/v1/predict"), send(client, "a", ONE, path="/api/v1/predict")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert not Receipt.objects.exists()


def test_without_the_header_nothing_is_looked_up(
    as_alice: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    send(as_alice, None, path="/api/v1/predict")
    with django_assert_max_num_queries(2):  # the person, and the session where the cache does not hold it
        send(as_alice, None, path="/api/v1/predict", personal=False)


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_by_one_name_are_one_row_and_ten_equal_answers(digits: Any, alice: User) -> None:
    app = program(alice)

    def hurry(_: int) -> tuple[int, bytes]:
        try:
            answer = send(app, "once")
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(hurry, range(10)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert Drawing.objects.count() == Receipt.objects.count() == 1


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one write at a time")
@pytest.mark.django_db(transaction=True)
def test_who_waits_too_long_is_told_to_come_again(
    digits: Any, alice: User, as_bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_MS", 200)
    _key, secret = keys.create_key(person=alice, name="mine", scopes=["drawings"])
    app = Client(headers={"authorization": f"Bearer {secret}"})

    def second() -> Any:
        try:
            return send(app, "slow")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Receipt.objects.create(person=alice, key=alice.keys.get(), name="slow", asked="0" * 64)
        answer = pool.submit(second).result()
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "idempotency_in_progress", "2")
