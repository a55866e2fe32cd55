"""GET /api/v1/recognizers: what can be recognised here."""

from typing import Any

import pytest
from django.test import Client

from recognizer.models import Recognizer

pytestmark = pytest.mark.django_db
URL = "/api/v1/recognizers"


@pytest.mark.usefixtures("digits")
def test_anybody_may_see_the_labels_in_the_order_of_the_outputs(client: Client) -> None:
    (digits,) = client.get(URL).json()["results"]
    assert (digits["slug"], digits["name"], digits["model_version"]) == ("digits", "Digits", 1)
    assert [label["slug"] for label in digits["labels"]] == list("0123456789")
    seven = {"slug": "7", "glyph": "7", "name": "seven", "asked": "7", "tone": "violet"}
    assert digits["labels"][7] == seven
    assert digits["prompt"] == "How do you write {glyph}?"


@pytest.mark.usefixtures("three")
def test_each_recognizer_brings_labels_and_a_prompt_of_its_own(client: Client) -> None:
    _digits, bangla, sketches = client.get(URL).json()["results"]
    assert [bangla["name"], sketches["name"]] == ["Bangla digits", "Sketches"]
    assert bangla["labels"][7] == {"slug": "7", "glyph": "৭", "name": "সাত", "asked": "৭", "tone": "violet"}
    assert sketches["prompt"] == "Draw {name}"
    assert sketches["labels"][7]["asked"] == "an alarm clock"
    assert len({label["tone"] for label in sketches["labels"][:10]}) == 10


@pytest.mark.usefixtures("bangla_digits")
@pytest.mark.parametrize(("prompt", "asked"), [("Write {name}", "সাত"), ("Write {glyph}", "৭"), ("", "৭")])
def test_the_hole_of_a_prompt_says_what_stands_in_it(client: Client, prompt: str, asked: str) -> None:
    Recognizer.objects.filter(slug="bangla-digits").update(prompt=prompt)
    bangla = client.get(URL).json()["results"][1]
    assert bangla["prompt"] == (prompt or "How do you write {glyph}?")
    assert bangla["labels"][7]["asked"] == asked


def test_a_recognizer_without_a_model_says_so(client: Client) -> None:
    Recognizer.objects.create(slug="runes", name="Runes")
    assert client.get(URL).json()["results"][0]["model_version"] is None
    response = client.post(
        "/api/v1/predict", {"recognizer": "runes", "ink": [[[1, 2], [1, 2]]]}, content_type="application/json"
    )
    assert response.status_code == 503
    assert response.json()["code"] == "no_model"


@pytest.mark.usefixtures("digits")
def test_the_number_of_queries_does_not_grow(client: Client, django_assert_num_queries: Any) -> None:
    for number in range(5):
        Recognizer.objects.create(slug=f"r{number}", name="R")
    with django_assert_num_queries(2):
        assert len(client.get(URL).json()["results"]) == 6
