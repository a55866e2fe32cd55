"""Downloading the originals of data sets, also over connections that break."""

from __future__ import annotations

import gzip
import io
import subprocess
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.data import download as downloads
from ml.data import fetch
from ml.data.download import can_download, download, recorded_checksums
from ml.data.fetch import DownloadError, UnreachableError
from ml.data.loaders import load_other_words, load_tuberlin_sketches
from ml.data.sources import SKETCH_WORDS, SOURCES, TUBERLIN_WORDS
from tests.publisher import Publisher

COUNT, WANTED = 40, 10


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(downloads, "DRAWINGS_PER_WORD", WANTED)
    monkeypatch.setattr(downloads, "BITMAPS_FROM", 20)
    monkeypatch.setenv("INKLING_CACHE", str(tmp_path / "cache"))


CAT = "quickdraw/bitmaps/cat.npz"


def address_of(name: str = "cat") -> str:
    return f"{downloads.QUICK_DRAW_BITMAPS}{name}.npy"


def npy(array: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.save(stored, array)
    return stored.getvalue()


PICTURES = np.arange(COUNT, dtype=np.uint8).repeat(784).reshape(COUNT, 784)  # each filled with its number


@pytest.mark.parametrize("in_parts", [True, False])
def test_bitmaps_and_strokes_are_different_drawings(in_parts: bool, tmp_path: Path, publisher: Publisher) -> None:
    publisher.sends_parts = in_parts
    publisher[address_of("alarm%20clock")] = npy(PICTURES)
    place = download("quickdraw/bitmaps/alarm clock.npz", tmp_path)
    assert place == tmp_path / "quickdraw/bitmaps/alarm clock.npz"
    with np.load(place) as stored:
        assert stored["x"].shape == (WANTED, 28, 28)
        assert stored["x"][:, 0, 0].tolist() == list(range(20, 30))
    assert {address for address, _ in publisher.asked} == {address_of("alarm%20clock")}


@pytest.mark.parametrize(("count", "first", "taken"), [(25, 15, 10), (6, 0, 6)])
def test_the_last_bitmaps_of_a_short_file_are_taken(count: int, first: int, taken: int, publisher: Publisher) -> None:
    publisher[address_of()] = npy(PICTURES[:count])
    with np.load(download(CAT)) as stored:
        assert stored["x"][:, 0, 0].tolist() == list(range(first, first + taken))


def test_other_words_are_those_of_the_list_that_sketches_do_not_have(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "DRAWINGS_PER_OTHER_WORD", 3)
    publisher[downloads.QUICK_DRAW_WORDS] = b"cat\nThe Mona Lisa\naxe\n"
    publisher[address_of("The%20Mona%20Lisa")], publisher[address_of("axe")] = npy(PICTURES), npy(PICTURES[:2])
    download("quickdraw/other_words.npz", tmp_path)
    words = load_other_words(tmp_path)
    assert words.group.tolist() == ["The Mona Lisa"] * 3 + ["axe"] * 2
    assert words.x[:, 5, 5].tolist() == [20, 21, 22, 0, 1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html>not here</html>", r"cat\.npy"),
        (npy(PICTURES.astype(np.float32)), "784 of float32"),
        (npy(PICTURES)[:5_000], r"\b0 bytes of 7,840"),
    ],
)
def test_a_file_in_another_format_is_refused(
    content: bytes, expected: str, tmp_path: Path, publisher: Publisher
) -> None:
    publisher[address_of()] = content
    with pytest.raises(DownloadError, match=expected):
        download(CAT, tmp_path)
    assert not files_in(tmp_path)


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, publisher: Publisher) -> None:
    publisher[address_of()] = npy(PICTURES)
    (tmp_path / "quickdraw").write_text("a file where a folder belongs")
    with pytest.raises(DownloadError, match=r"cat\.npz"):
        download(CAT, tmp_path)


def test_some_files_can_be_downloaded_and_others_not() -> None:
    assert can_download("quickdraw/strokes/alarm clock.jsonl.gz")
    assert can_download("mnist/train-images-idx3-ubyte.gz")
    assert can_download("tuberlin/body_parts.npz")
    assert not can_download("numtadb28/numtadb28.npz")
    assert not can_download("quickdraw/other/cat.npz")


