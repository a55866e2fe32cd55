"""The base test: the same number of each label and source, in a file that is checked when it is read."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, BundleError
from ml.data.approved import ApprovedDrawings
from ml.evaluation import base_test
from ml.evaluation.base_test import (
    BASE_TEST_FILE,
    BaseTest,
    make_base_test,
    read_base_test,
    read_base_test_file,
    save_base_test,
    write_base_test,
)
from ml.evaluation.exam import examine
from ml.recipes.base import Examples, Material
from tests.ml.trained import approved_drawings


@pytest.fixture
def small(trained_base: Bundle, training_material: Material, monkeypatch: pytest.MonkeyPatch) -> BaseTest:
    """At most ten of each label and source."""
    monkeypatch.setattr(base_test, "DRAWINGS", 10 * 3 * 2)
    return make_base_test(trained_base, training_material)


def test_of_each_label_and_source_there_are_as_many_as_there_are_up_to_a_number(
    trained_base: Bundle, training_material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_test, "DRAWINGS", 10 * 3 * 2)
    first = training_material.base_test["mnist"]
    few = Examples(first.x[:12], np.array([0] * 9 + [1] * 3))
    material = replace(training_material, base_test={**training_material.base_test, "pendigits": few})

    test = make_base_test(trained_base, material)

    counts = {
        name: np.bincount(test.labels[test.sources == name], minlength=3).tolist() for name in ("mnist", "pendigits")
    }
    assert counts == {"mnist": [10, 10, 10], "pendigits": [9, 3, 0]}


def test_it_is_the_same_each_time(trained_base: Bundle, training_material: Material, small: BaseTest) -> None:
    assert write_base_test(make_base_test(trained_base, training_material)) == write_base_test(small)


def test_it_is_read_as_it_was_written(small: BaseTest, trained_base: Bundle, tmp_path: Path) -> None:
    assert read_base_test_file(tmp_path) == b""
    save_base_test(small, tmp_path)

    test = read_base_test(read_base_test_file(tmp_path))

    np.testing.assert_array_equal(test.rasters, small.rasters)
    np.testing.assert_array_equal(test.labels, small.labels)
    assert test.sources.tolist() == small.sources.tolist()
    assert test.fits(trained_base)
    assert not replace(test, slugs=["0", "2", "1"]).fits(trained_base)
    assert [path.name for path in tmp_path.iterdir()] == [BASE_TEST_FILE]


def changed(test: BaseTest, **arrays: np.ndarray) -> bytes:
    with np.load(io.BytesIO(write_base_test(test))) as known:
        file = io.BytesIO()
        np.savez_compressed(file, **{**known, **arrays})
    return file.getvalue()


def test_what_is_no_base_test_is_refused(small: BaseTest) -> None:
    content = write_base_test(small)
    about = np.frombuffer(b'{"labels": ["0"]}', np.uint8)
    for broken in (
        b"",
        b"text",
        content[: len(content) // 2],
        changed(small, labels=small.labels[:-1].astype(np.uint16)),
        changed(small, labels=(small.labels + 1).astype(np.uint16)),
        changed(small, rasters=small.rasters[:, :20]),
        changed(small, about=about),
        bytes(base_test.MAX_BYTES + 1),
    ):
        with pytest.raises(BundleError):
            read_base_test(broken)


def test_without_test_drawings_there_is_none(trained_base: Bundle, training_material: Material) -> None:
    with pytest.raises(BundleError):
        make_base_test(trained_base, replace(training_material, base_test={}))


def test_both_versions_answer_it_in_the_exam(trained_base: Bundle, small: BaseTest) -> None:
    field = approved_drawings(40, 20)
    without_packs = replace(trained_base, rehearsal=b"", manifest=_without_pack(trained_base))

    verdict = examine(trained_base, without_packs, field, by_author=True, authors=2, base_test=small)

    assert verdict.figures["base"]["count"] == len(small.labels)
    assert verdict.figures["base"]["before"] == verdict.figures["base"]["after"] > 0.8


def test_a_base_test_of_other_labels_is_refused(trained_base: Bundle, small: BaseTest) -> None:
    field: ApprovedDrawings = approved_drawings(40, 20)

    with pytest.raises(BundleError):
        examine(
            trained_base,
            trained_base,
            field,
            by_author=True,
            authors=2,
            base_test=replace(small, slugs=["a", "b", "c"]),
        )


def _without_pack(bundle: Bundle) -> dict:
    sums = {name: value for name, value in bundle.manifest["sha256"].items() if name != "rehearsal"}
    return {**bundle.manifest, "sha256": sums}
