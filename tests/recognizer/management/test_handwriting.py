"""The handwriting of the demo users."""

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, verify_bundle
from ml.preprocessing.ink import parse_ink, rasterise
from recognizer.management.demo.handwriting import LabelledInk, digit_writers


@pytest.fixture(autouse=True)
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INKLING_DATA", raising=False)


def first(hand: Iterator[LabelledInk], count: int) -> list[LabelledInk]:
    return list(islice(hand, count))


def test_each_writer_writes_every_digit_before_repeating_one() -> None:
    for hand in digit_writers(3):
        assert sorted(label for label, _ in first(hand, 10)) == list("0123456789")


def test_a_writer_is_reproducible_and_differs_from_others() -> None:
    one, two = (first(hand, 5) for hand in digit_writers(2))
    assert first(digit_writers(2)[0], 5) == one
    assert one != two


def test_digits_are_valid_ink_for_the_api() -> None:
    for _, ink in first(digit_writers(1)[0], 20):
        parse_ink(json.loads(json.dumps(ink)))


def test_the_shipped_model_recognises_most_digits_but_not_all(starter: Bundle) -> None:
    """Else there would be nothing to put right, or nobody would believe the demonstration."""
    drawn = [each for hand in digit_writers(6) for each in first(hand, 20)]
    rasters = np.stack([rasterise(parse_ink(ink)) for _, ink in drawn])
    guessed = verify_bundle(starter).predict(rasters).probabilities.argmax(axis=1)
    right = np.mean([label == str(guess) for (label, _), guess in zip(drawn, guessed, strict=True)])
    assert 0.85 < right < 1


def test_recorded_tracks_are_used_if_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "pendigits" / "pendigits.jsonl.gz"
    place.parent.mkdir()
    with gzip.open(place, "wt") as lines:
        for writer in ("a", "b", "c"):
            for label in (3, 4):
                lines.write(json.dumps({"label": label, "drawing": [[[1, 2], [3, label]]], "writer": writer}) + "\n")
    monkeypatch.setenv("INKLING_DATA", str(tmp_path))
    for hand in digit_writers(2):
        assert {json.dumps(drawn) for drawn in first(hand, 2)} == {
            json.dumps((label, [[[1.0, 2.0], [3.0, float(label)]]])) for label in ("3", "4")
        }
        assert len(first(hand, 5)) == 5, "their drawings come again in another order"


def test_without_recorded_tracks_digits_are_synthetic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_DATA", str(tmp_path))
    assert len(first(digit_writers(1)[0], 3)) == 3
