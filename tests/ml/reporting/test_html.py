"""A report says what was measured, on one page that needs nothing else."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from ml.augmentation.synthetic_digits import write_digit
from ml.bundles.bundle import Bundle, load_bundle, verify_bundle
from ml.data.labelled_files import NEGATIVE_LABEL, EvaluationError, LabelledDrawings
from ml.evaluation.metrics import evaluate_answers
from ml.preprocessing.ink import rasterise
from ml.reporting import html
from ml.reporting.html.results import EvaluatedDrawings, answer_drawings, compare_versions, reliability_bins
from ml.reporting.html.sections import by_writer, confusions, learning, mistakes, table_names
from ml.reporting.html.theme import legible
from ml.statistics import wilson_interval
from tests.ml.photos import SEVEN

SHIPPED = Path("ml/models/digits")
HISTORY = [{"epoch": epoch, "loss": 1 / epoch, "accuracy": 1 - 0.3 / epoch, "seconds": 60.0} for epoch in range(1, 5)]
UNBALANCED = {"meta", "img", "source", "br"}


class Reported(NamedTuple):
    page: str
    folder: Path
    bundle: Bundle
    drawings: LabelledDrawings


class Reader(HTMLParser):
    """What a page is made of, and whether every tag is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in UNBALANCED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def digits(each: int, *, seed: int = 1) -> LabelledDrawings:
    """Some of every digit, by three people; one seven is said to be a two, another to be a cat."""
    rng = np.random.default_rng(seed)
    labels = [str(digit) for digit in range(10)] * each
    rasters = [rasterise(write_digit(int(label), rng)) for label in labels]
    writers = [f"person {number % 3}" for number in range(len(labels))]
    lies = [rasterise(SEVEN)] * 2
    return LabelledDrawings(np.array([*rasters, *lies]), [*labels, "2", "a cat"], [*writers, "person 0", "person 1"])


def with_labels_swapped(bundle: Bundle, *pair: int) -> Bundle:
    """A version that takes two labels for each other."""
    labels = list(bundle.manifest["labels"])
    first, second = pair
    labels[first], labels[second] = labels[second], labels[first]
    return replace(bundle, manifest={**bundle.manifest, "labels": labels, "created": "2020-02-02T00:00:00+00:00"})


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    bundle, drawings, folder = load_bundle(SHIPPED), digits(4), tmp_path_factory.mktemp("report")
    other = with_labels_swapped(bundle, 3, 5)
    page = html.write_report(bundle, drawings, folder, against=other, history=HISTORY, junk=True)
    assert page == folder / html.PAGE
    return Reported(page.read_text("utf-8"), folder, bundle, drawings)


