"""The HTML report: one page with its pictures, from the measured answers."""

from __future__ import annotations

import io
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
from ml.bundles.bundle import Bundle, load_bundle, verify_bundle, with_history
from ml.data.labelled_files import NEGATIVE_LABEL, EvaluationError, LabelledDrawings
from ml.evaluation.metrics import evaluate_answers
from ml.preprocessing.ink import rasterise
from ml.reporting import html
from ml.reporting.figures import percent
from ml.reporting.html.page import Illustration
from ml.reporting.html.results import EvaluatedDrawings, answer_drawings, compare_versions, reliability_bins
from ml.reporting.html.sections import by_writer, confusions, learning, mistakes, table_names
from ml.reporting.html.theme import legible
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
    drawings, folder = digits(4), tmp_path_factory.mktemp("report")
    bundle = with_history(load_bundle(SHIPPED), HISTORY)
    other = with_labels_swapped(bundle, 3, 5)
    page = html.write_report(bundle, drawings, folder, against=other, junk=True)
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


def test_the_page_needs_no_other_file(reported: Reported) -> None:
    reader = Reader(reported.page)

    assert reader.open == []
    assert not reader.all("script")
    assert not reader.all("link")
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in reader.all("img"))
    assert all(str(link["href"]).startswith("#") for link in reader.all("a"))
    assert "http" not in said(reported)
    assert str(reported.folder) not in reported.page


def test_every_section_is_linked_at_the_top(reported: Reported) -> None:
    reader = Reader(reported.page)
    sections = [section["id"] for section in reader.all("section")]

    assert [str(link["href"])[1:] for link in reader.all("a")] == sections
    assert sections == [
        "short", "versions", "samples", "learning", "labels", "confusions", "mistakes", "calibration", "writers",
        "junk",
    ]  # fmt: skip


def test_every_picture_has_an_alternative_text_and_a_dark_version(reported: Reported) -> None:
    reader = Reader(reported.page)

    assert len(reader.all("img")) == 10
    assert all(image["alt"] for image in reader.all("img"))
    assert [source["media"] for source in reader.all("source")] == ["(prefers-color-scheme: dark)"] * 10


def test_the_pictures_are_written_beside_the_page(reported: Reported) -> None:
    names = sorted(path.stem for path in reported.folder.glob("*.png"))

    assert names == [
        "calibration", "confusion", "junk", "labels", "learning", "mistakes", "samples", "versions", "won", "writers",
    ]  # fmt: skip
    for path in reported.folder.glob("*.png"):
        with Image.open(io.BytesIO(path.read_bytes()), formats=["PNG"]) as picture:
            assert picture.width > 500


def test_the_figures_are_those_of_evaluate(reported: Reported) -> None:
    predictor = verify_bundle(reported.bundle)
    truth = np.array([int(label) if label.isdigit() else NEGATIVE_LABEL for label in reported.drawings.labels])
    answers = predictor.predict(reported.drawings.rasters).probabilities
    expected = evaluate_answers(answers, truth, reported.bundle.slugs, reported.bundle.manifest["unsure_below"])

    assert tiles(reported)["accuracy"] == f"{expected.accuracy:.2%}"
    assert tiles(reported)["drawings"] == str(expected.count)


def tiles(reported: Reported) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", reported.page))


def test_the_page_names_the_version(reported: Reported) -> None:
    manifest = reported.bundle.manifest

    assert f"{manifest['created'][:10]} ({manifest['sha256']['tflite'][:8]})" in said(reported)


def test_a_drawing_with_a_wrong_label_is_listed_as_a_confusion(reported: Reported) -> None:
    assert re.search(r"2 as 7 1 20.00%", said(reported))


def test_negatives_are_counted_separately(reported: Reported) -> None:
    assert tiles(reported)["negative examples"] == "1"


def test_drawings_of_other_labels_are_an_error_unless_they_count_as_negatives(
    reported: Reported, tmp_path: Path
) -> None:
    with pytest.raises(EvaluationError, match="a cat"):
        html.write_report(reported.bundle, reported.drawings, tmp_path / "none")

    assert not (tmp_path / "none").exists()


def test_a_report_on_negatives_only_is_refused(reported: Reported, tmp_path: Path) -> None:
    cats = LabelledDrawings(np.zeros((2, 28, 28), np.uint8), ["a cat", "a cat"], ["", ""])

    with pytest.raises(EvaluationError, match="None of the drawings"):
        html.write_report(reported.bundle, cats, tmp_path, junk=True)


def test_a_report_needs_no_tensorflow() -> None:
    code = "import sys, ml.reporting.html; sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Two versions


def test_the_comparison_counts_what_only_one_version_gets_right(reported: Reported) -> None:
    text = said(reported)

    assert "the version of 2020-02-02" in text
    assert "8 are right only in this version, 0 only in the other" in text
    assert (reported.folder / "won.png").exists()
    assert not (reported.folder / "lost.png").exists()
    assert re.search(r"3 4 100.00% 0.00% \+100.00%", text)


