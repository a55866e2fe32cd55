"""What each step of the preprocessing makes of a picture, from the uploaded file to the raster of the network."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.find_ink import ESTIMATION_SIDE, estimate_background, find_ink
from ml.preprocessing.image import extract_ink, fit_ink
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec

PHOTO_SIDE = 200  # pixels
PEN_COLOUR = (38, 58, 150)
PAPER = np.array([236.0, 232.0, 218.0])


class FilterStep(NamedTuple):
    """One step, and its result."""

    name: str
    """file, grey, background, ink, crop, fit or centre."""
    pixels: np.ndarray
    """uint8 (h, w), or (h, w, 3) for the file."""


def photograph(ink: Ink, *, side: int = PHOTO_SIDE, seed: int = 0) -> bytes:
    """A synthetic photo of a drawing as a JPEG file: blue pen, off the centre, a shadow, grain and a speck."""
    rng = np.random.default_rng(seed)
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    scale = 0.5 * side / np.ptp(points, axis=1).max()
    mask = np.zeros((side, side), np.uint8)
    for stroke in ink:
        line = (stroke[:2].T - points.min(axis=1)) * scale + (0.38 * side, 0.2 * side)
        cv2.polylines(mask, [np.rint(line * 16).astype(np.int32)], False, 255, round(side / 36), cv2.LINE_AA, 4)
    cv2.circle(mask, (round(0.16 * side), round(0.84 * side)), round(side / 60), 200, -1, cv2.LINE_AA)
    covered = mask[..., np.newaxis] / 255  # (side, side, 1): the share of ink
    across = np.linspace(1.0, 0.55, side)  # the shadow of a hand, from the right
    light = across[np.newaxis, :, np.newaxis] * np.linspace(1.0, 0.9, side)[:, np.newaxis, np.newaxis]
    picture = (covered * PEN_COLOUR + (1 - covered) * PAPER) * light + rng.normal(0, 3.5, (side, side, 1))
    file = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


def filter_steps(file: bytes, spec: RasterSpec = DEFAULT_SPEC) -> list[FilterStep]:
    """The results of the steps for an image file with dark ink; the last one is what the network gets.

    Raises ImageError as the steps do.
    """
    grey = decode_image(file)  # refuses what is no picture
    with Image.open(io.BytesIO(file)) as image:
        colours = np.asarray(image.convert("RGB"))
    scale = ESTIMATION_SIDE / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    background = cv2.resize(estimate_background(small), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    soft, _drawn = find_ink(grey, light=None)
    cropped = extract_ink(grey)
    found = np.zeros_like(grey, np.float32) if soft is None else soft
    steps = [
        FilterStep("file", colours),
        FilterStep("grey", grey),
        FilterStep("background", background.astype(np.uint8)),
        FilterStep("ink", np.rint(found * 255).astype(np.uint8)),
        FilterStep("crop", np.rint(cropped * 255).astype(np.uint8)),
        FilterStep("fit", fit_ink(cropped, replace(spec, centre="box"))),
    ]
    return steps if spec.centre == "box" else [*steps, FilterStep("centre", fit_ink(cropped, spec))]
