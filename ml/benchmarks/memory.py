"""Measure the effect of a personal memory: the figures in docs/benchmarks.md.

The drawings of each writer come in the order in which they were drawn. Each is answered with what the writer said
about those before it; then the writer says what this one is, and it is remembered. The constants of
`ml.embeddings.personal_memory` were tuned on ten of the thirty pen writers (`TUNED`). Everything here is measured on
the others, which the network was not trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml.augmentation.negatives import make_negative
from ml.benchmarks import studies
from ml.benchmarks.latency import time_calls
from ml.bundles.bundle import Bundle, verify_bundle
from ml.data import loaders
from ml.data.labelled_files import LabelledDrawings, label_indices
from ml.embeddings import personal_memory
from ml.embeddings.personal_memory import adjust_answer, pack_answer
from ml.preprocessing.image import normalise_image
from ml.preprocessing.ink import rasterise
from ml.recipes.base import Material
from ml.reporting.figures import percent
from ml.reporting.text_tables import table

EARLY = 50  # first drawings of a writer, while the memory is still small
WRONG = 0.1  # share of the labels of a careless person
SEEDS = 5  # repetitions of random experiments
REPORTED, TUNED = slice(0, 10), slice(10, 20)  # of the pen writers, in the order of their hashes
TRAINED = slice(20, 30)  # the second base is trained on them, the first is not
PEN_TRACKS = 10_000  # drawings of these ten in an epoch of the second base
NEGATIVES = 600  # of each kind
NEW_LABELS = (5, 10)  # that a person adds at a time
EXAMPLES = (1, 5)  # of each new label

Figures = dict[str, Any]


class WriterDrawings(NamedTuple):
    """The drawings of one writer in order, as answered by the network: (n, labels), (n, width) and (n,)."""

    probabilities: np.ndarray
    embeddings: np.ndarray
    labels: np.ndarray


Habit = Callable[[int, int, int, np.random.Generator], int | None]
"""Returns the label that a person gives, or None; its arguments are the answer, the truth, and the number of labels."""


def _careless(got: int, truth: int, labels: int, rng: np.random.Generator) -> int:
    return (truth + int(rng.integers(1, labels))) % labels if rng.random() < WRONG else truth


HABITS: Mapping[str, Habit] = {
    "labels every drawing": lambda got, truth, labels, rng: truth,
    "corrects wrong answers only": lambda got, truth, labels, rng: None if got == truth else truth,
    "labels one in ten wrongly": _careless,
    "confirms every answer": lambda got, truth, labels, rng: got,
}


def run_memory_bench(data: Path | None, cache: Path, shipped: Bundle) -> Figures:
    """Return all figures: shares from 0 to 1, times in microseconds. The bases are saved in `cache`."""
    alone, _ = studies.trained_base(data, cache / "mnist")
    pens, _ = studies.trained_base(data, cache / "pens", PENS)
    writers = _writers(data)
    kept_out = load_pen_writers(data, writers[: loaders.TEST_WRITERS])
    return {
        "hands": {
            "MNIST alone": measure_writers(alone, load_pen_writers(data, writers[REPORTED] + writers[TRAINED])),
            "MNIST and ten pen writers": measure_writers(pens, load_pen_writers(data, writers[REPORTED])),
            "shipped": measure_writers(shipped, kept_out),
        },
        "new labels": {"MNIST alone": measure_new_labels(alone, data), "shipped": measure_new_labels(shipped, data)},
        "at once": measure_renaming(shipped, kept_out),
        "junk": measure_negatives(shipped, kept_out, data),
        "recall": measure_cost(shipped, kept_out),
    }


# Writers


def measure_writers(bundle: Bundle, drawings: LabelledDrawings) -> dict[str, Figures]:
    """Return by habit the accuracy of the network alone and with each writer's memory, in all and after 50 drawings."""
    writers = predict_writers(bundle, drawings)
    return {name: _stream_all(writers, said, SEEDS if said is _careless else 1) for name, said in HABITS.items()}


