"""What a model must not forget, small enough to travel with it: its rehearsal pack.

A pack holds embeddings (the trunk's output), no drawings: some of what the base was taught, so that
a new last layer can be taught without the data sets; the whole base test, so that the base accuracy
of any last layer on this trunk can be measured; junk that nothing was taught with. An embedding is
kept in 8 bits with a scale of its own, which is what the served 8-bit model rounds it to itself.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ml.augmentation.negatives import make_negative
from ml.bundles.bundle import Bundle, BundleError, verify_bundle, with_replay_pack
from ml.preprocessing.ink import RasterSpec, rasterise

if TYPE_CHECKING:
    from ml.recipes.base import Examples, Material

LIMIT = 3_000_000  # bytes of a pack
UNPACKED_LIMIT = 64_000_000  # bytes of all its arrays
SEED = 3

# How many drawings `make` takes.
PICTURES, TRACKS, MADE_UP, JUNK = 6_000, 3_000, 600, 1_200
TEST, TEST_JUNK = 12_000, 2_000
WIDTH = 128  # of the embeddings; of wider ones it takes fewer, so that the pack stays as small

Rng = np.random.Generator


class ReplayPack(NamedTuple):
    """Embeddings are float32 (n, width), labels int64 (n,) places in the bundle's labels; their number is "other"."""

    study: np.ndarray
    study_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    junk: np.ndarray


# Packing


def write_pack(rehearsal: ReplayPack) -> bytes:
    """The content of `rehearsal.npz`. Raises BundleError above 3 MB."""
    arrays: dict[str, np.ndarray] = {
        "study_labels": rehearsal.study_labels.astype(np.uint16),
        "test_labels": rehearsal.test_labels.astype(np.uint16),
    }
    for name in ("study", "test", "junk"):
        arrays[name], arrays[f"{name}_scale"] = _to_bytes(getattr(rehearsal, name))
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    content = file.getvalue()
    if len(content) > LIMIT:
        raise BundleError(f"The rehearsal pack has {len(content):,} bytes, at most {LIMIT:,} travel. Pack fewer.")
    return content