def test_the_comparison_has_a_two_sided_p_value() -> None:
    better, worse = answered([True] * 8), answered([True, True] + [False] * 6)

    assert compare_versions(better, worse).chance == pytest.approx(2 / 2**6)
    assert compare_versions(worse, better).chance == pytest.approx(2 / 2**6)
    assert compare_versions(better, better).chance == 1
    assert compare_versions(better, worse).won.tolist() == [2, 3, 4, 5, 6, 7]


def test_versions_of_other_labels_cannot_be_compared(reported: Reported, tmp_path: Path) -> None:
    labels = [*reported.bundle.manifest["labels"][:9], {"slug": "a cat", "glyph": "", "name": "cat"}]
    other = replace(reported.bundle, manifest={**reported.bundle.manifest, "labels": labels})

    with pytest.raises(EvaluationError, match="a cat"):
        html.write_report(reported.bundle, reported.drawings, tmp_path, against=other, junk=True)


def test_a_version_with_another_raster_needs_drawings_on_that_raster(reported: Reported, tmp_path: Path) -> None:
    raster = {"size": 28, "box": 22.0, "pen": 1.5}
    other = replace(reported.bundle, manifest={**reported.bundle.manifest, "raster": raster})

    with pytest.raises(EvaluationError, match="raster"):
        html.write_report(reported.bundle, reported.drawings, tmp_path, against=other, junk=True)

    few = LabelledDrawings(reported.drawings.rasters[:10], reported.drawings.labels[:10], [""] * 10)
    for left_over in ("won.png", "mine.png"):
        (tmp_path / left_over).touch()
    page = html.write_report(reported.bundle, few, tmp_path, against=other, against_drawings=few)
    assert '<section id="versions">' in page.read_text("utf-8")
    assert not (tmp_path / "won.png").exists(), "of an earlier report"
    assert (tmp_path / "mine.png").exists()


# Learning


def test_the_learning_curves_come_from_the_history_of_the_bundle(reported: Reported) -> None:
    assert "4 epochs in 4 minutes" in said(reported)
    assert (reported.folder / "learning.png").exists()
    for row in HISTORY:
        assert f"{row['epoch']} {row['loss']:.4f} {percent(row['accuracy'])} 60" in said(reported)


def test_a_history_without_accuracy_has_one_curve() -> None:
    steps = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]
    _intro, curve, figures = learning({"history": steps}).parts
    assert isinstance(curve, Illustration)
    assert curve.alt == "Loss by epoch"
    assert isinstance(figures, str)
    assert "0.2500" in figures
    assert "accuracy" not in figures


def test_without_a_history_there_are_no_curves_but_the_reason() -> None:
    (said,) = learning({"history": {"missing": "It was lost."}}).parts
    assert isinstance(said, str)
    assert "It was lost." in said
    assert [type(part) for part in learning({}).parts] == [str]


# Single sections


def test_without_mistakes_there_is_no_picture() -> None:
    assert [type(part) for part in mistakes(answered([True, True])).parts] == [str]


def test_the_most_confident_mistake_comes_first() -> None:
    several = answered([False, False, True])
    several.probabilities[1] = [0.01, 0.99]

    assert several.mistakes().tolist() == [1, 0]


def test_negatives_with_confident_answers_are_found_the_most_confident_first() -> None:
    asked = answered([True, False, True], truth=np.array([NEGATIVE_LABEL, NEGATIVE_LABEL, 0]), unsure_below=0.8)
    asked.probabilities[0] = [0.7, 0.3]

    assert asked.sure_of_junk().tolist() == [1]


def test_without_writers_there_is_no_picture_by_writer() -> None:
    assert [type(part) for part in by_writer(answered([True])).parts] == [str]


def test_the_writer_with_the_most_mistakes_comes_first() -> None:
    asked = answered([True, False, True, True], writers=["ann", "bob", "ann", "cy"])

    assert "2 of 3 " in str(by_writer(asked).parts[0])
    assert re.findall('<th scope="row">(.*?)</th>', str(by_writer(asked).parts[-1])) == ["bob", "ann", "cy"]


def test_a_glyph_of_another_script_is_marked_with_its_language_and_shown_with_its_slug() -> None:
    labels = [{"slug": "0", "glyph": "০", "name": "শূন্য"}, {"slug": "1", "glyph": "১", "name": "এক"}]
    asked = answered([True, False], labels=labels)

    assert table_names(asked) == ["০ (0)", "১ (1)"]
    assert '<span lang="bn">০ (0) as ১ (1)</span>' in str(confusions(asked).parts)


def test_letters_that_no_installed_font_has_are_replaced_in_pictures() -> None:
    assert legible(["7", "\U0001f4a9\U000e0021"], ["seven", "other"]) == ["7", "other"]


def test_answers_are_put_into_bins_by_their_probability() -> None:
    asked = answered([True, False, True, True], confidence=0.9)
    (found,) = reliability_bins(asked)

    assert (found.count, found.accuracy) == (4, 0.75)
    assert found.confidence == pytest.approx(0.9)
    assert found.low <= 0.9 <= found.high


def test_progress_is_reported(reported: Reported) -> None:
    seen: list[str] = []

    def note(rows: Any, title: str) -> Any:
        for row in rows:
            seen.append(title)
            yield row

    answer_drawings(reported.bundle, reported.drawings, junk=True, progress=note)

    assert seen == ["answers"]