def predict_writers(bundle: Bundle, drawings: LabelledDrawings) -> list[WriterDrawings]:
    """Return the network's answers to the drawings of each writer."""
    answers = verify_bundle(bundle).predict(drawings.rasters)
    labels = label_indices(drawings.labels, bundle.slugs)
    writers = np.array(drawings.writers)
    chosen = [np.flatnonzero(writers == name) for name in dict.fromkeys(drawings.writers)]
    return [WriterDrawings(answers.probabilities[rows], answers.embeddings[rows], labels[rows]) for rows in chosen]


def _stream_all(writers: list[WriterDrawings], said: Habit, seeds: int) -> Figures:
    streams = [replay_writer(writer, said, np.random.default_rng(seed)) for seed in range(seeds) for writer in writers]
    plain, personal, kept = zip(*streams, strict=True)
    gains = [float(after.mean() - before.mean()) for before, after in zip(plain, personal, strict=True)]
    return {
        "people": len(writers),
        "drawings": sum(map(len, plain)) // seeds,
        "remembered": float(np.mean(kept)),
        "plain": _share(plain),
        "personal": _share(personal),
        "plain_later": _share([each[EARLY:] for each in plain]),
        "personal_later": _share([each[EARLY:] for each in personal]),
        "worst_gain": min(gains),
        "worse_off": sum(gain < 0 for gain in gains) / seeds,
    }


