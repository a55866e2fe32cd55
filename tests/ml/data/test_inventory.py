"""`python -m ml data`: list, check, download and pack data sets."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ml.commands.main import main
from ml.data import download as downloads
from ml.data.inventory import report_source
from ml.data.loaders import SOURCES, load_bangla, load_letters, load_photographed_digits, load_tuberlin_sketches
from ml.data.sources import Source
from tests.publisher import Publisher

STROKE = '{"drawing": [[[0, 1], [0, 1]]]}'


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one word of Quick, Draw! and the pen digits."""
    folder = tmp_path / "data"
    for path, lines in (("quickdraw/strokes/cat.jsonl.gz", 3), ("pendigits/pendigits.jsonl.gz", 2)):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(gzip.compress("\n".join([STROKE] * lines).encode()))
    monkeypatch.setenv("INKLING_DATA", str(folder))
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    assert main(["data", *map(str, arguments)]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def listed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    said = json.loads(told(capsys, *arguments, "--json"))
    return {source["name"]: source for source in said["sources"]}


def test_every_data_set_is_listed_with_its_licence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys)
    assert said.startswith(f"Data sets in {data}\n")
    for name, source in SOURCES.items():
        assert f"{name}: {source.title}" in said
        assert source.licence in said


def test_missing_files_are_listed_with_the_way_to_get_them(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "quickdraw", "numtadb")
    assert "1 of 30 files here, 0.0 MB" in said
    assert "missing: quickdraw/strokes/airplane.jsonl.gz, " in said
    assert "python -m ml data --download quickdraw" in said
    assert SOURCES["numtadb"].by_hand in said
    assert "mnist" not in said


def test_json_describes_every_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = listed(capsys)
    assert list(sources) == list(SOURCES)
    (pens,) = sources["pendigits"]["files"]
    assert (pens["here"], pens["can_download"], pens["check"]) == (True, True, "")
    assert pens["bytes"] == (data / pens["path"]).stat().st_size
    (bangla,) = sources["numtadb"]["files"]
    assert (bangla["here"], bangla["bytes"], bangla["can_download"]) == (False, 0, False)


def test_checking_reads_every_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(data / "bhmsds.npz", x=np.zeros((4, 28, 28), np.uint8))
    (data / "bhmsds").mkdir()
    (data / "bhmsds.npz").rename(data / "bhmsds" / "digits.npz")
    (pens,) = listed(capsys, "pendigits", "--check")["pendigits"]["files"]
    assert (pens["check"], pens["drawings"]) == ("readable", 2)
    said = told(capsys, "quickdraw", "bhmsds", "--check")
    assert "1 read, 3 drawings: 0 as published, 0 as downloaded, 1 without a checksum" in said
    assert "1 read, 4 drawings" in said


def test_a_published_checksum_is_compared(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "mnist/t10k-labels-idx1-ubyte.gz"
    (data / "mnist").mkdir()
    labels = b"\0\0\x08\x01" + (7).to_bytes(4, "big") + bytes(7)
    (data / path).write_bytes(gzip.compress(labels))
    monkeypatch.setitem(SOURCES, "mnist", Source("MNIST", "", "", {path: hashlib.sha256(labels).hexdigest()}))
    (file,) = listed(capsys, "mnist", "--check")["mnist"]["files"]
    assert (file["check"], file["drawings"]) == ("as published", 7)
    (data / path).write_bytes(gzip.compress(labels + b"more"))
    assert path in told(capsys, "mnist", "--check", code=2)


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"{"), gzip.compress(b"{}")], ids=["no gzip", "no JSON", "no key"]
)
def test_a_file_that_cannot_be_read_is_named(data: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "pendigits/pendigits.jsonl.gz").write_bytes(content)
    assert main(["data", "pendigits", "--check"]) == 2
    captured = capsys.readouterr()
    assert "pendigits/pendigits.jsonl.gz" in captured.out
    assert "pendigits/pendigits.jsonl.gz" in captured.err


WORDS = ["airplane", "apple", "cat"]
LINE = b'{"key_id": "1", "drawing": [[[0, 1], [0, 1]]]}\n'


