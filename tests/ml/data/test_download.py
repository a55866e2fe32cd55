"""Downloading strokes and bitmaps of Quick, Draw!."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.data import download as downloads
from ml.data.download import DownloadError, can_download, download

COUNT, WANTED = 40, 10


class Answer(io.BytesIO):
    """What a publisher sends."""

    def __init__(self, content: bytes, status: int) -> None:
        super().__init__(content)
        self.status = status


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(downloads, "DRAWINGS_PER_WORD", WANTED)
    monkeypatch.setattr(downloads, "BITMAPS_FROM", 20)
    monkeypatch.setenv("INKLING_CACHE", str(tmp_path / "cache"))


def publish(monkeypatch: pytest.MonkeyPatch, content: bytes, *, in_parts: bool = True) -> list[str]:
    """A publisher of one file, who sends parts of it, or knows no parts; what was asked for."""
    asked: list[str] = []

    def urlopen(request: Any, timeout: float) -> Answer:
        asked.append(request.full_url)
        first, last = map(int, request.headers["Range"].removeprefix("bytes=").split("-"))
        return Answer(content[first : last + 1], 206) if in_parts else Answer(content, 200)

    monkeypatch.setattr(downloads.urllib.request, "urlopen", urlopen)
    return asked


def npy(array: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.save(stored, array)
    return stored.getvalue()


PICTURES = np.arange(COUNT, dtype=np.uint8).repeat(784).reshape(COUNT, 784)  # each filled with its number


@pytest.mark.parametrize("in_parts", [True, False])
def test_bitmaps_and_strokes_are_different_drawings(
    in_parts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = publish(monkeypatch, npy(PICTURES), in_parts=in_parts)
    place = download("quickdraw/bitmaps/alarm clock.npz", tmp_path)
    assert place == tmp_path / "quickdraw/bitmaps/alarm clock.npz"
    with np.load(place) as stored:
        assert stored["x"].shape == (WANTED, 28, 28)
        assert stored["x"][:, 0, 0].tolist() == list(range(20, 30))
    assert set(asked) == {"https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/alarm%20clock.npy"}


@pytest.mark.parametrize(("count", "first", "taken"), [(25, 15, 10), (6, 0, 6)])
def test_the_last_bitmaps_of_a_short_file_are_taken(
    count: int, first: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, npy(PICTURES[:count]))
    with np.load(download("quickdraw/bitmaps/cat.npz")) as stored:
        assert stored["x"][:, 0, 0].tolist() == list(range(first, first + taken))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html>not here</html>", r"cat\.npy"),
        (npy(PICTURES.astype(np.float32)), "784 of float32"),
        (npy(PICTURES)[:5_000], r"\b0 bytes of 7,840"),
    ],
)
def test_a_file_in_another_format_is_refused(
    content: bytes, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, content)
    with pytest.raises(DownloadError, match=expected):
        download("quickdraw/bitmaps/cat.npz", tmp_path)
    assert not list(tmp_path.rglob("*.npz"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, npy(PICTURES))
    (tmp_path / "quickdraw").write_text("a file where a folder belongs")
    with pytest.raises(DownloadError, match=r"cat\.npz"):
        download("quickdraw/bitmaps/cat.npz", tmp_path)


def test_some_files_can_be_downloaded_and_others_not() -> None:
    assert can_download("quickdraw/strokes/alarm clock.jsonl.gz")
    assert can_download("mnist/train-images-idx3-ubyte.gz")
    assert not can_download("numtadb28/numtadb28.npz")
    assert not can_download("quickdraw/other/cat.npz")