def said(reported: Reported) -> str:
    """The text of the page without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", reported.page.partition("<body>")[2]))


def answered(right: Sequence[bool], *, confidence: float = 0.9, **changes: Any) -> EvaluatedDrawings:
    """Drawings of "a" that are answered rightly, or with "b"."""
    probabilities = np.array([[confidence, 1 - confidence] if hit else [1 - confidence, confidence] for hit in right])
    labels = [{"slug": slug, "glyph": slug, "name": slug} for slug in "ab"]
    count = len(right)
    plain = EvaluatedDrawings(
        labels, np.zeros((count, 28, 28), np.uint8), np.zeros(count, int), probabilities, [""] * count, 0.5
    )
    return replace(plain, **changes)


# The page


def test_the_page_needs_nothing_but_itself(reported: Reported) -> None:
    reader = Reader(reported.page)

    assert reader.open == []
    assert not reader.all("script")
    assert not reader.all("link")
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in reader.all("img"))
    assert all(str(link["href"]).startswith("#") for link in reader.all("a"))
    assert "http" not in said(reported)
    assert str(reported.folder) not in reported.page


def test_every_chapter_can_be_reached_from_the_top(reported: Reported) -> None:
    reader = Reader(reported.page)
    chapters = [section["id"] for section in reader.all("section")]

    assert [str(link["href"])[1:] for link in reader.all("a")] == chapters
    assert chapters == [
        "short", "versions", "samples", "learning", "labels", "confusions", "mistakes", "calibration", "writers",
        "junk",
    ]  # fmt: skip


def test_every_picture_is_told_in_words_and_drawn_for_light_and_dark(reported: Reported) -> None:
    reader = Reader(reported.page)

    assert len(reader.all("img")) == 10
    assert all(image["alt"] for image in reader.all("img"))
    assert [source["media"] for source in reader.all("source")] == ["(prefers-color-scheme: dark)"] * 10


def test_the_pictures_lie_beside_the_page(reported: Reported) -> None:
    names = sorted(path.stem for path in reported.folder.glob("*.png"))

    assert names == [
        "calibration", "confusion", "junk", "labels", "learning", "mistakes", "samples", "versions", "won", "writers",
    ]  # fmt: skip
    for path in reported.folder.glob("*.png"):
        with Image.open(io.BytesIO(path.read_bytes()), formats=["PNG"]) as picture:
            assert picture.width > 500


def test_it_says_what_evaluate_says(reported: Reported) -> None:
    predictor = verify_bundle(reported.bundle)
    truth = np.array([int(label) if label.isdigit() else NEGATIVE_LABEL for label in reported.drawings.labels])
    answers = predictor.predict(reported.drawings.rasters).probabilities
    expected = evaluate_answers(answers, truth, reported.bundle.slugs, reported.bundle.manifest["unsure_below"])

    assert f"{expected.accuracy:.2%} answered rightly" in " ".join(sorted_tiles(reported))
    assert f"{expected.count} drawings" in sorted_tiles(reported)


def sorted_tiles(reported: Reported) -> list[str]:
    tiles = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", reported.page)
    return [f"{value} {name}" for name, value in tiles]


def test_it_names_the_version(reported: Reported) -> None:
    manifest = reported.bundle.manifest

    assert f"The version of {manifest['created'][:10]} ({manifest['sha256']['tflite'][:8]})" in said(reported)


def test_a_drawing_under_the_wrong_label_is_found_among_the_mistakes(reported: Reported) -> None:
    assert re.search(r"of 41 first guesses are wrong", said(reported))
    assert re.search(r"2 as 7 1 20.00%", said(reported))


def test_what_is_none_of_the_labels_is_counted_apart(reported: Reported) -> None:
    assert "1 drawings of none" in sorted_tiles(reported)
    assert "None of the labels" in said(reported)


def test_drawings_of_other_labels_are_an_error_unless_they_are_called_junk(reported: Reported, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="a cat"):
        html.write_report(reported.bundle, reported.drawings, tmp_path / "none")

    assert not (tmp_path / "none").exists()


def test_junk_alone_is_nothing_to_report(reported: Reported, tmp_path: Path) -> None:
    cats = LabelledDrawings(np.zeros((2, 28, 28), np.uint8), ["a cat", "a cat"], ["", ""])

    with pytest.raises(EvaluationError, match="None of the drawings shows a label"):
        html.write_report(reported.bundle, cats, tmp_path, junk=True)


def test_it_goes_on_without_tensorflow() -> None:
    code = "import sys, ml.reporting.html; sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Two versions


def test_it_says_who_wins_where(reported: Reported) -> None:
    text = said(reported)

    assert "Beside the version of 2020-02-02" in text
    assert "only this one is right about 8, only the other about 0" in text
    assert "That is hardly chance" in text
    assert "Only this version is right: what the other answered." in text
    assert "Only the other is right" not in text
    assert re.search(r"3 4 100.00% 0.00% \+100.00%", text)


def test_a_split_that_may_be_chance_is_called_so() -> None:
    better, worse = answered([True] * 8), answered([True, True] + [False] * 6)

    assert compare_versions(better, worse).chance == pytest.approx(2 / 2**6)
    assert compare_versions(worse, better).chance == pytest.approx(2 / 2**6)
    assert compare_versions(better, better).chance == 1
    assert compare_versions(better, worse).won.tolist() == [2, 3, 4, 5, 6, 7]


def test_versions_of_other_labels_cannot_be_compared(reported: Reported, tmp_path: Path) -> None:
    labels = [*reported.bundle.manifest["labels"][:9], {"slug": "a cat", "glyph": "", "name": "cat"}]
    other = replace(reported.bundle, manifest={**reported.bundle.manifest, "labels": labels})

    with pytest.raises(EvaluationError, match="tell other labels apart"):
        html.write_report(reported.bundle, reported.drawings, tmp_path, against=other, junk=True)


def test_a_version_that_sees_ink_otherwise_needs_drawings_of_its_own(reported: Reported, tmp_path: Path) -> None:
    raster = {"size": 28, "box": 22.0, "pen": 1.5}
    other = replace(reported.bundle, manifest={**reported.bundle.manifest, "raster": raster})

    with pytest.raises(EvaluationError, match="Read the drawings with its raster"):
        html.write_report(reported.bundle, reported.drawings, tmp_path, against=other, junk=True)

    few = LabelledDrawings(reported.drawings.rasters[:10], reported.drawings.labels[:10], [""] * 10)
    for left_over in ("won.png", "mine.png"):
        (tmp_path / left_over).touch()
    page = html.write_report(reported.bundle, few, tmp_path, against=other, against_drawings=few)
    assert "right and wrong about the same drawings" in page.read_text("utf-8")
    assert not (tmp_path / "won.png").exists(), "of an earlier report"
    assert (tmp_path / "mine.png").exists()


# Learning


def test_the_curves_come_from_the_record_beside_the_bundle(reported: Reported, tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text(json.dumps(HISTORY))

    assert html.read_history(tmp_path) == HISTORY
    assert "4 epochs in 4 minutes" in said(reported)


def test_without_a_record_it_says_so(tmp_path: Path) -> None:
    assert html.read_history(tmp_path) is None
    assert "there are no curves to show" in str(learning(None).parts)


@pytest.mark.parametrize("content", ["{", "[1]", '[{"epoch": 1}]', '{"epoch": 1}'])
def test_a_damaged_record_is_told_with_its_place(content: str, tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text(content)

    with pytest.raises(EvaluationError, match=r"history\.json is not the record of a training.*Delete it"):
        html.read_history(tmp_path)


# Single chapters


def test_where_nothing_is_wrong_it_says_so() -> None:
    assert "every drawing was answered rightly" in str(mistakes(answered([True, True])).parts)


def test_the_most_confident_mistake_comes_first() -> None:
    several = answered([False, False, True])
    several.probabilities[1] = [0.01, 0.99]

    assert several.mistakes().tolist() == [1, 0]


def test_junk_that_was_given_a_label_is_shown_the_surest_first() -> None:
    asked = answered([True, False, True], truth=np.array([NEGATIVE_LABEL, NEGATIVE_LABEL, 0]), unsure_below=0.8)
    asked.probabilities[0] = [0.7, 0.3]

    assert asked.sure_of_junk().tolist() == [1]


def test_without_writers_nothing_is_said_by_writer() -> None:
    assert "do not say who made them" in str(by_writer(answered([True])).parts)


def test_the_writer_with_the_most_mistakes_comes_first() -> None:
    asked = answered([True, False, True, True], writers=["ann", "bob", "ann", "cy"])

    assert "2 of 3 people see none" in str(by_writer(asked).parts[0])
    assert re.findall('<th scope="row">(.*?)</th>', str(by_writer(asked).parts[-1])) == ["bob", "ann", "cy"]


def test_a_glyph_of_another_script_is_voiced_in_its_language_and_spelled_out() -> None:
    labels = [{"slug": "0", "glyph": "০", "name": "শূন্য"}, {"slug": "1", "glyph": "১", "name": "এক"}]
    asked = answered([True, False], labels=labels)

    assert table_names(asked) == ["০ (0)", "১ (1)"]
    assert '<span lang="bn">০ (0) as ১ (1)</span>' in str(confusions(asked).parts)


def test_letters_that_no_face_here_has_are_replaced_in_pictures() -> None:
    assert legible(["7", "\U0001f4a9\U000e0021"], ["seven", "other"]) == ["7", "other"]


def test_answers_are_sorted_by_their_probability() -> None:
    asked = answered([True, False, True, True], confidence=0.9)
    (found,) = reliability_bins(asked)

    assert (found.count, found.accuracy) == (4, 0.75)
    assert found.confidence == pytest.approx(0.9)
    assert found.low <= 0.9 <= found.high


def test_a_share_of_few_is_known_less_well_than_one_of_many() -> None:
    assert wilson_interval(1.0, 10) == pytest.approx((0.722, 1.0), abs=1e-3)
    assert wilson_interval(0.5, 1_000) == pytest.approx((0.469, 0.531), abs=1e-3)


def test_progress_is_told_drawing_by_drawing(reported: Reported) -> None:
    seen: list[str] = []

    def note(rows: Any, title: str) -> Any:
        for row in rows:
            seen.append(title)
            yield row

    answer_drawings(reported.bundle, reported.drawings, junk=True, progress=note)

    assert seen == ["answers"]
