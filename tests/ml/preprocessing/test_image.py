"""An image becomes the raster that the same strokes become; anything else is refused with a code."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from ml.augmentation.augment import distort_ink
from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.image import extract_ink, fit_ink, normalise_image
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import RasterSpec, rasterise
from ml.preprocessing.quickdraw_bitmap import draw_bitmap
from tests.ml.photos import SEVEN, THREE, drawn, encode, line_mask, photographed

CLOSE = 12.0  # grey levels of mean difference; two different digits are 45 and more apart


def distance(raster: np.ndarray, ink: list[np.ndarray]) -> float:
    return float(np.abs(raster.astype(int) - rasterise(ink)).mean())


def assert_shows(data: bytes, ink: list[np.ndarray], *, within: float = CLOSE) -> None:
    assert distance(normalise_image(decode_image(data)), ink) < within


def refused(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode_image(data)
    assert len(str(caught.value)) > 20
    return caught.value.code


# Canvases


@pytest.mark.parametrize(
    ("colour", "paper"),
    [
        ((0, 0, 0), (255, 255, 255)),
        ((255, 255, 255), (0, 0, 0)),
        ((255, 255, 0), (0, 0, 0)),
        ((255, 255, 0), (255, 255, 255)),
        ((128, 128, 128), (255, 255, 255)),
        ((128, 128, 128), (0, 0, 0)),
        ((0, 0, 255), (0, 0, 0)),
        ((255, 82, 82), (255, 255, 255)),
        ((20, 30, 90), (250, 248, 240)),
    ],
)
def test_a_canvas_of_any_colours_shows_its_ink(colour: tuple[int, ...], paper: tuple[int, ...]) -> None:
    assert_shows(encode(drawn(SEVEN, colour=colour, paper=paper)), SEVEN)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 87, 51), (255, 255, 0), (255, 255, 255), (128, 128, 128)])
def test_a_transparent_canvas_shows_its_ink_of_any_colour(colour: tuple[int, ...]) -> None:
    mask = line_mask(THREE, (400, 400), 2.5, 14)
    rgba = np.dstack([*(np.full_like(mask, value) for value in colour), mask])
    assert_shows(encode(Image.fromarray(rgba)), THREE)


def test_the_colour_of_transparent_pixels_means_nothing() -> None:
    mask = line_mask(THREE, (1200, 1200), 8, 45)
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), dtype=np.uint8)
    rgba = np.dstack([np.where(mask[..., None] > 0, 0, noise).astype(np.uint8), mask])
    assert_shows(encode(Image.fromarray(rgba)), THREE)


def test_an_untouched_transparent_canvas_is_blank() -> None:
    pixels = decode_image(encode(Image.new("RGBA", (300, 300))))
    with pytest.raises(ImageError) as caught:
        normalise_image(pixels)
    assert caught.value.code == "blank_image"


def test_two_colours_on_a_transparent_canvas_are_both_ink() -> None:
    masks = [line_mask([stroke], (400, 400), 2.5, 14) for stroke in SEVEN]
    red, alpha = np.where(masks[1] > 0, 200, 0), np.maximum(*masks)
    rgba = np.dstack([red, np.zeros_like(red), np.zeros_like(red), alpha]).astype(np.uint8)
    assert_shows(encode(Image.fromarray(rgba)), SEVEN)


def test_a_picture_with_transparent_corners_is_seen_over_white() -> None:
    picture = drawn(SEVEN).convert("RGBA")
    alpha = np.zeros((280, 280), np.uint8)
    cv2.circle(alpha, (140, 140), 150, 255, -1)
    picture.putalpha(Image.fromarray(alpha))
    assert_shows(encode(picture), SEVEN)


@pytest.mark.parametrize(("side", "width"), [(60, 3), (100, 3), (100, 8), (400, 3), (400, 40), (2000, 30)])
def test_canvas_size_and_brush_do_not_matter_much(side: int, width: int) -> None:
    assert_shows(encode(drawn(THREE, side=side, width=width)), THREE, within=18)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {"quality": 60}), ("WEBP", {"quality": 60}), ("WEBP", {"lossless": True}), ("BMP", {})],
)
def test_it_reads_the_usual_formats(kind: str, options: dict[str, Any]) -> None:
    assert_shows(encode(drawn(SEVEN), kind, **options), SEVEN)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK"])
def test_it_reads_every_mode_of_colour(mode: str) -> None:
    assert_shows(encode(drawn(SEVEN).convert(mode), "JPEG" if mode == "CMYK" else "PNG"), SEVEN)


def test_it_reads_16_bit_grey() -> None:
    grey = np.asarray(drawn(SEVEN).convert("L")).astype(np.uint16) * 257
    assert_shows(encode(Image.fromarray(grey)), SEVEN)


def test_it_reads_a_palette_with_a_transparent_colour() -> None:
    picture = drawn(SEVEN).convert("P")
    background = picture.getpixel((0, 0))
    assert_shows(encode(picture, transparency=background), SEVEN)


def test_it_reads_the_first_frame_of_an_animation() -> None:
    frames = [drawn(SEVEN), drawn(THREE)]
    for kind in ("PNG", "WEBP"):
        assert_shows(encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=100), SEVEN)


def test_it_turns_a_photo_as_its_orientation_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    turned = drawn(SEVEN).transpose(Image.Transpose.ROTATE_90)
    assert_shows(encode(turned, "JPEG", exif=exif), SEVEN)


# Photographs


@pytest.mark.parametrize("shadow", ["across", "corners", "hand"])
@pytest.mark.parametrize("ink", [SEVEN, THREE])
def test_a_photo_of_paper_in_any_light_shows_its_ink(ink: list[np.ndarray], shadow: str) -> None:
    assert_shows(photographed(ink, shadow=shadow), ink)


@pytest.mark.parametrize(
    "options",
    [
        {"rules": 60},
        {"rules": 40, "shadow": "hand"},
        {"table": True},
        {"table": True, "shadow": "corners", "rules": 60},
        {"colour": (120, 120, 125)},
        {"colour": (240, 240, 235), "paper": (30, 60, 45)},
        {"light": 0.35},
        {"light": 1.6, "shadow": "corners"},
        {"size": (400, 300), "quality": 40},
    ],
    ids=str,
)
def test_a_photo_of_difficult_paper_shows_its_ink(options: dict[str, Any]) -> None:
    assert_shows(photographed(THREE, **options), THREE)


def test_a_photo_from_a_phone_is_read_in_its_full_size() -> None:
    data = photographed(SEVEN, size=(3000, 4000), rules=200)
    assert max(decode_image(data).shape) == 1_000
    assert_shows(data, SEVEN)


# Pictures of data sets


def test_a_picture_that_is_in_form_already_stays_as_it_is() -> None:
    raster = np.zeros((28, 28), np.uint8)
    raster[4:24, 9:19] = cv2.resize(np.random.default_rng(1).integers(40, 256, (10, 5), dtype=np.uint8), (10, 20))
    once = normalise_image(raster)
    np.testing.assert_array_equal(normalise_image(once), once)
    assert np.abs(np.sort(once, axis=None).astype(int) - np.sort(raster, axis=None)).max() <= 3


def test_it_is_centred_by_mass_without_being_cut() -> None:
    raster = np.zeros((28, 28), np.uint8)
    raster[4:24, 4:8] = 255
    raster[20:24, 4:24] = 255
    moved = np.roll(raster, (-4, 4), (0, 1))
    once = normalise_image(raster)
    np.testing.assert_array_equal(normalise_image(moved), once)
    y, x = (axis.mean() for axis in np.nonzero(once))
    assert abs(y - 14) < 1
    assert abs(x - 14) < 1
    assert once.sum() == raster.sum()


OTHERS = [RasterSpec(26, 25, 1.5, "box"), RasterSpec(48, 36, 3.0)]


@pytest.mark.parametrize("spec", OTHERS, ids=lambda spec: f"{spec.size} pixels")
@pytest.mark.parametrize("ink", [SEVEN, THREE])
def test_a_picture_becomes_what_its_ink_becomes_on_any_raster(ink: list[np.ndarray], spec: RasterSpec) -> None:
    pen = round(300 * spec.pen / spec.box)
    pixels = 255 - line_mask(ink, (420, 420), 3.0, pen)
    raster = normalise_image(pixels, spec)
    assert raster.shape == (spec.size, spec.size)
    assert float(np.abs(raster.astype(int) - rasterise(ink, spec)).mean()) < CLOSE


@pytest.mark.parametrize("spec", OTHERS, ids=lambda spec: f"{spec.size} pixels")
def test_lines_get_the_width_of_the_pens_of_their_raster(spec: RasterSpec) -> None:
    """Of a hair and of a brush: the ink covers as much as the thinnest and the thickest of MNIST's pens would."""
    length = rasterise(SEVEN, spec).sum() / spec.pen
    thin, thick = (normalise_image(255 - line_mask(SEVEN, (500, 500), 3.5, width), spec) for width in (2, 90))
    assert 0.65 < thin.sum() / length / spec.pen < 1.4
    assert 1.2 < thick.sum() / length / spec.pen < 2.2


