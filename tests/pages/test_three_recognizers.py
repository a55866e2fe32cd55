"""Every page with three recognizers: each has its own, and words look as good as digits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.preprocessing.content import Content
from recognizer.drawings import corrections, store
from recognizer.models import Correction, Drawing, Recognizer
from recognizer.registry import install, promotions
from tests import small_bundles
from tests.ink import SEVEN
from tests.pages.training_runs import ended, examined, learned, superuser

SLUGS = ["digits", "bangla-digits", "sketches"]


def _named(author: User, recognizer: str, label: str) -> Correction:
    fresh = User.objects.get(pk=author.pk)
    drawing, _ = store.save_drawing(author=fresh, recognizer=recognizer, content=Content.from_ink(SEVEN))
    return corrections.correct(drawing=drawing, label=label)


@pytest.fixture
def said(alice: User, three: list[Recognizer]) -> dict[str, Correction]:
    """What alice said of one drawing for each recognizer."""
    labels = zip(SLUGS, ["7", "7", "alarm-clock"], strict=True)
    return {slug: _named(alice, slug, label) for slug, label in labels}


@pytest.fixture
def as_root(db: None) -> Client:
    """Somebody who may do everything."""
    client = Client()
    client.force_login(superuser())
    return client


def _text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


# --- Which recognizer a page is about ---


@pytest.mark.parametrize("path", ["/memory/", "/progress/"])
def test_a_page_is_about_the_recognizer_that_was_drawn_for_last(
    as_alice: Client, three: list[Recognizer], path: str
) -> None:
    assert '?recognizer=digits" aria-current="true"' in _text(as_alice, path)
    as_alice.get("/draw/sketches/")
    assert '?recognizer=sketches" aria-current="true"' in _text(as_alice, path)
    assert '?recognizer=bangla-digits" aria-current="true"' in _text(as_alice, f"{path}?recognizer=bangla-digits")


def test_an_address_that_names_a_recognizer_is_remembered_too(as_alice: Client, three: list[Recognizer]) -> None:
    as_alice.get("/?recognizer=sketches")
    assert '"recognizer": "sketches"' in _text(as_alice, "/")
    as_alice.get("/?recognizer=nothing")
    assert '"recognizer": "sketches"' in _text(as_alice, "/")


def test_the_switch_names_all_three_everywhere(as_root: Client, three: list[Recognizer]) -> None:
    for path in ("/memory/", "/progress/", "/runs/", "/review/", "/drawings/?state=agreed"):
        html = _text(as_root, path)
        assert re.findall(r'href="\?recognizer=([\w-]+)"', html)[:3] == SLUGS or path.startswith("/drawings"), path
        assert "Bangla digits" in html


# --- My drawings ---


def test_my_drawings_show_each_by_its_own_labels(as_alice: Client, said: dict[str, Correction]) -> None:
    html = _text(as_alice, "/drawings/")
    assert '<span class="glyph" data-glyph><span lang="bn">৭</span></span>' in html
    assert re.search(r"<span data-label-text>[^<]* seven</span>", html)
    assert re.search(r"<span data-label-text>[^<]*alarm clock</span>", html)
    assert '<span class="glyph" data-glyph hidden>' in html
    assert html.count('<div class="keypad"') == 2


def test_one_of_many_words_is_said_with_a_list(as_alice: Client, alice: User, said: dict[str, Correction]) -> None:
    html = _text(as_alice, "/drawings/?recognizer=sketches")
    assert html.count("<option ") == 31
    assert '<option value="alarm-clock" selected>alarm clock</option>' in html
    drawing = said["sketches"].drawing
    as_alice.post(f"/drawings/{drawing.uuid}/correction/", {"label": "eye"})
    assert Correction.objects.current().get(drawing=drawing).label.slug == "eye"  # type: ignore[union-attr]
    as_alice.post(f"/drawings/{drawing.uuid}/correction/", {"label": ["eye", ""]})  # the list, then "take back"
    assert Correction.objects.current().get(drawing=drawing).label is None


def test_number_keys_are_spoken_of_where_they_say_something(as_alice: Client, said: dict[str, Correction]) -> None:
    assert "shortcut-note" in _text(as_alice, "/drawings/?recognizer=digits")
    assert "shortcut-note" not in _text(as_alice, "/drawings/?recognizer=sketches")


# --- Memory ---


def test_a_memory_is_of_one_recognizer(as_alice: Client, said: dict[str, Correction]) -> None:
    bangla = _text(as_alice, "/memory/?recognizer=bangla-digits")
    assert '<span class="glyph tone-violet"><span lang="bn">৭</span> seven</span>' in bangla
    assert bangla.count('name="drawing"') == 1
    sketches = _text(as_alice, "/memory/?recognizer=sketches")
    assert '<h3 class="word"><span class="glyph tone-violet">alarm clock</span>' in sketches


def test_forgetting_all_of_one_leaves_the_others(as_alice: Client, said: dict[str, Correction]) -> None:
    as_alice.post("/memory/sketches/forget-all/")
    assert "empty-state" in _text(as_alice, "/memory/?recognizer=sketches")
    assert "empty-state" not in _text(as_alice, "/memory/?recognizer=digits")


# --- Review ---


def test_a_reviewer_is_shown_the_words_and_a_field_to_find_them(as_rita: Client, said: dict[str, Correction]) -> None:
    html = _text(as_rita, "/review/?recognizer=sketches")
    assert '<p class="big word">alarm clock</p>' in html
    assert re.search(r'name="accept"[^>]*>.*?alarm clock', html)
    assert "data-filter" in html
    assert html.count('<button class="key ') == 30
    assert re.findall(r'class="key [^>]*data-key', html) == []
    guessed = re.findall(r'name="label" value="([\w-]+)" data-key="(\d)"', html)  # what the model thought of has keys
    assert [key for _label, key in guessed] == ["1", "2"]
    assert "alarm-clock" not in [label for label, _key in guessed]


def test_a_reviewer_is_shown_numerals_with_their_names(as_rita: Client, said: dict[str, Correction]) -> None:
    html = _text(as_rita, "/review/?recognizer=bangla-digits")
    assert '<p class="big"><span lang="bn">৭</span></p> <p>seven</p>' in html
    assert re.search(r'name="label" value="3" data-key="3" data-summary="[^"]*" lang="bn"', html)
    assert "data-filter" not in html


def test_each_key_says_one_label(as_rita: Client, alice: User, starter: Bundle) -> None:
    slugs = ["x", "y", "1", "z", *"abcdef"]
    labels = [{"slug": slug, "glyph": slug, "name": slug} for slug in slugs]
    install.install(bundle=small_bundles.with_labels(starter, "letters", labels))
    _named(alice, "letters", "x")
    html = _text(as_rita, "/review/?recognizer=letters")
    keys = dict(re.findall(r'name="label" value="(\w)" data-key="(\d)"', html))
    assert keys["1"] == "1"
    assert sorted(keys) == sorted(slugs)
    assert sorted(keys.values()) == list("0123456789")


def test_a_decision_is_about_the_recognizer_of_its_drawing(as_rita: Client, said: dict[str, Correction]) -> None:
    correction = said["sketches"]
    body = {"label": "eye", "recognizer": "sketches"}
    response = as_rita.post(f"/review/{correction.pk}/", body)
    assert response["Location"] == "/review/?recognizer=sketches"
    assert correction.reviews.get().label.slug == "eye"  # type: ignore[union-attr]
    page = as_rita.get("/review/?recognizer=sketches")
    assert page.context["card"] is None
    ((opinion, _drawing),) = page.context["last_decisions"]
    assert str(opinion.label) in page.content.decode().partition("data-summary")[2].partition("</span>")[0]


# --- Progress, runs, promotions ---


def test_each_recognizer_has_a_progress_of_its_own(client: Client, starter: Any, three: list[Recognizer]) -> None:

    learned(three[1], promotions.bundle_of(three[1].versions.get()))
    bangla, sketches = (client.get(f"/progress/?recognizer={slug}").context for slug in ("bangla-digits", "sketches"))
    assert (str(bangla["recognizer"]), bangla["active"].model_version.number) == ("Bangla digits", 2)
    assert (str(sketches["recognizer"]), sketches["active"].model_version.number) == ("Sketches", 1)
    assert sketches["waiting"] == 0


def test_runs_can_be_looked_at_by_recognizer(as_root: Client, three: list[Recognizer]) -> None:
    for recognizer in three:
        ended(recognizer)
    assert _text(as_root, "/runs/").count('<p class="what">') == 3
    html = _text(as_root, "/runs/?recognizer=sketches")
    assert html.count('<p class="what">') == 1
    assert re.findall(r'<button class="button" name="recognizer" value="([\w-]+)">', html) == ["sketches"]


def test_a_run_names_what_flipped_in_words(as_root: Client, said: dict[str, Correction]) -> None:
    drawing = Drawing.objects.get(pk=said["sketches"].drawing_id)
    run = ended(drawing.recognizer)
    examined(run, drawing, "alarm-clock", "eye", "alarm-clock")
    html = _text(as_root, f"/runs/{run.pk}/")
    assert '<s class="muted">eye</s> → <b>alarm clock</b>' in html


def test_each_has_a_policy_prompts_and_colours_in_the_admin(as_root: Client, three: list[Recognizer]) -> None:
    for recognizer in three:
        html = _text(as_root, f"/admin/recognizer/recognizer/{recognizer.pk}/change/")
        assert 'name="policy-0-train_after"' in html
        assert 'name="prompt"' in html
        assert 'name="labels-0-tone"' in html
    labels = three[2].labels.all()
    form = {"name": "Doodles", "prompt": "Sketch {name}", "position": "2", "policy-TOTAL_FORMS": "0"}
    form |= {"policy-INITIAL_FORMS": "0", "labels-TOTAL_FORMS": "1", "labels-INITIAL_FORMS": "1"}
    first = {
        "id": labels[0].pk,
        "recognizer": three[2].pk,
        "glyph": "",
        "name": "ring",
        "prompt": "a ring",
        "tone": "moss",
    }
    form |= {f"labels-0-{name}": str(value) for name, value in first.items()}
    as_root.post(f"/admin/recognizer/recognizer/{three[2].pk}/change/", form)
    three[2].refresh_from_db()
    assert three[2].asks == ("Sketch ", "")
    assert three[2].labels.get(slug="ring").tone == "moss"


def test_a_prompt_without_a_place_for_the_label_is_refused_in_the_admin(
    as_root: Client, three: list[Recognizer]
) -> None:
    form = {"name": "Doodles", "prompt": "Draw a thing", "position": "2", "policy-TOTAL_FORMS": "0"}
    form |= {"policy-INITIAL_FORMS": "0", "labels-TOTAL_FORMS": "0", "labels-INITIAL_FORMS": "0"}
    response = as_root.post(f"/admin/recognizer/recognizer/{three[2].pk}/change/", form)
    assert set(response.context["adminform"].form.errors) == {"prompt"}
    three[2].refresh_from_db()
    assert three[2].prompt == "Draw {name}"


@pytest.mark.parametrize("kind", ["prediction", "correction", "personalanswer"])
def test_the_admin_offers_the_labels_of_the_recognizer_that_was_chosen(
    as_root: Client, said: dict[str, Correction], kind: str
) -> None:
    sketches, page = said["sketches"].drawing.recognizer, f"/admin/recognizer/{kind}/"
    assert "bowtie" not in _text(as_root, page)
    chosen = f"{page}?label__recognizer__id__exact={sketches.pk}"
    assert "bowtie" in _text(as_root, chosen)
    label = sketches.labels.get(slug="bowtie")
    assert "0 " in _text(as_root, f"{chosen}&label={label.pk}")
    assert as_root.get(f"{chosen}&label=x").status_code == 200
