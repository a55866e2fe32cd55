"""The originals of Detexify and HASYv2 become files of the data folder, which are loaded."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.data.download import to_npz
from ml.data.fetch import DownloadError
from ml.data.hasy_archive import pack_hasy
from ml.data.loaders import DatasetError
from ml.data.pack import pack_source
from ml.data.symbols import load_symbol_pictures, load_symbol_tracks

COMMANDS = [
    {"id": f"latex:a:{name}", "command": name, "package": None, "fontenc": "OT1", "mode": "math"} for name in "xy"
]
DUMP = (
    "SET x = 1;\n"
    "COPY public.other (id, key) FROM stdin;\n1\tlatex:a:x\n\\.\n"
    "COPY public.samples (id, key, strokes) FROM stdin;\n"
    "7\tlatex:a:x\t[[[10,20,1],[30,60,2]],[[10,60,3]]]\n"
    "8\tlatex:a:y\t[[[5,5,1]]]\n"
    "9\tlatex:unknown\t[[[5,5,1]]]\n"
    "10\tlatex:a:y\t[]\n"
    "\\.\n"
)


def publish_detexify(folder: Path, dump: str = DUMP) -> Path:
    (folder / "original").mkdir()
    (folder / "original" / "symbols.json").write_text(json.dumps(COMMANDS))
    (folder / "original" / "detexify.sql.gz").write_bytes(gzip.compress(dump.encode()))
    return folder / "original"


def test_the_dump_of_detexify_is_packed_and_loaded(tmp_path: Path) -> None:
    pack_source("detexify", publish_detexify(tmp_path), tmp_path)
    tracks = load_symbol_tracks(["latex:a:x", "latex:a:y"], tmp_path)
    assert tracks.y.tolist() == [0, 1]
    assert tracks.group.tolist() == ["7", "8"]
    # The longer side has 1,000, and the shorter one is in the middle.
    assert [stroke.tolist() for stroke in tracks.inks[0]] == [[[250, 750], [0, 1000]], [[250], [1000]]]
    assert json.loads((tmp_path / "maths" / "symbols.json").read_text()) == COMMANDS


def test_a_dump_without_drawings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no drawings"):
        pack_source("detexify", publish_detexify(tmp_path, "SET x = 1;\n"), tmp_path)


def test_a_folder_without_the_dump_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"detexify\.sql\.gz"):
        pack_source("detexify", tmp_path, tmp_path)


def archive(pixels: np.ndarray, labels: str) -> bytes:
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w:bz2") as files:
        for name, content in {
            "hasy-data/v2-00000.png": cv2.imencode(".png", pixels)[1].tobytes(),
            "hasy-data-labels.csv": labels.encode(),
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            files.addfile(member, io.BytesIO(content))
    return stored.getvalue()


LABELS = "path,symbol_id,latex,user_id\nhasy-data/v2-00000.png,31,\\alpha,82461\n"


def test_the_archive_of_hasy_is_packed_and_loaded(tmp_path: Path) -> None:
    pixels = np.full((32, 32), 255, np.uint8)
    pixels[3:5, 10] = 0  # ink is black
    (tmp_path / "maths").mkdir()
    (tmp_path / "maths" / "hasyv2.npz").write_bytes(to_npz(**pack_hasy(archive(pixels, LABELS))))
    pictures, symbols = load_symbol_pictures(tmp_path)
    assert symbols == ["\\alpha"]
    assert pictures.x.shape == (1, 32, 32)
    assert np.argwhere(pictures.x[0] == 255).tolist() == [[3, 10], [4, 10]]
    assert pictures.group.tolist() == [16925]  # 82461 in 16 bits


def test_an_archive_of_another_format_is_an_error() -> None:
    with pytest.raises(DownloadError, match="32 x 32"):
        pack_hasy(archive(np.zeros((9, 9), np.uint8), LABELS))
