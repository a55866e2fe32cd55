"""Other hands: what another person, pen, canvas or camera would have made of a drawing.

Ink is changed as ink (slant, proportions, tremor, lost points, coarse coordinates, pen) and then
drawn by the renderer that serves. Pictures such as MNIST's have no strokes, so they are bent, made
thinner or fatter as pictures, and fitted again as the renderer would. Everything takes a NumPy
generator, so a seed repeats it. No function here changes what a digit says.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from ml.preprocessing.ink import BOX, DEFAULT_SPEC, SIZE, Ink, RasterSpec, ink_span, rasterise

Rng = np.random.Generator

_ROOM = 1.1  # times the usual raster; leaves room for what sticks out of a picture when it is bent
_ENLARGED = 2  # times that, in pixels, is the side at which pictures are bent and thickened
_TONES = np.arange(256, dtype=np.float32)
_DENSE = 16  # points; a stroke of fewer is made of corners, and loses its form with them
_CHUNK = 1_000  # pictures whose bends are worked out at once
_COARSE = 8  # a bend is smooth: it is worked out at 8x8 places and interpolated
_SPREAD_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def augment_ink(ink: Ink, rng: Rng, spec: RasterSpec = DEFAULT_SPEC, *, strength: float = 1.0) -> np.ndarray:
    """One raster, uint8 (size, size), of the ink as another hand might have drawn it."""
    varied = round_coordinates(distort_ink(drop_points(ink, rng), rng, strength), rng)
    pen = spec.pen if rng.random() < 0.5 else rng.uniform(1.2, 4.4) * spec.scale
    raster = rasterise(varied, spec, pen=pen)
    return add_camera_noise(raster, rng, spec) if rng.random() < 0.15 else raster


def drop_points(ink: Ink, rng: Rng) -> Ink:
    """The same track from a slower tablet: every second or third point, ends kept; half the time, as it is."""
    step = int(rng.choice((1, 1, 1, 2, 2, 3)))
    return [_every(stroke[:2], step) for stroke in ink]


def _every(stroke: np.ndarray, step: int) -> np.ndarray:
    if step == 1 or stroke.shape[1] < _DENSE:
        return stroke
    return np.concatenate([stroke[:, :-1:step], stroke[:, -1:]], axis=1)


def distort_ink(ink: Ink, rng: Rng, strength: float = 1.0) -> Ink:
    """Slant, stretch, turn, wave and shake the ink; strokes (2, n) come back in a box of about 1."""
    sizes = [stroke.shape[1] for stroke in ink]
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1).astype(np.float64)
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    points = (points - (low + high) / 2) / max(float((high - low).max()), 1e-9)
    if len(sizes) > 1:
        points += np.repeat(rng.normal(0, 0.018 * strength, (2, len(sizes))), sizes, axis=1)
    points += _wave(points, rng, 0.035 * strength)
    points = _affine(rng, strength) @ points
    points += _tremor(points.shape[1], rng, strength)
    return np.split(points, np.cumsum(sizes)[:-1], axis=1)


def _affine(rng: Rng, strength: float) -> np.ndarray:
    """A random linear map (2, 2): proportions, slant, turn."""
    turn = np.deg2rad(np.clip(rng.normal(0, 7 * strength), -20, 20))
    slant = np.clip(rng.normal(0, 0.18 * strength), -0.5, 0.5)
    aspect = np.exp(np.clip(rng.normal(0, 0.16 * strength), -0.5, 0.5))
    cos, sin = np.cos(turn), np.sin(turn)
    return np.array([[cos, -sin], [sin, cos]]) @ np.array([[aspect, -slant], [0, 1 / aspect]])


def _wave(points: np.ndarray, rng: Rng, amplitude: float) -> np.ndarray:
    """A smooth displacement of the plane, at the points (2, n) of a unit box."""
    directions = rng.normal(0, 3.0, (3, 2))  # radians per box
    phases = rng.uniform(0, 2 * np.pi, (3, 1))
    weights = rng.normal(0, amplitude, (2, 3))
    return weights @ np.sin(directions @ points + phases)


def _tremor(count: int, rng: Rng, strength: float) -> np.ndarray:
    """An unsteady hand or a mouse: noise (2, count) that is smooth along the track, mostly none."""
    if count < 8 or rng.random() < 0.6:
        return np.zeros((2, count))
    noise = rng.normal(0, 1, (2, count))
    width = int(rng.integers(1, 6))
    kernel = np.ones(width) / np.sqrt(width)
    smooth = np.stack([np.convolve(axis, kernel, mode="same") for axis in noise])
    return smooth * rng.uniform(0.002, 0.014) * strength


def round_coordinates(ink: Ink, rng: Rng) -> Ink:
    """The same ink on a canvas of whole pixels, sometimes a small one."""
    if rng.random() < 0.4:
        return ink
    pixels = np.exp(rng.uniform(np.log(20), np.log(300)))
    return [np.round(stroke * pixels) for stroke in ink]


class _Sheet(NamedTuple):
    """Where a picture of some raster is bent."""

    side: int
    """Pixels."""
    room: float
    """Times the raster that the sheet shows: a box that fills its raster needs more."""
    grid: np.ndarray
    """The 8x8 places, float64 (2, 64), from -0.5 to 0.5."""
    spread: np.ndarray
    """The linear map from the sheet's pixels to those places, (2, 3)."""


@lru_cache
def _sheet(spec: RasterSpec) -> _Sheet:
    more = (SIZE / BOX) / (spec.size / spec.box)
    side = round(_ENLARGED * spec.size * more)
    grid = np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, _COARSE) * (1 - 1 / side)] * 2)).reshape(2, -1)
    step = (_COARSE - 1) / (side - 1)
    return _Sheet(side, _ROOM * more, grid, np.array([[step, 0, 0], [0, step, 0]]))


