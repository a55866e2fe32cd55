"""The memory bench: who is asked, in which order, and what it makes of the figures."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.benchmarks import memory as bench
from ml.benchmarks import studies
from ml.benchmarks.memory import HABITS, WriterDrawings
from ml.bundles.bundle import Bundle
from ml.commands.main import main
from ml.data.labelled_files import LabelledDrawings
from ml.data.loaders import Pictures, Tracks
from ml.embeddings import personal_memory
from ml.preprocessing.ink import rasterise
from ml.recipes.base import Material

WRITERS = [f"writer-{number:02d}" for number in range(30)]
ROW = 3  # drawings of each


def hand(*drawn: tuple[int, int]) -> WriterDrawings:
    """Drawings of (what it is, what the network says), each label in a direction of its own."""
    probabilities = np.full((len(drawn), 10), 0.04, np.float32)
    for row, (_, said) in enumerate(drawn):
        probabilities[row, said] = 0.6
    return WriterDrawings(
        probabilities, np.eye(10, dtype=np.float32)[[truth for truth, _ in drawn]], np.array([t for t, _ in drawn])
    )


def stream(drawn: WriterDrawings, habit: str) -> tuple[list[bool], list[bool], int]:
    plain, personal, kept = bench.replay_writer(drawn, HABITS[habit], np.random.default_rng(0))
    return plain.tolist(), personal.tolist(), kept


def test_an_answer_is_given_with_what_was_said_of_those_before_it() -> None:
    plain, personal, kept = stream(hand((7, 1), (7, 1), (1, 1), (7, 1)), "labels every drawing")

    assert plain == [False, False, True, False]
    assert personal == [False, True, True, True]
    assert kept == 4


def test_who_corrects_only_has_only_the_corrections_remembered() -> None:
    _, personal, kept = stream(hand((1, 1), (7, 1), (7, 1), (2, 2)), "corrects wrong answers only")

    assert personal == [True, False, True, True]
    assert kept == 1


def test_who_confirms_whatever_it_says_gets_what_the_network_says() -> None:
    plain, personal, kept = stream(hand((7, 1), (7, 1), (1, 1)), "confirms every answer")

    assert personal == plain == [False, False, True]
    assert kept == 3


def test_a_careless_person_says_something_else_of_one_drawing_in_ten() -> None:
    rng = np.random.default_rng(1)

    said = [HABITS["labels one in ten wrongly"](3, 3, 10, rng) for _ in range(2_000)]

    assert 0.08 < np.mean([label != 3 for label in said]) < 0.12
    assert set(said) <= set(range(10))


def test_a_memory_does_not_grow_beyond_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    build = personal_memory.build_memory

    def watched(packed: list[bytes], *rest: Any) -> personal_memory.PersonalMemory:
        sizes.append(len(packed))
        return build(packed, *rest)

    monkeypatch.setattr(personal_memory, "MAX_DRAWINGS", 5)
    monkeypatch.setattr(personal_memory, "build_memory", watched)

    stream(hand(*[(1, 1)] * 9), "labels every drawing")

    assert sizes == [0, 1, 2, 3, 4, 5, 5, 5, 5]


def test_figures_tell_the_gain_and_who_is_worse_off() -> None:
    gaining, even = hand((7, 1), (7, 1)), hand((3, 3), (3, 3))

    figures = bench._stream_all([gaining, even], HABITS["labels every drawing"], 1)

    assert figures["people"] == 2
    assert figures["drawings"] == 4
    assert figures["plain"] == 0.5
    assert figures["personal"] == 0.75
    assert figures["worst_gain"] == 0
    assert figures["worse_off"] == 0
    assert figures["plain_later"] is None


def drawings(writers: list[str]) -> LabelledDrawings:
    rng = np.random.default_rng(3)
    labels = [number % 10 for number in range(len(writers))]
    return LabelledDrawings(
        np.stack([rasterise(write_digit(label, rng)) for label in labels]), [str(each) for each in labels], writers
    )


def test_each_writer_has_a_memory_of_their_own(starter: Bundle) -> None:
    hands = bench.predict_writers(starter, drawings(["ada", "bob", "ada", "cleo", "bob"]))

    assert [each.labels.tolist() for each in hands] == [[0, 2], [1, 4], [3]]
    assert [len(each.embeddings) for each in hands] == [2, 2, 1]


def test_a_clear_drawing_that_is_called_something_else_is_read_so_when_it_comes_again() -> None:
    assert (
        list(bench._renamed(hand(*[(label, label) for label in range(10) for _ in range(3)])))
        == [(True, True, True)] * 10
    )


def test_one_odd_drawing_that_was_given_a_label_leaves_far_ones_unsure() -> None:
    odd, sure = np.full(10, 0.02, np.float32), np.full(10, 0.01, np.float32)
    sure[3] = 0.9
    far_apart = list(zip([odd, odd, sure], np.eye(3, dtype=np.float32), strict=True))
    alike = list(zip([odd, odd], np.ones((2, 3), np.float32), strict=True))

    assert bench._beside_one_odd(far_apart, 0.5, 10) == 1
    assert bench._beside_one_odd(alike, 0.5, 10) == 0
    assert bench._beside_one_odd(far_apart[2:], 0.5, 10) == 1


def test_a_full_memory_holds_all_that_a_writer_drew() -> None:
    known = bench.full_memory(hand((1, 1), (2, 2), (3, 1)))

    assert known.labels.tolist() == [1, 2, 3]
    assert known.confirms.tolist() == [True, True, False]


@pytest.fixture
def small_world(starter: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty writers of thirty drawings each, characters of two alphabets, and no training."""
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(10), ROW)
    inks = [write_digit(int(label), rng) for label in labels]
    tracks = Tracks(inks * 30, np.tile(labels, 30), np.repeat(WRITERS, len(labels)))
    pictures = [np.pad(rasterise(write_digit(character % 10, rng)), 20) for character in range(20) for _ in range(20)]
    names = np.repeat([f"{'Greek' if number < 10 else 'Latin'}/{number}" for number in range(20)], 20)
    foreign = Pictures(np.stack(pictures), np.repeat(np.arange(20), 20), names)
    monkeypatch.setattr(bench.loaders, "load_pen_tracks", lambda data: tracks)
    monkeypatch.setattr(bench.loaders, "load_foreign_characters", lambda part, data: foreign)
    monkeypatch.setattr(studies, "trained_base", lambda data, cache, recipe=None: (starter, None))
    for name, value in (("SEEDS", 1), ("NEGATIVES", 5), ("NEW_LABELS", (3,)), ("EARLY", 10)):
        monkeypatch.setattr(bench, name, value)