@pytest.fixture
def three_words(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A publisher of three words, of which the cat is in the data folder."""
    paths = tuple(f"quickdraw/strokes/{word}.jsonl.gz" for word in WORDS)
    monkeypatch.setitem(SOURCES, "quickdraw", replace(SOURCES["quickdraw"], optional=paths))
    publisher.update({f"{downloads.QUICK_DRAW}{word}.ndjson": LINE for word in WORDS})
    return publisher


def test_missing_files_are_downloaded_into_the_data_folder(
    data: Path, three_words: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    cat = (data / "quickdraw/strokes/cat.jsonl.gz").read_bytes()
    assert "3 of 3 files here" in told(capsys, "--download", "quickdraw")
    assert [address.rpartition("/")[2] for address, _ in three_words.asked] == ["airplane.ndjson", "apple.ndjson"]
    assert gzip.decompress((data / "quickdraw/strokes/apple.jsonl.gz").read_bytes()) == LINE
    assert (data / "quickdraw/strokes/cat.jsonl.gz").read_bytes() == cat


def test_downloaded_files_are_checked_against_their_recorded_checksums(
    data: Path, three_words: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys, "--download", "quickdraw")
    files = listed(capsys, "quickdraw", "--check")["quickdraw"]["files"]
    assert [file["check"] for file in files] == ["as downloaded", "as downloaded", "readable"]
    apple = data / "quickdraw/strokes/apple.jsonl.gz"
    assert files[1]["sha256"] == hashlib.sha256(apple.read_bytes()).hexdigest()
    apple.write_bytes(gzip.compress(LINE * 2))
    assert "apple.jsonl.gz" in told(capsys, "quickdraw", "--check", code=2)
    report = report_source("quickdraw")
    assert (report.here, report.as_downloaded, report.is_available) == (3, 1, False)
    assert [text.split()[0] for text in report.wrong] == ["quickdraw/strokes/apple.jsonl.gz"]


def test_a_file_that_is_wrong_is_downloaded_again(
    data: Path, three_words: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "quickdraw/strokes/cat.jsonl.gz").write_bytes(b"half a file")
    told(capsys, "--download", "quickdraw")
    assert report_source("quickdraw").as_downloaded == 3


def test_the_other_files_are_downloaded_although_one_cannot_be_had(
    data: Path, three_words: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    del three_words[f"{downloads.QUICK_DRAW}airplane.ndjson"]
    error = told(capsys, "--download", "quickdraw", code=2)
    assert "airplane.ndjson" in error
    assert "HTTP 404" in error
    assert "1 of 3 files" in error
    assert (data / "quickdraw/strokes/apple.jsonl.gz").is_file()


@pytest.mark.usefixtures("no_network")
def test_a_publisher_who_cannot_be_reached_is_asked_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = told(capsys, "--download", "quickdraw", code=2)
    assert "airplane.ndjson" in error
    assert "apple.ndjson" not in error
    assert "29 of 30 files of quickdraw are missing" in error


@pytest.mark.usefixtures("no_network")
def test_a_publisher_who_does_not_answer_can_be_replaced_by_hand(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SOURCES["tuberlin"].by_hand in told(capsys, "--download", "tuberlin", code=2)


def test_two_processes_do_not_download_into_one_folder(
    data: Path, three_words: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    with (data / ".downloading").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert str(data) in told(capsys, "--download", "quickdraw", code=2)
    assert not three_words.asked
    told(capsys, "--download", "quickdraw")
    assert three_words.asked


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, three_words: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "data"
    assert str(folder) in told(capsys, "--download", "quickdraw", "--data-dir", folder, code=2)


def test_the_error_for_a_data_set_without_download_says_how_to_get_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(capsys, "--download", "numtadb", code=2)
    assert "numtadb" in said
    assert SOURCES["numtadb"].by_hand in said


@pytest.mark.parametrize("arguments", [["runes"], ["--download", "runes"]])
def test_an_unknown_data_set_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    error = told(capsys, *arguments, code=2)
    assert "runes" in error
    assert ", ".join(SOURCES) in error


# Packing what publishers hand out


def draw(file: Path, side: int, light: int = 255, dark: int = 0) -> None:
    """A thick stroke in the middle."""
    file.parent.mkdir(parents=True, exist_ok=True)
    paper = np.full((side, side), light, np.uint8)
    paper[side // 4 : -side // 4, side // 2 - side // 10 : side // 2 + side // 10] = dark
    cv2.imwrite(str(file), paper)


def test_numtadb_is_packed_from_its_lists(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in "abcd":
        rows = [f"{part}{number:05}.png,{number % 10}" for number in range(10)]
        for number in range(10):
            light, dark = (255, 0) if part == "a" else (0, 255)  # some of them are light on dark
            draw(tmp_path / "numta" / f"training-{part}" / f"{part}{number:05}.png", 180, light, dark)
        (tmp_path / "numta" / f"training-{part}.csv").write_text("\n".join(["filename,digit", *rows]))
    assert "1 of 1 files here" in told(capsys, "--pack", "numtadb", tmp_path / "numta")
    assert report_source("numtadb").as_downloaded == 1
    studied, tested = load_bangla("train"), load_bangla("test")
    assert (len(studied.y), len(tested.y)) == (36, 4)
    assert np.bincount(np.concatenate([studied.y, tested.y])).tolist() == [4] * 10
    assert studied.x.shape[1:] == (28, 28)
    assert (studied.x[:, 14, 14] > 200).all()
    assert (studied.x[:, 0, 0] < 50).all()


def test_tu_berlins_sketches_are_packed_from_their_folders(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in ("arm", "ear", "eye", "face", "hand", "mouth", "nose", "zebra"):
        draw(tmp_path / "png" / word / "1.png", 300)
    told(capsys, "--pack", "tuberlin", tmp_path)
    sketches = load_tuberlin_sketches()
    assert sketches.x.shape == (7, 128, 128)
    assert len(set(sketches.y)) == 7


def test_photographed_digits_are_packed_without_the_other_symbols(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("x-1", "slash-1", *(f"{digit}-{number}" for digit in range(10) for number in (1, 2))):
        draw(tmp_path / "symbols" / f"{name}.png", 28)
    told(capsys, "--pack", "bhmsds", tmp_path)
    assert np.bincount(load_photographed_digits().y).tolist() == [2] * 10


def test_the_letters_of_emnist_are_packed_upright_and_without_its_digits(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = np.zeros((4, 28, 28), np.uint8)
    row[:, 5] = 255  # stored with rows and columns exchanged: on paper it is an upright line
    for name, array in (("images-idx3", row), ("labels-idx1", np.array([9, 10, 36, 61], np.uint8))):
        content = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()
        (tmp_path / f"emnist-byclass-test-{name}-ubyte.gz").write_bytes(gzip.compress(content))

    told(capsys, "--pack", "emnist", tmp_path)

    letters = load_letters()
    assert letters.group.tolist() == ["A", "a", "z"]
    assert (letters.x[:, :, 5] == 255).all()
    assert (letters.x[:, 5, 6:] == 0).all()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("numtadb", "training-a.csv"),
        ("tuberlin", "arm, ear, eye, face, hand, mouth, nose"),
        ("bhmsds", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        ("emnist", "emnist-byclass-test-images-idx3-ubyte.gz"),
        ("mnist", "numtadb, tuberlin, bhmsds, emnist"),
    ],
)
def test_missing_originals_cannot_be_packed(
    source: str, expected: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert expected in told(capsys, "--pack", source, tmp_path / "empty", code=2)
    assert not list(data.rglob("*.npz"))


def test_broken_lists_and_pictures_are_named(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert str(tmp_path / "nowhere") in told(capsys, "--pack", "bhmsds", tmp_path / "nowhere", code=2)
    for part in "abcd":
        (tmp_path / f"training-{part}.csv").write_text(f"filename,digit\n{part}0.png,0\n{part}1.png,one\n")
    said = told(capsys, "--pack", "numtadb", tmp_path, code=2)
    assert "training-a.csv, line 3: " in said
    for part in "abcd":
        (tmp_path / f"training-{part}.csv").write_text(f"filename,digit\n{part}0.png,0\n")
    assert "a0.png" in told(capsys, "--pack", "numtadb", tmp_path, code=2)
    for part in "abcd":
        (tmp_path / f"{part}0.png").write_text("no picture")
    assert "a0.png" in told(capsys, "--pack", "numtadb", tmp_path, code=2)
