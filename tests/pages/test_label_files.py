"""The labels of a recognizer as pages fetch them: once, in the language of the page, and again when they change."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from recognizer.models import Label, Recognizer
from tests.small_bundles import SYMBOLS

pytestmark = pytest.mark.django_db


def _address(client: Client, slug: str, page: str = "/") -> str:
    html = client.get(page).content.decode()
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', html)
    assert found
    return next(each["labels"] for each in json.loads(found[1])["recognizers"] if each["slug"] == slug)


def _labels(client: Client, address: str) -> dict[str, Any]:
    response = client.get(address)
    assert response.status_code == 200
    return {label["slug"]: label for label in response.json()["labels"]}


def test_a_page_has_the_address_of_labels_and_not_the_labels(client: Client, maths: Recognizer) -> None:
    html = client.get("/draw/maths/").content.decode()
    assert "curved arrow right sign" not in html
    found = _labels(client, _address(client, "maths"))
    assert [*found] == [symbol[0] for symbol in SYMBOLS]
    assert found["curvearrowright"]["codes"]["latex"][0]["package"] == "amssymb"
    assert found["curvearrowright"]["drawn"]
    assert "drawn" not in found["pm"]


def test_the_file_of_an_address_never_changes_and_is_the_same_for_everybody(
    client: Client, as_alice: Client, maths: Recognizer
) -> None:
    response = client.get(_address(client, "maths"))
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    assert as_alice.get(_address(client, "maths")).content == response.content


def test_the_address_changes_with_a_label(client: Client, maths: Recognizer) -> None:
    before = _address(client, "maths")
    assert _address(client, "maths") == before
    label = maths.labels.get(slug="pm")
    label.name = "plus-minus"
    label.save()
    after = _address(client, "maths")
    assert after != before
    assert _labels(client, after)["pm"]["name"] == "plus-minus"
    old = client.get(before)  # a page that is still open: it gets the new labels, which no cache may take for the old
    assert old.json()["labels"][-1]["name"] == "plus-minus"
    assert old["Cache-Control"] == "public, no-cache"


def test_the_address_changes_with_a_new_label(client: Client, maths: Recognizer) -> None:
    before = _address(client, "maths")
    Label.objects.create(recognizer=maths, slug="new", name="new", position=10)
    assert _address(client, "maths") != before


def test_labels_have_the_words_of_the_language_of_the_page(client: Client, sketches: Recognizer) -> None:
    english, bangla = _address(client, "sketches"), _address(client, "sketches", "/?lang=bn")
    assert english != bangla
    clock = _labels(client, english)["alarm-clock"]
    assert (clock["name"], clock["asked"], "own" in clock) == ("alarm clock", "an alarm clock", False)
    in_bangla = _labels(Client(headers={"Accept-Language": "en"}), bangla)["alarm-clock"]
    assert re.search(r"[\u0980-\u09ff]", in_bangla["name"])
    assert in_bangla["own"] == "alarm clock"


@pytest.mark.parametrize("path", ["/labels/runes/en/0.json", "/labels/maths/xx/0.json", "/glyphs/maths/0.svg"])
def test_other_addresses_are_not_found(client: Client, maths: Recognizer, path: str) -> None:
    assert client.get(path).status_code == 404