@pytest.mark.parametrize("spec", OTHERS, ids=lambda spec: f"{spec.size} pixels")
def test_a_raster_is_its_own_raster_wherever_it_lies(spec: RasterSpec) -> None:
    raster = rasterise(SEVEN, spec)
    once = normalise_image(raster, spec, polarity="light_on_dark")
    framed = np.pad(raster, 7)
    np.testing.assert_array_equal(normalise_image(framed, spec, polarity="light_on_dark"), once)
    assert float(np.abs(once.astype(int) - raster).mean()) < 6


def test_a_small_picture_lands_where_its_ink_would_between_two_pixels_too() -> None:
    """The greys at its edges say where a line ends; cut to black and white they would not."""
    spec = OTHERS[0]
    drawn = rasterise(THREE, spec).astype(float)
    seen = normalise_image(draw_bitmap(THREE), spec, polarity="light_on_dark").astype(float)
    cut = np.where(draw_bitmap(THREE) > 127, 255, 0).astype(np.uint8)
    rough = normalise_image(cut, spec, polarity="light_on_dark").astype(float)
    off = [float(np.sqrt(((drawn - each) ** 2).mean())) for each in (seen, rough)]
    assert off[0] < 12
    assert off[0] < 0.5 * off[1]


def test_a_picture_by_googles_recipe_lies_where_its_ink_does_though_one_of_its_edges_is_faint() -> None:
    spec = RasterSpec(26, 25, 1.5, "box")
    for number in range(40):
        ink = distort_ink(SEVEN, np.random.default_rng(number))
        drawn = rasterise(ink, spec).astype(float)
        beside = np.roll(drawn, 1, axis=number % 2)
        seen = normalise_image(draw_bitmap(ink), spec, polarity="light_on_dark").astype(float)
        assert np.abs(seen - drawn).mean() < 0.5 * np.abs(seen - beside).mean()


