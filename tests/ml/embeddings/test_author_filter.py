"""Which authors are trained on where nobody reviewed their drawings."""

from __future__ import annotations

import numpy as np
import pytest

from ml.bundles.predictor import Head
from ml.embeddings import softmax
from ml.embeddings.author_filter import MIN_DRAWINGS, find_trusted
from ml.embeddings.replay_pack import ReplayPack

LABELS, WIDTH, EACH = 5, 16, 20
MIDDLES = np.random.default_rng(0).uniform(0, 3, (LABELS + 1, WIDTH))


def clouds(truth: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 0.5, (len(truth), WIDTH))
    return np.maximum(MIDDLES[truth] + noise, 0).astype(np.float32)


@pytest.fixture(scope="module")
def pack() -> ReplayPack:
    truth = np.arange(300) % (LABELS + 1)
    embeddings = clouds(truth, 1)
    return ReplayPack(embeddings, truth, embeddings[:6], truth[:6], embeddings[:3])


@pytest.fixture(scope="module")
def head(pack: ReplayPack) -> Head:
    blank = Head(np.zeros((WIDTH, LABELS + 1), np.float32), np.zeros(LABELS + 1, np.float32))
    return softmax.fit_head(blank, pack.study, np.eye(LABELS + 1)[pack.study_labels], np.ones(len(pack.study)))


def drawn(authors: int, liars: list[int], *, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings, labels and authors; the liars label at random."""
    by = np.repeat(np.arange(authors), EACH)
    truth = np.arange(len(by)) % LABELS
    rng = np.random.default_rng(seed)
    said = np.where(np.isin(by, liars), rng.integers(LABELS, size=len(by)), truth)
    return clouds(truth, seed), said, by


def left_out(kept: np.ndarray, authors: np.ndarray) -> list[int]:
    return sorted(set(authors[~kept].tolist()))


@pytest.mark.parametrize("liars", [[], [0], [1, 4, 7], [0, 1, 2, 3]])
def test_authors_who_label_at_random_are_left_out_completely(head: Head, pack: ReplayPack, liars: list[int]) -> None:
    embeddings, said, by = drawn(10, liars)

    kept = find_trusted(head, pack, embeddings, said, by)

    assert left_out(kept, by) == liars
    assert (~kept).sum() == len(liars) * EACH


def test_a_single_author_who_contradicts_the_base_is_left_out(head: Head, pack: ReplayPack) -> None:
    embeddings, said, by = drawn(1, [0])

    assert not find_trusted(head, pack, embeddings, said, by).any()


def test_a_way_of_drawing_that_others_share_is_trusted(head: Head, pack: ReplayPack) -> None:
    """Many write the last label in a way that the base takes for the first."""
    by = np.repeat(np.arange(8), EACH)
    looks = np.arange(len(by)) % LABELS
    embeddings = clouds(looks, 3)
    odd = looks == 0
    embeddings[odd] += np.float32(2.5) * (np.arange(WIDTH) % 2)
    said = np.where(odd, LABELS - 1, looks)

    assert find_trusted(head, pack, embeddings, said, by).all()


def test_an_author_of_few_drawings_is_not_judged(head: Head, pack: ReplayPack) -> None:
    embeddings, said, by = drawn(3, [])
    few = np.flatnonzero(by == 2)[: MIN_DRAWINGS - 1]
    said[few] = (said[few] + 1) % LABELS
    chosen = np.concatenate([np.flatnonzero(by < 2), few])

    assert find_trusted(head, pack, embeddings[chosen], said[chosen], by[chosen]).all()


def test_reviewed_drawings_are_always_trusted(head: Head, pack: ReplayPack) -> None:
    embeddings, said, by = drawn(6, [0, 1])
    by = np.where(by == 1, -1, by)

    kept = find_trusted(head, pack, embeddings, said, by)

    assert left_out(kept, by) == [0]


def test_if_all_drawings_are_reviewed_all_are_trusted(head: Head, pack: ReplayPack) -> None:
    embeddings, said, by = drawn(2, [0, 1])

    assert find_trusted(head, pack, embeddings, said, np.full(len(by), -1)).all()
