"""The draw page says which labels of other recognizers look like a label, in both directions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from ml.bundles.bundle import Bundle
from recognizer.models import Recognizer
from recognizer.registry import install
from tests import small_bundles

LETTERS: list[dict[str, Any]] = [
    {"slug": "o", "glyph": "Oo", "name": "O", "looks_like": ["digits/0", "sketches/moon", "maths/circ"]},
    {"slug": "l", "glyph": "Ll", "name": "L", "looks_like": ["digits/1", "letters/o"]},
    *({"slug": f"x{number}", "glyph": "", "name": f"letter {number}"} for number in range(8)),
]


@pytest.fixture
def letters(three: list[Recognizer], starter: Bundle) -> Recognizer:
    """A recognizer that names look-alikes, some of which this site does not have."""
    install.install(bundle=small_bundles.with_labels(starter, "letters", LETTERS, title="Letters"))
    return Recognizer.objects.get(slug="letters")


def config(client: Client, path: str = "/") -> Any:
    page = client.get(path).content.decode()
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def shown(lookalikes: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(each["recognizer"], each["glyph"] or each["name"]) for each in lookalikes]


@pytest.mark.usefixtures("letters")
def test_a_label_names_what_looks_like_it_and_is_named_there(client: Client) -> None:
    found = config(client)["sameShape"]

    assert shown(found["letters"]["o"]) == [("digits", "0")]
    assert shown(found["letters"]["l"]) == [("digits", "1")]
    assert shown(found["digits"]["0"]) == [("letters", "Oo")]
    assert set(found) == {"letters", "digits"}


@pytest.mark.usefixtures("letters")
def test_what_one_label_names_looks_like_each_other(client: Client) -> None:
    labels = Recognizer.objects.get(slug="letters").labels
    labels.filter(slug="o").update(looks_like=["digits/0", "bangla-digits/0", "letters/l"])
    found = config(client)["sameShape"]

    assert [(each["recognizer"], each["label"]) for each in found["digits"]["0"]] == [
        ("letters", "o"),
        ("bangla-digits", "0"),
    ]
    assert shown(found["digits"]["1"]) == [("letters", "Ll")]


def test_a_recognizer_that_is_switched_off_is_not_named(client: Client, letters: Recognizer) -> None:
    assert config(client, "/draw/letters/")["sameShape"]
    Recognizer.objects.filter(slug="digits").update(is_on=False)

    assert config(client, "/draw/letters/")["sameShape"] == {}


@pytest.mark.usefixtures("three")
def test_sites_without_look_alikes_send_none(client: Client) -> None:
    assert config(client)["sameShape"] == {}


@pytest.mark.usefixtures("letters")
def test_names_are_in_the_language_of_the_page(client: Client) -> None:
    Recognizer.objects.get(slug="letters").labels.filter(slug="l").update(looks_like=["sketches/ring"])
    (entry,) = config(client, "/?lang=bn")["sameShape"]["letters"]["l"]

    assert (entry["recognizer"], entry["glyph"]) == ("sketches", "")
    assert entry["name"]
