"""A folder of drawings for a recognizer of one's own: three signs, as pictures and as strokes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SPEC: dict[str, Any] = {
    "slug": "runes",
    "title": "Runes",
    "prompt": "Scratch {name}",
    "labels": [
        {"slug": "ring", "name": "ring", "glyph": "○"},
        {"slug": "vee", "name": "vee"},
        {"slug": "aitch", "name": "aitch", "prompt": "the letter H"},
    ],
}

Strokes = list[list[list[int]]]


def ring(rng: np.random.Generator) -> Strokes:
    angle = np.linspace(0, 2 * np.pi, 24) + rng.uniform(0, 6)
    wide, high = rng.uniform(30, 45, 2)
    return [_stroke(100 + wide * np.cos(angle), 100 + high * np.sin(angle), rng)]


def vee(rng: np.random.Generator) -> Strokes:
    return [_stroke(np.array([60, 80, 100, 120, 140]), np.array([60, 100, 145, 100, 60]), rng)]


def aitch(rng: np.random.Generator) -> Strokes:
    lines = (([60, 60, 60], [50, 100, 150]), ([130, 130, 130], [50, 100, 150]), ([60, 95, 130], [100, 100, 100]))
    return [_stroke(np.array(x), np.array(y), rng) for x, y in lines]


SIGNS: dict[str, Callable[[np.random.Generator], Strokes]] = {"ring": ring, "vee": vee, "aitch": aitch}


def _stroke(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> list[list[int]]:
    return [(axis + rng.normal(0, 3, len(axis))).round().astype(int).tolist() for axis in (x, y)]


def picture(strokes: Strokes) -> bytes:
    """A PNG, dark on light paper."""
    paper = np.full((200, 200), 240, np.uint8)
    lines = [np.array(stroke, np.int32).T for stroke in strokes]
    cv2.polylines(paper, lines, False, 20, 6, cv2.LINE_AA)
    return bytes(cv2.imencode(".png", paper)[1])


def write_folder(folder: Path, *, count: int = 12, spec: dict[str, Any] = SPEC) -> Path:
    """Rings as pictures, the other signs as strokes, `count` of each."""
    rng = np.random.default_rng(1)
    folder.mkdir(exist_ok=True)
    (folder / "recognizer.json").write_text(json.dumps(spec), "utf-8")
    (folder / "ring").mkdir()
    for number in range(count):
        (folder / "ring" / f"{number}.png").write_bytes(picture(ring(rng)))
    for sign in ("vee", "aitch"):
        rows = [json.dumps({"word": sign, "drawing": SIGNS[sign](rng)}) for _ in range(count)]
        (folder / f"{sign}.ndjson").write_text("\n".join(rows), "utf-8")
    return folder
