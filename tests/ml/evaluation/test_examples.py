"""Example drawings: one of each label, recognised, simplified, and checked when they are read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ml
from ml.bundles.bundle import Bundle, BundleError, load_bundle, verify_bundle
from ml.data.loaders import select_rows
from ml.evaluation.examples import (
    EXAMPLES_FILE,
    make_examples,
    read_examples,
    read_examples_file,
    save_examples,
)
from ml.preprocessing.ink import parse_ink, rasterise
from ml.recipes import RECIPES
from ml.recipes.base import Material

MODELS = Path(ml.__file__).parent / "models"
RECIPE = RECIPES["digits"]


def test_a_label_gets_ink_that_the_model_recognises(trained_base: Bundle, training_material: Material) -> None:
    examples = make_examples(trained_base, RECIPE, training_material)
    predictor = verify_bundle(trained_base)
    for index, slug in enumerate(trained_base.slugs):
        example = examples["labels"][slug]
        assert example["traced"] is False
        raster = rasterise(parse_ink(example["ink"]), trained_base.raster)
        assert predictor.predict(raster[None]).probabilities[0].argmax() == index
        numbers = [number for stroke in example["ink"] for axis in stroke for number in axis]
        assert min(numbers) >= 0
        assert max(numbers) == 200


def test_the_sources_are_named_with_their_licences(trained_base: Bundle, training_material: Material) -> None:
    [source] = make_examples(trained_base, RECIPE, training_material)["sources"]
    assert (source["licence"], source["page"][:8]) == ("CC BY 4.0", "https://")


def test_they_are_the_same_each_time(trained_base: Bundle, training_material: Material) -> None:
    first, second = (make_examples(trained_base, RECIPE, training_material) for _ in range(2))
    assert first == second


def test_a_label_without_ink_gets_a_traced_picture(trained_base: Bundle, training_material: Material) -> None:
    kept = np.flatnonzero(training_material.tracks.y != 1)
    material = replace(training_material, tracks=select_rows(training_material.tracks, kept))
    labels = make_examples(trained_base, RECIPE, material)["labels"]
    traced = {slug for slug, example in labels.items() if example["traced"]}
    assert traced <= {trained_base.slugs[1]}
    assert len(traced) == bool((material.pictures.y == 1).any())


def test_they_are_read_as_they_were_written(trained_base: Bundle, training_material: Material, tmp_path: Path) -> None:
    assert read_examples_file(tmp_path) == b""
    examples = make_examples(trained_base, RECIPE, training_material)
    size = save_examples(examples, tmp_path)
    content = read_examples_file(tmp_path)
    assert len(content) == size
    assert read_examples(content) == examples
    assert [path.name for path in tmp_path.iterdir()] == [EXAMPLES_FILE]


SOURCE = {"title": "Pens", "origin": "Somebody", "licence": "CC BY 4.0", "page": ""}


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b"[]",
        b'{"labels": {}}',
        json.dumps({"labels": {"7": {"ink": [], "traced": False}}, "sources": []}).encode(),
        json.dumps({"labels": {"7": {"ink": [[[1], [2, 3]]], "traced": False}}, "sources": []}).encode(),
        json.dumps({"labels": {"7": {"ink": [[[1], [2]]], "traced": "no"}}, "sources": []}).encode(),
        json.dumps({"labels": {}, "sources": [SOURCE | {"licence": None}]}).encode(),
        b" " * 2_000_001,
    ],
)
def test_damaged_examples_are_refused(content: bytes) -> None:
    with pytest.raises(BundleError):
        read_examples(content)


SHIPPED = sorted(path.parent.name for path in MODELS.glob(f"*/{EXAMPLES_FILE}"))


def test_each_shipped_recognizer_has_examples() -> None:
    assert {"digits", "bangla-digits", "sketches"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_examples_are_of_the_labels_and_nearly_all_are_recognised(name: str) -> None:
    bundle, examples = load_bundle(MODELS / name), read_examples(read_examples_file(MODELS / name))
    labels: dict[str, Any] = examples["labels"]
    assert set(labels) == set(bundle.slugs)
    inks = [parse_ink(labels[slug]["ink"]) for slug in bundle.slugs]
    answers = verify_bundle(bundle).predict(np.stack([rasterise(ink, bundle.raster) for ink in inks])).probabilities
    right = answers.argmax(axis=1) == np.arange(len(bundle.slugs))
    assert right.mean() >= 0.95
    assert all(source["licence"] for source in examples["sources"])
