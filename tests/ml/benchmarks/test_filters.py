"""The demo's filters beside our normaliser, on a little data in the form of the real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.benchmarks.filters import _network, apply_filters, draw_in_corner
from ml.commands.main import main
from ml.preprocessing.ink import rasterise
from tests.ml.small_datasets import numtadb


def test_the_network_is_the_demos() -> None:
    assert _network(32).count_params() == 356_234


def test_the_filters_give_dark_ink_on_light_in_32_by_32() -> None:
    rng = np.random.default_rng(1)
    seen = apply_filters(np.stack([rasterise(write_digit(label, rng)) for label in range(10)]))
    assert seen.shape == (10, 32, 32)
    assert seen.dtype == np.uint8
    assert np.median(seen) > 200
    assert seen.min() < 30


def test_a_small_drawing_lies_in_the_upper_left_of_its_frame() -> None:
    pictures = np.full((2, 28, 28), 255, np.uint8)
    frames = draw_in_corner(pictures)
    assert frames.shape == (2, 70, 70)
    assert (frames[:, :28, :28] == 255).all()
    assert not frames[:, 28:].any()


def test_what_shrinks_with_the_canvas_is_lost_and_what_is_normalised_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numtadb(tmp_path, train=400, test=100)
    assert main(["bench-filters", "--data-dir", str(tmp_path), "--epochs", "6", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {"filters", "normaliser"}
    assert figures["normaliser"]["as they come"] > 0.8
    assert figures["normaliser"]["small, in a corner"] == pytest.approx(figures["normaliser"]["as they come"], abs=0.05)
    assert figures["filters"]["small, in a corner"] < figures["filters"]["as they come"] - 0.2