def test_every_file_that_can_be_downloaded_has_a_publisher() -> None:
    paths = [path for source in SOURCES.values() for path in source.paths]
    assert {path for path in paths if downloads.publisher_of(path)} == {path for path in paths if can_download(path)}
    assert downloads.publisher_of("mnist/writers.npz") == "raw.githubusercontent.com"


# Strokes

STROKES = "quickdraw/strokes/cat.jsonl.gz"


def lines(count: int) -> bytes:
    return b"".join(b'{"key_id": "%d", "drawing": [[[0, 9], [0, 9]]]}\n' % number for number in range(count))


def test_the_first_strokes_of_a_word_are_taken(tmp_path: Path, publisher: Publisher) -> None:
    publisher[f"{downloads.QUICK_DRAW}cat.ndjson"] = lines(COUNT)
    assert gzip.decompress(download(STROKES, tmp_path).read_bytes()) == lines(WANTED)


@pytest.mark.parametrize("broken", [b'{"drawing": [[[0', b'{"key_id": "1"}', b"[]"])
def test_strokes_of_another_format_are_refused(broken: bytes, tmp_path: Path, publisher: Publisher) -> None:
    publisher[f"{downloads.QUICK_DRAW}cat.ndjson"] = lines(3) + broken
    with pytest.raises(DownloadError, match="line 4"):
        download(STROKES, tmp_path)
    assert not files_in(tmp_path)


# Connections that break


@pytest.mark.parametrize(
    ("path", "name"), [(CAT, "full/numpy_bitmap/cat.npy"), (STROKES, "full/simplified/cat.ndjson")]
)
def test_a_download_continues_where_the_connection_broke(
    path: str, name: str, tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    url = downloads.QUICK_DRAW_BITMAPS.replace("full/numpy_bitmap/", name)
    publisher[url] = npy(PICTURES) if path == CAT else lines(WANTED)
    complete = download(path, tmp_path / "at once").read_bytes()
    sent, publisher.sent = publisher.sent, 0
    publisher.breaks_after = [256, 100] if path == CAT else [100]  # the header of a .npy file is a request of its own
    with pytest.raises(UnreachableError, match="ended after 100 bytes"):
        download(path, tmp_path)
    assert not (tmp_path / path).exists()
    assert download(path, tmp_path).read_bytes() == complete
    assert publisher.sent == sent  # nothing was sent twice
    assert files_in(tmp_path / Path(path).parent) == [Path(path).name]


def test_a_broken_connection_is_opened_again_at_once(tmp_path: Path, publisher: Publisher) -> None:
    publisher[f"{downloads.QUICK_DRAW}cat.ndjson"] = lines(WANTED)
    publisher.breaks_after = [100, 50]
    assert gzip.decompress(download(STROKES, tmp_path).read_bytes()) == lines(WANTED)
    assert [span for _, span in publisher.asked] == ["", "bytes=100-", "bytes=150-"]


def test_a_file_that_changed_meanwhile_is_downloaded_from_its_beginning(tmp_path: Path, publisher: Publisher) -> None:
    url = f"{downloads.QUICK_DRAW}cat.ndjson"
    publisher[url] = lines(WANTED)
    publisher.breaks_after = [100, 0]
    with pytest.raises(UnreachableError):
        download(STROKES, tmp_path)
    publisher[url] = lines(WANTED).replace(b"9", b"8")
    assert gzip.decompress(download(STROKES, tmp_path).read_bytes()) == publisher[url]


def test_parts_of_a_file_without_an_etag_are_not_put_together(tmp_path: Path, publisher: Publisher) -> None:
    publisher[f"{downloads.QUICK_DRAW}cat.ndjson"] = lines(WANTED)
    publisher.etags, publisher.breaks_after = False, [100]
    assert gzip.decompress(download(STROKES, tmp_path).read_bytes()) == lines(WANTED)
    assert [span for _, span in publisher.asked] == ["", ""]


def test_a_part_that_is_complete_already_is_downloaded_again(tmp_path: Path, publisher: Publisher) -> None:
    """A process that ended between the last byte and the next step."""
    url = f"{downloads.QUICK_DRAW}cat.ndjson"
    publisher[url] = lines(3)  # fewer than wanted, so that its length is not known
    publisher.breaks_after = [100, 0]
    with pytest.raises(UnreachableError):
        download(STROKES, tmp_path)
    (part,) = tmp_path.rglob("*.part")
    part.write_bytes(lines(3))
    assert gzip.decompress(download(STROKES, tmp_path).read_bytes()) == lines(3)


def test_the_bytes_that_arrive_are_reported(tmp_path: Path, publisher: Publisher) -> None:
    publisher[f"{downloads.QUICK_DRAW}cat.ndjson"] = lines(WANTED)
    arrived: list[int] = []
    download(STROKES, tmp_path, received=arrived.append)
    assert sum(arrived) == len(lines(WANTED))


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_publisher_who_answers_with_an_error_is_reachable(status: int, tmp_path: Path, publisher: Publisher) -> None:
    publisher[address_of()] = npy(PICTURES)
    publisher.status = status
    with pytest.raises(DownloadError, match=rf"cat\.npy .*HTTP {status}") as caught:
        download(CAT, tmp_path)
    assert not isinstance(caught.value, UnreachableError)


@pytest.mark.usefixtures("no_network")
def test_without_network_the_address_and_the_reason_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"cat\.npy .*Connection refused"):
        download(CAT, tmp_path)
    assert not files_in(tmp_path)


