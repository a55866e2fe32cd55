"""Vary drawings for training: what another person, pen, canvas or camera would have made of the same drawing.

Ink is varied as ink (slant, proportions, shaking, missing points, coarse coordinates, pen) and then drawn by the
renderer that serving uses. Pictures such as those of MNIST have no strokes: they are warped, made thinner or thicker as
pictures, and fitted into the box again. All functions take a NumPy generator, so a seed gives the same variations
again. No variation is strong enough to turn one digit into another.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from ml.preprocessing.ink import BOX, DEFAULT_SPEC, SIZE, Ink, RasterSpec, ink_span, rasterise

Rng = np.random.Generator

DENSE_STROKE = 16  # points; a stroke of fewer points consists of corners and loses its form without them

# Warping pictures
WARP_MARGIN = 1.1  # the warped area relative to the raster: room for what sticks out of a picture once it is warped
WARP_SCALE = 2  # pictures are warped and thickened at this many times that size
WARP_POINTS = 8  # a warp is smooth, so it is computed at 8 x 8 points and interpolated
WARP_BATCH = 1_000  # pictures whose warps are computed at once
GREY_LEVELS = np.arange(256, dtype=np.float32)
INK_LEVEL = 40  # grey level above which a pixel of a picture counts as ink


# Ink


def augment_ink(ink: Ink, rng: Rng, spec: RasterSpec = DEFAULT_SPEC, *, strength: float = 1.0) -> np.ndarray:
    """A raster of a variation of the ink: uint8 (size, size). `strength` scales the distortions."""
    varied = round_coordinates(distort_ink(drop_points(ink, rng), rng, strength), rng)
    # Half of the drawings keep the pen of the recognizer, which is what people's drawings are rendered with.
    pen = spec.pen if rng.random() < 0.5 else rng.uniform(1.2, 4.4) * spec.scale
    raster = rasterise(varied, spec, pen=pen)
    return add_camera_noise(raster, rng, spec) if rng.random() < 0.15 else raster


def drop_points(ink: Ink, rng: Rng) -> Ink:
    """The ink as a slower tablet records it: every second or third point and both ends; half of the time unchanged."""
    step = int(rng.choice((1, 1, 1, 2, 2, 3)))
    return [
        stroke[:2]
        if step == 1 or stroke.shape[1] < DENSE_STROKE
        else np.concatenate([stroke[:2, :-1:step], stroke[:2, -1:]], axis=1)
        for stroke in ink
    ]


def distort_ink(ink: Ink, rng: Rng, strength: float = 1.0) -> Ink:
    """Slant, stretch, turn, bend and shake the ink. Returns strokes float64 (2, n) in a box of about 1."""
    sizes = [stroke.shape[1] for stroke in ink]
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1).astype(np.float64)  # (2, all points)
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    points = (points - (low + high) / 2) / max(float((high - low).max()), 1e-9)
    if len(sizes) > 1:  # move the strokes a little against each other
        points += np.repeat(rng.normal(0, 0.018 * strength, (2, len(sizes))), sizes, axis=1)
    points += _wave(points, rng, 0.035 * strength)
    points = _affine_map(rng, strength) @ points
    points += _tremor(points.shape[1], rng, strength)
    return np.split(points, np.cumsum(sizes)[:-1], axis=1)


def _affine_map(rng: Rng, strength: float) -> np.ndarray:
    """A random linear map (2, 2) of turn, slant and proportions, limited to what people still write."""
    turn = np.deg2rad(np.clip(rng.normal(0, 7 * strength), -20, 20))
    slant = np.clip(rng.normal(0, 0.18 * strength), -0.5, 0.5)
    aspect = np.exp(np.clip(rng.normal(0, 0.16 * strength), -0.5, 0.5))
    cos, sin = np.cos(turn), np.sin(turn)
    return np.array([[cos, -sin], [sin, cos]]) @ np.array([[aspect, -slant], [0, 1 / aspect]])


def _wave(points: np.ndarray, rng: Rng, amplitude: float) -> np.ndarray:
    """A smooth random displacement (2, n) at the points (2, n) of a box of 1: the sum of three plane waves."""
    directions = rng.normal(0, 3.0, (3, 2))  # radians over the box: about half a period
    phases = rng.uniform(0, 2 * np.pi, (3, 1))
    weights = rng.normal(0, amplitude, (2, 3))
    return weights @ np.sin(directions @ points + phases)  # (2, 3) @ (3, n)


def _tremor(count: int, rng: Rng, strength: float) -> np.ndarray:
    """The shaking of an unsteady hand or a mouse, (2, count), smooth along the line; in most drawings none."""
    if count < 8 or rng.random() < 0.6:
        return np.zeros((2, count))
    noise = rng.normal(0, 1, (2, count))
    width = int(rng.integers(1, 6))
    kernel = np.ones(width) / np.sqrt(width)  # a mean that keeps the variance of the noise
    smooth = np.stack([np.convolve(axis, kernel, mode="same") for axis in noise])
    return smooth * rng.uniform(0.002, 0.014) * strength


def round_coordinates(ink: Ink, rng: Rng) -> Ink:
    """The ink in whole pixels of a canvas of 20 to 300 pixels; in 40 % of the cases unchanged."""
    if rng.random() < 0.4:
        return ink
    pixels = np.exp(rng.uniform(np.log(20), np.log(300)))
    return [np.round(stroke * pixels) for stroke in ink]


# Pictures


def augment_rasters(
    pictures: np.ndarray, rng: Rng, *, strength: float = 1.0, spec: RasterSpec = DEFAULT_SPEC
) -> np.ndarray:
    """A variation of each raster, uint8 (n, size, size), in the same shape."""
    varied = np.empty_like(pictures)
    grid, flags = _warp_grid(spec), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for start in range(0, len(pictures), WARP_BATCH):
        batch = pictures[start : start + WARP_BATCH]
        warps = _random_warps(len(batch), rng, strength, spec)
        for index, (picture, warp) in enumerate(zip(batch, warps, strict=True), start):
            # Interpolate the 8 x 8 points to all pixels of the enlarged picture: two float32 (side, side).
            columns, rows = (cv2.warpAffine(axis, grid.to_points, (grid.side,) * 2, flags=flags) for axis in warp)
            large = cv2.remap(picture, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
            if rng.random() < 0.7:
                large = _change_thickness(large, rng, spec)
            fitted = fit_picture(large, spec)
            varied[index] = add_camera_noise(fitted, rng, spec) if rng.random() < 0.1 else fitted
    return varied


class _WarpGrid(NamedTuple):
    """The area in which pictures of one raster spec are warped."""

    side: int
    """Pixels."""
    margin: float
    """The side of the area relative to the raster. Where the box fills its raster, warping needs a larger area."""
    points: np.ndarray
    """The 8 x 8 points, float64 (2, 64), from -0.5 to 0.5."""
    to_points: np.ndarray
    """The linear map (2, 3) from pixels of the area to those points."""


@lru_cache
def _warp_grid(spec: RasterSpec) -> _WarpGrid:
    room = (SIZE / BOX) / (spec.size / spec.box)  # 1 for the default raster, more for one with a narrower margin
    side = round(WARP_SCALE * spec.size * room)
    # The points are the centres of pixels, so the outermost ones lie half a pixel inside of the area.
    axis = np.linspace(-0.5, 0.5, WARP_POINTS) * (1 - 1 / side)
    points = np.stack(np.meshgrid(axis, axis)).reshape(2, -1)
    step = (WARP_POINTS - 1) / (side - 1)
    return _WarpGrid(side, WARP_MARGIN * room, points, np.array([[step, 0, 0], [0, step, 0]]))


def _random_warps(count: int, rng: Rng, strength: float, spec: RasterSpec) -> np.ndarray:
    """For each picture, the columns and rows that its pixels are taken from, at 8 x 8 points: float32 (n, 2, 8, 8)."""
    turn = np.deg2rad(np.clip(rng.normal(0, 6 * strength, count), -20, 20))
    slant = np.clip(rng.normal(0, 0.14 * strength, count), -0.45, 0.45)
    aspect = np.exp(np.clip(rng.normal(0, 0.13 * strength, count), -0.45, 0.45))
    cos, sin = np.cos(turn), np.sin(turn)
    turns = np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1)  # (n, 2, 2)
    shapes = np.array([[aspect, -slant], [np.zeros(count), 1 / aspect]]).transpose(2, 0, 1)  # (n, 2, 2)
    grid = _warp_grid(spec)
    # Inverted, because cv2.remap asks where each pixel comes from.
    sources = np.linalg.inv(turns @ shapes) * grid.margin @ grid.points  # (n, 2, 64)
    weights = rng.normal(0, 0.012 * strength, (count, 2, 3))
    directions = rng.normal(0, 3, (count, 3, 2))
    phases = rng.uniform(0, 2 * np.pi, (count, 3, 1))
    sources = sources + weights @ np.sin(directions @ grid.points + phases)  # three plane waves, see `_wave`
    pixels = ((sources + 0.5) * spec.size - 0.5).astype(np.float32)
    return pixels.reshape(count, 2, WARP_POINTS, WARP_POINTS)


def _change_thickness(large: np.ndarray, rng: Rng, spec: RasterSpec) -> np.ndarray:
    """Blur and apply a soft threshold: below half of the peak lines become thicker, above it thinner."""
    blurred = cv2.GaussianBlur(large, (0, 0), rng.uniform(0.8, 2.0) * spec.scale)
    level = rng.uniform(0.2, 0.62) * float(blurred.max())
    steps = np.clip((GREY_LEVELS - level) * rng.uniform(3, 8) + 127.5, 0, 255)  # the new value of each grey level
    return cv2.LUT(blurred, steps.astype(np.uint8))


def fit_picture(picture: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """Scale the ink of a picture, uint8 (h, w), white on black, into the box and centre it: uint8 (size, size).

    A fast version of `ml.preprocessing.image.normalise_image`, which leaves the width of lines as it is.
    """
    left, top, width, height = cv2.boundingRect((picture > INK_LEVEL).astype(np.uint8))
    if not width:
        return np.zeros((spec.size, spec.size), np.uint8)
    crop = picture[top : top + height, left : left + width].astype(np.float32)
    if spec.centre == "box":
        (x, across), (y, down) = (ink_span(crop.max(axis=axis), 255) for axis in (0, 1))
        return _scale_about(picture, left + x, top + y, spec.box / max(across, down, 1.0), spec.size)
    scale = spec.box / max(width, height)
    mass = float(crop.sum())
    x = float(crop.sum(axis=0) @ (np.arange(width) + 0.5)) / mass  # the centre of mass, from the upper left corner
    y = float(crop.sum(axis=1) @ (np.arange(height) + 0.5)) / mass
    room = spec.size / 2 / scale  # from the centre of the raster to its border
    x, y = (min(max(centre, length - room), room) for centre, length in ((x, width), (y, height)))
    return _scale_about(picture, left + x, top + y, scale, spec.size)


def _scale_about(picture: np.ndarray, x: float, y: float, scale: float, size: int) -> np.ndarray:
    """Scale the picture so that the point (x, y) gets into the centre of the raster: uint8 (size, size)."""
    if scale < 1:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.22 / scale)  # averages what would fall between the pixels
    shift = size / 2 - 0.5
    matrix = np.array([[scale, 0, shift - (x - 0.5) * scale], [0, scale, shift - (y - 0.5) * scale]])
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR)


def add_camera_noise(raster: np.ndarray, rng: Rng, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """A raster, uint8 (size, size), with blur, uneven ink and noise on the ink, as a camera would add them."""
    picture: np.ndarray = raster.astype(np.float32)
    if rng.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.9) * spec.scale)
    # A gamma curve: below 1 it strengthens faint ink, above 1 it weakens it.
    picture = 255 * (np.clip(picture, 0, 255) / max(float(picture.max()), 1.0)) ** rng.uniform(0.6, 1.6)
    noise = rng.normal(0, rng.uniform(0, 18), picture.shape).astype(np.float32)
    picture = np.where(picture > 12, picture + noise, picture)  # the normaliser makes the background exactly black
    return np.clip(picture, 0, 255).astype(np.uint8)
