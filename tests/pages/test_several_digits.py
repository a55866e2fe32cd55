"""The page notices two digits side by side, and says so of hardly any single one. The rule runs in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.data.loaders import DatasetError, load_pen_tracks
from tests.ink import ONE, SEVEN, ZERO
from tests.programs import find_program

SCRIPT = """
import { readFileSync } from "node:fs";
import { areSeveral } from "./several_symbols.mjs";
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0)).map(areSeveral)));
"""


def _are_several(inks: Sequence[Any], folder: Path) -> list[bool]:
    module = Path(__file__).parents[2] / "static" / "js" / "draw" / "several_symbols.js"
    shutil.copy(module, folder / "several_symbols.mjs")
    (folder / "ask.mjs").write_text(SCRIPT)
    command = [find_program("node"), "ask.mjs"]
    ran = subprocess.run(command, input=json.dumps(inks), cwd=folder, capture_output=True, text=True, check=True)
    return [bool(each) for each in json.loads(ran.stdout)]


def _beside(first: Any, second: Any, gap: float) -> Any:
    """Two inks side by side, with `gap` times their height between them."""
    height = max(np.ptp(np.concatenate([ys for _xs, ys, *_ts in ink])) for ink in (first, second))
    right = max(max(xs) for xs, *_rest in first)
    left = min(min(xs) for xs, *_rest in second)
    moved = [[[float(x - left + right + gap * height) for x in xs], ys] for xs, ys, *_ts in second]
    return [*([xs, ys] for xs, ys, *_ts in first), *moved]


def test_two_digits_are_noticed_and_one_is_not(tmp_path: Path) -> None:
    two = [_beside(ONE, ZERO, 0.2), _beside(SEVEN, ONE, 0.2), _beside(ZERO, SEVEN, 0.2)]
    assert _are_several([ONE, SEVEN, ZERO, *two, [], [[[5], [5]]]], tmp_path) == [False] * 3 + [True] * 3 + [False] * 2


def test_made_digits_are_hardly_ever_taken_for_several(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    inks = [[stroke[:2].tolist() for stroke in write_digit(number % 10, rng)] for number in range(1000)]
    assert np.mean(_are_several(inks, tmp_path)) <= 0.005


def test_of_real_digits_at_most_one_in_two_hundred_is_taken_for_several(tmp_path: Path) -> None:
    try:
        tracks = load_pen_tracks()
    except DatasetError as error:
        pytest.skip(str(error))
    inks = [[np.asarray(stroke)[:2].tolist() for stroke in ink] for ink in tracks.inks]
    assert np.mean(_are_several(inks, tmp_path)) <= 0.005
    pairs = [_beside(first, second, 0.15) for first, second in zip(inks[::20], inks[1::20], strict=False)]
    assert np.mean(_are_several(pairs, tmp_path)) >= 0.9