def _to_bytes(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (n, width) and the value of one step, float32 (n,); embeddings are never below 0 (a ReLU's output)."""
    scale = (embeddings.max(axis=1, initial=0) / 255).astype(np.float32)
    steps = embeddings / np.maximum(scale, np.float32(1e-30))[:, np.newaxis]
    return np.clip(np.round(steps), 0, 255).astype(np.uint8), scale


def read_pack(content: bytes) -> ReplayPack:
    """Read a pack. Raises BundleError for anything that `pack` would not write."""
    if not content:
        raise BundleError("The bundle has no rehearsal pack. Make one: python -m ml rehearse.")
    if len(content) > LIMIT:
        raise BundleError(f"The rehearsal pack has {len(content):,} bytes, at most {LIMIT:,} are read.")
    try:
        arrays = _read(content)
        embeddings = {name: arrays[name] * arrays[f"{name}_scale"][:, np.newaxis] for name in ("study", "test", "junk")}
        labels = {f"{name}_labels": arrays[f"{name}_labels"].astype(np.int64) for name in ("study", "test")}
        rehearsal = ReplayPack(**embeddings, **labels)
    except (OSError, EOFError, KeyError, ValueError, IndexError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"The rehearsal pack cannot be read: {error}.") from error
    _check(rehearsal)
    return rehearsal


def have_same_test(one: ReplayPack, other: ReplayPack) -> bool:
    """Whether both hold the same drawings as their base test, each as its own trunk sees them."""
    return np.array_equal(one.test_labels, other.test_labels)


def _read(content: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > UNPACKED_LIMIT:
        raise ValueError(f"unpacked it has {size:,} bytes, at most {UNPACKED_LIMIT:,} are read")
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _check(rehearsal: ReplayPack) -> None:
    widths = {part.shape[1:] for part in (rehearsal.study, rehearsal.test, rehearsal.junk)}
    if len(widths) != 1 or any(len(width) != 1 for width in widths):
        raise BundleError(f"The embeddings of a rehearsal pack must be of one width, not {sorted(widths)}.")
    for name in ("study", "test"):
        count, labels = len(getattr(rehearsal, name)), getattr(rehearsal, f"{name}_labels")
        if labels.shape != (count,):
            raise BundleError(f"The rehearsal pack has {count} {name} embeddings and labels of shape {labels.shape}.")


# Making one from the data sets


def add_replay_pack(bundle: Bundle, material: Material) -> Bundle:
    """The bundle with a pack made from what its base was taught and is tested with.

    Exemplars of the pictures and tracks that were taught, as they are, and junk; the first of
    `material.tests` that holds real drawings, of a very large one a part; junk of `validation` and `tests`.
    """
    rng = np.random.default_rng(SEED)
    predictor = verify_bundle(bundle)
    labels, share = len(bundle.slugs), min(1.0, WIDTH / predictor.embedding_size)
    rasters, truth = _study(material, bundle, share, rng)
    junk = _test_junk(material, labels, rng)[: round(TEST_JUNK * share)]
    test = _some(_base_test(material, labels), round(TEST * share))
    rehearsal = ReplayPack(
        predictor.predict(rasters).embeddings,
        truth,
        predictor.predict(test.x).embeddings,
        test.y,
        predictor.predict(junk).embeddings,
    )
    return with_replay_pack(bundle, write_pack(rehearsal))


def _study(material: Material, bundle: Bundle, share: float, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Rasters uint8 (n, size, size) and labels (n,), as many of each label as there are, up to the same number."""
    labels, spec = len(bundle.slugs), bundle.raster
    pictures = choose_balanced(material.pictures.y, round(PICTURES * share), labels, rng)
    tracks = choose_balanced(material.tracks.y, round(TRACKS * share), labels, rng)
    junk = list(_junk(material, spec, rng))
    drawn = [rasterise(material.tracks.inks[number], spec) for number in tracks]
    parts = [material.pictures.x[pictures], drawn, junk]
    rasters = [np.asarray(part, np.uint8).reshape(-1, spec.size, spec.size) for part in parts]
    truth = [material.pictures.y[pictures], material.tracks.y[tracks], np.full(len(junk), labels)]
    return np.concatenate(rasters), np.concatenate(truth).astype(np.int64)


def choose_balanced(truth: np.ndarray, wanted: int, labels: int, rng: Rng) -> np.ndarray:
    """Places of about `wanted` drawings, the same number of each label as far as there are."""
    each = wanted // labels
    chosen = [rng.permutation(np.flatnonzero(truth == label))[:each] for label in range(labels)]
    return np.concatenate(chosen).astype(np.int64)


def _some(test: Examples, most: int) -> Examples:
    """The whole test, or so many of it by a fixed chance: it may be in the order of its labels."""
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(test.y))[:most])
    return replace(test, x=test.x[chosen], y=test.y[chosen], writers=None)


def _junk(material: Material, spec: RasterSpec, rng: Rng) -> Iterator[np.ndarray]:
    digits = material.digits()
    yield from (rasterise(make_negative(rng, digits, skipped=material.skipped_negatives), spec) for _ in range(MADE_UP))
    for number in rng.permutation(len(material.negative_inks))[: (JUNK - MADE_UP) // 2]:
        yield rasterise(material.negative_inks[number], spec)
    yield from rng.permutation(material.negative_rasters)[: (JUNK - MADE_UP) // 2]


def _base_test(material: Material, labels: int) -> Examples:
    for examples in material.tests.values():
        if (examples.y < labels).all() and len(examples.y):
            return examples
    raise BundleError("The material has no test of real drawings, so no rehearsal pack can be made of it.")


def _test_junk(material: Material, labels: int, rng: Rng) -> np.ndarray:
    sets = [*material.validation.values(), *material.tests.values()]
    junk = np.concatenate([examples.x[examples.y == labels] for examples in sets])
    return rng.permutation(junk)
