"""/rounds/: the page, the labels that a round asks for, and the examples."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from accounts import acting
from accounts.models import User
from ml.bundles.bundle import sha256_hex
from ml.preprocessing.content import Content
from recognizer.drawings import corrections, store
from recognizer.insights import label_checks
from recognizer.models import ExampleSet, Policy, Recognizer
from recognizer.pages.review.cards import review_card
from recognizer.registry.example_sets import install_examples
from tests.ink import ONE
from tests.recognizer.registry.test_example_sets import EXAMPLES, content

pytestmark = pytest.mark.django_db


def config(client: Client, path: str) -> dict[str, Any]:
    html = client.get(path).content.decode()
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', html)
    assert found
    return dict(json.loads(found[1]))


def labels(client: Client, prompts: dict[str, Any]) -> list[dict[str, Any]]:
    response = client.get(prompts["labels"])
    assert "immutable" in response.headers["Cache-Control"]
    return list(response.json()["labels"])


def test_the_page_is_for_the_recognizer_in_its_address_and_remembers_it(
    client: Client, three: list[Recognizer]
) -> None:
    assert config(client, "/rounds/")["recognizer"] == "digits"
    assert config(client, "/rounds/sketches/")["recognizer"] == "sketches"
    assert config(client, "/rounds/")["recognizer"] == "sketches"
    assert client.get("/rounds/nothing/").status_code == 404


def test_without_a_model_it_says_so(client: Client) -> None:
    response = client.get("/rounds/")
    assert response.status_code == 503
    assert 'id="config"' not in response.content.decode()


def test_it_knows_who_draws_and_does_not_grow_with_the_labels(
    client: Client, as_alice: Client, alice: User, three: list[Recognizer]
) -> None:
    assert config(client, "/rounds/")["user"] is None
    assert config(as_alice, "/rounds/")["user"] == acting.account_id(alice)
    assert "bowtie" not in client.get("/rounds/sketches/").content.decode()


def test_a_round_asks_for_every_label_in_the_language_of_the_address(client: Client, three: list[Recognizer]) -> None:
    english = client.get("/rounds/digits/labels?lang=en")
    assert [label["slug"] for label in labels(client, english.json())] == list("0123456789")
    assert english.headers["ETag"]
    assert (
        client.get("/rounds/digits/labels?lang=en", headers={"If-None-Match": english.headers["ETag"]}).status_code
        == 304
    )
    bangla = client.get("/rounds/digits/labels?lang=bn").json()
    assert labels(client, bangla)[7]["name"] == "সাত"
    assert bangla["before"] != english.json()["before"]
    words = client.get("/rounds/sketches/labels?lang=en").json()
    assert "a bowtie" in [label["asked"] for label in labels(client, words)]
    assert 0 < words["unsureBelow"] < 1
    assert client.get("/rounds/nothing/labels").status_code == 404


def test_labels_that_lack_drawings_are_asked_for_more_often(client: Client, digits: Recognizer) -> None:
    Policy.objects.update_or_create(recognizer=digits, defaults={"goal": 10})
    label_checks.rebuild_label_checks()
    digits.labels.get(slug="3").coverage.__class__.objects.filter(label__slug="3").update(drawings=9)
    assert client.get("/rounds/digits/labels").json()["weights"] == {"3": 0.1}  # the others have 1


def test_examples_never_change_at_their_address(client: Client, digits: Recognizer) -> None:
    assert client.get("/rounds/digits/labels").json()["examples"] is None
    install_examples(recognizer=digits, content=content())
    address = client.get("/rounds/digits/labels").json()["examples"]
    assert address.endswith(sha256_hex(content()))
    response = client.get(address)
    assert response.json() == EXAMPLES
    assert "immutable" in response.headers["Cache-Control"]
    ExampleSet.objects.update(sha256="0" * 64)
    assert client.get(address).status_code == 404


def test_the_page_for_the_device_is_the_same_for_everybody(
    client: Client, as_alice: Client, alice: User, digits: Recognizer
) -> None:
    pages = [each.get("/offline/rounds/") for each in (client, as_alice)]
    assert [page.headers["Inkling-Release"] for page in pages] == [
        client.get("/offline/").headers["Inkling-Release"]
    ] * 2
    assert pages[0].content == pages[1].content
    assert acting.account_id(alice) not in pages[1].content.decode()
    assert config(client, "/offline/rounds/")["neutral"] is True


def test_reviewers_see_that_a_round_asked_for_the_label(digits: Recognizer, alice: User) -> None:
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(ONE))
    said = corrections.correct(drawing=drawing, label="1")
    hints = review_card(said).hints
    asked = corrections.correct(drawing=drawing, label="7", origin="round")
    assert len(review_card(asked).hints) == len(hints) + 1