def test_extracted_ink_can_be_fitted_into_any_raster() -> None:
    pixels = 255 - line_mask(SEVEN, (300, 300), 2.0, 14)
    cut = extract_ink(pixels)
    assert cut.dtype == np.float32
    for spec in OTHERS:
        np.testing.assert_array_equal(fit_ink(cut, spec), normalise_image(pixels, spec))


@pytest.mark.parametrize("side", [28, 64, 105, 300])
def test_ink_that_fills_the_frame_is_told_from_its_background(side: int) -> None:
    """Two-valued and cut close, as in bhmsds and Omniglot: the border is no clue to what is ink."""
    mask = line_mask(THREE, (side, side), side / 85, side // 8)
    for pixels in (mask, 255 - mask):
        assert distance(normalise_image(np.where(pixels > 127, 255, 0).astype(np.uint8)), THREE) < 20


def test_a_given_polarity_decides_what_is_ink() -> None:
    white_block = np.zeros((40, 40), np.uint8)
    white_block[2:38, 4:36] = 255
    cv2.line(white_block, (12, 8), (28, 32), 0, 4)
    light = normalise_image(white_block, polarity="light_on_dark")
    np.testing.assert_array_equal(normalise_image(255 - white_block, polarity="dark_on_light"), light)
    assert (normalise_image(white_block, polarity="dark_on_light") != light).any()


def test_specks_are_dropped() -> None:
    pixels = np.zeros((100, 100), np.uint8)
    clean = line_mask(SEVEN, (100, 100), 0.5, 5)
    pixels[:] = clean
    pixels[3:5, 90:92] = 255
    pixels[95, 4] = 255
    np.testing.assert_array_equal(normalise_image(pixels), normalise_image(clean))


@pytest.mark.parametrize(("side", "width"), [(600, 3), (600, 8), (280, 8), (280, 10)])
def test_dots_of_the_pen_are_no_specks(side: int, width: int) -> None:
    angles = np.linspace(0, 2 * np.pi, 60)
    face = np.stack([50 + 45 * np.cos(angles), 50 + 45 * np.sin(angles)])
    eyes = [np.array([[x, x], [40.0, 40.2]]) for x in (35.0, 65.0)]
    sketch = RasterSpec(size=26, box=25, pen=1.5, centre="box")
    pixels = line_mask([face, *eyes], (side, side), side / 120, width)
    pixels[4:6, 4:6] = pixels[-5, 6:40] = 255  # dirt is thinner than the pen
    raster = normalise_image(pixels, sketch).astype(int)
    assert np.abs(raster - rasterise([face, *eyes], sketch)).mean() < 6
    assert (raster[8:13, 7:10].max(), raster[8:13, 16:19].max()) > (200, 200)


def test_a_faint_piece_does_not_break_a_line() -> None:
    pixels = line_mask(THREE, (28, 28), 0.2, 1)
    faint = pixels.copy()
    faint[12:16] = faint[12:16] // 3
    assert distance(normalise_image(faint), THREE) < 20


@pytest.mark.parametrize("radius", [2, 5, 40])
def test_a_dot_becomes_the_dot_that_a_tap_becomes(radius: int) -> None:
    pixels = np.full((200, 200), 255, np.uint8)
    cv2.circle(pixels, (60, 70), radius, 0, -1, cv2.LINE_AA)
    assert distance(normalise_image(pixels), [np.array([[5.0], [5.0]])]) < 2


@pytest.mark.parametrize("width", [3, 10, 50])
def test_lines_get_the_width_of_a_pen(width: int) -> None:
    pixels = 255 - line_mask(SEVEN, (500, 500), 3.5, width)
    row = normalise_image(pixels)[20]  # through the stem alone
    assert 1.5 < row.sum() / 255 < 5


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((28, 28), np.uint8),
        np.full((300, 200), 255, np.uint8),
        np.full((1, 1), 90, np.uint8),
        np.random.default_rng(0).normal(200, 5, (600, 800)).clip(0, 255).astype(np.uint8),
        np.tile(np.linspace(90, 230, 800), (600, 1)).astype(np.uint8),
    ],
    ids=["black", "white", "one pixel", "grain", "shadow"],
)
def test_a_blank_image_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ImageError) as caught:
        normalise_image(pixels)
    assert caught.value.code == "blank_image"


