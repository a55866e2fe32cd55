"""Find the ink on its paper: a grey picture of whatever background becomes ink from 0 to 1.

Two kinds of pictures arrive. Drawn ones (a canvas, a scan cut to black and white, the rasters of
data sets) have one background value; there the ink is the distance from it, and soft edges are
kept as they are. Photographed ones have shadows, grain and ruled lines; there the background is
estimated everywhere, and the ink is what differs from it clearly.
"""

from __future__ import annotations

import cv2
import numpy as np

DRAWN_SIDE = 64  # pixels; smaller pictures are drawn ones, for there is too little to estimate a background from
FLAT_SHARE = 0.4  # of the pixels that have exactly the background's value in a drawn picture
LEAST_CONTRAST = 12  # grey levels between ink and background in a drawn picture
LEAST_DEPTH = 0.12  # of the background's light that the ink takes away in a photographed one
GRAIN = 6.0  # ink stands above the grain of a photo by this many standard deviations
TABLE = 0.65  # of the paper's light at most falls on the table around it
ALONG_BORDER = 0.04  # of the border's length is more than a line takes that leaves the picture
SMALLEST_DRAWING = 0.04  # of the picture's longer side
WORKING_SIDE = 160  # pixels; backgrounds are smooth, so they are estimated small


def find_ink(pixels: np.ndarray, *, light: bool | None) -> np.ndarray | None:
    """The ink of a grey picture uint8 (h, w), as float32 (h, w) from 0 to 1; None if there is none.

    `light` says that the ink is lighter (True) or darker (False) than its background; None: find out.
    """
    drawn = _find_drawn(pixels, light)
    if drawn is not None:
        return drawn if drawn.any() else None
    return _find_photographed(pixels, light)


def _find_drawn(pixels: np.ndarray, light: bool | None) -> np.ndarray | None:
    """The ink of a drawn picture; all zeros if it has none; None if the picture is no drawn one."""
    background = _background_value(pixels, light)
    small = max(pixels.shape) <= DRAWN_SIDE
    if not small and np.count_nonzero(pixels == background) < FLAT_SHARE * pixels.size:
        return None
    distance = np.abs(pixels.astype(np.int16) - background).astype(np.float32)
    if light is not None:
        distance[(pixels < background) if light else (pixels > background)] = 0
    full = float(distance.max())
    if full < LEAST_CONTRAST:
        return np.zeros_like(distance)
    if not small and _has_gradient(distance, full):
        return None
    return distance / full


def _background_value(pixels: np.ndarray, light: bool | None) -> int:
    """The most frequent grey level on the background's side of the middle."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    low, high = int(pixels.min()), int(pixels.max())
    middle = (low + high) // 2
    if light is None:
        light = _dark_is_background(pixels, middle)
    return int(counts[: middle + 1].argmax()) if light else int(counts[middle + 1 :].argmax()) + middle + 1


def _dark_is_background(pixels: np.ndarray, middle: int) -> bool:
    # Ink covers less than its background, and the border is background: together, because a thick
    # brush may cover half of the picture, and a picture cut close has ink on its border.
    dark = pixels <= middle
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    return float(dark.mean() + border.mean()) > 1


def _has_gradient(distance: np.ndarray, full: float) -> bool:
    """Whether there is more in between than the edges of the ink: the shadow of an overexposed photo."""
    between = np.count_nonzero((distance > 0.04 * full) & (distance < 0.5 * full))
    strong = np.count_nonzero(distance >= 0.5 * full)
    return bool(between > 0.05 * distance.size + 2 * strong)


def _find_photographed(pixels: np.ndarray, light: bool | None) -> np.ndarray | None:
    small = _shrink(pixels, WORKING_SIDE)
    sheet = None if light else _sheet(small)
    if light is None:
        light = sheet is None and _ink_is_light(small)
    if light:
        pixels, small = 255 - pixels, 255 - small
    background = _enlarge(_background(small), pixels.shape)
    depth = 1 - np.minimum(pixels, background) / np.maximum(background, 1.0)
    depth = cv2.GaussianBlur(depth.astype(np.float32), (0, 0), max(pixels.shape) / 1000)
    if sheet is not None:
        depth *= _enlarge(sheet, pixels.shape)
    level = _ink_level(depth)
    return None if level is None else _trace(depth, level)


def _shrink(pixels: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(pixels.shape)
    if scale >= 1:
        return pixels
    height, width = (max(1, round(length * scale)) for length in pixels.shape)
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def _ink_is_light(small: np.ndarray) -> bool:
    """Whether the strong deviations from the neighbourhood are lighter than it."""
    difference = small.astype(np.float32) - cv2.medianBlur(small, _odd(max(small.shape) / 2))
    return bool(np.square(np.maximum(difference, 0)).sum() > np.square(np.minimum(difference, 0)).sum())


def _background(small: np.ndarray) -> np.ndarray:
    """Light paper without the dark ink: lines narrower than a seventh of the picture are closed."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_odd(WORKING_SIDE / 7),) * 2)
    closed = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, kernel)
    return cv2.GaussianBlur(cv2.medianBlur(closed, _odd(WORKING_SIDE / 8)), (0, 0), 2).astype(np.float32)


