"""What somebody said about their drawings has its say in their own answers, at once, and in nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import people
from accounts.models import User
from recognizer.models import Drawing, PersonalAnswer, Prediction
from tests.api.test_drawings import URL, correct, keep
from tests.api.test_predict import picture_of_seven, predict
from tests.ink import ONE, SEVEN, ZERO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
NOT_USED = {"used": False, "changed": False, "because": [], "model": None}


def teach(client: Client, label: str, ink: Any = SEVEN) -> str:
    """Keep a drawing and say what it is; returns its id."""
    identifier: str = keep(client, ink).json()["id"]
    assert correct(client, identifier, label).status_code == 200
    return identifier


def first(answer: Any) -> str:
    return answer["guesses"][0]["label"]


def test_the_very_next_answer_goes_by_what_was_said(as_alice: Client) -> None:
    before = predict(as_alice, ink=SEVEN).json()
    taught = teach(as_alice, "1")
    after = predict(as_alice, ink=SEVEN).json()
    assert (first(before), before["personal"]) == ("7", NOT_USED)
    assert first(after) == "1"
    model = {"guesses": before["guesses"], "unsure": before["unsure"]}
    assert after["personal"] == {"used": True, "changed": True, "because": [taught], "model": model}
    assert sum(guess["probability"] for guess in after["guesses"]) <= 1.001


def test_agreeing_is_remembered_and_changes_nothing(as_alice: Client) -> None:
    taught = teach(as_alice, "7")
    answer = predict(as_alice, ink=SEVEN).json()
    assert first(answer) == "7"
    assert answer["guesses"][0]["probability"] >= answer["personal"]["model"]["guesses"][0]["probability"]
    assert (answer["personal"]["used"], answer["personal"]["changed"]) == (True, False)
    assert answer["personal"]["because"] == [taught]


def test_what_is_far_from_everything_remembered_is_answered_by_the_model_alone(as_alice: Client) -> None:
    before = predict(as_alice, ink=ZERO).json()
    teach(as_alice, "1")
    assert predict(as_alice, ink=ZERO).json() == before


def test_it_names_at_most_three_drawings(as_alice: Client) -> None:
    taught = {teach(as_alice, "4", ONE) for _ in range(4)}
    because = predict(as_alice, ink=ONE).json()["personal"]["because"]
    assert len(because) == 3
    assert set(because) < taught


def test_what_is_taken_back_has_no_say_any_more(as_alice: Client) -> None:
    before = predict(as_alice, ink=SEVEN).json()
    taught = teach(as_alice, "1")
    assert first(predict(as_alice, ink=SEVEN).json()) == "1"
    as_alice.delete(f"{URL}/{taught}/correction")
    assert predict(as_alice, ink=SEVEN).json() == before


def test_what_is_called_something_else_counts_as_that(as_alice: Client) -> None:
    taught = teach(as_alice, "1")
    assert first(predict(as_alice, ink=SEVEN).json()) == "1"
    correct(as_alice, taught, "4")
    assert first(predict(as_alice, ink=SEVEN).json()) == "4"


def test_a_deleted_drawing_has_no_say_any_more(as_alice: Client) -> None:
    before = predict(as_alice, ink=SEVEN).json()
    taught = teach(as_alice, "1")
    assert predict(as_alice, ink=SEVEN).json() != before
    as_alice.delete(f"{URL}/{taught}")
    assert predict(as_alice, ink=SEVEN).json() == before


def test_nobody_else_is_answered_by_it(as_alice: Client, as_bob: Client, client: Client) -> None:
    before = predict(client, ink=SEVEN).json()
    teach(as_alice, "1")
    for other in (as_bob, client):
        assert predict(other, ink=SEVEN).json() == before
        assert predict(other, ink=SEVEN, personal=True).json() == before


def test_it_follows_its_person_to_another_device(as_alice: Client, alice: User) -> None:
    teach(as_alice, "1")
    phone = Client()
    phone.force_login(alice)
    assert first(predict(phone, ink=SEVEN).json()) == "1"


def test_one_may_ask_the_model_alone(as_alice: Client) -> None:
    before = predict(as_alice, ink=SEVEN).json()
    teach(as_alice, "1")
    assert predict(as_alice, ink=SEVEN, personal=False).json() == before
    assert first(predict(as_alice, ink=SEVEN, personal=True).json()) == "1"
    kept = keep(as_alice, personal=False).json()["prediction"]
    assert (first(kept), kept["personal"]) == ("7", NOT_USED)


def test_a_form_can_say_so_too(as_alice: Client) -> None:
    def ask(**more: str) -> Any:
        file = SimpleUploadedFile("photo.png", picture_of_seven(), "image/png")
        return as_alice.post("/api/v1/predict", {"recognizer": "digits", "image": file, **more})

    file = SimpleUploadedFile("photo.png", picture_of_seven(), "image/png")
    taught = as_alice.post(URL, {"recognizer": "digits", "image": file}).json()["id"]
    correct(as_alice, taught, "1")
    assert [first(ask(**wish).json()) for wish in ({}, {"personal": "true"}, {"personal": "false"})] == ["1", "1", "7"]
    assert ask(personal="yes").status_code == 400


def test_a_wish_that_is_neither_true_nor_false_is_refused(as_alice: Client, client: Client) -> None:
    wishes: list[Any] = ["true", 1, 0, [], {}, ""]
    for wish in wishes:
        for response in (keep(as_alice, personal=wish), predict(as_alice, personal=wish, ink=SEVEN)):
            assert response.status_code == 400
            assert (response.json()["code"], response.json()["field"]) == ("invalid", "personal")
    assert predict(client, ink=SEVEN, personal="x").status_code == 400
    assert not Drawing.objects.exists()


def test_who_comes_by_another_way_than_the_site_has_to_ask_for_it(as_alice: Client, alice: User) -> None:
    teach(as_alice, "1")
    program = APIClient()

    def ask(url: str, **wish: bool) -> Any:
        program.force_authenticate(User.objects.get(pk=alice.pk))  # each request reads who asks anew
        answer = program.post(url, {"recognizer": "digits", "ink": SEVEN, **wish}, format="json").json()
        return answer.get("prediction", answer)

    for url in ("/api/v1/predict", URL):
        assert ask(url)["personal"] == ask(url, personal=False)["personal"] == NOT_USED
        assert first(ask(url, personal=True)) == "1"


def test_without_consent_it_rests_and_comes_back_with_it(as_alice: Client, alice: User) -> None:
    before = predict(as_alice, ink=SEVEN).json()
    teach(as_alice, "1")
    people.withdraw_consent(person=alice)
    assert predict(as_alice, ink=SEVEN).json() == before
    people.give_consent(person=alice)
    assert first(predict(as_alice, ink=SEVEN).json()) == "1"


def test_both_answers_are_kept_and_the_prediction_stays_the_models(as_alice: Client) -> None:
    taught = teach(as_alice, "1")
    kept = keep(as_alice).json()
    asked = predict(as_alice, ink=SEVEN).json()
    for name in ("guesses", "unsure", "personal"):
        assert kept["prediction"][name] == asked[name]
    assert as_alice.get(f"{URL}/{kept['id']}").json() == kept
    assert as_alice.get(URL).json()["results"][0] == kept
    prediction = Prediction.objects.get(drawing__uuid=kept["id"])
    assert (prediction.label.slug, prediction.guesses[0][0], prediction.unsure) == ("7", "7", False)
    assert (prediction.personal.label.slug, prediction.personal.guesses[0][0]) == ("1", "1")
    assert [str(drawing.uuid) for drawing in prediction.personal.because.all()] == [taught]


def test_a_retry_gives_the_answer_that_was_given(as_alice: Client) -> None:
    teach(as_alice, "1")
    kept = keep(as_alice).json()
    correct(as_alice, kept["id"], "1")
    again = keep(as_alice, id=kept["id"])
    assert (again.status_code, again.json()["prediction"]) == (200, kept["prediction"])


def test_one_agrees_with_the_answer_that_one_got(as_alice: Client) -> None:
    teach(as_alice, "1")
    kept = keep(as_alice).json()["id"]
    assert correct(as_alice, kept, "1").json()["agrees"] is True
    assert as_alice.get(f"{URL}/{kept}").json()["correction"]["agrees"] is True
    assert correct(as_alice, kept, "7").json()["agrees"] is False


def test_a_reason_goes_with_its_drawing_and_the_answer_stays(as_alice: Client) -> None:
    taught = teach(as_alice, "1")
    kept = keep(as_alice).json()
    as_alice.delete(f"{URL}/{taught}")
    found = as_alice.get(f"{URL}/{kept['id']}").json()["prediction"]
    assert found["guesses"] == kept["prediction"]["guesses"]
    assert found["personal"] == kept["prediction"]["personal"] | {"because": []}


def test_drawings_are_listed_by_the_answer_that_one_got(as_alice: Client) -> None:
    taught = teach(as_alice, "1")
    kept = keep(as_alice).json()["id"]
    assert {item["id"] for item in as_alice.get(f"{URL}?label=1").json()["results"]} == {taught, kept}
    assert as_alice.get(f"{URL}?label=7").json()["results"] == []


def test_the_list_costs_no_more_queries_however_many_answers_are_personal(as_alice: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            as_alice.get(URL)
        return len(found)

    teach(as_alice, "1")
    teach(as_alice, "1")
    before = queries()
    for _ in range(4):
        teach(as_alice, "1")
    assert PersonalAnswer.objects.count() == 5
    assert queries() == before


def test_it_costs_no_read_of_its_own(as_alice: Client) -> None:
    def queries(**wish: bool) -> int:
        with CaptureQueriesContext(connection) as found:
            predict(as_alice, ink=SEVEN, **wish)
        return len(found)

    assert queries() > queries(personal=False)  # the first time, also of those who have no memory
    assert queries() == queries(personal=False)
    teach(as_alice, "1")
    assert queries() > queries(personal=False)
    assert queries() == queries(personal=False)
