"""/api/v1/drawings: what one draws is kept, with its answer, for oneself."""

import io
import uuid
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from recognizer.models import Drawing, Prediction
from tests.api.errors import said
from tests.api.test_predict import picture_of_seven
from tests.ink import ONE, SEVEN, ZERO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
URL = "/api/v1/drawings"


def keep(client: Client, ink: Any = SEVEN, **more: Any) -> Any:
    return client.post(URL, {"recognizer": "digits", "ink": ink, **more}, content_type="application/json")


def correct(client: Client, drawing: str, label: str) -> Any:
    return client.put(f"{URL}/{drawing}/correction", {"label": label}, content_type="application/json")


def test_it_keeps_a_drawing_and_answers_with_its_prediction(as_alice: Client, alice: User) -> None:
    response = keep(as_alice)
    answer = response.json()
    assert response.status_code == 201
    assert answer["ink"] == SEVEN
    assert answer["image"] is None
    assert answer["correction"] is None
    assert answer["prediction"]["guesses"][0]["label"] == "7"
    assert answer["prediction"]["model_version"] == 1
    drawing = Drawing.objects.get()
    assert (str(drawing.uuid), drawing.author, drawing.ink) == (answer["id"], alice, SEVEN)
    assert drawing.predictions.get().label.slug == "7"


def test_a_stranger_is_told_to_sign_in(client: Client) -> None:
    response = keep(client)
    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert not Drawing.objects.exists()


