"""Pictures made by hand: photographs of paper with all that goes wrong in them."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

SEVEN = [np.array([[20, 80, 45], [20, 20, 95.0]]), np.array([[30, 70], [58, 58.0]])]
THREE = [
    np.array([[25, 40, 60, 70, 60, 45, 65, 75, 60, 35, 22], [25, 15, 15, 30, 45, 50, 55, 72, 90, 92, 80.0]]),
]


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def line_mask(ink: list[np.ndarray], size: tuple[int, int], scale: float, width: int) -> np.ndarray:
    """Ink of 100 units in the middle of a picture of size (h, w); uint8, 255 on the line, soft edges."""
    mask = np.zeros(size, np.uint8)
    middle = np.array([size[1] / 2, size[0] / 2])
    for stroke in ink:
        points = ((stroke[:2].T - 50) * scale + middle) * 16
        cv2.polylines(mask, [np.round(points).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
    return mask


def drawn(
    ink: list[np.ndarray],
    *,
    colour: tuple[int, ...] = (0, 0, 0),
    paper: tuple[int, ...] = (255, 255, 255),
    side: int = 280,
    width: int = 16,
) -> Image.Image:
    """A canvas as a browser saves it, RGB."""
    mask = line_mask(ink, (side, side), side / 160, width)[..., np.newaxis] / 255
    return Image.fromarray(np.rint(mask * colour + (1 - mask) * paper).astype(np.uint8))


def photographed(
    ink: list[np.ndarray],
    *,
    size: tuple[int, int] = (750, 1000),
    colour: tuple[int, ...] = (40, 60, 150),
    paper: tuple[int, ...] = (225, 222, 210),
    shadow: str = "across",
    rules: int = 0,
    table: bool = False,
    light: float = 1.0,
    quality: int = 80,
) -> bytes:
    """A JPEG of a sheet of paper: blue pen, a shadow, grain, rules every `rules` pixels, a table around it."""
    height, width = size
    sheet = np.ones((height, width, 3), np.float32) * np.array(paper, np.float32)
    for y in range(rules // 2, height, rules) if rules else ():
        cv2.line(sheet, (0, y), (width, y + width // 30), (170, 180, 205), max(1, width // 500), cv2.LINE_AA)
    mask = line_mask(ink, size, width / 280, max(2, width // 150))[..., np.newaxis] / np.float32(255)
    sheet = (sheet * (1 - mask) + np.array(colour, np.float32) * mask) * _shade(shadow, size)[..., np.newaxis] * light
    if table:
        sheet = _lay_on_table(sheet)
    sheet += np.random.default_rng(3).normal(0, 4, (height, width, 1)).astype(np.float32)
    return encode(Image.fromarray(np.clip(sheet, 0, 255).astype(np.uint8)), "JPEG", quality=quality)


def _shade(shadow: str, size: tuple[int, int]) -> np.ndarray:
    y, x = (np.mgrid[: size[0], : size[1]] / max(size)).astype(np.float32)
    if shadow == "across":
        return 1 - 0.5 * x - 0.2 * y
    if shadow == "corners":
        return 1 - 0.9 * ((x - 0.5) ** 2 + (y - 0.4) ** 2)
    hand = np.zeros(size, np.float32)
    cv2.ellipse(hand, (int(size[1] * 0.85), size[0]), (size[1] // 3, size[0] // 2), 30, 0, 360, 1, -1)
    return 1 - 0.4 * cv2.GaussianBlur(hand, (0, 0), size[1] / 50)


def _lay_on_table(sheet: np.ndarray) -> np.ndarray:
    height, width = sheet.shape[:2]
    corners = np.array([[0.12, 0.08], [0.9, 0.05], [0.93, 0.95], [0.08, 0.9]]) * [width, height]
    inside = cv2.fillPoly(np.zeros((height, width), np.uint8), [corners.astype(np.int32)], 1)
    return np.where(inside[..., np.newaxis] > 0, sheet, np.array((95, 70, 50), np.float32))
