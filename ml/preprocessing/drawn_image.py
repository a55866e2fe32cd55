"""Convert a drawing on one flat background to grey: ink of any colours, without frames, with thin lines kept.

A canvas that was saved, a screenshot of one and a drawing of a paint program have one background colour. What differs
from it is ink, whatever its colours are. A grey image made from brightness alone loses yellow on white.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

FLAT_SHARE = 0.4  # a drawn image has the background's exact colour in at least this share of its pixels
SAMPLED_PIXELS = 100_000  # about so many pixels are read to find the background's colour
MAX_PAINTED_SHARE = 0.6  # an image with more opaque pixels than this share is no drawing on a transparent canvas
MAX_OTHER_TONES = 0.005  # share of the painted pixels that may be far from the others in a drawing of one tone
WIDEST_LINE = 0.3  # of the longer side; a wider area is no line but a sheet or a cut-out picture
MIN_DISTANCE = 12  # levels between ink and background
FRAME_SHARE = 0.9  # at least this share of a frame's side between its corners is covered
EDGE_QUANTILE = 0.6  # of the pixels of a line: above it are enough of those of a dashed line
EDGE_DEPTHS = 4, 20  # lines in which a frame begins: JPEG leaves noise outside of it
DASH_GAP = 0.06  # of a side is between two dashes at most
MAX_CORNER = 0.25  # of a side is in a round corner at most
CORNER_DIFFERENCE = 0.02  # of a side by which two corners may differ
FRAME_GAP = 2  # lines between two that belong to one frame
CORNER_GAP = 2  # pixels between a corner and the sides
MAX_FRAMES = 6  # one inside the other: the page around a canvas, its border, the border's soft edges
MIN_LINE_WIDTH = 2.0  # pixels that a line keeps when an image is reduced
STRIP_PIXELS = 1_000_000  # an image is read in strips of this size, so that a large one needs little memory


def drawn_grey(pixels: np.ndarray, side: int) -> np.ndarray | None:
    """The grey image, uint8 (h', w') with at most `side` pixels on the longer side; None for anything but a drawing.

    `pixels` is uint8 (h, w), (h, w, 3) or, with transparency, (h, w, 4). Grey is as light as the background and becomes
    darker (or lighter, on a dark background) with the distance of a colour from the background's.
    """
    step = max(1, math.isqrt(pixels.shape[0] * pixels.shape[1] // SAMPLED_PIXELS))
    sample = pixels[::step, ::step]
    measure: Callable[[np.ndarray], np.ndarray] = _alpha  # whatever is painted on a transparent canvas is ink
    tone = 255.0
    if pixels.ndim == 2 or pixels.shape[2] == 3 or not _is_transparent_canvas(sample):
        background = _most_frequent_colour(on_white(sample))
        if background is None:
            return None
        tone, measure = float(np.mean(background)), partial(_distance, background=background)
    distance = reduce_drawing(remove_frames(_pooled(pixels, measure, side)), side)
    room = tone if tone >= 128 else 255 - tone  # levels by which ink can differ from the background in grey
    levels = distance * min(1.0, room / max(float(distance.max()), 1.0))
    return np.rint(tone - levels if tone >= 128 else tone + levels).astype(np.uint8)


def _is_transparent_canvas(rgba: np.ndarray) -> bool:
    """Whether a transparent image (h, w, 4) is a drawing: lines, or one tone. Otherwise it is a cut-out picture."""
    opaque = (rgba[..., 3] >= 128).astype(np.uint8)
    if not 0 < opaque.mean() <= MAX_PAINTED_SHARE:
        return not opaque.any()
    if is_one_tone(rgba):
        return True
    framed = cv2.copyMakeBorder(opaque, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    widest = 2 * float(cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5).max())
    return widest <= WIDEST_LINE * max(opaque.shape)


def is_one_tone(rgba: np.ndarray) -> bool:
    """Whether hardly any opaque pixels of (h, w, 4) are far (a quarter of the range) from the median in brightness."""
    opaque = rgba[..., 3] >= 128
    tones = cv2.cvtColor(np.ascontiguousarray(rgba[..., :3]), cv2.COLOR_RGB2GRAY)[opaque].astype(np.int16)
    return bool(tones.size) and float((np.abs(tones - int(np.median(tones))) > 64).mean()) < MAX_OTHER_TONES


def _alpha(rgba: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rgba[..., 3])


def on_white(pixels: np.ndarray) -> np.ndarray:
    """The pixels on white, (h, w) or (h, w, 3)."""
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.uint16)
    return ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _most_frequent_colour(pixels: np.ndarray) -> tuple[int, ...] | None:
    """The colour that covers enough of the image to be its background; one number for grey, three for colours."""
    channels = np.atleast_3d(pixels)  # (h, w, 1) or (h, w, 3)
    factors = 256 ** np.arange(channels.shape[2], dtype=np.uint32)
    # One number for a colour: numbers are sorted many times as fast as rows.
    _values, first, counts = np.unique(channels @ factors, return_index=True, return_counts=True)
    most = int(counts.argmax())
    if counts[most] < FLAT_SHARE * counts.sum():
        return None
    return tuple(channels.reshape(-1, channels.shape[2])[first[most]].tolist())


def _distance(pixels: np.ndarray, background: tuple[int, ...]) -> np.ndarray:
    """How far each pixel is from the background, uint8 (h, w): the largest difference of a channel."""
    channels = on_white(pixels).reshape(*pixels.shape[:2], -1).astype(np.int16)  # (h, w, 1) or (h, w, 3)
    return np.abs(channels - np.array(background, np.int16)).max(axis=2).astype(np.uint8)


def _pooled(pixels: np.ndarray, measure: Callable[[np.ndarray], np.ndarray], side: int) -> np.ndarray:
    """The distances of an image, reduced by the largest in each block to two or three times `side`: no line is lost."""
    block = max(1, max(pixels.shape[:2]) // (2 * side))
    rows = max(block, STRIP_PIXELS // pixels.shape[1] // block * block)
    return np.vstack(
        [_block_maximum(measure(pixels[row : row + rows]), block) for row in range(0, pixels.shape[0], rows)]
    )


def _block_maximum(distance: np.ndarray, block: int) -> np.ndarray:
    if block == 1:
        return distance
    height, width = (-(-length // block) * block for length in distance.shape)
    padded = np.pad(distance, ((0, height - distance.shape[0]), (0, width - distance.shape[1])))
    return padded.reshape(height // block, block, width // block, block).max(axis=(1, 3))


def remove_frames(distance: np.ndarray) -> np.ndarray:
    """Clear rings of lines around everything else. A ring with nothing inside is a drawing and stays.

    `distance` is uint8 (h, w), 0 for the background; so is the result. Frames may have round corners, dashes, and the
    noise that JPEG leaves around lines.
    """
    for _ in range(MAX_FRAMES):
        window = _inside_of_frame(distance)
        if window is None or not (distance[window] > MIN_DISTANCE).any():
            break
        cleared = np.zeros_like(distance)
        cleared[window] = distance[window]
        _clear_corners(cleared, window)
        if not (cleared > MIN_DISTANCE).any():
            break
        distance = cleared
    return distance


def _inside_of_frame(distance: np.ndarray) -> tuple[slice, slice] | None:
    """The rows and columns inside of the frame around all ink; None without a frame."""
    left, top, width, height = cv2.boundingRect((distance > MIN_DISTANCE).astype(np.uint8))
    if min(width, height) < 8:
        return None
    sides = _from_each_side(distance[top : top + height, left : left + width])
    tones = {min(_edge_tone(lines, depth) for lines in sides) for depth in EDGE_DEPTHS}
    frames = (_lines_inside((distance > tone / 2) & (distance > MIN_DISTANCE)) for tone in sorted(tones))
    return next((window for window in frames if window), None)


def _lines_inside(covered: np.ndarray) -> tuple[slice, slice] | None:
    """The rows and columns inside of the lines at the four edges of what is covered, bool (h, w)."""
    left, top, width, height = cv2.boundingRect(covered.astype(np.uint8))
    thick = [_frame_thickness(lines) for lines in _from_each_side(covered[top : top + height, left : left + width])]
    if 0 in thick:
        return None
    return slice(top + thick[0], top + height - thick[1]), slice(left + thick[2], left + width - thick[3])


def _from_each_side(box: np.ndarray) -> tuple[np.ndarray, ...]:
    """The box with its first line at the top, the bottom, the left and the right."""
    return box, box[::-1], box.T, box.T[::-1]


def _edge_tone(lines: np.ndarray, depth: int) -> float:
    """The strongest of the typical tones of the first lines: that of a frame, if its lines are there."""
    return float(np.quantile(lines[:depth], EDGE_QUANTILE, axis=1).max())


def _frame_thickness(lines: np.ndarray) -> int:
    """How many lines from the first on are a frame: 0 if the first is not, or if there is no end to them.

    A few lines that are not covered may lie between those that are: JPEG leaves them where two colours meet.
    """
    most = len(lines) // 3
    count = int(_is_frame_line(lines[0]))
    while 0 < count < most:
        step = next((n for n in range(1, FRAME_GAP + 2) if _is_frame_line(lines[count + n - 1])), 0)
        if not step:
            return count
        count += step
    return 0


def _is_frame_line(line: np.ndarray) -> bool:
    """Whether a line, bool (n,), is covered between the round corners of a frame, dashes counted as one line."""
    length = len(line)
    found = np.flatnonzero(line)
    if not found.size:
        return False
    first, last = int(found[0]), int(found[-1])
    corners = first, length - 1 - last
    if max(corners) > MAX_CORNER * length or abs(corners[0] - corners[1]) > max(4, CORNER_DIFFERENCE * length):
        return False
    gaps = np.diff(found) - 1
    uncovered = int(gaps[gaps > DASH_GAP * length].sum())
    return 1 - uncovered / (last - first + 1) >= FRAME_SHARE


def _clear_corners(distance: np.ndarray, window: tuple[slice, slice]) -> None:
    """Clear what is left of the round corners of a frame: small parts in the corners of its window, in place."""
    inside = distance[window]
    height, width = inside.shape
    _, parts, stats, _ = cv2.connectedComponentsWithStats((inside > MIN_DISTANCE).astype(np.uint8))
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = width - left - stats[:, cv2.CC_STAT_WIDTH], height - top - stats[:, cv2.CC_STAT_HEIGHT]
    near_side, near_end = np.minimum(left, right) <= CORNER_GAP, np.minimum(top, bottom) <= CORNER_GAP
    small = np.maximum(stats[:, cv2.CC_STAT_WIDTH] / width, stats[:, cv2.CC_STAT_HEIGHT] / height) <= MAX_CORNER
    corner = near_side & near_end & small
    corner[:1] = False  # part 0 is the background
    if corner.any():
        inside[corner[parts]] = 0


def reduce_drawing(distance: np.ndarray, side: int) -> np.ndarray:
    """Reduce ink, uint8 (h, w), to at most `side` pixels; lines get no thinner than two pixels by that."""
    scale = side / max(distance.shape)
    if scale >= 1:
        return distance
    size = scaled_size(distance.shape[1], distance.shape[0], scale)
    return cv2.resize(thicken_lines(distance, MIN_LINE_WIDTH / scale), size, interpolation=cv2.INTER_AREA)


def scaled_size(width: int, height: int, scale: float) -> tuple[int, int]:
    """Width and height times `scale`, in whole pixels and at least 1."""
    return max(1, round(width * scale)), max(1, round(height * scale))


def thicken_lines(ink: np.ndarray, width: float) -> np.ndarray:
    """Ink (h, w) of any dtype whose lines are at least `width` pixels wide on average.

    A reduced line is the mean of its pixels and the background's: without this, a line of one pixel in a thousand is
    lost.
    """
    strong = (ink > ink.max() / 2).astype(np.uint8)
    if not strong.any():
        return ink
    missing = width - mean_line_width(strong)
    if missing <= 0.5:
        return ink
    outside = cv2.distanceTransform(1 - strong, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown = np.clip(missing / 2 + 0.5 - outside, 0, 1) * float(ink.max())  # the last pixel is covered in part
    return np.maximum(ink, grown.astype(ink.dtype))


def mean_line_width(ink: np.ndarray) -> float:
    """The mean width in pixels of the lines, uint8 (h, w), 0 for the background; at least 1.

    Inside of a line of w pixels the distances to its edge run 1, 2, ... 2, 1: their mean is w / 4 + 1 / 2.
    """
    distance = cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_5)
    return max(1.0, 4 * float(distance[ink > 0].mean()) - 2)
