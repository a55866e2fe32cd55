"""Replay packs: what they hold, their size, and which files are refused."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, BundleError, load_bundle, save_bundle, verify_bundle, with_replay_pack
from ml.embeddings import replay_pack, softmax
from ml.embeddings.replay_pack import ReplayPack, choose_balanced, read_pack, write_pack
from ml.recipes.base import Material
from tests.ml.trained import OTHER


def embeddings(count: int, seed: int = 0) -> np.ndarray:
    """As a ReLU gives them: never below 0, half of them 0."""
    return np.maximum(np.random.default_rng(seed).normal(size=(count, 128)), 0).astype(np.float32)


def small(**changed: Any) -> ReplayPack:
    parts: dict[str, Any] = {
        "study": embeddings(30),
        "study_labels": np.arange(30) % 4,
        "test": embeddings(20, 1),
        "test_labels": np.arange(20) % 3,
        "junk": embeddings(10, 2),
    }
    return ReplayPack(**{**parts, **changed})


def stored(**changed: Any) -> bytes:
    """A pack with other arrays in it; None takes one out."""
    with np.load(io.BytesIO(write_pack(small()))) as file:
        arrays = {**file, **changed}
    content = io.BytesIO()
    np.savez_compressed(content, **{name: array for name, array in arrays.items() if array is not None})
    return content.getvalue()


def test_a_pack_is_read_as_it_was_written_within_the_precision_of_8_bits() -> None:
    packed = read_pack(write_pack(small()))

    for name in ("study", "test", "junk"):
        original = getattr(small(), name)
        step = original.max(axis=1, keepdims=True) / 255
        assert (np.abs(getattr(packed, name) - original) <= step / 2 + 1e-6).all()
        assert getattr(packed, name).dtype == np.float32
    np.testing.assert_array_equal(packed.study_labels, small().study_labels)
    assert packed.test_labels.dtype == np.int64


def test_an_embedding_of_zeros_stays_zero() -> None:
    packed = read_pack(write_pack(small(junk=np.zeros((3, 128), np.float32))))

    assert not packed.junk.any()


def test_a_pack_without_negatives_can_be_written() -> None:
    assert read_pack(write_pack(small(junk=embeddings(0)))).junk.shape == (0, 128)


def test_a_pack_above_three_megabytes_is_refused() -> None:
    with pytest.raises(BundleError, match="3,000,000"):
        write_pack(small(test=embeddings(40_000), test_labels=np.zeros(40_000)))


def test_twenty_thousand_embeddings_fit_into_a_pack() -> None:
    content = write_pack(
        small(
            test=embeddings(10_000),
            test_labels=np.zeros(10_000),
            study=embeddings(10_000),
            study_labels=np.zeros(10_000),
        )
    )

    assert len(content) < 3_000_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "python -m ml rehearse"),
        (b"nothing", None),
        (b"\0" * 3_000_001, "3,000,000"),
        (stored()[:2_000], None),
        (stored(study=None), None),
        (stored(study_labels=np.zeros(5)), r"30 study .*\(5,\)"),
        (stored(test_scale=np.ones(3, np.float32)), None),
        (stored(junk=np.zeros((10, 64), np.uint8)), r"\(64,\)"),
        (stored(junk=np.zeros(10, np.uint8)), None),
        (stored(study_labels=np.array([{}] * 30, object)), None),
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_pack_is_refused(content: bytes, message: str | None) -> None:
    with pytest.raises(BundleError, match=message):
        read_pack(content)


def test_a_pack_that_unpacks_into_far_more_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("study.npy", b"\0" * 70_000_000)

    with pytest.raises(BundleError, match="70,000,"):
        read_pack(file.getvalue())


def test_a_pack_is_saved_and_loaded_with_its_bundle(trained_base: Bundle, tmp_path: Any) -> None:
    save_bundle(trained_base, tmp_path)

    loaded = load_bundle(tmp_path)

    assert loaded == trained_base
    assert (tmp_path / "rehearsal.npz").read_bytes() == trained_base.rehearsal
    verify_bundle(loaded)


def test_a_bundle_without_a_pack_ignores_the_file_of_another(
    trained_base: Bundle, tiny_bundle: Bundle, tmp_path: Any
) -> None:
    save_bundle(trained_base, tmp_path)
    save_bundle(tiny_bundle, tmp_path)

    assert load_bundle(tmp_path).rehearsal == b""


def test_the_error_names_a_missing_pack(trained_base: Bundle, tmp_path: Any) -> None:
    save_bundle(trained_base, tmp_path)
    (tmp_path / "rehearsal.npz").unlink()

    with pytest.raises(BundleError, match=r"rehearsal\.npz"):
        load_bundle(tmp_path)


def test_a_pack_of_another_checksum_is_refused(trained_base: Bundle) -> None:
    with pytest.raises(BundleError, match=r"rehearsal\.npz.*sha256"):
        verify_bundle(replace(trained_base, rehearsal=trained_base.rehearsal + b"\0"))


def test_a_bundle_can_be_verified_without_loading_its_pack(trained_base: Bundle) -> None:
    verify_bundle(replace(trained_base, rehearsal=b""))


def test_another_pack_changes_nothing_else(trained_base: Bundle) -> None:
    other = with_replay_pack(trained_base, write_pack(small()))

    assert (other.tflite, other.keras) == (trained_base.tflite, trained_base.keras)
    verify_bundle(other)


def test_the_base_test_is_the_first_test_of_real_drawings(trained_base: Bundle, training_material: Material) -> None:
    packed = read_pack(trained_base.rehearsal)

    np.testing.assert_array_equal(packed.test_labels, training_material.tests["other digits"].y)


def test_the_last_layer_answers_the_pack_like_the_model_answers_the_drawings(
    trained_base: Bundle, training_material: Material
) -> None:
    predictor, test = verify_bundle(trained_base), training_material.tests["other digits"]

    by_pack = softmax.predict_head(predictor.head(), read_pack(trained_base.rehearsal).test)[:, :OTHER]

    itself = predictor.predict(test.x).probabilities
    assert (by_pack.argmax(axis=1) == itself.argmax(axis=1)).mean() >= 0.99
    assert np.abs(by_pack - itself).max() < 0.05


def test_a_pack_holds_exemplars_of_every_label_and_negatives(trained_base: Bundle) -> None:
    packed = read_pack(trained_base.rehearsal)

    counts = np.bincount(packed.study_labels)
    assert counts[:OTHER].min() == counts[:OTHER].max() == 70  # of 150 pictures and 60 tracks
    assert counts[OTHER] > 600
    assert len(packed.junk) == 80


def test_a_pack_made_twice_is_the_same(trained_base: Bundle, training_material: Material) -> None:
    again = replay_pack.add_replay_pack(trained_base, training_material)

    assert again.manifest["sha256"] == trained_base.manifest["sha256"]


def test_a_pack_needs_a_test_of_real_drawings(trained_base: Bundle, training_material: Material) -> None:
    with pytest.raises(BundleError, match="test of real drawings"):
        replay_pack.add_replay_pack(
            trained_base, replace(training_material, tests={"junk": training_material.tests["other junk"]})
        )


def test_each_label_gets_the_same_number_of_exemplars_if_there_are_enough() -> None:
    truth = np.array([0] * 50 + [1] * 50 + [2] * 4)

    chosen = choose_balanced(truth, 30, 3, np.random.default_rng(0))

    assert np.bincount(truth[chosen]).tolist() == [10, 10, 4]
    assert len(set(chosen)) == 24
