"""Images of a drawing get the answer of its ink: any size, pen, colour and frame, on a canvas and on a photo."""

from __future__ import annotations

import io
import struct
import zlib
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
from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.drawn_image import remove_frames, thicken_lines
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import Ink
from ml.recipes.sketches import SKETCH_RASTER

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


def in_two_colours(ink: Ink, rng: np.random.Generator, first: Any, second: Any, background: Any) -> np.ndarray:
    """The upper part of the ink in one colour, the lower in another; uint8 (side, side, 3)."""
    side = int(rng.choice([28, 64, 120, 300, 500]))
    covered = mask(ink, side, max(2, int(side * rng.uniform(0.05, 0.1))), side * 0.1)
    pixels, lower = painted(covered, first, background), painted(covered, second, background)
    cut = int(np.quantile(np.flatnonzero(covered.any(axis=1)), rng.uniform(0.3, 0.7)))
    pixels[cut:] = lower[cut:]
    return pixels


def on_paper(ink: Ink, rng: np.random.Generator, *, thinnest: float) -> np.ndarray:
    """The ink on shaded, grainy paper, the pen `thinnest` to 0.25 of the side; uint8 (side, side)."""
    side = int(rng.integers(150, 900))
    covered = mask(ink, side, int(side * rng.uniform(thinnest, 0.25)), side * 0.1)
    across, down = np.meshgrid(*(np.arange(side) / side,) * 2)
    paper = rng.uniform(150, 225) * (1 - 0.3 * rng.random() * across - 0.2 * rng.random() * down)
    share = cv2.GaussianBlur(covered, (0, 0), max(0.6, side / 400)) / 255
    grey = paper * (1 - share) + rng.uniform(20, 70) * share + rng.normal(0, rng.uniform(2, 7), (side, side))
    return grey.clip(0, 255).astype(np.uint8)


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


