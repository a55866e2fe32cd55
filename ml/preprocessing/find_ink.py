"""Find the ink in a grey image, whatever its background is.

There are two kinds of images. Drawn images (a canvas, a black-and-white scan, the pictures of data sets) have a
background of one grey level. There the ink is the difference from that level, and soft edges are kept. Photographed
images have shadows, noise and ruled lines. There the background is estimated at every pixel, and the ink is what is
clearly darker or lighter than it.
"""

from __future__ import annotations

import cv2
import numpy as np

from ml.preprocessing.decode_image import shrink
from ml.preprocessing.drawn_image import FLAT_SHARE

# Drawn images
SMALL_SIDE = 64  # pixels; an image this small counts as drawn, because a background cannot be estimated in it
MIN_CONTRAST = 12  # grey levels between ink and background
SOFT_EDGE = 0.05  # of the longer side; the soft edge of a line is no wider

# Photographed images
MIN_DEPTH = 0.12  # share of the background's light that ink takes away
NOISE_DEVIATIONS = 6.0  # standard deviations of the noise by which ink must exceed it
MAX_TABLE_LIGHT = 0.65  # brightness of the table around a sheet of paper, as a share of that of the sheet
MIN_SHEET_SHARE = 0.77  # of the smallest rectangle around a sheet is in its outline, if all of it is seen
BORDER_SHARE = 0.04  # of the image's border; a line that leaves the image touches less, a shadow or a table more
MIN_DRAWING_SIDE = 0.04  # of the image's longer side
WIDEST_LINE = 0.45  # of the longer side; where thick lines cross they are wider than a quarter of it
MAX_BORDER_SHARE = 0.3  # of the border is covered by lines that leave the image
MAX_DARK_SHARE = 0.6  # of the image is covered by ink
TONE_DEVIATIONS = 4.0  # standard deviations of ink and of paper by which two clear tones lie apart
MAX_INK_LIGHT = 0.6  # of the paper's light comes from ink
ESTIMATION_SIDE = 160  # pixels; backgrounds are smooth, so a small copy of the image is enough to estimate them


def find_ink(pixels: np.ndarray, *, light: bool | None) -> tuple[np.ndarray | None, bool]:
    """The ink of a grey image, uint8 (h, w), and whether it is a drawn image.

    Ink is float32 (h, w) from 0 (background) to 1 (full ink), or None without ink. `light` says whether the ink is
    lighter (True) or darker (False) than its background; None finds out.
    """
    drawn = _find_in_drawn(pixels, light)
    if drawn is not None:
        return (drawn if drawn.any() else None), True
    return _find_in_photo(pixels, light), False


# Drawn images


def _find_in_drawn(pixels: np.ndarray, light: bool | None) -> np.ndarray | None:
    """The ink of a drawn image, all zeros without ink; None if the image is not a drawn one."""
    background = _background_level(pixels, light)
    small = max(pixels.shape) <= SMALL_SIDE
    if not small and np.count_nonzero(pixels == background) < FLAT_SHARE * pixels.size:
        return None
    distance = np.abs(pixels.astype(np.int16) - background).astype(np.float32)  # (h, w) grey levels
    if light is not None:
        distance[(pixels < background) if light else (pixels > background)] = 0
    full = float(distance.max())
    if full < MIN_CONTRAST:
        return np.zeros_like(distance)
    if not small and _has_gradient(distance, full):
        return None
    return distance / full


def _background_level(pixels: np.ndarray, light: bool | None) -> int:
    """The most frequent grey level in the darker or the lighter half of the range, whichever is the background."""
    counts = np.bincount(pixels.ravel(), minlength=256)  # (256,): pixels of each grey level
    middle = (int(pixels.min()) + int(pixels.max())) // 2
    if light is None:
        # The background covers more of the image than ink, and more of its border. The two shares are added: a thick
        # brush may cover half of the image, and in a tightly cropped image ink touches the border.
        dark = pixels <= middle
        light = float(dark.mean() + _border(dark).mean()) > 1
    return int(counts[: middle + 1].argmax()) if light else int(counts[middle + 1 :].argmax()) + middle + 1


