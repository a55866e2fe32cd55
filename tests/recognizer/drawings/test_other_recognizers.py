"""A drawing that one recognizer does not know may be one that another knows well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ml.bundles.build import assemble_bundle
from ml.bundles.bundle import Bundle, with_history
from ml.bundles.predictor import Head, Predictor
from ml.bundles.replace_head import replace_tflite_head
from ml.preprocessing.content import Content
from ml.preprocessing.ink import DEFAULT_SPEC
from ml.training.finetune_head import manifest_of_base
from recognizer.drawings import other_recognizers, predict, store
from recognizer.drawings.predict import AdjustedAnswer, Answer
from recognizer.models import Recognizer
from recognizer.registry import install as installing
from recognizer.registry import serving
from tests.ink import SEVEN
from tests.ml.tiny import HISTORY

pytestmark = pytest.mark.django_db


def with_head(bundle: Bundle, strength: float, **words: Any) -> Bundle:
    """The same network, whose answers are weaker or stronger."""
    head = Predictor(bundle.tflite, len(bundle.slugs)).head()
    tflite = replace_tflite_head(
        bundle.tflite, Head(head.weights * np.float32(strength), head.bias * np.float32(strength))
    )
    words = {**manifest_of_base(bundle), "training": {}, "unsure_below": 0.5, "quantised": True, **words}
    return with_history(assemble_bundle(tflite, b"no Keras file is needed to serve", **words), HISTORY)


def install(bundle: Bundle, slug: str, strength: float, **words: Any) -> Recognizer:
    installing.install(bundle=with_head(bundle, strength, recognizer=slug, **words))
    return Recognizer.objects.get(slug=slug)


def look(slug: str, ink: Any = SEVEN) -> other_recognizers.BetterRecognizer | None:
    content = Content.from_ink(ink)
    return other_recognizers.find_better_recognizer(
        content=content, than=predict.recognise(recognizer=slug, content=content)
    )


def test_it_names_another_recognizer_that_is_far_surer(starter: Bundle) -> None:
    install(starter, "dull", 0.05)
    bright = install(starter, "bright", 1.0, title="Bright numerals")
    found = look("dull")
    assert found is not None
    assert found.recognizer == bright
    assert found.recognizer.name == "Bright numerals"
    assert found.guess.label.slug == "7"
    assert found.guess.label.recognizer == bright
    assert found.guess.probability > 0.9


def test_of_several_it_names_the_surest(starter: Bundle) -> None:
    install(starter, "dull", 0.05)
    install(starter, "good", 0.7)
    best = install(starter, "best", 1.0)
    assert (look("dull") or pytest.fail("nothing found")).recognizer == best


def test_a_sure_answer_costs_no_look_at_the_others(starter: Bundle) -> None:
    install(starter, "bright", 1.0)
    install(starter, "other", 1.0)
    content = Content.from_ink(SEVEN)
    answer = predict.recognise(recognizer="bright", content=content)
    with CaptureQueriesContext(connection) as queries:
        assert other_recognizers.find_better_recognizer(content=content, than=answer) is None
    assert not queries.captured_queries


def test_nobody_is_asked_where_nobody_can_be_far_surer(starter: Bundle) -> None:
    install(starter, "strong", 0.7, unsure_below=1.0)
    install(starter, "bright", 1.0)
    content = Content.from_ink(SEVEN)
    answer = predict.recognise(recognizer="strong", content=content)
    assert answer.unsure
    assert answer.guesses[0].probability > 0.7
    with CaptureQueriesContext(connection) as queries:
        assert other_recognizers.find_better_recognizer(content=content, than=answer) is None
    assert not queries.captured_queries


def test_one_that_is_a_little_surer_is_not_worth_a_word(starter: Bundle) -> None:
    install(starter, "weak", 0.3, unsure_below=0.99)
    install(starter, "a-little-better", 0.33, unsure_below=0.1)
    assert look("weak") is None


def test_one_that_is_not_sure_itself_is_not_named(starter: Bundle) -> None:
    install(starter, "dull", 0.05)
    install(starter, "bright", 1.0, unsure_below=1.0)
    assert look("dull") is None


def test_a_recognizer_without_a_version_is_passed_over(starter: Bundle) -> None:
    install(starter, "dull", 0.05)
    Recognizer.objects.create(slug="empty", name="Nothing yet")
    assert look("dull") is None


def test_a_recognizer_whose_version_does_not_load_is_passed_over(starter: Bundle) -> None:
    install(starter, "dull", 0.05)
    broken = install(starter, "broken", 1.0)
    broken.versions.update(sha256="0" * 64)
    assert look("dull") is None


def test_who_is_understood_by_their_own_memory_is_sent_nowhere(starter: Bundle) -> None:
    install(starter, "dull", 0.05)
    install(starter, "bright", 1.0)
    content = Content.from_ink(SEVEN)
    plain = predict.recognise(recognizer="dull", content=content)
    sure = predict.Guesses([guess.label for guess in plain.guesses], np.linspace(0.95, 0, len(plain.guesses)))
    answer = Answer(plain.live, plain.guesses, plain.unsure, AdjustedAnswer(sure, False, []))
    assert other_recognizers.find_better_recognizer(content=content, than=answer) is None


def test_each_recognizer_sees_the_drawing_on_its_own_raster(starter: Bundle, alice: User) -> None:
    install(starter, "dull", 0.05)
    installing.install(bundle=larger_bundle())
    content = Content.from_ink(SEVEN)
    assert content.raster(serving.live_version("larger").raster).shape == (40, 40)
    assert content.raster(serving.live_version("dull").raster).shape == (DEFAULT_SPEC.size, DEFAULT_SPEC.size)
    drawing, _ = store.save_drawing(author=alice, recognizer="larger", content=content)
    assert drawing.recognizer.slug == "larger"


def larger_bundle() -> Bundle:
    """Untaught, of a raster of 40 pixels."""
    from ml.bundles.build import export_bundle
    from ml.preprocessing.ink import RasterSpec
    from tests.ml.tiny import LABELS, random_rasters, tiny_network

    network, probe = tiny_network(len(LABELS) + 1, 40), random_rasters(2, size=40)
    words: dict[str, Any] = {"recognizer": "larger", "labels": LABELS, "metrics": {}, "training": {}}
    bundle = export_bundle(network, unsure_below=0.5, probe=probe, raster=RasterSpec(40, 32, 2.6), **words)
    return with_history(bundle, HISTORY)
