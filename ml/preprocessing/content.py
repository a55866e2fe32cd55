"""What somebody drew, as ink or as an image, and its raster for any recognizer."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import cv2
import numpy as np

from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.image import extract_ink, fit_ink
from ml.preprocessing.ink import Ink, RasterSpec, parse_ink, rasterise

_DECODE_LOCK = Lock()  # decoding 16 megapixels takes about 200 MB of memory: one image at a time in a process
MAX_SAVED_SIDE = 640  # pixels; larger images are reduced to it


@dataclass(frozen=True)
class Content:
    """What somebody drew. Made by `from_ink` or `from_image`; `raster` is what a network sees."""

    ink: list[Any] | None = None
    """Strokes as decoded JSON; None for an image."""
    strokes: Ink | None = None
    """The same strokes as arrays."""
    pixels: np.ndarray | None = None
    """A grey image, uint8 (h, w); None for ink."""
    _rasters: dict[RasterSpec, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_ink(cls, data: object) -> Content:
        """Content of strokes given as decoded JSON. Raises ml.preprocessing.ink.InkError."""
        strokes = parse_ink(data)
        return cls(ink=data, strokes=strokes)  # type: ignore[arg-type]

    @classmethod
    def from_image(cls, data: bytes) -> Content:
        """Content of the bytes of an image file. Raises ml.preprocessing.image_limits.ImageError."""
        with _DECODE_LOCK:
            pixels = decode_image(data)
        scale = MAX_SAVED_SIDE / max(pixels.shape)
        if scale < 1:
            pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        content = cls(pixels=pixels)
        content._image_ink  # noqa: B018 - refuses a blank image now, while the user can be told
        return content

    def raster(self, spec: RasterSpec) -> np.ndarray:
        """The raster that a recognizer sees: uint8 (size, size), white on black."""
        if spec not in self._rasters:
            ink = self.strokes
            self._rasters[spec] = fit_ink(self._image_ink, spec) if ink is None else rasterise(ink, spec)
        return self._rasters[spec]

    @cached_property
    def _image_ink(self) -> np.ndarray:
        """The ink of an image, found once for all recognizers."""
        assert self.pixels is not None  # noqa: S101 - without strokes there is an image
        return extract_ink(self.pixels)

    def png(self) -> bytes | None:
        """The image as it is saved: a grey PNG, reduced, without the metadata of the original file. None for ink."""
        return None if self.pixels is None else cv2.imencode(".png", self.pixels)[1].tobytes()
