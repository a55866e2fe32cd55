"""POST /api/v1/predict with `elsewhere`: does another recognizer know better what this is?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from recognizer import elsewhere
from recognizer.drawings import Answer, Guess
from recognizer.elsewhere import Elsewhere
from recognizer.models import Recognizer
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db
URL = "/api/v1/predict"


def predict(client: Client, **body: Any) -> Any:
    body = {"recognizer": "digits", "ink": SEVEN} | body
    return client.post(URL, body, content_type="application/json").json()


@pytest.fixture
def surer(monkeypatch: pytest.MonkeyPatch, bangla_digits: Recognizer) -> None:
    """Somebody who always finds that it is a Bangla seven."""
    seven = bangla_digits.labels.get(slug="7")

    def look(*, content: Any, than: Answer) -> Elsewhere:
        return Elsewhere(bangla_digits, Guess(seven, 0.98765))

    monkeypatch.setattr(elsewhere, "look", look)


@pytest.mark.usefixtures("surer")
def test_it_names_the_recognizer_that_is_surer_and_its_guess(client: Client) -> None:
    assert predict(client, elsewhere=True)["elsewhere"] == {
        "recognizer": "bangla-digits",
        "title": "Bangla digits",
        "guess": {"label": "7", "glyph": "৭", "name": "সাত", "probability": 0.9877},
    }


@pytest.mark.usefixtures("surer")
@pytest.mark.parametrize("asked", [{}, {"elsewhere": False}, {"elsewhere": None}])
def test_who_does_not_ask_is_not_told(client: Client, asked: dict[str, Any]) -> None:
    assert "elsewhere" not in predict(client, **asked)


@pytest.mark.usefixtures("three")
def test_of_a_sure_answer_there_is_nothing_to_tell(client: Client) -> None:
    assert predict(client, elsewhere=True)["elsewhere"] is None


@pytest.mark.usefixtures("digits")
def test_what_is_neither_true_nor_false_is_refused(client: Client) -> None:
    answer = predict(client, elsewhere="perhaps")
    assert (answer["code"], answer["field"]) == ("invalid", "elsewhere")


@pytest.mark.usefixtures("surer")
def test_a_form_can_ask_too(client: Client, picture: Callable[[], Any]) -> None:
    answer = client.post(URL, {"recognizer": "digits", "image": picture(), "elsewhere": "true"}).json()
    assert answer["elsewhere"]["recognizer"] == "bangla-digits"


@pytest.fixture
def picture() -> Callable[[], Any]:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tests.api.test_predict import picture_of_seven

    return lambda: SimpleUploadedFile("photo.png", picture_of_seven(), "image/png")
