"""Versions answer their base test in the background; their worst mistakes are stored and shown to everybody."""

from __future__ import annotations

import base64
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from django.test import Client

from ml.augmentation.augment import augment_ink
from ml.augmentation.synthetic_digits import write_digit
from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.sources import SOURCES
from ml.evaluation.base_test import BaseTest, write_base_test
from recognizer.insights import worst_mistakes
from recognizer.insights.worst_mistakes import refresh_worst_mistakes
from recognizer.models import Recognizer, WorstMistakes
from recognizer.registry.base_tests import install_base_test
from recognizer.tasks import tick
from tests.pages.training_runs import learned


@pytest.fixture(scope="module")
def test_drawings(shipped: Bundle) -> BaseTest:
    """Badly distorted digits, said to be from two data sets and from a folder of one's own."""
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 10
    rasters = np.stack([augment_ink(write_digit(int(label), rng), rng, strength=3) for label in labels])
    sources = np.array(["mnist", "pendigits", "strokes"])[np.arange(240) % 3]
    return BaseTest(rasters, labels.astype(np.int64), sources, shipped.slugs, shipped.raster)


@pytest.fixture
def tested(digits: Recognizer, test_drawings: BaseTest) -> Recognizer:
    """A recognizer with that base test, which nothing has answered yet."""
    install_base_test(recognizer=digits, content=write_base_test(test_drawings))
    return digits


def raster_of(mistake: dict[str, Any]) -> np.ndarray:
    content = np.frombuffer(base64.b64decode(mistake["raster"]), np.uint8)
    pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def test_what_is_stored_are_mistakes_of_the_version(
    tested: Recognizer, test_drawings: BaseTest, shipped: Bundle
) -> None:
    assert refresh_worst_mistakes() == 1
    row = WorstMistakes.objects.get(version=tested.versions.get())
    answers = verify_bundle(shipped).predict(test_drawings.rasters).probabilities
    wrong = answers.argmax(axis=1) != test_drawings.labels
    unsure_below = shipped.manifest["unsure_below"]
    assert (row.drawings, row.wrong) == (240, wrong.sum())
    assert row.wrong_and_sure == (wrong & (answers.max(axis=1) >= unsure_below)).sum()
    assert 0 < len(row.found) <= worst_mistakes.SHOWN

    known = {raster.tobytes(): number for number, raster in enumerate(test_drawings.rasters)}
    for mistake in row.found:
        number = known[raster_of(mistake).tobytes()]
        assert mistake["label"] == str(test_drawings.labels[number])
        assert mistake["answer"] == str(answers[number].argmax()) != mistake["label"]
        assert mistake["probability"] == pytest.approx(answers[number].max(), abs=1e-3)
        assert mistake["source"] == test_drawings.sources[number]


def test_only_drawings_with_a_known_licence_are_stored(tested: Recognizer) -> None:
    refresh_worst_mistakes()
    sources = Counter(mistake["source"] for mistake in WorstMistakes.objects.get().found)
    assert set(sources) <= {"mnist", "pendigits"}
    assert sources


def test_every_version_answers_once_the_newest_first(tested: Recognizer, starter: Bundle) -> None:
    second = learned(tested, starter)
    assert refresh_worst_mistakes() == 1
    assert WorstMistakes.objects.get().version == second
    assert refresh_worst_mistakes() == 1
    assert refresh_worst_mistakes() == 0
    assert WorstMistakes.objects.count() == 2


def test_each_recognizer_has_its_turn(tested: Recognizer, test_drawings: BaseTest, bangla_digits: Recognizer) -> None:
    other = replace(test_drawings, slugs=[label.slug for label in bangla_digits.labels.all()])
    install_base_test(recognizer=bangla_digits, content=write_base_test(other))
    assert [refresh_worst_mistakes() for _ in range(3)] == [1, 1, 0]
    answered = WorstMistakes.objects.filter(drawings=240).values_list("version__recognizer__slug", flat=True)
    assert sorted(answered) == ["bangla-digits", "digits"]


def test_another_base_test_is_answered_again(tested: Recognizer, test_drawings: BaseTest) -> None:
    refresh_worst_mistakes()
    few = replace(
        test_drawings,
        rasters=test_drawings.rasters[:30],
        labels=test_drawings.labels[:30],
        sources=test_drawings.sources[:30],
    )
    install_base_test(recognizer=tested, content=write_base_test(few))
    assert refresh_worst_mistakes() == 1
    assert WorstMistakes.objects.get().drawings == 30


def test_a_version_that_does_not_fit_the_test_is_not_asked_again(tested: Recognizer, starter: Bundle) -> None:
    refresh_worst_mistakes()
    other = dict(starter.manifest, labels=[*reversed(starter.manifest["labels"])])
    learned(tested, replace(starter, manifest=other))
    assert refresh_worst_mistakes() == 1
    assert refresh_worst_mistakes() == 0
    assert sorted(WorstMistakes.objects.values_list("drawings", flat=True)) == [0, 240]


def test_without_a_base_test_there_is_nothing_to_do(digits: Recognizer) -> None:
    assert refresh_worst_mistakes() == 0
    assert not WorstMistakes.objects.exists()


def test_the_tick_does_it(tested: Recognizer) -> None:
    tick()
    assert WorstMistakes.objects.count() == 1


def test_the_admin_shows_test_and_mistakes_without_their_drawings(admin_client: Client, tested: Recognizer) -> None:
    refresh_worst_mistakes()
    for model, key in (("basetest", tested.pk), ("worstmistakes", tested.versions.get().pk)):
        listed = admin_client.get(f"/admin/recognizer/{model}/")
        assert listed.context["cl"].result_count == 1
        assert admin_client.get(f"/admin/recognizer/{model}/{key}/change/").status_code == 200
        assert admin_client.post(f"/admin/recognizer/{model}/{key}/delete/").status_code == 403


# The page


def test_visitors_see_the_mistakes_with_origin_and_licence(client: Client, tested: Recognizer) -> None:
    assert client.get("/models/digits/").context["worst"] is None
    refresh_worst_mistakes()
    response = client.get("/models/digits/")
    html = " ".join(response.content.decode().split())
    row = WorstMistakes.objects.get()
    shown = re.findall(r'<img class="raster" src="data:image/png;base64,([^"]+)" width="84"', html)
    assert shown == [mistake["raster"] for mistake in row.found]
    worst = response.context["worst"]
    assert [(each.drawn.slug, each.answered.slug) for each in worst.mistakes] == [
        (each["label"], each["answer"]) for each in row.found
    ]
    for name in {mistake["source"] for mistake in row.found}:
        assert SOURCES[name] in worst.sources
        assert SOURCES[name].licence in html
        assert SOURCES[name].origin in html


def test_each_version_shows_its_own(client: Client, tested: Recognizer, starter: Bundle) -> None:
    learned(tested, starter)
    refresh_worst_mistakes()
    assert client.get("/models/digits/2/").context["worst"]
    assert client.get("/models/digits/1/").context["worst"] is None


def test_a_data_set_that_is_no_longer_known_is_not_shown(client: Client, tested: Recognizer) -> None:
    refresh_worst_mistakes()
    row = WorstMistakes.objects.get()
    row.found = [row.found[0] | {"source": "gone"}, row.found[0] | {"label": "gone"}]
    row.save()
    assert client.get("/models/digits/").context["worst"].mistakes == []