@pytest.mark.parametrize("format_", ["JPEG", "WEBP"])
def test_a_lossy_screenshot_of_a_framed_canvas_is_read_as_its_ink(reader: Reader, format_: str) -> None:
    """The page around the canvas has nearly its colour, so that noise lies between the page and the frame."""
    rng = np.random.default_rng(10)
    for ink, label in reader.digits(10, 15):
        side, (colour, width) = int(rng.integers(180, 600)), FRAMES[rng.integers(len(FRAMES))]
        inside = (slice(width, -width), slice(width, -width))
        canvas = np.full((side, side, 3), colour, np.uint8)
        canvas[inside] = painted(mask(ink, side, side // 20, width + int(rng.integers(2, 21))), BLACK, WHITE)[inside]
        around = rng.integers(3, side // 8, 4)
        shade = [(240, 240, 240), (245, 245, 220)][rng.integers(2)]
        page = np.full((side + around[0] + around[1], side + around[2] + around[3], 3), shade, np.uint8)
        page[around[0] : around[0] + side, around[2] : around[2] + side] = canvas
        assert reader.read(Content.from_image(png(page, format_))) == (label, False), (side, width, around)


def _frame_of(kind: str, side: int, rng: np.random.Generator) -> np.ndarray:
    """Where the frame of a canvas is, bool (side, side)."""
    width, radius = int(rng.integers(1, 4)), 3 + side * (rng.uniform(0.03, 0.12) if kind == "rounded" else 0)
    down, across = (
        np.maximum(np.abs(axis - (side - 1) / 2) - side / 2 + 3 + radius, 0) for axis in np.indices((side,) * 2)
    )
    frame = np.abs(np.hypot(down, across) - radius) <= width / 2
    if kind == "dashed":
        frame &= np.indices((side, side)).sum(axis=0) // 7 % 2 == 0
    return frame


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
@pytest.mark.parametrize("kind", ["plain", "rounded", "dashed"])
def test_frames_with_round_corners_and_dashes_do_not_change_the_answer(reader: Reader, kind: str, format_: str) -> None:
    rng = np.random.default_rng(7)
    for ink, label in reader.digits(7, 6):
        side = int(rng.integers(250, 600))
        canvas = painted(mask(ink, side, side // 20, 16), BLACK, WHITE)
        canvas[_frame_of(kind, side, rng)] = (200, 40, 60)
        assert reader.read(Content.from_image(png(canvas, format_))) == (label, False), side


def test_an_enlarged_drawing_with_soft_thick_lines_is_read(reader: Reader) -> None:
    for ink, label in reader.digits(8, 6):
        small = painted(mask(ink, 20, 2, 2), BLACK, WHITE)
        large = cv2.resize(small, (200, 200), interpolation=cv2.INTER_LINEAR)
        read, unsure = reader.read(Content.from_image(png(large)))
        assert read == label or unsure


def test_thick_chalk_on_a_board_is_no_sheet_on_a_table(reader: Reader) -> None:
    rng = np.random.default_rng(9)
    for ink, label in reader.digits(9, 12):
        share = mask(ink, 400, 70, 40) / 255.0
        board = (70 + 0.1 * np.arange(400)) * (1 - share) + 190 * share + rng.normal(0, 4, (400, 400))
        read, unsure = reader.read(Content.from_image(png(board.astype(np.uint8))))
        assert read == label or unsure, label


@pytest.mark.parametrize("height", [19, 20])
def test_an_image_of_two_columns_is_an_image(reader: Reader, height: int) -> None:
    """OpenCV takes an array of two columns for points."""
    for left, right in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        pixels = np.full((height, 2), 255, np.uint8)
        cv2.line(pixels, (left, 0), (right, height - 1), 0)
        rows, _columns = np.nonzero(Content.from_image(png(pixels)).raster(reader.bundle.raster))
        assert rows.mean() == pytest.approx(13.5, abs=1)


@pytest.mark.parametrize("length", [28, 150, 320, 321, 600, 640, 641, 4_000])
@pytest.mark.parametrize("kept", ["all", "two", "dashes", "faint"])
def test_an_image_of_one_column_or_row_is_an_image(reader: Reader, length: int, kept: str) -> None:
    """Such a line is thinner than half a pixel when it is made smaller, and cannot become wider within the image."""
    column = np.full((length, 1), 255, np.uint8)
    drawn: dict[str, Any] = {
        "all": slice(length // 5, -length // 5),
        "two": [length // 3, length // 2],
        "dashes": slice(3, None, 5),
    }
    column[drawn.get(kept, slice(length // 5, -length // 5))] = 150 if kept == "faint" else 0
    for pixels in (column, column.T, 255 - column):
        try:
            content = Content.from_image(png(pixels))
        except ImageError:  # too little ink, or too faint
            assert kept != "all"
            continue
        assert content.raster(reader.bundle.raster).max() > 127
        assert content.raster(SKETCH_RASTER).max() > 60  # a thin pen, and dots


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
        pixels = in_two_colours(ink, rng, first, second, background)
        assert reader.read(Content.from_image(png(pixels))) == (label, False), pixels.shape


def test_thick_lines_on_photographed_paper_are_read(reader: Reader) -> None:
    rng = np.random.default_rng(4)
    for ink, label in reader.digits(4, 40):
        pixels = on_paper(ink, rng, thinnest=0.03)
        read, unsure = reader.read(Content.from_image(png(pixels, "JPEG")))
        assert read == label or unsure, pixels.shape


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_deep_image_may_use_a_part_of_its_range(reader: Reader, bits: int) -> None:
    ink, label = next(reader.digits(5, 1))
    levels = ((2**bits - 1) * (1 - mask(ink, 100, 8, 10) / 255.0)).astype(np.uint16)
    opaque, low = np.full_like(levels, 65_535), np.full_like(levels, (2**bits - 1) // 3)
    for bands in ([levels], [levels, low, levels], [levels] * 3, [levels] * 3 + [opaque]):
        deep = cv2.imencode(".png", np.dstack(bands))[1].tobytes()
        assert reader.read(Content.from_image(deep)) == (label, False), len(bands)


@pytest.mark.parametrize("bits", [10, 16])
def test_a_deep_image_with_colours_is_read_as_it_is_with_8_bits(bits: int) -> None:
    """Its colours, its transparency and its orientation."""
    rng = np.random.default_rng(6)
    grey = rng.integers(0, 256, (40, 60), np.uint8)
    colours = np.dstack([grey, 255 - grey, rng.integers(0, 256, grey.shape, np.uint8)])  # OpenCV's order: blue first
    alpha = rng.integers(0, 256, grey.shape, np.uint8)
    for pixels in (colours, np.dstack([colours, alpha])):
        deep = pixels.astype(np.uint16) << (bits - 8)
        deep[..., 3:] = pixels[..., 3:].astype(np.uint16) << 8  # alpha uses all bits
        for orientation in (1, 6):
            exif = Image.Exif()
            exif[0x0112] = orientation
            shallow = png_with(cv2.imencode(".png", pixels)[1].tobytes(), exif)
            expected = decode_image(shallow).astype(int)
            read = decode_image(png_with(cv2.imencode(".png", deep)[1].tobytes(), exif))
            assert read.shape == expected.shape == ((40, 60) if orientation == 1 else (60, 40))
            assert np.abs(read - expected).max() <= 1


def png_with(data: bytes, exif: Image.Exif) -> bytes:
    """The PNG with a chunk for this orientation."""
    content = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = b"eXIf" + content
    end = data.rindex(b"IEND") - 4
    return data[:end] + struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[end:]


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
