"""Answers of a recognizer with many labels: how many guesses are listed and saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import ml
from ml.bundles.bundle import load_bundle
from recognizer.drawings import corrections
from recognizer.insights import label_checks
from recognizer.models import Drawing, Label, LabelCheck, Recognizer
from recognizer.registry import install
from tests import small_bundles
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def symbols(db: None) -> Recognizer:
    """The shipped symbols of maths, 830 labels."""
    shipped = load_bundle(Path(ml.__file__).parent / "models" / "maths")
    install.install(bundle=small_bundles.without_training_files(shipped))
    return Recognizer.objects.get(slug="maths")


def _post(client: Client, path: str, **body: Any) -> Any:
    response = client.post(f"/api/v1/{path}", {"recognizer": "maths", **body}, content_type="application/json")
    assert response.status_code in (200, 201)
    return response.json()


def test_an_answer_lists_the_first_guesses_and_all_if_they_are_asked_for(client: Client, symbols: Recognizer) -> None:
    first, every = (_post(client, "predict", ink=SEVEN, **more)["guesses"] for more in ({}, {"top_k": 1_000}))
    assert (len(first), len(every)) == (60, symbols.labels.count())
    assert first == every[:60]
    assert len(_post(client, "predict", ink=SEVEN, top_k=3)["guesses"]) == 3


def test_each_answer_of_a_batch_does_too(client: Client, symbols: Recognizer) -> None:
    counts = [
        len(_post(client, "predict/batch", items=[{"ink": SEVEN}], **more)["results"][0]["guesses"])
        for more in ({}, {"top_k": 100})
    ]
    assert counts == [60, 100]


def test_a_saved_answer_has_the_first_guesses(as_alice: Client, symbols: Recognizer) -> None:
    first = [guess["label"] for guess in _post(as_alice, "predict", ink=SEVEN)["guesses"]]
    saved = _post(as_alice, "drawings", ink=SEVEN)
    assert [guess["label"] for guess in saved["prediction"]["guesses"]] == first
    assert as_alice.get(f"/api/v1/drawings/{saved['id']}").json()["prediction"] == saved["prediction"]
    assert len(Drawing.objects.get().predictions.get().guesses) == 60


def test_a_label_that_was_not_among_the_saved_guesses_is_checked(as_alice: Client, symbols: Recognizer) -> None:
    last = _post(as_alice, "predict", ink=SEVEN, top_k=1_000)["guesses"][-1]["label"]
    drawing = Drawing.objects.get(uuid=_post(as_alice, "drawings", ink=SEVEN)["id"])
    corrections.correct(drawing=drawing, label=last)
    label_checks.refresh_label_checks()
    check, answer = LabelCheck.objects.get(), drawing.predictions.get()
    assert check.label == Label.objects.get(recognizer=symbols, slug=last)
    assert (check.share, check.rival) == (0.0, answer.label)
    assert check.margin == pytest.approx(-answer.probability, abs=1e-5)