@pytest.mark.parametrize("pixels", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), np.zeros((0, 4), np.uint8)])
def test_arrays_that_are_no_grey_image_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=rf"uint8.*{re.escape(str(pixels.shape))}"):
        normalise_image(pixels)


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (2, 3), (7, 500)])
def test_images_of_unusual_shapes_are_read_or_refused(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    with contextlib.suppress(ImageError):
        assert normalise_image(pixels).shape == (28, 28)


def test_mnist_comes_through_nearly_unchanged() -> None:
    folder = os.environ.get("INKLING_DATA")
    if not folder:
        pytest.skip("INKLING_DATA names no folder of data sets")
    packed = gzip.decompress((Path(folder) / "mnist" / "t10k-images-idx3-ubyte.gz").read_bytes())
    pictures = np.frombuffer(packed, np.uint8, offset=16).reshape(-1, 28, 28)
    difference = np.array([np.abs(normalise_image(p).astype(int) - p).mean() for p in pictures])
    assert (difference <= 2).mean() >= 0.99
    assert difference.mean() < 0.2


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "RGB;16", "RGBA;16"])
def test_decoding_the_largest_images_needs_less_than_200_mb(mode: str) -> None:
    """The peak memory of a new process: one upload must not exhaust the memory of a worker."""
    program = """
import resource, sys
from ml.preprocessing.decode_image import decode_image
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert max(decode_image(sys.stdin.buffer.read()).shape) == 640
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    data = _flat_png(mode, 2_449 if "A" in mode else 4_000)
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    assert int(done.stdout) < 200  # MB; 64 of them are the decoded pixels themselves


def _flat_png(mode: str, side: int) -> bytes:
    """A square PNG of one colour; with 16 bits per channel, of which colours use ten."""
    if mode.endswith("16"):
        pixels = np.full((side, side, len(mode.removesuffix(";16"))), 1_000, np.uint16)
        return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    return encode(Image.new(mode, (side, side)), compress_level=1)


# Invalid images


def test_bytes_that_are_no_image_are_refused() -> None:
    assert refused(b"hello") == "invalid_image"
    assert refused(b"") == "invalid_image"


@pytest.mark.parametrize("start", [b"GIF89a", b"II*\0", b"%PDF-1.7", b"<svg xmlns=''>", b"\0\0\0\x18ftypheic"])
def test_other_image_formats_are_refused_as_unsupported(start: bytes) -> None:
    assert refused(start + bytes(100)) == "unsupported_image"


def test_a_gif_is_not_read() -> None:
    assert refused(encode(drawn(SEVEN), "GIF")) == "unsupported_image"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_truncated_image_is_refused(kind: str) -> None:
    data = encode(drawn(SEVEN), kind)
    assert refused(data[: len(data) // 2]) == "invalid_image"


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    assert refused(bytes(5_000_001)) == "image_too_large"


def _png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize("size", [(4001, 4000), (10_000, 10_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_before_decoding(size: tuple[int, int]) -> None:
    body = b"IDAT" + zlib.compress(bytes(1000))
    data = _png_header(*size) + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    assert refused(data) == "image_too_large"


def test_broken_bytes_raise_image_errors_only() -> None:
    rng = np.random.default_rng(9)
    for kind in ("PNG", "JPEG", "WEBP", "BMP"):
        whole = np.frombuffer(encode(drawn(SEVEN, side=60), kind), np.uint8)
        for _ in range(100):
            broken = whole.copy()
            where = rng.integers(0, len(whole), 6)
            broken[where] = rng.integers(0, 256, 6)
            try:
                pixels = decode_image(broken.tobytes())
                normalise_image(pixels)
            except ImageError:
                continue
            assert pixels.dtype == np.uint8


def test_decoding_uses_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(io, "open", None)
    decode_image(encode(drawn(SEVEN)))
    assert not list(tmp_path.iterdir())
