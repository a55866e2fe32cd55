"""Pictures of a synthetic drawing: what each step of the preprocessing makes of it, and how training varies it."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

from ml.bundles.bundle import raster_spec
from ml.preprocessing.ink import RasterSpec
from recognizer.models import Label

VARIATIONS = 6


class Picture(NamedTuple):
    """A picture as a data URI, with its size in pixels."""

    name: str
    src: str
    width: int
    height: int


class ExamplePictures(NamedTuple):
    """The pictures of the example of one recognizer."""

    slug: str
    """Of the label that the drawing shows; empty if none does."""
    steps: list[Picture]
    variations: list[Picture]
    """plain, ink and picture: strips of VARIATIONS drawings."""


def example_pictures(version: Any, labels: dict[str, Label]) -> tuple[ExamplePictures, Label | None]:
    """The pictures for one of `cards.versions_with_details`, and the label that they show if it has one."""
    spec = raster_spec({"raster": version.raster or {}})
    found = _example_pictures(version.recognizer.slug, spec)
    return found, labels.get(found.slug)


@lru_cache(maxsize=32)
def _example_pictures(recognizer: str, spec: RasterSpec) -> ExamplePictures:
    """Made once in a process: it takes some 50 ms."""
    from ml.augmentation.example_drawings import example_drawing
    from ml.preprocessing.filter_steps import filter_steps, photograph
    from ml.training.variations import vary_drawing

    ink, slug = example_drawing(recognizer)
    photo = photograph(ink)
    digit = int(slug) if slug.isdigit() else 0
    varied = vary_drawing(ink, digit, recognizer, spec, count=VARIATIONS)
    return ExamplePictures(
        slug=slug,
        steps=[picture(name, pixels) for name, pixels in filter_steps(photo, spec)],
        variations=[picture(name, np.hstack(rasters)) for name, rasters in varied._asdict().items()],
    )


def picture(name: str, pixels: np.ndarray) -> Picture:
    """Pixels, uint8 (h, w) or (h, w, 3) in RGB, as a data URI: photos as JPEG, others as PNG."""
    height, width = pixels.shape[:2]
    is_photo = name in ("file", "grey", "background")
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    kind, options = ("jpeg", [cv2.IMWRITE_JPEG_QUALITY, 80]) if is_photo else ("png", [cv2.IMWRITE_PNG_COMPRESSION, 9])
    content = base64.b64encode(cv2.imencode(f".{kind}", pixels, options)[1].tobytes()).decode("ascii")
    return Picture(name, f"data:image/{kind};base64,{content}", width, height)
