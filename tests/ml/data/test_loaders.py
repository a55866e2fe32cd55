"""Data sets: read from a folder, checked by their sums, split by people; and fetched when there is none."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.data import download, loaders
from ml.data.download import DownloadError
from ml.data.loaders import DatasetError, Pictures, Tracks
from ml.data.sources import Source
from tests.publisher import Publisher

needs_data = pytest.mark.skipif(
    not os.environ.get("INKLING_DATA"), reason="INKLING_DATA names no folder of data sets; see ml/data/loaders.py"
)


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny data folder with MNIST of three digits, and its sums in the registry."""
    x = np.arange(3 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(3, 28, 28)
    parts = {"train-images-idx3": x, "train-labels-idx1": np.array([5, 0, 4], np.uint8)}
    sums = {}
    (tmp_path / "mnist").mkdir()
    for name, array in parts.items():
        path = f"mnist/{name}-ubyte.gz"
        (tmp_path / path).write_bytes(gzip.compress(idx(array)))
        sums[path] = hashlib.sha256(idx(array)).hexdigest()
    np.savez(tmp_path / "mnist/writers.npz", train=np.array([7, 7, 9], np.int16), test=np.zeros(0, np.int16))
    monkeypatch.setitem(loaders.SOURCES, "mnist", Source("MNIST", "", "", sums))
    monkeypatch.setenv("INKLING_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("INKLING_DATA", raising=False)
    monkeypatch.setenv("INKLING_CACHE", str(tmp_path))
    return tmp_path


def test_mnist_is_read_from_a_folder_with_its_writers(folder: Path) -> None:
    pictures = loaders.load_mnist("train", folder)

    assert pictures.x.shape == (3, 28, 28)
    assert pictures.y.tolist() == [5, 0, 4]
    assert pictures.group.tolist() == [7, 7, 9]


def test_the_folder_is_taken_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_DATA", str(folder))

    assert len(loaders.load_mnist("train").y) == 3


def test_what_lies_in_the_folder_is_at_hand_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INKLING_DATA", raising=False)
    monkeypatch.setenv("INKLING_CACHE", str(tmp_path))
    assert loaders.data_folder() == tmp_path
    assert not loaders.is_available("pendigits")
    (tmp_path / "pendigits").mkdir()
    (tmp_path / "pendigits" / "pendigits.jsonl.gz").touch()
    assert loaders.is_available("pendigits")
    assert not loaders.is_available("mnist")
    assert not loaders.is_available("quickdraw")
    (tmp_path / "quickdraw" / "strokes").mkdir(parents=True)
    (tmp_path / "quickdraw" / "strokes" / "cat.jsonl.gz").touch()
    assert loaders.is_available("quickdraw")  # each of its words is optional, but one is needed


def test_a_named_folder_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_DATA", str(tmp_path / "environment"))
    assert loaders.data_folder() == tmp_path / "environment"
    assert loaders.data_folder(tmp_path / "named") == tmp_path / "named"


def test_packing_a_file_again_changes_nothing(folder: Path) -> None:
    path = folder / "mnist/train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1))

    assert loaders.load_mnist("train", folder).y.tolist() == [5, 0, 4]


def test_a_changed_file_is_refused_with_both_sums(folder: Path) -> None:
    (folder / "mnist/train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.array([5, 0, 3], np.uint8))))

    with pytest.raises(DatasetError, match=r"sha256 [0-9a-f]{64}\b.*[0-9a-f]{64}\b"):
        loaders.load_mnist("train", folder)


def test_a_missing_file_names_the_folder_and_the_cure(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"digits\.npz .*INKLING_DATA"):
        loaders.load_photographed_digits(tmp_path)


def test_an_unknown_part_of_mnist_is_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"train.*test.*'validation'"):
        loaders.load_mnist("validation", folder)


def test_a_file_that_is_no_idx_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mnist/train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"<html>", mtime=0))
    monkeypatch.setitem(loaders.SOURCES, "mnist", Source("MNIST", "", "", {}))

    with pytest.raises(DatasetError, match="000008"):
        loaders.load_mnist("train", folder)


def test_pen_tracks_are_strokes_with_their_writer(tmp_path: Path) -> None:
    row = {"label": "7", "writer": "train-03", "drawing": [[[0, 9], [0, 0]], [[9, 4], [0, 9]]]}
    (tmp_path / "pendigits").mkdir()
    (tmp_path / "pendigits/pendigits.jsonl.gz").write_bytes(gzip.compress(json.dumps(row).encode()))

    tracks = loaders.load_pen_tracks(tmp_path)

    assert (tracks.y.tolist(), tracks.group.tolist()) == ([7], ["train-03"])
    assert [stroke.tolist() for stroke in tracks.inks[0]] == [[[0, 9], [0, 0]], [[9, 4], [0, 9]]]


def test_junk_words_that_are_not_at_hand_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "quickdraw/strokes").mkdir(parents=True)
    line = json.dumps({"drawing": [[[0, 1], [2, 3]]]}).encode()
    (tmp_path / "quickdraw/strokes/cat.jsonl.gz").write_bytes(gzip.compress(line + b"\n" + line))

    assert len(loaders.load_negative_drawings(tmp_path)) == 2


