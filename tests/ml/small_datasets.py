"""Small data sets with the file formats of the real ones, made of synthetic digits."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ml.augmentation.synthetic_digits import write_digit
from ml.augmentation.synthetic_letters import write_letter
from ml.data.loaders import LETTERS
from ml.data.sources import SKETCH_WORDS
from ml.preprocessing.ink import Ink, RasterSpec, rasterise
from ml.preprocessing.quickdraw_bitmap import draw_bitmap

ALPHABETS = ("Balinese", "Greek", "Korean", "Latin", "Sanskrit", "Tagalog")


def numtadb(folder: Path, *, train: int, test: int) -> None:
    """NumtaDB with so many pictures in each part, of Latin digits."""
    rng = np.random.default_rng(0)
    y = np.arange(train + test) % 10
    x = np.stack([rasterise(write_digit(int(label), rng)) for label in y])
    path = folder / "numtadb28" / "numtadb28.npz"
    path.parent.mkdir()
    np.savez(path, x=x, y=y, split=np.array(["train"] * train + ["test"] * test))


def letters(folder: Path, *, each: int) -> None:
    """EMNIST with so many synthetic drawings of each letter."""
    rng = np.random.default_rng(6)
    y = np.repeat(list(LETTERS), each)
    x = np.stack([rasterise(write_letter(str(letter), rng)) for letter in y])
    path = folder / "letters" / "emnist.npz"
    path.parent.mkdir()
    np.savez(path, x=x, y=y)


def mnist(folder: Path, *, drawings: int) -> None:
    """The training part of MNIST with so many synthetic digits, each by a writer of its own."""
    rng = np.random.default_rng(7)
    y = (np.arange(drawings) % 10).astype(np.uint8)
    x = np.stack([rasterise(write_digit(int(label), rng)) for label in y])
    (folder / "mnist").mkdir()
    for name, array in (("images-idx3", x), ("labels-idx1", y)):
        content = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()
        (folder / "mnist" / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(content))
    np.savez(folder / "mnist" / "writers.npz", train=np.arange(drawings))


def latin(folder: Path) -> None:
    """Omniglot with Latin's 26 small letters, and two characters of each of two other alphabets, two drawings each."""
    rng = np.random.default_rng(8)
    names = [f"Latin/character{number:02}" for number in range(1, 27)]
    names += [f"{alphabet}/character{number}" for alphabet in ALPHABETS if alphabet != "Latin" for number in (90, 91)]
    small = LETTERS[26:]
    inks = [write_letter(small[place % 26], rng) for place in range(len(names)) for _ in range(2)]
    path = folder / "omniglot_small" / "omniglot_small.npz"
    path.parent.mkdir()
    y = np.repeat(np.arange(len(names)), 2)
    np.savez(path, x=np.stack([_large(ink) for ink in inks]), y=y, classes=np.array(names), drawer=np.ones(len(y)))


def characters(folder: Path) -> None:
    """Omniglot with two characters of each of six alphabets, three drawings of each."""
    rng = np.random.default_rng(1)
    names = [f"{alphabet}/character{number:02}" for alphabet in ALPHABETS for number in (90, 91)]
    y = np.repeat(np.arange(len(names)), 3)
    x = np.stack([_large(write_digit(int(label) % 10, rng)) for label in y])
    path = folder / "omniglot_small" / "omniglot_small.npz"
    path.parent.mkdir()
    np.savez(path, x=x, y=y, classes=np.array(names), drawer=np.ones(len(y), np.int64))


def _large(ink: Ink) -> np.ndarray:
    return cv2.resize(rasterise(ink), (105, 105), interpolation=cv2.INTER_LINEAR)