# Checksums


def test_the_checksum_of_each_download_is_written_as_sha256sum_reads_it(tmp_path: Path, publisher: Publisher) -> None:
    publisher[address_of("alarm%20clock")] = publisher[address_of()] = npy(PICTURES)
    paths = [CAT, "quickdraw/bitmaps/alarm clock.npz"]
    for path in paths:
        download(path, tmp_path)
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 2)
    assert sorted(recorded_checksums(tmp_path)) == sorted(paths)


# TU Berlin


def sketches_zip(*, left_out: str = "") -> bytes:
    """As TU Berlin's: a folder of pictures for each word, many more words than are needed."""
    stored = io.BytesIO()
    noise = np.random.default_rng(0)
    with zipfile.ZipFile(stored, "w") as archive:
        for word in ("airplane", *TUBERLIN_WORDS, "zebra"):
            for number in range(2) if word != left_out else ():
                paper = np.full((300, 300), 255, np.uint8)
                paper[100:200, 140:160] = 0
                archive.writestr(f"png/{word}/{number}.png", cv2.imencode(".png", paper)[1].tobytes())
            filler = noise.integers(0, 256, 40_000, np.uint8).tobytes()
            archive.writestr(f"png/{word} and more/filler", filler)
    return stored.getvalue()


def test_only_the_needed_parts_of_tu_berlins_archive_are_downloaded(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "BLOCK", 8_192)
    monkeypatch.setattr(downloads, "BLOCK", 8_192)
    publisher[downloads.TUBERLIN] = sketches_zip()
    download("tuberlin/body_parts.npz", tmp_path)
    sketches = load_tuberlin_sketches(tmp_path)
    assert sketches.x.shape == (14, 128, 128)
    assert {SKETCH_WORDS[label] for label in sketches.y} == set(TUBERLIN_WORDS)
    assert (sketches.x[:, 64, 64] > 200).all()
    assert publisher.sent < len(publisher[downloads.TUBERLIN]) / 2


def test_an_archive_without_a_word_is_refused(tmp_path: Path, publisher: Publisher) -> None:
    publisher[downloads.TUBERLIN] = sketches_zip(left_out="nose")
    with pytest.raises(DownloadError, match="nose"):
        download("tuberlin/body_parts.npz", tmp_path)


def test_an_archive_on_a_server_that_sends_no_parts_is_refused(tmp_path: Path, publisher: Publisher) -> None:
    publisher[downloads.TUBERLIN] = sketches_zip()
    publisher.sends_parts = False
    with pytest.raises(DownloadError, match=r"sketches_png\.zip .*parts"):
        download("tuberlin/body_parts.npz", tmp_path)


def test_what_is_no_archive_is_refused(tmp_path: Path, publisher: Publisher) -> None:
    publisher[downloads.TUBERLIN] = b"<html>" * 100
    with pytest.raises(DownloadError, match="body_parts"):
        download("tuberlin/body_parts.npz", tmp_path)
    assert not files_in(tmp_path)
