"""Comparing recognizers: scales are fitted so that the right one is chosen, stored, and read again."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import ml
from ml.benchmarks.across import across_text, fit_shipped, load_players, run_across_bench
from ml.bundles.bundle import Bundle, BundleError, load_bundle, save_bundle
from ml.evaluation.across import (
    Asked,
    Direction,
    Numbers,
    Scale,
    align,
    fit,
    fit_numbers,
    inputs_of,
    save_numbers,
    shares,
    shipped_numbers,
    trunk_of,
)
from ml.evaluation.base_test import make_base_test, save_base_test
from ml.evaluation.coinciding import GROUPS, same_shapes
from ml.recipes.base import Material
from tests.small_bundles import with_labels


def test_scores_order_recognizers_as_their_probabilities_do_without_scales() -> None:
    sure, less = scores = Numbers({}).scores([Asked("one", 0.99, 0.01), Asked("two", 0.6, 0.4)])
    assert sure > less
    assert shares(scores).sum() == pytest.approx(1)


def test_a_recognizer_that_is_always_sure_loses_to_one_that_is_sure_of_its_own() -> None:
    rng = np.random.default_rng(0)
    mine = rng.random(400) < 0.5  # drawings of the second recognizer
    boastful = rng.uniform(0.9, 1, 400)
    honest = np.where(mine, rng.uniform(0.7, 0.9, 400), rng.uniform(0.1, 0.4, 400))
    inputs = np.stack([inputs_of(boastful, 1 - boastful), inputs_of(honest, 1 - honest)], axis=1)
    right = np.stack([~mine, mine], axis=1)
    scales = fit([inputs[:, 0], inputs[:, 1]], right, np.ones(400))
    chosen = (inputs * np.array(scales)).sum(axis=2).argmax(axis=1)
    assert (chosen == mine).mean() > 0.95
    assert ((inputs * np.array([Scale(), Scale()])).sum(axis=2).argmax(axis=1) == mine).mean() < 0.7


def test_an_embedding_tells_what_probabilities_do_not() -> None:
    rng = np.random.default_rng(0)
    mine = rng.random(400) < 0.5
    probability = rng.uniform(0.5, 0.9, (400, 2))
    inputs = inputs_of(probability, 1 - probability)
    embeddings = rng.random((400, 2, 5))
    embeddings[:, 1, 3] += 2 * mine
    right = np.stack([~mine, mine], axis=1)
    numbers = fit_numbers(("one", "two"), ("t", "t"), inputs, [embeddings[:, 0], embeddings[:, 1]], right, np.ones(400))
    chosen = [
        numbers.scores([Asked(slug, p[k], 1 - p[k], e[k], "t") for k, slug in enumerate(("one", "two"))]).argmax()
        for p, e in zip(probability, embeddings, strict=True)
    ]
    assert (np.array(chosen) == mine).mean() > 0.95


def test_what_another_recognizer_answers_counts_too() -> None:
    rng = np.random.default_rng(0)
    mine = rng.random(400) < 0.5  # of the second of three; the third is sure of those of the first only
    answers = rng.uniform(0.5, 0.9, (400, 3))
    answers[:, 2] = np.where(mine, 0.1, 0.6)
    inputs = inputs_of(answers, 1 - answers)
    right = np.stack([~mine, mine, np.zeros(400, bool)], axis=1)
    slugs, width = ("one", "two", "three"), np.zeros((400, 1))
    numbers = fit_numbers(slugs, ("t", "t", "t"), inputs, [width, width, width], right, np.ones(400))

    def chosen(asked: int) -> list[int]:
        every = [[Asked(s, p, 1 - p, width[0], "t") for s, p in zip(slugs, row, strict=True)] for row in answers]
        return [int(numbers.scores(each[:asked]).argmax()) for each in every]

    assert (np.array(chosen(3)) == mine).mean() > 0.95
    assert 0.4 < (np.array(chosen(2)) == mine).mean() < 0.6  # without the third nobody knows


def test_rare_drawings_count_as_much_as_their_weight() -> None:
    probability = np.full((100, 2), 0.8)
    inputs = inputs_of(probability, 1 - probability)
    right = np.zeros((100, 2), bool)
    right[:90, 0] = right[90:, 1] = True
    parts = [inputs[:, 0], inputs[:, 1]]
    even = fit(parts, right, np.where(right[:, 0], 1 / 90, 1 / 10))
    counted = fit(parts, right, np.ones(100))
    assert even[0][2] == pytest.approx(even[1][2], abs=0.01)
    assert counted[0][2] > counted[1][2] + 1


def test_drawings_that_nobody_knows_do_not_count() -> None:
    probability = np.array([[0.9, 0.5], [0.5, 0.9]])
    inputs, right = inputs_of(probability, 1 - probability), np.array([[True, False], [False, True]])
    more = np.concatenate([inputs, inputs_of(np.full((3, 2), 0.99), np.full((3, 2), 0.01))])
    with_more = fit([more[:, 0], more[:, 1]], np.concatenate([right, np.zeros((3, 2), bool)]), np.ones(5))
    assert np.array_equal(with_more, fit([inputs[:, 0], inputs[:, 1]], right, np.ones(2)))


def test_a_direction_is_for_the_trunk_that_it_was_fitted_with() -> None:
    directions = {"one": Direction("abc", Scale(0, 0, 1), {"two": [3, 0]}, np.array([1.0, 2.0]))}
    numbers = Numbers({"one": Scale(0, 0, 5)}, directions, {"two": [-2, 0]})
    embedding = np.array([10.0, 100.0])

    def score(slug: str, embedding: np.ndarray | None, trunk: str, *others: Asked) -> float:
        return float(numbers.scores([Asked(slug, 0.5, 0.1, embedding, trunk), *others])[0])

    assert score("one", embedding, "abc") == 211
    assert score("one", embedding, "abc", Asked("two", 0.5, 1), Asked("three", 0.5, 1)) == 217
    assert score("one", embedding, "xyz") == 5
    assert score("one", None, "abc") == 5
    assert score("two", embedding, "abc") == 5
    assert Numbers({}, {"one": directions["one"]._replace(trunk="")}).direction_of("one", "") is None


def test_scales_score_as_high_as_directions_do_on_average() -> None:
    inputs = inputs_of(np.full((4, 2), 0.5), np.full((4, 2), 1.0))
    first, second = align([Scale(1, 1, 0), Scale(1, 1, 4)], np.full((4, 2), 7.0), inputs)
    assert (first.offset, second.offset) == (5, 9)


def test_numbers_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "across.json"
    monkeypatch.setattr("ml.evaluation.across.ACROSS_FILE", path)
    shipped_numbers.cache_clear()
    assert shipped_numbers() == Numbers({})
    scales = {"b": Scale(1, 2, 3), "a": Scale(4, 5, 6)}
    written = Direction("t", Scale(7, 8, 9), {"a": [1.5, 2]}, np.array([0.5, 1]))
    save_numbers(Numbers(scales, dict.fromkeys(scales, written), {slug: [3, 4] for slug in scales}), path)
    shipped_numbers.cache_clear()
    read = shipped_numbers()
    assert (read.scales, read.means["a"]) == (scales, [3, 4])
    assert read.directions["b"][:3] == written[:3]
    assert read.directions["b"].weights.tolist() == [0.5, 1]
    shipped_numbers.cache_clear()


def test_the_shipped_numbers_are_for_the_bundles_that_ship() -> None:
    models = Path(ml.__file__).parent / "models"
    shipped_numbers.cache_clear()
    bundles = {path.parent.name: load_bundle(path.parent) for path in models.glob("*/manifest.json")}
    directions = shipped_numbers().directions
    assert {slug: each.trunk for slug, each in directions.items()} == {
        slug: trunk_of(bundle.manifest) for slug, bundle in bundles.items()
    }
    for slug, bundle in bundles.items():
        assert len(directions[slug].weights) == bundle.manifest["embedding_size"]


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
    monkeypatch.setattr("ml.benchmarks.across.FITTED", 60)
    with pytest.raises(BundleError):
        load_players(tmp_path)
    for name in ("one", "two"):
        save_bundle(with_labels(trained_base, name, trained_base.manifest["labels"]), tmp_path / name)
        save_base_test(make_base_test(trained_base, training_material), tmp_path / name)
    save_bundle(trained_base, tmp_path / "without-a-base-test")
    found = run_across_bench(tmp_path, fit_shipped(tmp_path))
    assert found["recognizers"] == ["one", "two"]
    assert found["compared"]["all"]["drawings"] == 60
    assert 0.3 < found["compared"]["all"]["recognizer"] <= 1  # the same network twice: a coin decides
    assert "one" in across_text(found)