def replay_writer(writer: WriterDrawings, said: Habit, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Return which answers are right, bool (n,), without and with the memory so far, and its final size."""
    packed: list[bytes] = []
    labels: list[int] = []
    right = np.zeros(len(writer.labels), bool)
    newest = slice(-personal_memory.MAX_DRAWINGS, None)
    for index, (plain, embedding, truth) in enumerate(zip(*writer, strict=True)):
        known = personal_memory.build_memory(packed[newest], labels[newest], len(plain))
        got = int(adjust_answer(known, plain, embedding).probabilities.argmax())
        right[index] = got == truth
        label = said(got, int(truth), len(plain), rng)
        if label is not None:
            packed.append(pack_answer(embedding, plain))
            labels.append(label)
    return writer.probabilities.argmax(axis=1) == writer.labels, right, len(labels)


def _share(right: Iterable[np.ndarray]) -> float | None:
    every = np.concatenate(list(right))
    return float(every.mean()) if every.size else None


# Clear drawings that their author gives another label


def measure_renaming(bundle: Bundle, drawings: LabelledDrawings) -> Figures:
    """Return how often a later drawing gets the new label, if writers give each first drawing the next label.

    `second` is the next drawing of it, `meanwhile` the next one after three of other labels, `third` the one after two.
    """
    found = [each for writer in predict_writers(bundle, drawings) for each in _renamed(writer)]
    shares = np.array(found).mean(axis=0)
    return {"count": len(found), **dict(zip(("second", "meanwhile", "third"), shares.tolist(), strict=True))}


def _renamed(writer: WriterDrawings) -> Iterator[tuple[bool, bool, bool]]:
    outputs = writer.probabilities.shape[1]
    for label in range(outputs):
        first, second, third = np.flatnonzero(writer.labels == label)[:3]
        others = np.flatnonzero(writer.labels != label)[:3]
        name = (label + 1) % outputs
        yield (
            _read(writer, {first: name}, second) == name,
            _read(writer, {first: name} | {row: writer.labels[row] for row in others}, second) == name,
            _read(writer, {first: name, second: name}, third) == name,
        )


def _read(writer: WriterDrawings, said: dict[Any, int], row: int) -> int:
    """The first guess for the drawing `row` with these rows remembered."""
    packed = [pack_answer(writer.embeddings[each], writer.probabilities[each]) for each in said]
    known = personal_memory.build_memory(packed, list(said.values()), writer.probabilities.shape[1])
    return int(adjust_answer(known, writer.probabilities[row], writer.embeddings[row]).probabilities.argmax())


# Labels that the network was not trained on


def measure_new_labels(bundle: Bundle, data: Path | None) -> list[Figures]:
    """Return the accuracy for characters of Omniglot that become new labels, with examples drawn by others.

    Each of the 20 people then draws each character once. `nearest` is the accuracy of taking the nearest example.
    """
    pictures = loaders.load_foreign_characters("test", data)
    rasters = np.stack([normalise_image(picture, bundle.raster) for picture in pictures.x])
    answers = verify_bundle(bundle).predict(rasters)
    found = []
    for ways, examples in product(NEW_LABELS, EXAMPLES):
        rng = np.random.default_rng(ways * 10 + examples)
        tries = [_new(pictures, answers, person, ways, examples, rng) for _ in range(SEEDS) for person in range(20)]
        right, nearest = np.concatenate(tries).mean(axis=0)
        found.append({"labels": ways, "examples": examples, "right": float(right), "nearest": float(nearest)})
    return found


def _new(
    pictures: loaders.Pictures, answers: Any, person: int, ways: int, examples: int, rng: np.random.Generator
) -> np.ndarray:
    """Whether the answer and the nearest example are right for each of the characters, float (characters, 2)."""
    alphabets = np.array([str(name).split("/")[0] for name in pictures.group])
    alphabet = rng.choice(np.unique(alphabets))
    characters = rng.permutation(np.unique(pictures.y[alphabets == alphabet]))[:ways]
    rows = np.stack([np.flatnonzero(pictures.y == character) for character in characters])  # in the order of the people
    others = rng.permutation([other for other in range(20) if other != person])[:examples]
    labels, outputs = np.repeat(np.arange(ways), examples), answers.probabilities.shape[1]
    plain = np.pad(answers.probabilities, ((0, 0), (0, ways)))
    example_rows = rows[:, others].ravel()
    packed = [pack_answer(answers.embeddings[row], plain[row]) for row in example_rows]
    known = personal_memory.build_memory(packed, (labels + outputs).tolist(), outputs + ways, new_labels=ways)
    found = []
    for label, row in enumerate(rows[:, person]):
        got = adjust_answer(known, plain[row], answers.embeddings[row]).probabilities.argmax()
        nearest = labels[(known.directions @ answers.embeddings[row]).argmax()]
        found.append((got == outputs + label, nearest == label))
    return np.array(found, float)


# Negative examples, and the cost


def measure_negatives(bundle: Bundle, drawings: LabelledDrawings, data: Path | None) -> dict[str, Figures]:
    """Return the share of negatives that is "not sure", for the network alone and with the memories of all writers."""
    memories = [full_memory(writer) for writer in predict_writers(bundle, drawings)]
    rng, below = np.random.default_rng(SEEDS), bundle.manifest["unsure_below"]
    foreign = loaders.load_foreign_characters("test", data)
    chosen = rng.permutation(len(foreign.x))[:NEGATIVES]
    kinds = {
        "characters of unseen alphabets": [normalise_image(picture, bundle.raster) for picture in foreign.x[chosen]],
        "scribbles": [rasterise(make_negative(rng, []), bundle.raster) for _ in range(NEGATIVES)],
    }
    found = {}
    for name, rasters in kinds.items():
        answers = verify_bundle(bundle).predict(np.stack(rasters))
        pairs = list(zip(answers.probabilities, answers.embeddings, strict=True))
        doubted = [adjust_answer(known, *pair).probabilities.max() < below for known in memories for pair in pairs]
        plain = float((answers.probabilities.max(axis=1) < below).mean())
        odd = _beside_one_odd(pairs, below, len(bundle.slugs))
        found[name] = {"count": len(rasters), "plain": plain, "personal": float(np.mean(doubted)), "odd": odd}
    return found


def _beside_one_odd(pairs: list[tuple[np.ndarray, np.ndarray]], below: float, outputs: int) -> float:
    """The share of doubtful negatives that is still "not sure" for somebody who gave one of them a label."""
    doubted = [pair for pair in pairs if pair[0].max() < below]
    unsure = []
    for index, (plain, embedding) in enumerate(doubted[:: len(doubted) // 20 or 1]):
        known = personal_memory.build_memory([pack_answer(embedding, plain)], [index % outputs], outputs)
        others = [pair for pair in doubted if pair[1] is not embedding]
        unsure += [adjust_answer(known, *pair).probabilities.max() < below for pair in others]
    return float(np.mean(unsure)) if unsure else 1.0


def full_memory(writer: WriterDrawings) -> personal_memory.PersonalMemory:
    """Return a memory of everything that a writer drew, with the right labels."""
    packed = [pack_answer(*each) for each in zip(writer.embeddings, writer.probabilities, strict=True)]
    newest = slice(-personal_memory.MAX_DRAWINGS, None)
    return personal_memory.build_memory(packed[newest], writer.labels[newest].tolist(), writer.probabilities.shape[1])


def measure_cost(bundle: Bundle, drawings: LabelledDrawings, calls: int = 2_000) -> Figures:
    """Return the median time of one use of a memory of 500 drawings, and of building it."""
    writers = predict_writers(bundle, drawings)
    many = WriterDrawings(
        *(np.concatenate(parts)[: personal_memory.MAX_DRAWINGS + 1] for parts in zip(*writers, strict=True))
    )
    known = full_memory(WriterDrawings(*(part[:-1] for part in many)))
    plain, embedding = many.probabilities[-1], many.embeddings[-1]
    return {
        "remembered": len(known.labels),
        "look_us": 1_000 * time_calls(lambda: adjust_answer(known, plain, embedding), calls)["median_ms"],
        "build_us": 1_000 * time_calls(lambda: full_memory(many), max(1, calls // 50))["median_ms"],
    }


# Writers and bases


def _writers(data: Path | None) -> list[str]:
    names = {str(name) for name in loaders.load_pen_tracks(data).group}
    return loaders.first_by_hash(names, len(names))


def load_pen_writers(data: Path | None, writers: list[str]) -> LabelledDrawings:
    """Return the drawings of these pen writers, each writer's in order."""
    chosen, _ = loaders.split_by_group(loaders.load_pen_tracks(data), writers)
    rasters = np.stack([rasterise(ink) for ink in chosen.inks])
    return LabelledDrawings(rasters, [str(label) for label in chosen.y], [str(name) for name in chosen.group])


def load_mnist_and_pens(data: Path | None) -> Material:
    """Return MNIST, synthetic negatives, and the tracks of ten pen writers."""
    chosen, _ = loaders.split_by_group(loaders.load_pen_tracks(data), _writers(data)[TRAINED])
    return replace(studies.load_mnist_only(data), tracks=chosen)


PENS = replace(studies.MNIST_ONLY, load=load_mnist_and_pens, sources=("mnist", "pendigits"), tracks=PEN_TRACKS)


def memory_text(figures: Mapping[str, Any]) -> str:
    """Return the figures of `run_memory_bench` as tables."""
    parts = [_writers_text(base, habits) for base, habits in figures["hands"].items()]
    for base, lines in figures.get("new labels", {}).items():
        rows = [
            (f"{each['labels']} labels", each["examples"], percent(each["right"]), percent(each["nearest"]))
            for each in lines
        ]
        parts.append(table((f"new labels, {base}", "examples of each", "right", "nearest example"), rows))
    if "at once" in figures:
        names = {
            "second": "the next drawing gets the new label",
            "meanwhile": "the next drawing after three of other labels",
            "third": "the one after two",
        }
        renamed = [(name, percent(figures["at once"][key])) for key, name in names.items()]
        parts.append(table(("clear drawings that their author gives another label", ""), renamed))
        rows = [
            (name, f"{line['count']:,}", *(percent(line[key]) for key in ("plain", "personal", "odd")))
            for name, line in figures["junk"].items()
        ]
        header = (
            "negatives answered 'not sure'",
            "drawings",
            "network alone",
            "with a memory",
            "one of them given a label",
        )
        parts.append(table(header, rows))
        cost = figures["recall"]
        parts.append(
            f"Using a memory of {cost['remembered']} drawings takes {cost['look_us']:.0f} µs, "
            f"building it {cost['build_us'] / 1000:.1f} ms (medians)."
        )
    return "\n\n".join(parts)


def _writers_text(base: str, habits: Mapping[str, Any]) -> str:
    header = (
        f"{base}: who",
        "people",
        "drawings",
        "remembered",
        "alone",
        "with memory",
        "after 50",
        "with memory",
        "worst",
        "worse off",
    )
    rows = [
        (
            habit,
            line["people"],
            f"{line['drawings']:,}",
            f"{line['remembered']:.1f}",
            *(percent(line[key]) for key in ("plain", "personal", "plain_later", "personal_later")),
            f"{line['worst_gain']:+.2%}",
            f"{line['worse_off']:.1f}",
        )
        for habit, line in habits.items()
    ]
    return table(header, rows)