def _border(values: np.ndarray) -> np.ndarray:
    """The outermost pixels (h, w) of an image in one row: (2 * h + 2 * w,), corners twice."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _has_gradient(distance: np.ndarray, full: float) -> bool:
    """Whether more pixels have a middle tone than the edges of lines have: the shadow of an overexposed photo.

    The soft edges of an enlarged drawing are as wide as its lines, but lie beside them.
    """
    strong = (distance >= 0.5 * full).astype(np.uint8)
    between = (distance > 0.04 * full) & (distance < 0.5 * full)
    if np.count_nonzero(between) <= 0.05 * distance.size + 2 * np.count_nonzero(strong):
        return False
    away = cv2.distanceTransform(1 - strong, cv2.DIST_L2, cv2.DIST_MASK_5) > SOFT_EDGE * max(distance.shape)
    return bool(np.count_nonzero(between & away) > 0.02 * distance.size)


# Photographed images


def _find_in_photo(pixels: np.ndarray, light: bool | None) -> np.ndarray | None:
    """The ink of a photo; None if nothing exceeds the noise."""
    small = shrink(pixels, ESTIMATION_SIDE)
    sheet = None if light else _find_sheet(small)
    if light is None:
        light = sheet is None and _ink_is_light(small)
    if light:  # from here on, ink is dark
        pixels, small = 255 - pixels, 255 - small
    background = _enlarge(estimate_background(small), pixels.shape)
    # The share of the light that is missing does not depend on the light: ink in a shadow is as deep as elsewhere.
    depth = 1 - np.minimum(pixels, background) / np.maximum(background, 1.0)
    depth = cv2.GaussianBlur(depth.astype(np.float32), (0, 0), max(pixels.shape) / 1000)
    if sheet is not None:
        depth *= _enlarge(sheet, pixels.shape)
    level = _ink_level(depth)
    return _split_tones(pixels) if level is None else _select_ink(depth, level)


def _split_tones(pixels: np.ndarray) -> np.ndarray | None:
    """The dark ink of an image of two clear tones: lines so thick that they were taken for background; else None."""
    smooth = cv2.medianBlur(pixels, 5)
    _, dark = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if _border(dark).mean() > BORDER_SHARE or not 0 < dark.mean() < MAX_DARK_SHARE:
        return None
    ink, paper = smooth[dark == 1], smooth[dark == 0]
    apart = float(paper.mean() - ink.mean())
    if ink.mean() > MAX_INK_LIGHT * paper.mean() or apart < TONE_DEVIATIONS * max(ink.std(), paper.std()):
        return None
    return dark.astype(np.float32)


def _ink_is_light(small: np.ndarray) -> bool:
    """Whether the strongest differences from the surroundings are lighter than these."""
    difference = small.astype(np.float32) - cv2.medianBlur(small, _odd(max(small.shape) / 2))
    return bool(np.square(np.maximum(difference, 0)).sum() > np.square(np.minimum(difference, 0)).sum())


def estimate_background(small: np.ndarray) -> np.ndarray:
    """Light paper without the dark ink, float32: closing removes lines, also thick ones, as wide as they are found."""
    line = 1.25 * _widest_line(small)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_odd(max(ESTIMATION_SIDE / 7, line)),) * 2)
    closed = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, kernel)
    smooth = cv2.medianBlur(closed, _odd(max(ESTIMATION_SIDE / 8, line)))
    return cv2.GaussianBlur(smooth, (0, 0), 2).astype(np.float32)


def _widest_line(small: np.ndarray) -> float:
    """The width in pixels of the widest dark line; 0 if what is dark is no line but a shadow or a table.

    In the middle of a line the distance to its edge is half of its width.
    """
    smooth = cv2.medianBlur(small, 5)
    _, dark = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if _border(dark).mean() > MAX_BORDER_SHARE or not 0 < dark.mean() < MAX_DARK_SHARE:
        return 0.0
    if smooth[dark == 1].mean() > MAX_INK_LIGHT * smooth[dark == 0].mean():
        return 0.0
    framed = cv2.copyMakeBorder(dark, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    widest = 2 * float(cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5).max())
    return min(widest, WIDEST_LINE * max(small.shape))


def _enlarge(small: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _find_sheet(small: np.ndarray) -> np.ndarray | None:
    """Where a light sheet of paper lies on a dark table: float32, 1 on the sheet and 0 off it; None without a table."""
    smooth = cv2.medianBlur(small, _odd(ESTIMATION_SIDE / 14))
    _, light = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)  # Otsu (1979): splits two tones best
    # A table lies along most of the border, and the sheet covers neither little nor nearly all of the image.
    if _border(light).mean() > 0.3 or not 0.15 < light.mean() < 0.95:
        return None
    if smooth[light == 0].mean() > MAX_TABLE_LIGHT * smooth[light == 1].mean():
        return None
    count, parts, stats, _ = cv2.connectedComponentsWithStats(light)
    largest = 1 + int(stats[1:count, cv2.CC_STAT_AREA].argmax())  # part 0 is the table
    outlines, _ = cv2.findContours((parts == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(outlines[0])
    _centre, (long, wide), _angle = cv2.minAreaRect(hull)
    inside = not _border(parts == largest).any()
    if inside and cv2.contourArea(outlines[0]) < MIN_SHEET_SHARE * long * wide:
        return None  # thick light lines on a board
    sheet = cv2.fillConvexPoly(np.zeros(light.shape, np.uint8), hull, 1)
    # Shrink the sheet, because its edge is dark and would be taken for ink.
    kernel = np.ones((_odd(ESTIMATION_SIDE / 10),) * 2, np.uint8)
    return cv2.erode(sheet, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(np.float32)


def _odd(length: float) -> int:
    """An odd whole number near `length`: OpenCV's filters need a centre pixel."""
    return int(length) // 2 * 2 + 1


