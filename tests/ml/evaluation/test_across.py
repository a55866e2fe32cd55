"""Comparing recognizers: scales are fitted so that the right one is chosen, stored, and read again."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import ml
from ml.benchmarks.across import across_text, fit_shipped, load_players, run_across_bench
from ml.bundles.bundle import Bundle, BundleError, save_bundle
from ml.evaluation.across import Scale, fit_scales, inputs_of, save_scales, shares, shipped_scales
from ml.evaluation.base_test import make_base_test, save_base_test
from ml.evaluation.coinciding import GROUPS, same_shapes
from ml.recipes.base import Material
from tests.small_bundles import with_labels


def test_scores_order_recognizers_as_their_probabilities_do_without_scales() -> None:
    sure, less = Scale().score(0.99, 0.01), Scale().score(0.6, 0.4)
    assert sure > less
    assert shares(np.array([sure, less])).sum() == pytest.approx(1)


def test_a_recognizer_that_is_always_sure_loses_to_one_that_is_sure_of_its_own() -> None:
    rng = np.random.default_rng(0)
    mine = rng.random(400) < 0.5  # drawings of the second recognizer
    boastful = rng.uniform(0.9, 1, 400)
    honest = np.where(mine, rng.uniform(0.7, 0.9, 400), rng.uniform(0.1, 0.4, 400))
    inputs = np.stack([inputs_of(boastful, 1 - boastful), inputs_of(honest, 1 - honest)], axis=1)
    right = np.stack([~mine, mine], axis=1)
    scales = fit_scales(inputs, right)
    chosen = (inputs * np.array(scales)).sum(axis=2).argmax(axis=1)
    assert (chosen == mine).mean() > 0.95
    assert ((inputs * np.array([Scale(), Scale()])).sum(axis=2).argmax(axis=1) == mine).mean() < 0.7


def test_drawings_that_nobody_knows_do_not_count() -> None:
    probability = np.array([[0.9, 0.5], [0.5, 0.9]])
    inputs, right = inputs_of(probability, 1 - probability), np.array([[True, False], [False, True]])
    more = inputs_of(np.full((3, 2), 0.99), np.full((3, 2), 0.01))
    assert fit_scales(np.concatenate([inputs, more]), np.concatenate([right, np.zeros((3, 2), bool)])) == fit_scales(
        inputs, right
    )


def test_scales_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "across.json"
    monkeypatch.setattr("ml.evaluation.across.ACROSS_FILE", path)
    shipped_scales.cache_clear()
    assert shipped_scales() == {}
    save_scales(["b", "a"], [Scale(1, 2, 3), Scale(4, 5, 6)], path)
    shipped_scales.cache_clear()
    assert shipped_scales() == {"a": Scale(4, 5, 6), "b": Scale(1, 2, 3)}
    shipped_scales.cache_clear()


def test_labels_of_one_shape_are_pairs_of_the_groups_and_of_bundles(trained_base: Bundle) -> None:
    labels = [{**label, "looks_like": ["runes/fehu"]} for label in trained_base.manifest["labels"][:1]]
    pairs = same_shapes([with_labels(trained_base, "digits", labels)])
    assert frozenset({("letters", "o"), ("shapes", "circle")}) in pairs
    assert frozenset({("digits", labels[0]["slug"]), ("runes", "fehu")}) in pairs
    assert frozenset({("digits", "1"), ("digits", "7")}) not in pairs


def test_groups_name_labels_that_exist_where_their_recognizer_ships() -> None:
    models = Path(ml.__file__).parent / "models"
    for player in load_players(models):
        named = {label for recognizer, label in chain.from_iterable(GROUPS) if recognizer == player.slug}
        assert len(named - set(player.bundle.slugs)) <= len(named) / 10, named - set(player.bundle.slugs)


def test_the_benchmark_takes_whatever_is_there(
    trained_base: Bundle, training_material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.benchmarks.across.DRAWINGS", 60)
    with pytest.raises(BundleError):
        load_players(tmp_path)
    for name in ("one", "two"):
        save_bundle(with_labels(trained_base, name, trained_base.manifest["labels"]), tmp_path / name)
        save_base_test(make_base_test(trained_base, training_material), tmp_path / name)
    save_bundle(trained_base, tmp_path / "without-a-base-test")
    slugs, scales = fit_shipped(tmp_path)
    found = run_across_bench(tmp_path, dict(zip(slugs, scales, strict=True)))
    assert found["recognizers"] == ["one", "two"]
    assert found["compared"]["all"]["drawings"] == 60
    assert 0.3 < found["compared"]["all"]["recognizer"] <= 1  # the same network twice: a coin decides
    assert "one" in across_text(found)