@pytest.fixture
def characters(tmp_path: Path) -> Path:
    names = [f"{alphabet}/character{n:02d}" for alphabet in download.ALPHABETS for n in (1, 2, 3, 11)]
    x = np.zeros((len(names), 105, 105), np.uint8)
    x[:, 50:53, 20:80] = 255
    (tmp_path / "omniglot_small").mkdir()
    np.savez(tmp_path / "omniglot_small/omniglot_small.npz", x=x, y=np.arange(len(names)), classes=np.array(names))
    return tmp_path


def test_an_alphabet_is_learned_or_tested_with_never_both(characters: Path) -> None:
    learned, tested = (
        {str(name).split("/")[0] for name in loaders.load_foreign_characters(part, characters).group}
        for part in ("train", "test")
    )

    assert not learned & tested
    assert len(learned | tested) == 8
    assert len(tested) == loaders.TEST_ALPHABETS


def test_characters_that_look_like_digits_are_in_neither_part(characters: Path) -> None:
    names = {str(n) for part in ("train", "test") for n in loaders.load_foreign_characters(part, characters).group}

    assert "Latin/character01" in names  # a
    assert "Latin/character02" not in names  # b, which is a 6
    assert "Tagalog/character03" not in names  # a 3


def test_a_group_is_on_one_side_of_a_split_only() -> None:
    rows = Pictures(np.zeros((4, 28, 28), np.uint8), np.arange(4), np.array([1, 2, 1, 3]))

    inside, outside = loaders.split_by_group(rows, [1, 3])

    assert inside.y.tolist() == [0, 2, 3]
    assert outside.y.tolist() == [1]


def test_tracks_are_split_like_pictures() -> None:
    inks = [[np.full((2, 2), float(n))] for n in range(3)]

    inside, outside = loaders.split_by_group(Tracks(inks, np.arange(3), np.array(["a", "b", "a"])), ["a"])

    assert [ink[0][0, 0] for ink in inside.inks] == [0, 2]
    assert outside.y.tolist() == [1]


def test_the_choice_by_hash_does_not_depend_on_the_order() -> None:
    names = [f"writer-{n}" for n in range(30)]

    assert loaders.first_by_hash(names, 6) == loaders.first_by_hash(reversed(names), 6)


LABELS = "mnist/t10k-labels-idx1-ubyte.gz"


