"""Sample digits, with and without a data set."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from ml.data.samples import sample_digits
from ml.preprocessing.ink import rasterise


def test_without_a_data_set_the_digits_are_synthetic(tmp_path: Path) -> None:
    tracks, origin = sample_digits(40, data=tmp_path)

    assert "synthetic" in origin
    assert np.bincount(tracks.y).tolist() == [4] * 10
    assert len(set(tracks.group)) == 6
    assert all(rasterise(ink).any() for ink in tracks.inks)


def test_a_seed_gives_the_same_digits_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (sample_digits(10, data=tmp_path, seed=seed).tracks for seed in (1, 1, 2))

    assert np.array_equal(rasterise(first.inks[0]), rasterise(again.inks[0]))
    assert not np.array_equal(rasterise(first.inks[0]), rasterise(other.inks[0]))


def test_digits_are_drawn_at_random_from_the_data_set(tmp_path: Path) -> None:
    rows = [{"label": str(n % 10), "writer": f"w{n}", "drawing": [[[0, n + 1], [0, 9]]]} for n in range(30)]
    (tmp_path / "pendigits").mkdir()
    with gzip.open(tmp_path / "pendigits" / "pendigits.jsonl.gz", "wt") as lines:
        lines.write("\n".join(map(json.dumps, rows)))

    tracks, origin = sample_digits(7, data=tmp_path)

    assert "UCI" in origin
    assert len(set(tracks.group)) == 7