def augment_rasters(
    pictures: np.ndarray, rng: Rng, *, strength: float = 1.0, spec: RasterSpec = DEFAULT_SPEC
) -> np.ndarray:
    """Of each raster, uint8 (n, size, size), what it may have looked like in another hand; same shape."""
    varied = np.empty_like(pictures)
    for start in range(0, len(pictures), _CHUNK):
        part = pictures[start : start + _CHUNK]
        bends = _bends(len(part), rng, strength, spec)
        for place, (picture, coarse) in enumerate(zip(part, bends, strict=True), start):
            varied[place] = _vary(picture, coarse, rng, spec)
    return varied


def _vary(picture: np.ndarray, coarse: np.ndarray, rng: Rng, spec: RasterSpec) -> np.ndarray:
    sheet = _sheet(spec)
    columns, rows = (cv2.warpAffine(axis, sheet.spread, (sheet.side,) * 2, flags=_SPREAD_FLAGS) for axis in coarse)
    large = cv2.remap(picture, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    if rng.random() < 0.7:
        large = _change_thickness(large, rng, spec)
    fitted = fit_picture(large, spec)
    return add_camera_noise(fitted, rng, spec) if rng.random() < 0.1 else fitted


def _bends(count: int, rng: Rng, strength: float, spec: RasterSpec) -> np.ndarray:
    """For each picture where its pixels come from: columns and rows at 8x8 places, float32 (count, 2, 8, 8)."""
    turn = np.deg2rad(np.clip(rng.normal(0, 6 * strength, count), -20, 20))
    slant = np.clip(rng.normal(0, 0.14 * strength, count), -0.45, 0.45)
    aspect = np.exp(np.clip(rng.normal(0, 0.13 * strength, count), -0.45, 0.45))
    cos, sin = np.cos(turn), np.sin(turn)
    turns = np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1)
    shapes = np.array([[aspect, -slant], [np.zeros(count), 1 / aspect]]).transpose(2, 0, 1)
    sheet = _sheet(spec)
    # The inverse, because a remap asks where a pixel comes from.
    places = np.linalg.inv(turns @ shapes) * sheet.room @ sheet.grid
    waves = rng.normal(0, 0.012 * strength, (count, 2, 3)) @ np.sin(
        rng.normal(0, 3, (count, 3, 2)) @ sheet.grid + rng.uniform(0, 2 * np.pi, (count, 3, 1))
    )
    return ((places + waves + 0.5) * spec.size - 0.5).astype(np.float32).reshape(count, 2, _COARSE, _COARSE)


def _change_thickness(large: np.ndarray, rng: Rng, spec: RasterSpec) -> np.ndarray:
    """Blur and cut at another level: below the middle the line grows, above it shrinks, smoothly."""
    blurred = cv2.GaussianBlur(large, (0, 0), rng.uniform(0.8, 2.0) * spec.scale)
    level = rng.uniform(0.2, 0.62) * float(blurred.max())
    steps = np.clip((_TONES - level) * rng.uniform(3, 8) + 127.5, 0, 255)
    return cv2.LUT(blurred, steps.astype(np.uint8))


def fit_picture(picture: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """Fit the ink of a picture, uint8 (h, w), into the box and centre it as `spec` says, as far as it stays inside."""
    left, top, width, height = cv2.boundingRect((picture > 40).astype(np.uint8))
    if not width:
        return np.zeros((spec.size, spec.size), np.uint8)
    crop = picture[top : top + height, left : left + width].astype(np.float32)
    if spec.centre == "box":
        (x, across), (y, down) = (ink_span(crop.max(axis=axis), 255) for axis in (0, 1))
        return _place(picture, left + x, top + y, spec.box / max(across, down, 1.0), spec.size)
    scale = spec.box / max(width, height)
    x, y = _middle_of_mass(crop)
    room = spec.size / 2 / scale
    x, y = (min(max(place, length - room), room) for place, length in ((x, width), (y, height)))
    return _place(picture, left + x, top + y, scale, spec.size)


def _middle_of_mass(crop: np.ndarray) -> tuple[float, float]:
    height, width = crop.shape
    mass = float(crop.sum())
    x = float(crop.sum(axis=0) @ (np.arange(width) + 0.5)) / mass
    return x, float(crop.sum(axis=1) @ (np.arange(height) + 0.5)) / mass


def _place(picture: np.ndarray, x: float, y: float, scale: float, size: int) -> np.ndarray:
    """Scale the picture about (x, y), which lands in the middle of the raster; averages when it shrinks."""
    if scale < 1:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.22 / scale)
    shift = size / 2 - 0.5
    matrix = np.array([[scale, 0, shift - (x - 0.5) * scale], [0, scale, shift - (y - 0.5) * scale]])
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR)


def add_camera_noise(raster: np.ndarray, rng: Rng, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """What a camera adds to a raster, uint8 (size, size): blur, uneven ink, grain, a clipped background."""
    picture: np.ndarray = raster.astype(np.float32)
    if rng.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.9) * spec.scale)
    picture = 255 * (np.clip(picture, 0, 255) / max(float(picture.max()), 1.0)) ** rng.uniform(0.6, 1.6)
    grain = rng.normal(0, rng.uniform(0, 18), picture.shape).astype(np.float32)
    picture = np.where(picture > 12, picture + grain, picture)
    return np.clip(picture, 0, 255).astype(np.uint8)