def test_without_a_folder_a_file_is_fetched_once_and_kept(
    no_folder: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = gzip.compress(b"labels", mtime=0)
    publisher[download.MNIST + "t10k-labels-idx1-ubyte.gz"] = labels
    published = Source("MNIST", "", "", {LABELS: hashlib.sha256(b"labels").hexdigest()})
    monkeypatch.setitem(loaders.SOURCES, "mnist", published)

    place = loaders.find_file(LABELS)
    publisher.clear()

    assert place == loaders.find_file(LABELS) == no_folder / LABELS
    assert place.read_bytes() == labels


@pytest.mark.parametrize("content", [gzip.compress(b"other labels", mtime=0), b"<html>Sign in to this network</html>"])
def test_a_download_that_is_not_the_published_file_is_not_kept(
    content: bytes, no_folder: Path, publisher: Publisher
) -> None:
    publisher[download.MNIST + "t10k-labels-idx1-ubyte.gz"] = content

    with pytest.raises(DatasetError, match="t10k-labels"):
        loaders.find_file(LABELS)
    assert not [path for path in no_folder.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("no_network")
def test_without_folder_and_network_both_cures_are_named(no_folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"INKLING_DATA.*t10k-labels-idx1-ubyte\.gz"):
        loaders.find_file(LABELS)


def test_what_has_no_public_address_is_said_to_have_none(no_folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"bhmsds/digits\.npz"):
        loaders.find_file("bhmsds/digits.npz")


def test_the_cache_is_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INKLING_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert download.cache_folder() == tmp_path / "inkling"


def test_the_writers_come_from_the_third_column_of_qmnist(
    no_folder: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(24, dtype=">i4").reshape(3, 8)
    packed = gzip.compress(b"\0\0\x0c\x02" + np.array([3, 8], ">i4").tobytes() + rows.tobytes())
    for part in ("train", "test"):
        publisher[f"{download.QMNIST}qmnist-{part}-labels-idx2-int.gz"] = packed
    monkeypatch.setattr(
        download,
        "QMNIST_MD5",
        dict.fromkeys(("train", "test"), hashlib.md5(packed, usedforsecurity=False).hexdigest()),
    )

    with np.load(loaders.find_file("mnist/writers.npz")) as stored:
        assert stored["train"].tolist() == [2, 10, 18]


def test_a_download_with_another_sum_is_refused(no_folder: Path, publisher: Publisher) -> None:
    publisher[download.OMNIGLOT] = b"something else"

    with pytest.raises(DownloadError, match=r"\b[0-9a-f]{32}\b.*68d2efa1"):
        download.download("omniglot_small/omniglot_small.npz")
    assert not list(no_folder.rglob("*.npz"))


def test_only_the_first_drawings_of_a_word_are_fetched(
    no_folder: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "DRAWINGS_PER_WORD", 2)
    publisher[f"{download.QUICK_DRAW}alarm%20clock.ndjson"] = b'{"key_id": "1", "drawing": [[[0, 1], [0, 1]]]}\n' * 5

    assert len(loaders.load_negative_drawings()) == 2


UNIPEN = """.SEGMENT DIGIT 1-2 ? "7"
.COMMENT 7 3 14
.PEN_DOWN
 10 90
 20 80
.PEN_UP
.DT 100
.PEN_DOWN
 12 50
 18 50
.PEN_UP
.DT 100
"""


def test_unipen_tracks_become_strokes_with_y_pointing_down() -> None:
    (line,) = download.parse_unipen(".COMMENT a header\n" + UNIPEN)

    assert json.loads(line) == {
        "label": "7",
        "writer": "train-03",
        "drawing": [[[10, 20], [-90, -80]], [[12, 18], [-50, -50]]],
    }


def test_unipen_of_another_form_is_refused() -> None:
    with pytest.raises(DownloadError, match=r"PEN_DOWN"):
        list(download.parse_unipen(UNIPEN.replace(".COMMENT 7 3 14", "")))


def compress(text: bytes) -> bytes:
    """What Unix `compress` makes of a short text: a header, then 9 bits for each byte."""
    bits = "".join(f"{byte:09b}"[::-1] for byte in text)
    bits += "0" * (-len(bits) % 8)
    return b"\x1f\x9d\x90" + bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))


def test_the_pen_digits_are_unpacked_from_the_published_archive(
    no_folder: Path,
    publisher: Publisher,
    make_zip: Callable[[dict[str, bytes]], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(download, "PEN_DIGIT_COUNT", 1)
    publisher[download.PEN_DIGITS] = make_zip({"pendigits-orig.tra.Z": compress(UNIPEN.encode())})

    tracks = loaders.load_pen_tracks()

    assert (tracks.y.tolist(), tracks.group.tolist(), len(tracks.inks[0])) == ([7], ["train-03"], 2)


def test_an_archive_that_lacks_pen_digits_is_refused(
    no_folder: Path, publisher: Publisher, make_zip: Callable[[dict[str, bytes]], bytes]
) -> None:
    publisher[download.PEN_DIGITS] = make_zip({"pendigits-orig.tra.Z": compress(UNIPEN.encode())})

    with pytest.raises(DownloadError, match="7,494"):
        download.download("pendigits/pendigits.jsonl.gz")


def test_a_broken_archive_of_pen_digits_is_said_to_be_broken(
    no_folder: Path, publisher: Publisher, make_zip: Callable[[dict[str, bytes]], bytes]
) -> None:
    publisher[download.PEN_DIGITS] = make_zip({"pendigits-orig.tra.Z": b"not packed"})

    with pytest.raises(DownloadError, match="gzip"):
        download.download("pendigits/pendigits.jsonl.gz")


@pytest.fixture
def make_zip() -> Callable[[dict[str, bytes]], bytes]:
    def make(files: dict[str, bytes]) -> bytes:
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return stored.getvalue()

    return make


def test_characters_are_packed_white_on_black_without_other_alphabets(
    make_zip: Callable[[dict[str, bytes]], bytes],
) -> None:
    paper = np.full((105, 105), 255, np.uint8)
    paper[50, 20:80] = 0
    png = cv2.imencode(".png", paper)[1].tobytes()
    names = [
        "images_background/Greek/character02/0395_07.png",
        "images_background/Greek/character01/0394_01.png",
        "images_background/Futurama/character01/0300_01.png",
    ]

    packed = download.pack_characters(make_zip(dict.fromkeys(names, png)))

    with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
        assert stored["classes"].tolist() == ["Greek/character01", "Greek/character02"]
        assert stored["drawer"].tolist() == [1, 7]
        assert stored["x"].shape == (2, 105, 105)
        assert stored["x"][0, 50, 30] == 255
        assert stored["x"][0, 0, 0] == 0


def test_the_registry_names_licence_and_origin_of_every_source() -> None:
    assert all(source.title and source.origin and source.licence for source in loaders.SOURCES.values())


@needs_data
def test_the_published_mnist_is_at_hand_and_whole() -> None:
    pictures = loaders.load_mnist("test")

    assert np.bincount(pictures.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@needs_data
def test_the_pen_tracks_are_of_thirty_people() -> None:
    tracks = loaders.load_pen_tracks()

    assert len(tracks.inks) == 7494
    assert len(set(tracks.group)) == 30


def test_letters_are_numbered_in_the_order_of_emnist(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    np.savez(tmp_path / "letters/emnist.npz", x=np.zeros((3, 28, 28), np.uint8), y=np.array(["A", "a", "z"]))

    letters = loaders.load_letters(tmp_path)

    assert letters.y.tolist() == [0, 26, 51]
    assert letters.group.tolist() == ["A", "a", "z"]
