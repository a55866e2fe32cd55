"""Replay packs: a sample of a model's training and test data as embeddings, small enough to travel with the model.

A pack holds embeddings (the trunk's output), no drawings: exemplars of what the base was trained on, so that a new last
layer can be trained without the data sets; the base test, so that the base accuracy of any last layer on this trunk
can be measured; and negatives that nothing was trained on. An embedding is stored in 8 bits with a scale of its own,
as the exported 8-bit model rounds it itself. The file is called `rehearsal.npz`.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ml.augmentation.negatives import make_negative
from ml.bundles.bundle import Bundle, BundleError, verify_bundle, with_replay_pack
from ml.preprocessing.ink import rasterise
from ml.preprocessing.unpack import load_arrays

if TYPE_CHECKING:
    from ml.recipes.base import Material

MAX_BYTES = 3_000_000  # of a pack
MAX_UNPACKED = 64_000_000  # bytes of all its arrays
SEED = 3

# The number of drawings in a pack.
PICTURES, TRACKS, NEGATIVES, SYNTHETIC_NEGATIVES = 6_000, 3_000, 1_200, 600
TEST, TEST_NEGATIVES = 12_000, 2_000
WIDTH = 128  # of the embeddings; wider ones get fewer drawings, so that the pack stays as small

Rng = np.random.Generator


class ReplayPack(NamedTuple):
    """Embeddings are float32 (n, width). Labels are int64 (n,), indices into the bundle's labels; one more: "other"."""

    study: np.ndarray
    study_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    junk: np.ndarray


# Reading and writing


def write_pack(pack: ReplayPack) -> bytes:
    """Return the content of `rehearsal.npz`. Raises BundleError if it has more than 3 MB."""
    arrays: dict[str, np.ndarray] = {
        "study_labels": pack.study_labels.astype(np.uint16),
        "test_labels": pack.test_labels.astype(np.uint16),
    }
    for name in ("study", "test", "junk"):
        embeddings = getattr(pack, name)
        # A scale for each row: its largest number becomes 255. None is negative, they come from a ReLU.
        scale = (embeddings.max(axis=1, initial=0) / 255).astype(np.float32)  # (n,)
        steps = embeddings / np.maximum(scale, np.float32(1e-30))[:, np.newaxis]
        arrays[name] = np.clip(np.round(steps), 0, 255).astype(np.uint8)  # (n, width)
        arrays[f"{name}_scale"] = scale
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    content = file.getvalue()
    if len(content) > MAX_BYTES:
        raise BundleError(f"The replay pack has {len(content):,} bytes; at most {MAX_BYTES:,} are allowed.")
    return content


def read_pack(content: bytes) -> ReplayPack:
    """Read a pack. Raises BundleError for anything that `write_pack` would not write."""
    if not content:
        raise BundleError("The bundle has no replay pack. Make one: python -m ml rehearse.")
    if len(content) > MAX_BYTES:
        raise BundleError(f"The replay pack has {len(content):,} bytes, the limit is {MAX_BYTES:,}.")
    try:
        arrays = load_arrays(content, most=MAX_UNPACKED)
        embeddings = {name: arrays[name] * arrays[f"{name}_scale"][:, np.newaxis] for name in ("study", "test", "junk")}
        labels = {f"{name}_labels": arrays[f"{name}_labels"].astype(np.int64) for name in ("study", "test")}
        pack = ReplayPack(**embeddings, **labels)
    except (OSError, EOFError, KeyError, ValueError, IndexError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"The replay pack cannot be read: {error}.") from error
    widths = {part.shape[1:] for part in (pack.study, pack.test, pack.junk)}
    if len(widths) != 1 or any(len(width) != 1 for width in widths):
        raise BundleError(f"All embeddings of a replay pack must have the same width, not {sorted(widths)}.")
    for name in ("study", "test"):
        count, shape = len(getattr(pack, name)), getattr(pack, f"{name}_labels").shape
        if shape != (count,):
            raise BundleError(f"The replay pack has {count} {name} embeddings and labels of shape {shape}.")
    return pack


def have_same_test(one: ReplayPack, other: ReplayPack) -> bool:
    """Return whether both packs hold the same base test, each as its own trunk sees it."""
    return np.array_equal(one.test_labels, other.test_labels)


# Making a pack from the data sets


def add_replay_pack(bundle: Bundle, material: Material) -> Bundle:
    """Return the bundle with a new replay pack, made from the data that its base was trained on and tested with.

    It takes unvaried pictures, tracks and negatives of the training data; the first of `material.tests` that holds
    real drawings, or a part of a very large one; and the negatives of `validation` and `tests`. Raises BundleError if
    there is no such test.
    """
    rng = np.random.default_rng(SEED)
    predictor = verify_bundle(bundle)
    labels, share = len(bundle.slugs), min(1.0, WIDTH / predictor.embedding_size)
    tests = [part for part in material.tests.values() if len(part.y) and (part.y < labels).all()]
    if not tests:
        raise BundleError("A replay pack needs a test of real drawings, and the material has none.")
    test = tests[0]
    # Always the same drawings of a large test, chosen at random because it may be sorted by label.
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(test.y))[: round(TEST * share)])
    rasters, truth = _choose_exemplars(material, bundle, share, rng)
    held_out = [*material.validation.values(), *material.tests.values()]
    negatives = rng.permutation(np.concatenate([part.x[part.y == labels] for part in held_out]))
    negatives = negatives[: round(TEST_NEGATIVES * share)]
    study, base_test, junk = (predictor.predict(x).embeddings for x in (rasters, test.x[chosen], negatives))
    return with_replay_pack(bundle, write_pack(ReplayPack(study, truth, base_test, test.y[chosen], junk)))


def _choose_exemplars(material: Material, bundle: Bundle, share: float, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Rasters uint8 (n, size, size) and labels (n,): the same number of each label as far as there are enough."""
    labels, spec = len(bundle.slugs), bundle.raster
    pictures = choose_balanced(material.pictures.y, round(PICTURES * share), labels, rng)
    tracks = choose_balanced(material.tracks.y, round(TRACKS * share), labels, rng)
    digits, real = material.digits(), (NEGATIVES - SYNTHETIC_NEGATIVES) // 2
    negatives = [
        rasterise(make_negative(rng, digits, skipped=material.skipped_negatives), spec)
        for _ in range(SYNTHETIC_NEGATIVES)
    ]
    order = rng.permutation(len(material.negative_inks))[:real]
    negatives += [rasterise(material.negative_inks[row], spec) for row in order]
    negatives += list(rng.permutation(material.negative_rasters)[:real])
    drawn = [rasterise(material.tracks.inks[row], spec) for row in tracks]
    parts = [material.pictures.x[pictures], drawn, negatives]
    rasters = [np.asarray(part, np.uint8).reshape(-1, spec.size, spec.size) for part in parts]
    truth = [material.pictures.y[pictures], material.tracks.y[tracks], np.full(len(negatives), labels)]
    return np.concatenate(rasters), np.concatenate(truth).astype(np.int64)


def choose_balanced(truth: np.ndarray, wanted: int, labels: int, rng: Rng) -> np.ndarray:
    """Return the rows of about `wanted` drawings, int64, the same number of each label as far as there are enough."""
    each = wanted // labels
    chosen = [rng.permutation(np.flatnonzero(truth == label))[:each] for label in range(labels)]
    return np.concatenate(chosen).astype(np.int64)
