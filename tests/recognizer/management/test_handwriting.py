"""The handwriting of the demo users."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from ml.bundles.bundle import Bundle, verify_bundle
from ml.preprocessing.ink import parse_ink, rasterise
from recognizer.management.demo.handwriting import LabelledInk, leaning_writers, upright_writer


def first(writer: Iterator[LabelledInk], count: int) -> list[LabelledInk]:
    return list(islice(writer, count))


def accuracy(bundle: Bundle, drawn: Iterable[LabelledInk]) -> float:
    labels, inks = zip(*drawn, strict=True)
    rasters = np.stack([rasterise(parse_ink(ink)) for ink in inks])
    guessed = verify_bundle(bundle).predict(rasters).probabilities.argmax(axis=1)
    return float(np.mean([label == str(guess) for label, guess in zip(labels, guessed, strict=True)]))


def test_each_writer_writes_every_digit_before_repeating_one() -> None:
    for writer in [*leaning_writers(3), upright_writer()]:
        assert sorted(label for label, _ in first(writer, 10)) == list("0123456789")


def test_a_writer_is_reproducible_and_differs_from_others() -> None:
    one, two = (first(writer, 5) for writer in leaning_writers(2))
    assert first(leaning_writers(2)[0], 5) == one
    assert one != two


def test_digits_are_valid_ink_for_the_api() -> None:
    for writer in [*leaning_writers(1), upright_writer()]:
        for _, ink in first(writer, 20):
            parse_ink(json.loads(json.dumps(ink)))


def test_the_shipped_model_reads_upright_digits(starter: Bundle) -> None:
    """Otherwise training on them could be a gain."""
    assert accuracy(starter, first(upright_writer(), 30)) == 1


def test_the_shipped_model_misreads_many_digits_of_each_leaning_writer(starter: Bundle) -> None:
    """Otherwise an exam of one of them could not show a clear gain."""
    for writer in leaning_writers(12):
        assert accuracy(starter, first(writer, 20)) <= 0.6
