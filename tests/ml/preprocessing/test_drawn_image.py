"""Images of a drawing get the answer of its ink: any size, pen, colour and frame, on a canvas and on a photo."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from PIL import Image

from ml.augmentation.synthetic_digits import write_digit
from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.predictor import Predictor
from ml.preprocessing.content import Content
from ml.preprocessing.drawn_image import remove_frames, thicken_lines
from ml.preprocessing.ink import Ink

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
POLARITIES = [(BLACK, WHITE), (WHITE, BLACK), ((30, 60, 200), WHITE), ((235, 235, 225), (40, 70, 55))]
FRAMES = [((0, 0, 255), 5), (BLACK, 1), ((128, 128, 128), 2), (BLACK, 3)]
INKS = {
    "yellow and black on white": ([(255, 255, 0), BLACK], WHITE),
    "light yellow and black on white": ([(255, 250, 150), BLACK], WHITE),
    "white and blue on black": ([WHITE, (0, 0, 255)], BLACK),
    "white and red on green": ([WHITE, (220, 30, 30)], (0, 100, 50)),
}


class Reader(NamedTuple):
    """The shipped recognizer of digits."""

    predictor: Predictor
    bundle: Bundle

    def read(self, content: Content) -> tuple[int, bool]:
        """The label of the first guess, and whether it is unsure."""
        probabilities = self.predictor.predict(content.raster(self.bundle.raster)[None]).probabilities[0]
        return int(probabilities.argmax()), bool(probabilities.max() < self.bundle.manifest["unsure_below"])

    def digits(self, seed: int, count: int) -> Iterator[tuple[Ink, int]]:
        """Written digits whose ink is read right and sure."""
        rng = np.random.default_rng(seed)
        while count:
            label = int(rng.integers(10))
            ink = write_digit(label, rng)
            if self.read(Content(strokes=ink)) == (label, False):
                count -= 1
                yield ink, label


@pytest.fixture(scope="module")
def reader(shipped: Bundle) -> Reader:
    return Reader(verify_bundle(shipped), shipped)


def mask(ink: Ink, side: int, pen: int, margin: float, *, soft: bool = True) -> np.ndarray:
    """The ink drawn into a square, uint8 (side, side); `margin` is in pixels and may be negative."""
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    low, high = points.min(axis=1), points.max(axis=1)
    scale = (side - 2 * margin - pen) / (high - low).max()
    lines = [np.round(((stroke[:2].T - (low + high) / 2) * scale + side / 2) * 16).astype(np.int32) for stroke in ink]
    drawn = np.zeros((side, side), np.uint8)
    cv2.polylines(drawn, lines, False, 255, max(1, pen), cv2.LINE_AA if soft else cv2.LINE_8, 4)
    return drawn


def painted(covered: np.ndarray, ink: Any, background: Any) -> np.ndarray:
    share = covered[..., None] / 255.0
    return np.rint(np.array(background) * (1 - share) + np.array(ink) * share).astype(np.uint8)


def png(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def test_any_size_and_pen_is_read_as_the_ink(reader: Reader) -> None:
    rng = np.random.default_rng(1)
    for ink, label in reader.digits(1, 60):
        side = int(np.exp(rng.uniform(np.log(28), np.log(4_000))))
        pen = 1 if rng.random() < 0.4 else int(max(1, np.exp(rng.uniform(0, np.log(0.25 * side)))))
        covered = mask(ink, side, pen, side * rng.uniform(0.03, 0.3), soft=bool(rng.integers(2)))
        read, unsure = reader.read(Content.from_image(png(painted(covered, *POLARITIES[rng.integers(3)]))))
        assert read == label or unsure, (side, pen)
        assert not unsure or pen > 0.12 * side, (side, pen)


def test_a_frame_does_not_change_the_answer(reader: Reader) -> None:
    rng = np.random.default_rng(2)
    for ink, label in reader.digits(2, 40):
        side, (colour, width) = int(rng.integers(180, 640)), FRAMES[rng.integers(len(FRAMES))]
        covered = mask(ink, side, int(rng.integers(max(3, side // 60), side // 12)), width + int(rng.integers(-3, 21)))
        inside = (slice(width, -width), slice(width, -width))
        canvas = np.full((side, side, 3), colour, np.uint8)
        canvas[inside] = painted(covered, BLACK, WHITE)[inside]
        transparent = np.full((side, side, 4), (*colour, 255), np.uint8)
        transparent[inside] = np.dstack([np.zeros((side, side, 3), np.uint8), covered])[inside]
        pad = int(rng.integers(5, 60))
        page = cv2.copyMakeBorder(canvas, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(240, 240, 240))
        for kind, pixels in {"canvas": canvas, "transparent": transparent, "screenshot": page}.items():
            assert reader.read(Content.from_image(png(pixels))) == (label, False), (kind, side, width)


def test_a_sheet_cut_out_of_a_transparent_image_is_no_silhouette(reader: Reader) -> None:
    for ink, label in reader.digits(6, 10):
        sheet = np.zeros((400, 400, 4), np.uint8)
        sheet[60:340, 60:340] = 255
        sheet[60:340, 60:340, :3] = painted(mask(ink, 280, 14, 30), BLACK, WHITE)
        assert reader.read(Content.from_image(png(sheet))) == (label, False)


@pytest.mark.parametrize("name", INKS)
def test_ink_of_two_colours_is_read(reader: Reader, name: str) -> None:
    (first, second), background = INKS[name]
    rng = np.random.default_rng(3)
    for ink, label in reader.digits(3, 25):
        side = int(rng.choice([28, 64, 120, 300, 500]))
        covered = mask(ink, side, max(2, int(side * rng.uniform(0.05, 0.1))), side * 0.1)
        pixels, lower = painted(covered, first, background), painted(covered, second, background)
        cut = int(np.quantile(np.flatnonzero(covered.any(axis=1)), rng.uniform(0.3, 0.7)))
        pixels[cut:] = lower[cut:]
        assert reader.read(Content.from_image(png(pixels))) == (label, False), side


def test_thick_lines_on_photographed_paper_are_read(reader: Reader) -> None:
    rng = np.random.default_rng(4)
    for ink, label in reader.digits(4, 40):
        side = int(rng.integers(150, 900))
        covered = mask(ink, side, int(side * rng.uniform(0.03, 0.25)), side * 0.1)
        across, down = np.meshgrid(*(np.arange(side) / side,) * 2)
        paper = rng.uniform(150, 225) * (1 - 0.3 * rng.random() * across - 0.2 * rng.random() * down)
        share = cv2.GaussianBlur(covered, (0, 0), max(0.6, side / 400)) / 255
        grey = paper * (1 - share) + rng.uniform(20, 70) * share + rng.normal(0, rng.uniform(2, 7), (side, side))
        read, unsure = reader.read(Content.from_image(png(grey.clip(0, 255).astype(np.uint8), "JPEG")))
        assert read == label or unsure, side


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_deep_image_may_use_a_part_of_its_range(reader: Reader, bits: int) -> None:
    ink, label = next(reader.digits(5, 1))
    levels = (2**bits - 1) * (1 - mask(ink, 100, 8, 10) / 255.0)
    assert reader.read(Content.from_image(png(levels.astype(np.uint16)))) == (label, False)


def test_a_ring_with_nothing_inside_is_a_drawing() -> None:
    ring = np.zeros((100, 100), np.uint8)
    ring[10:90, 10:90] = 255
    ring[14:86, 14:86] = 0
    assert np.array_equal(remove_frames(ring), ring)
    ring[40:60, 50] = 200
    assert np.array_equal(np.argwhere(remove_frames(ring)), np.argwhere(ring == 200))


@pytest.mark.parametrize("width", [1, 2, 3, 6])
def test_thin_lines_are_thickened_and_thick_ones_are_not(width: int) -> None:
    line = np.zeros((60, 60), np.uint8)
    line[10:50, 30 : 30 + width] = 255
    thick = int(np.count_nonzero(thicken_lines(line, 4.0)[30] > 100))
    assert thick == (width if width > 4 else pytest.approx(4, abs=1))