def _ink_level(depth: np.ndarray) -> float | None:
    """The typical depth of the ink, as a share of the light; None if nothing exceeds the noise."""
    smooth = cv2.blur(depth, (3, 3))
    median = float(np.median(depth))
    # The median absolute deviation times 1.4826 is the standard deviation of normally distributed noise. Unlike the
    # usual estimate it ignores the ink, which is a few far values.
    noise = 1.4826 * float(np.median(np.abs(depth - median)))
    rank = max(8, smooth.size // 5_000)  # the 8th deepest pixel (or the deepest 0.02 %): single pixels may be dirt
    deepest = float(np.partition(smooth, -rank, axis=None)[-rank])
    if deepest < max(MIN_DEPTH, median + NOISE_DEVIATIONS * noise):
        return None
    return float(np.median(smooth[smooth > deepest / 2]))


def _select_ink(depth: np.ndarray, level: float) -> np.ndarray:
    """Ink from 0 to 1: soft around half of `level`, and only parts in which some pixel is nearly as deep as ink."""
    soft = np.clip((depth / level - 0.3) / 0.4, 0, 1)  # 0 below 30 % of the level, 1 above 70 %
    count, parts = cv2.connectedComponents((soft > 0).astype(np.uint8))  # (h, w): the number of each pixel's part
    kept = np.zeros(count, bool)
    kept[np.unique(parts[depth > 0.7 * level])] = True
    kept[0] = False  # part 0 is the background
    # Parts along the border are a table or a shadow. They are dropped if a drawing is left then.
    inside = kept & (np.bincount(_border(parts), minlength=count) < BORDER_SHARE * len(_border(parts)))
    _, _, width, height = cv2.boundingRect(inside[parts].astype(np.uint8))
    return soft * (inside if max(width, height) > MIN_DRAWING_SIDE * max(parts.shape) else kept)[parts]