def test_nothing_is_kept_without_consent(as_alice: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(consented_at=None)
    response = keep(as_alice)
    assert response.status_code == 403
    assert response.json()["code"] == "consent_required"
    assert not Drawing.objects.exists()


def test_a_session_without_a_csrf_token_cannot_write(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert keep(client).status_code == 403
    assert not Drawing.objects.exists()


def test_a_retry_with_the_same_id_makes_no_double(as_alice: Client) -> None:
    identifier = str(uuid.uuid4())
    first, second = keep(as_alice, id=identifier), keep(as_alice, id=identifier)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Drawing.objects.count() == Prediction.objects.count() == 1


def picture_kept(client: Client, picture: bytes, identifier: str) -> Any:
    file = SimpleUploadedFile("7.png", picture, "image/png")
    return client.post(URL, {"recognizer": "digits", "image": file, "id": identifier})


def check_taken(response: Any) -> None:
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (409, "id_taken", "id")


def test_the_id_of_another_drawing_is_taken_also_for_its_author(as_alice: Client, bangla_digits: Any) -> None:
    identifier = keep(as_alice).json()["id"]
    check_taken(keep(as_alice, ONE, id=identifier))
    check_taken(keep(as_alice, [*SEVEN, *ONE], id=identifier))
    check_taken(keep(as_alice, id=identifier, recognizer="bangla-digits"))
    check_taken(picture_kept(as_alice, picture_of_seven(), identifier))
    body = {"recognizer": "digits", "ink": ONE, "id": identifier, "keep": True}
    check_taken(as_alice.post("/api/v1/predict", body, content_type="application/json"))
    assert Drawing.objects.count() == 1


def test_the_same_drawing_is_answered_whatever_else_was_asked(as_alice: Client) -> None:
    first = keep(as_alice)
    again = keep(as_alice, id=first.json()["id"], personal=False, as_of=1)
    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize("number", ["5.0", "0.30000000000000004", "1e22", "1e23", "1.7976931348623157e308"])
def test_the_same_numbers_are_the_same_ink_however_they_are_written(as_alice: Client, number: str) -> None:
    identifier = str(uuid.uuid4())
    for time, status in ((number, 201), (number, 200), (repr(float(number)), 200), ("7", 409)):
        ink = f"[[[1, 9], [1, 9], [0, {time}]]]"
        body = f'{{"recognizer": "digits", "id": "{identifier}", "ink": {ink}}}'
        assert as_alice.post(URL, body, content_type="application/json").status_code == status


def test_the_same_picture_is_the_same_drawing_and_another_one_is_not(as_alice: Client) -> None:
    identifier, picture = str(uuid.uuid4()), picture_of_seven()
    answers = [picture_kept(as_alice, picture, identifier) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    check_taken(picture_kept(as_alice, cv2.imencode(".png", np.eye(60) * 255)[1].tobytes(), identifier))
    check_taken(keep(as_alice, id=identifier))


def test_the_id_of_another_persons_drawing_is_taken(as_alice: Client, as_bob: Client) -> None:
    identifier = keep(as_alice).json()["id"]
    response = keep(as_bob, ONE, id=identifier)
    assert response.status_code == 409
    assert response.json()["code"] == "id_taken"
    assert Drawing.objects.count() == 1


def test_a_picture_is_kept_without_what_the_camera_wrote_into_it(as_alice: Client) -> None:
    photo = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.open(io.BytesIO(picture_of_seven(size=2000))).save(photo, "JPEG", exif=exif)
    file = SimpleUploadedFile("photo.jpg", photo.getvalue(), "image/jpeg")
    answer = as_alice.post(URL, {"recognizer": "digits", "image": file}).json()
    assert answer["ink"] is None
    assert answer["prediction"]["guesses"][0]["label"] == "7"
    response = as_alice.get(answer["image"])
    kept = Image.open(io.BytesIO(response.content))
    assert response["Content-Type"] == "image/png"
    assert max(kept.size) == 640
    assert not kept.getexif()
    assert b"taken at home" not in response.content


def test_it_lists_only_ones_own_newest_first(as_alice: Client, as_bob: Client) -> None:
    mine = [keep(as_alice, ink).json()["id"] for ink in (SEVEN, ONE)]
    keep(as_bob, ZERO)
    listed = as_alice.get(URL).json()
    assert [item["id"] for item in listed["results"]] == mine[::-1]


def test_it_lists_by_what_was_said(as_alice: Client) -> None:
    seven, one, zero = (keep(as_alice, ink).json()["id"] for ink in (SEVEN, ONE, ZERO))
    correct(as_alice, one, "7")
    correct(as_alice, zero, "0")

    def ids(query: str) -> set[str]:
        return {item["id"] for item in as_alice.get(URL + query).json()["results"]}

    assert ids("?corrected=true") == {one, zero}
    assert ids("?corrected=false") == {seven}
    assert ids("?label=7") == {seven, one}
    assert ids("?label=1") == set()
    assert ids("?recognizer=digits") == {seven, one, zero}
    assert as_alice.get(URL + "?recognizer=runes").json()["code"] == "unknown_recognizer"


def test_it_lists_page_by_page(as_alice: Client) -> None:
    made = [keep(as_alice).json()["id"] for _ in range(3)]
    first = as_alice.get(URL + "?page_size=2").json()
    keep(as_alice)  # what comes in between moves nothing
    second = as_alice.get(first["next"]).json()
    assert [item["id"] for item in first["results"] + second["results"]] == made[::-1]
    assert second["next"] is None


def test_the_number_of_queries_does_not_grow_with_the_drawings(
    as_alice: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        correct(as_alice, keep(as_alice).json()["id"], "7")
    with django_assert_max_num_queries(9):
        assert len(as_alice.get(URL).json()["results"]) == 12


def test_another_persons_drawing_does_not_exist(as_alice: Client, as_bob: Client, client: Client) -> None:
    identifier = keep(as_alice).json()["id"]
    for address in (f"{URL}/{identifier}", f"{URL}/{identifier}/image"):
        assert as_bob.get(address).status_code == 404
        assert client.get(address).status_code == 401
    assert as_bob.delete(f"{URL}/{identifier}").status_code == 404
    assert correct(as_bob, identifier, "1").status_code == 404
    assert as_bob.delete(f"{URL}/{identifier}/correction").status_code == 404
    assert said(as_bob.get(f"{URL}/{uuid.uuid4()}")) == said(as_bob.get(f"{URL}/{identifier}"))
    assert as_alice.get(f"{URL}/{identifier}").json()["correction"] is None


def test_deleting_really_deletes(as_alice: Client) -> None:
    identifier = keep(as_alice).json()["id"]
    correct(as_alice, identifier, "7")
    correct(as_alice, identifier, "1")
    assert as_alice.delete(f"{URL}/{identifier}").status_code == 204
    assert as_alice.get(f"{URL}/{identifier}").status_code == 404
    assert not Drawing.objects.exists()
    assert not Prediction.objects.exists()


def test_ink_has_no_image_and_a_picture_has_one(as_alice: Client) -> None:
    identifier = keep(as_alice).json()["id"]
    assert as_alice.get(f"{URL}/{identifier}/image").status_code == 404


def test_what_was_created_is_where_the_answer_says(as_alice: Client) -> None:
    body = {"recognizer": "digits", "ink": SEVEN, "id": str(uuid.uuid4())}
    first, again = (as_alice.post("/api/v1/drawings", body, content_type="application/json") for _ in range(2))
    assert (first.status_code, again.status_code, again.has_header("Location")) == (201, 200, False)
    assert as_alice.get(first["Location"]).json() == first.json()


def test_a_drawing_that_was_deleted_does_not_come_back_when_it_is_sent_again(as_alice: Client) -> None:
    identifier = keep(as_alice, id=str(uuid.uuid4())).json()["id"]
    assert as_alice.delete(f"/api/v1/drawings/{identifier}").status_code == 204
    late = keep(as_alice, id=identifier)
    assert (late.status_code, late.json()["code"], late.json()["field"]) == (410, "drawing_deleted", "id")
    assert not Drawing.objects.exists()


def test_drawings_that_were_deleted_on_their_page_do_not_come_back(as_alice: Client) -> None:
    ids = [keep(as_alice, ink).json()["id"] for ink in (SEVEN, ONE)]
    as_alice.post(f"/drawings/{ids[0]}/delete/")
    as_alice.post("/drawings/delete/", {"drawing": ids[1:]})
    assert not Drawing.objects.exists()
    assert [keep(as_alice, ink, id=each).status_code for ink, each in zip((SEVEN, ONE), ids, strict=True)] == [410, 410]
