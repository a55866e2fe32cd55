"""`python -m tests.benchmarks.pictures [COUNT]`: are images of a drawing answered as its ink?

Synthetic digits whose ink is read right and sure, as images of every kind that the tests of drawn images have: right,
not sure, surely wrong. With INKLING_DATA also sketches of Quick, Draw! in six canvas styles: the share with the same
first guess as their ink.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ml.bundles.bundle import load_bundle, verify_bundle
from ml.preprocessing.content import Content
from ml.preprocessing.ink import Ink, parse_ink
from tests.ml.preprocessing.test_drawn_image import (
    BLACK,
    FRAMES,
    INKS,
    POLARITIES,
    WHITE,
    Reader,
    in_two_colours,
    mask,
    on_paper,
    painted,
    png,
)

COUNT = 300
MODELS = Path(__file__).resolve().parents[2] / "ml" / "models"
STYLES = {  # side, pen, ink, background; None is transparent
    "280 px, black on white, pen 8": (280, 8, BLACK, WHITE),
    "400 px, white on black, pen 12": (400, 12, WHITE, BLACK),
    "500 px, black on nothing, pen 6": (500, 6, BLACK, None),
    "600 px, black on white, pen 3": (600, 3, BLACK, WHITE),
    "300 px, blue on light grey, pen 15": (300, 15, (20, 60, 160), (240, 235, 230)),
    "800 px, black on white, pen 4": (800, 4, BLACK, WHITE),
}
Draw = Callable[[Ink, np.random.Generator], np.ndarray]


def main() -> None:
    """Print a line for each kind of image."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    bundle = load_bundle(MODELS / "digits")
    reader = Reader(verify_bundle(bundle), bundle)
    for seed, (kind, draw) in enumerate(KINDS.items()):
        found = Counter(_outcomes(reader, draw, 1_000 + seed, count))
        shares = ", ".join(f"{name} {found[name] / count:.1%}" for name in ("right", "not sure", "surely wrong"))
        sys.stdout.write(f"{kind}: {shares}\n")
    folder = Path(os.environ.get("INKLING_DATA", "")) / "quickdraw" / "strokes"
    if not folder.is_dir():
        sys.stdout.write("sketches: INKLING_DATA names no folder with quickdraw/strokes\n")
        return
    for style, same in _same_answers(folder, count).items():
        sys.stdout.write(f"sketches, {style}: the answer of the ink in {same:.1%} of {count}\n")


def _outcomes(reader: Reader, draw: Draw, seed: int, count: int) -> Iterator[str]:
    rng = np.random.default_rng(seed)
    for ink, label in reader.digits(seed, count):
        read, unsure = reader.read(Content.from_image(png(draw(ink, rng))))
        yield "not sure" if unsure else "right" if read == label else "surely wrong"


def _any_size(ink: Ink, rng: np.random.Generator, thinnest: float, thickest: float) -> np.ndarray:
    side = int(np.exp(rng.uniform(np.log(28), np.log(4_000))))
    least = max(1.0, thinnest * side)
    pen = int(max(least, np.exp(rng.uniform(np.log(least), np.log(max(least, thickest * side))))))
    covered = mask(ink, side, pen, side * rng.uniform(0.03, 0.3), soft=bool(rng.integers(2)))
    return painted(covered, *POLARITIES[rng.integers(len(POLARITIES))])


def _in_frame(ink: Ink, rng: np.random.Generator) -> np.ndarray:
    side, (colour, width) = int(rng.integers(180, 640)), FRAMES[rng.integers(len(FRAMES))]
    pen = int(rng.integers(max(3, side // 60), side // 12))
    covered = mask(ink, side, pen, width + int(rng.integers(-3, 21)))
    inside = (slice(width, -width), slice(width, -width))
    canvas = np.full((side, side, 3), colour, np.uint8)
    canvas[inside] = painted(covered, BLACK, WHITE)[inside]
    return canvas


def _in_two_colours(ink: Ink, rng: np.random.Generator) -> np.ndarray:
    (first, second), background = list(INKS.values())[rng.integers(len(INKS))]
    return in_two_colours(ink, rng, first, second, background)


KINDS: dict[str, Draw] = {
    "28 to 4,000 px, pens of 1 px to 12 % of the side": lambda ink, rng: _any_size(ink, rng, 0, 0.12),
    "the same, pens of 12 to 25 %": lambda ink, rng: _any_size(ink, rng, 0.12, 0.25),
    "in a frame": _in_frame,
    "in two colours": _in_two_colours,
    "on photographed paper, pens of 13 to 25 %": lambda ink, rng: on_paper(ink, rng, thinnest=0.13),
}


def _same_answers(folder: Path, count: int) -> dict[str, float]:
    """The share of `count` sketches, the same number of each word, for each style."""
    bundle = load_bundle(MODELS / "sketches")
    predictor, rng = verify_bundle(bundle), np.random.default_rng(5)
    files = sorted(folder.glob("*.jsonl.gz"))
    inks = [ink for path in files for ink in _some_inks(path, -(-count // len(files)), rng)][:count]

    def answers(contents: Iterator[Content]) -> np.ndarray:
        return predictor.predict(np.stack([each.raster(bundle.raster) for each in contents])).probabilities.argmax(1)

    expected = answers(Content(strokes=ink) for ink in inks)
    return {
        style: float((answers(Content.from_image(_canvas(ink, *how, rng)) for ink in inks) == expected).mean())
        for style, how in STYLES.items()
    }


def _some_inks(path: Path, count: int, rng: np.random.Generator) -> list[Ink]:
    with gzip.open(path, "rt") as lines:
        drawings = [json.loads(line)["drawing"] for line in lines]
    return [parse_ink(drawings[index]) for index in rng.permutation(len(drawings))[:count]]


def _canvas(
    ink: Ink, side: int, pen: int, colour: tuple[int, ...], background: tuple[int, ...] | None, rng: np.random.Generator
) -> bytes:
    # Drawn four times as large, then averaged: edges as soft as a browser's.
    large = mask(ink, 4 * side, 4 * pen, 4 * side * rng.uniform(0.05, 0.2), soft=False)
    covered = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
    if background is None:
        return png(np.dstack([np.full((side, side, 3), colour, np.uint8), covered]))
    return png(painted(covered, colour, background))


if __name__ == "__main__":
    main()