def _enlarge(small: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _sheet(small: np.ndarray) -> np.ndarray | None:
    """Float32: 1 on the light sheet and 0 on the dark table around it; None if there is no table to be seen."""
    smooth = cv2.medianBlur(small, _odd(WORKING_SIDE / 14))
    _, light = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    if border.mean() > 0.3 or not 0.15 < light.mean() < 0.95:
        return None
    if smooth[light == 0].mean() > TABLE * smooth[light == 1].mean():
        return None
    count, parts, stats, _ = cv2.connectedComponentsWithStats(light)
    largest = 1 + int(stats[1:count, cv2.CC_STAT_AREA].argmax())
    hull = cv2.convexHull(cv2.findNonZero((parts == largest).astype(np.uint8)))
    sheet = cv2.fillConvexPoly(np.zeros(light.shape, np.uint8), hull, 1)
    kernel = np.ones((_odd(WORKING_SIDE / 10),) * 2, np.uint8)  # the edge itself is no ink
    return cv2.erode(sheet, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(np.float32)


def _odd(length: float) -> int:
    return int(length) // 2 * 2 + 1


def _ink_level(depth: np.ndarray) -> float | None:
    """How deep the ink is, as a share of the light; None if nothing stands above the grain."""
    smooth = cv2.blur(depth, (3, 3))
    middle = float(np.median(depth))
    grain = 1.4826 * float(np.median(np.abs(depth - middle)))
    deepest = float(np.partition(smooth, -max(8, smooth.size // 5_000), axis=None)[-max(8, smooth.size // 5_000)])
    if deepest < max(LEAST_DEPTH, middle + GRAIN * grain):
        return None
    return float(np.median(smooth[smooth > deepest / 2]))


def _trace(depth: np.ndarray, level: float) -> np.ndarray:
    """Ink from 0 to 1 around half of its level, where it is connected to something as deep as ink."""
    soft = np.clip((depth / level - 0.3) / 0.4, 0, 1)
    count, parts = cv2.connectedComponents((soft > 0).astype(np.uint8))
    kept = np.zeros(count, bool)
    kept[np.unique(parts[depth > 0.7 * level])] = True
    kept[0] = False
    return soft * _off_the_border(parts, kept)[parts]


def _off_the_border(parts: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Without the parts that run along the border, a table or a shadow, if a drawing is left then."""
    border = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    inside = kept & (np.bincount(border, minlength=len(kept)) < ALONG_BORDER * len(border))
    _, _, width, height = cv2.boundingRect(inside[parts].astype(np.uint8))
    return inside if max(width, height) > SMALLEST_DRAWING * max(parts.shape) else kept
