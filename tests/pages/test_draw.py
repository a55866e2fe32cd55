"""The draw page and the pages around it, as the server makes them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from accounts import acting
from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import ModelVersion, Recognizer
from recognizer.registry import promotions
from tests.ink import SEVEN
from tests.pages.conftest import named


def _data(html: str, name: str) -> Any:
    match = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html)
    assert match
    return json.loads(match[1])


def test_a_stranger_gets_a_sheet_and_a_token(client: Client, digits: Recognizer) -> None:
    response = client.get("/")
    html = response.content.decode()
    config = _data(html, "config")
    assert config["api"] == "/api/v1/"
    assert config["recognizer"] == "digits"
    assert config["user"] is None
    (only,) = config["recognizers"]
    assert only["labels"].startswith("/labels/digits/en/")
    assert sorted(only["prompts"]) == list("0123456789")
    assert only["memory"] is None
    assert "data-recognizers" not in html
    assert 'data-outcome="anonymous"' in html
    assert 'data-outcome="saved"' not in html
    assert "csrftoken" in response.cookies


def test_somebody_signed_in_is_told_that_drawings_are_kept(as_alice: Client, alice: User, digits: Recognizer) -> None:
    html = as_alice.get("/").content.decode()
    assert _data(html, "config")["user"] == _data(html, "config")["actingFor"] == acting.account_id(alice)
    assert alice.email not in html
    assert 'data-outcome="saved"' in html
    assert 'data-outcome="anonymous"' not in html


def test_without_a_model_the_page_says_what_to_do(client: Client, db: None) -> None:
    response = client.get("/")
    assert response.status_code == 503
    assert "manage.py install_models" in response.content.decode()


def test_the_page_costs_few_queries(client: Client, digits: Recognizer, django_assert_num_queries: Any) -> None:
    client.get("/")
    with django_assert_num_queries(3):  # recognizers, a summary of their labels, prompts
        client.get("/")


def test_among_several_the_address_names_one(client: Client, three: list[Recognizer]) -> None:
    html = client.get("/draw/sketches/").content.decode()
    config = _data(html, "config")
    assert config["recognizer"] == "sketches"
    assert [each["slug"] for each in config["recognizers"]] == ["digits", "bangla-digits", "sketches"]
    assert re.findall(r'href="/draw/([\w-]+)/"', html) == ["digits", "bangla-digits", "sketches", "any"]
    assert re.search(r'data-recognizer="sketches" aria-current="page">Sketches</a>', html)
    assert re.search(r'<span data-prompt="before">Draw </span><span data-prompt="label"><span>an? \w', html)


def test_bangla_says_that_it_is(client: Client, three: list[Recognizer]) -> None:
    html = client.get("/draw/bangla-digits/").content.decode()
    assert re.search(r'<span lang="bn">[০-৯]</span>', html)
    _digits, bangla, _sketches = _data(html, "config")["recognizers"]
    seven = {"slug": "7", "glyph": "৭", "name": "seven", "own": "সাত", "asked": "৭", "tone": "violet", "language": "bn"}
    assert client.get(bangla["labels"]).json()["labels"][7] == seven


def test_the_one_that_was_drawn_for_last_is_remembered(client: Client, three: list[Recognizer]) -> None:
    assert _data(client.get("/").content.decode(), "config")["recognizer"] == "digits"
    client.get("/draw/bangla-digits/")
    assert client.cookies["recognizer"]["samesite"] == "Lax"
    assert _data(client.get("/").content.decode(), "config")["recognizer"] == "bangla-digits"


def test_a_recognizer_that_is_not_there_is_not_found(client: Client, three: list[Recognizer]) -> None:
    assert client.get("/draw/runes/").status_code == 404
    client.cookies["recognizer"] = "runes"
    assert _data(client.get("/").content.decode(), "config")["recognizer"] == "digits"


def test_several_cost_no_more_queries(
    as_alice: Client, three: list[Recognizer], django_assert_max_num_queries: Any
) -> None:
    as_alice.get("/")
    with django_assert_max_num_queries(
        6
    ):  # session (where no cache holds it), person, recognizers, labels, prompts, memories
        as_alice.get("/")


def test_it_knows_of_each_recognizer_whether_one_has_a_memory(
    as_alice: Client, alice: User, three: list[Recognizer]
) -> None:
    named(alice, SEVEN, "7")
    digits, bangla, _sketches = _data(as_alice.get("/").content.decode(), "config")["recognizers"]
    assert digits["memory"] == {"on": True, "holds": True}
    assert bangla["memory"] == {"on": True, "holds": False}


def test_it_knows_how_each_recognizer_sees_ink(client: Client, digits: Recognizer, starter: Bundle) -> None:
    raster = {"size": 32, "box": 24, "pen": 2}
    bundle = Bundle({**starter.manifest, "raster": raster}, starter.tflite, starter.keras)
    promoted = promotions.current_promotion(digits.pk)
    assert promoted
    version = ModelVersion.objects.create(
        recognizer=digits, number=2, manifest=bundle.manifest, tflite=b"", keras=b"", sha256="0" * 64
    )
    promotions.promote(version=version, replaces=promoted, reason="test")
    (only,) = _data(client.get("/").content.decode(), "config")["recognizers"]
    assert only["raster"] == raster


def test_the_privacy_page_says_how_to_take_things_back(client: Client, db: None) -> None:
    html = client.get("/privacy/").content.decode()
    for path in ("/drawings/", "/accounts/", "/memory/"):
        assert f'href="{path}"' in html


def test_what_is_not_there_is_said_in_the_sites_look(client: Client, db: None) -> None:
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "404.html" in [template.name for template in response.templates]


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_errors_are_told_even_without_a_request(name: str) -> None:
    html = render_to_string(name)
    assert '<a class="button primary" href="/">' in html
    assert "/accounts/login/" not in html


def test_who_may_not_see_a_page_is_told(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    assert '<a class="button primary" href="/">' in render_to_string("403.html", request=request)


def test_pages_say_their_language(client: Client, db: None) -> None:
    assert '<html lang="en">' in client.get("/privacy/").content.decode()


def test_no_page_holds_inline_scripts_or_styles(as_alice: Client, digits: Recognizer) -> None:
    for path in ("/", "/drawings/", "/privacy/", "/nothing/"):
        html = as_alice.get(path).content.decode()
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", html), path
        assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html)), path