def test_no_reported_writer_was_tuned_on_or_trained_on(small_world: None) -> None:
    writers = bench._writers(None)

    reported, tuned, trained = (set(writers[each]) for each in (bench.REPORTED, bench.TUNED, bench.TRAINED))

    assert len(reported) == len(tuned) == len(trained) == 10
    assert not reported & tuned
    assert not trained & (reported | tuned)


def test_the_second_base_is_trained_on_ten_writers_only(small_world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    none = np.zeros(0)
    nobody = Material(Pictures(none, none, none), Tracks([], none, none), [], none, {})
    monkeypatch.setattr(studies, "load_mnist_only", lambda data: nobody)

    material = bench.PENS.load(None)

    assert set(material.tracks.group) == set(bench._writers(None)[bench.TRAINED])


def test_the_whole_bench_measures_every_habit_on_every_base(
    small_world: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench-memory", "--cache", str(tmp_path), "--json"]) == 0

    figures = json.loads(capsys.readouterr().out)
    assert set(figures["hands"]) == {"MNIST alone", "MNIST and ten pen writers", "shipped"}
    assert all(set(found) == set(HABITS) for found in figures["hands"].values())
    assert figures["hands"]["MNIST alone"]["labels every drawing"]["people"] == 20
    assert figures["hands"]["shipped"]["labels every drawing"]["drawings"] == 6 * 30
    assert [line["examples"] for line in figures["new labels"]["shipped"]] == [1, 5]
    assert figures["at once"]["count"] == 6 * 10
    assert set(figures["junk"]) == {"characters of unseen alphabets", "scribbles"}
    assert all(0 <= line[key] <= 1 for line in figures["junk"].values() for key in ("plain", "personal", "odd"))
    assert figures["recall"]["remembered"] == 6 * 30 - 1
    assert figures["recall"]["look_us"] > 0


def test_five_examples_of_a_new_label_give_more_right_answers_than_one(small_world: None, starter: Bundle) -> None:
    once, often = bench.measure_new_labels(starter, None)

    assert (once["labels"], once["examples"], often["examples"]) == (3, 1, 5)
    assert 0.3 < once["right"] <= often["right"]
    assert often["nearest"] > 0.6


@pytest.fixture
def file_of_two(tmp_path: Path) -> Path:
    return written(tmp_path, ["ada", "bob"] * 10)


def written(folder: Path, writers: list[str]) -> Path:
    """A file of one digit by each of these writers."""
    rng = np.random.default_rng(6)
    path = folder / "drawings.jsonl.gz"
    lines = []
    for number, writer in enumerate(writers):
        ink = [stroke.tolist() for stroke in write_digit(number % 10, rng)]
        lines.append(json.dumps({"label": number % 10, "drawing": ink, **({"writer": writer} if writer else {})}))
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_any_file_that_names_its_writers_can_be_measured(file_of_two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench-memory", "--data", str(file_of_two)]) == 0

    told = capsys.readouterr().out
    assert all(habit in told for habit in HABITS)


def test_without_a_folder_and_without_drawings_the_error_names_both_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench-memory"]) == 2
    message = capsys.readouterr().err
    assert "--cache" in message
    assert "--data" in message


def test_drawings_without_writers_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench-memory", "--data", str(written(tmp_path, ["ada", ""]))]) == 2
    assert "writers" in capsys.readouterr().err


def test_the_figures_are_printed_as_tables(
    small_world: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench-memory", "--cache", str(tmp_path)]) == 0

    told = capsys.readouterr().out
    assert "MNIST and ten pen writers: " in told
    assert "new labels, shipped" in told
    assert "characters of unseen alphabets" in told
    assert " 179 drawings" in told
