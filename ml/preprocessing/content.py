"""Content: what somebody drew, as it comes and as the network sees it."""

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

_DECODING = Lock()  # 16 megapixels take some 200 MB until they are reduced: one picture at a time in a process
MAX_KEPT_SIDE = 640  # pixels; a photo is reduced to this before it is read and kept


@dataclass(frozen=True)
class Content:
    """What somebody drew: ink, or a picture. Made by `from_ink` or `from_image`; `raster` is what a network sees."""

    ink: list[Any] | None = None
    strokes: Ink | None = None
    pixels: np.ndarray | None = None
    _rasters: dict[RasterSpec, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_ink(cls, data: object) -> Content:
        """From decoded JSON. Raises ml.preprocessing.ink.InkError."""
        strokes = parse_ink(data)
        return cls(ink=data, strokes=strokes)  # type: ignore[arg-type]

    @classmethod
    def from_image(cls, data: bytes) -> Content:
        """From the bytes of a picture file. Raises ml.preprocessing.image_limits.ImageError."""
        with _DECODING:
            pixels = decode_image(data)
        scale = MAX_KEPT_SIDE / max(pixels.shape)
        if scale < 1:
            pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        content = cls(pixels=pixels)
        content._cut  # noqa: B018 - a blank picture is refused here, where the person can be told
        return content

    def raster(self, spec: RasterSpec) -> np.ndarray:
        """As a recognizer sees it: uint8 (size, size), white on black."""
        if spec not in self._rasters:
            self._rasters[spec] = fit_ink(self._cut, spec) if self.strokes is None else rasterise(self.strokes, spec)
        return self._rasters[spec]

    @cached_property
    def _cut(self) -> np.ndarray:
        """The ink of a picture, found once for all recognizers."""
        assert self.pixels is not None  # noqa: S101 - there are no strokes, so there is a picture
        return extract_ink(self.pixels)

    def png(self) -> bytes | None:
        """The picture as it is kept: grey, reduced, without what a camera writes into a file."""
        if self.pixels is None:
            return None
        return cv2.imencode(".png", self.pixels)[1].tobytes()