def words(folder: Path, *, drawings: int, words: Iterable[str] = SKETCH_WORDS) -> dict[str, list[Ink]]:
    """Quick, Draw! with so many drawings of each word as strokes and as many others as pictures. Returns the strokes.

    Each word is drawn as a digit.
    """
    rng = np.random.default_rng(2)
    for kind in ("strokes", "bitmaps"):
        (folder / "quickdraw" / kind).mkdir(parents=True)
    written = {}
    for number, word in enumerate(words):
        inks = [_spread(write_digit(number % 10, rng), rng) for _ in range(drawings)]
        lines = [
            {"word": word, "key_id": f"{word}{place}", "recognized": True, "drawing": [each.tolist() for each in ink]}
            for place, ink in enumerate(inks)
        ]
        with gzip.open(folder / "quickdraw" / "strokes" / f"{word}.jsonl.gz", "wt") as out:
            out.write("\n".join(map(json.dumps, lines)))
        pictures = [draw_bitmap(_spread(write_digit(number % 10, rng), rng)) for _ in range(drawings)]
        np.savez(folder / "quickdraw" / "bitmaps" / f"{word}.npz", x=np.stack(pictures))
        written[word] = inks
    return written


def other_words(folder: Path, words: Iterable[str], *, drawings: int) -> None:
    """Words that the sketches do not have, with so many drawings of each, in thin lines at the upper left."""
    rng = np.random.default_rng(5)
    names = np.repeat(list(words), drawings)
    x = np.zeros((len(names), 28, 28), np.uint8)
    for picture in x:
        corners = rng.integers(0, 24, (1, 6, 2), dtype=np.int32)
        cv2.polylines(picture, corners - corners.min(axis=1), False, 255, 1)
    np.savez(folder / "quickdraw" / "other_words.npz", x=x, y=names)


def tuberlin(folder: Path) -> None:
    """TU Berlin with five drawings of each of two words, in thin lines."""
    names = np.repeat(["eye", "hand"], 5)
    x = np.zeros((10, 128, 128), np.uint8)
    for picture in x:
        cv2.ellipse(picture, (64, 64), (50, 30), 0, 0, 300, 255, 1)
    path = folder / "tuberlin" / "body_parts.npz"
    path.parent.mkdir()
    np.savez(path, x=x, y=names)


def symbols(folder: Path, commands: Iterable[str], *, each: int, pictures: Mapping[str, int]) -> None:
    """Detexify with `each` drawings of some commands, and HASYv2 with so many pictures of some symbols.

    Every second picture of HASYv2 is by the number that stands for Detexify's people, the others are by 40 people.
    """
    rng = np.random.default_rng(6)
    (folder / "maths").mkdir()
    names = list(commands)
    (folder / "maths" / "symbols.json").write_text("[]")
    with gzip.open(folder / "maths" / "detexify.jsonl.gz", "wt") as file:
        for number in range(each * len(names)):
            label = number // each
            ink = _spread(write_digit(label % 10, rng), rng)
            drawing = [[axis.tolist() for axis in stroke[:2]] for stroke in ink]
            file.write(json.dumps({"label": names[label], "key_id": str(1000 + number), "drawing": drawing}) + "\n")
    y = np.repeat(np.arange(len(pictures)), list(pictures.values()))
    box = RasterSpec(size=32, box=32, pen=2, centre="box")
    drawn = [rasterise(_spread(write_digit(int(label), rng), rng), box) > 127 for label in y]
    user = np.where(np.arange(len(y)) % 2, 16925, np.arange(len(y)) % 40)
    np.savez(
        folder / "maths" / "hasyv2.npz", x=np.packbits(drawn, axis=2), y=y, user=user.astype(np.int16),
        symbols=np.array(list(pictures)),
    )  # fmt: skip


def _spread(ink: Ink, rng: np.random.Generator) -> Ink:
    """The ink, distorted at random, so that no two drawings are alike."""
    bent = np.array([[rng.uniform(0.4, 1.6), rng.uniform(-0.6, 0.6)], [rng.uniform(-0.6, 0.6), rng.uniform(0.6, 1.4)]])
    return [np.round(bent @ stroke[:2], 2) for stroke in ink]


def write_npz(file: Path, **arrays: tuple[str, tuple[int, ...], int]) -> Path:
    """An archive of arrays by type, declared shape, and the number of zero bytes that really follow."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (descr, shape, size) in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                head: Any = {"descr": descr, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, head)
                for start in range(0, size, 1 << 20):
                    member.write(bytes(min(1 << 20, size - start)))
    return file
