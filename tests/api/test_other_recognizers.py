"""POST /api/v1/predict with `elsewhere`: does another recognizer know better what this is?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client

from recognizer.drawings import other_recognizers, predict
from recognizer.drawings.other_recognizers import BetterRecognizer
from recognizer.drawings.predict import Answer, Guess
from recognizer.models import Recognizer
from recognizer.registry import serving
from tests.ink import SCRIBBLE, SEVEN

pytestmark = pytest.mark.django_db
URL = "/api/v1/predict"


def ask(client: Client, **body: Any) -> Any:
    body = {"recognizer": "digits", "ink": SEVEN} | body
    return client.post(URL, body, content_type="application/json").json()


@pytest.fixture
def surer(monkeypatch: pytest.MonkeyPatch, bangla_digits: Recognizer) -> None:
    """Somebody who always finds that it is a Bangla seven."""
    seven = bangla_digits.labels.get(slug="7")

    def look(*, content: Any, than: Answer) -> BetterRecognizer:
        return BetterRecognizer(bangla_digits, Guess(seven, 0.98765))

    monkeypatch.setattr(other_recognizers, "find_better_recognizer", look)


@pytest.mark.usefixtures("surer")
def test_it_names_the_recognizer_that_is_surer_and_its_guess(client: Client) -> None:
    assert ask(client, elsewhere=True)["elsewhere"] == {
        "recognizer": "bangla-digits",
        "title": "Bangla digits",
        "guess": {"label": "7", "glyph": "৭", "name": "সাত", "probability": 0.9877},
    }


@pytest.mark.usefixtures("surer")
@pytest.mark.parametrize("asked", [{}, {"elsewhere": False}, {"elsewhere": None}])
def test_who_does_not_ask_is_not_told(client: Client, asked: dict[str, Any]) -> None:
    assert "elsewhere" not in ask(client, **asked)


@pytest.mark.usefixtures("three")
def test_of_a_sure_answer_there_is_nothing_to_tell(client: Client) -> None:
    assert ask(client, elsewhere=True)["elsewhere"] is None


@pytest.mark.usefixtures("digits")
def test_what_is_neither_true_nor_false_is_refused(client: Client) -> None:
    answer = ask(client, elsewhere="perhaps")
    assert (answer["code"], answer["field"]) == ("invalid", "elsewhere")


@pytest.mark.usefixtures("surer")
def test_a_form_can_ask_too(client: Client, picture: Callable[[], Any]) -> None:
    answer = client.post(URL, {"recognizer": "digits", "image": picture(), "elsewhere": "true"}).json()
    assert answer["elsewhere"]["recognizer"] == "bangla-digits"


def breaks(*_given: Any, **_named: Any) -> Any:
    raise OperationalError("the server closed the connection")


@pytest.fixture
def unsure(three: list[Recognizer], client: Client) -> Recognizer:
    """Digits, who know the drawing no longer: that others know it well is found out."""
    digits = three[0]
    serving.live_version("digits")
    assert ask(client, ink=SCRIBBLE, elsewhere=True)["unsure"]
    return digits


@pytest.mark.usefixtures("unsure")
def test_a_database_away_for_a_moment_does_not_stop_the_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CursorWrapper, "execute", breaks)
    answer = ask(client, ink=SCRIBBLE, elsewhere=True)
    assert answer["recognizer"] == "digits"
    assert answer["elsewhere"] is None


@pytest.mark.usefixtures("unsure")
@pytest.mark.parametrize("error", [serving.UnknownRecognizerError("sketches"), RuntimeError("out of memory")])
def test_what_another_recognizer_fails_at_does_not_cost_this_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    recognise = predict.recognise

    def fails(*, recognizer: str, **given: Any) -> Answer:
        if recognizer != "digits":
            raise error
        return recognise(recognizer=recognizer, **given)

    monkeypatch.setattr(predict, "recognise", fails)
    assert ask(client, ink=SCRIBBLE, elsewhere=True)["elsewhere"] is None


@pytest.fixture
def picture() -> Callable[[], Any]:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tests.api.test_predict import picture_of_seven

    return lambda: SimpleUploadedFile("photo.png", picture_of_seven(), "image/png")
