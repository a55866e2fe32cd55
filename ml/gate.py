"""The gate: may the challenger take the champion's place? Pure: answers in, a verdict in plain words out.

Every rule must hold, and each writes a sentence with its numbers. The field test decides whether
the challenger is better; all the others, whether something was broken on the way. Shares are from
0 to 1 in the figures and per cent in the sentences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from ml.evaluate import calibration_error

Outcome = Literal["passed", "refused", "not-enough-evidence"]
PASSED: Outcome = "passed"
REFUSED: Outcome = "refused"
NOT_ENOUGH: Outcome = "not-enough-evidence"

BASE_DROP = 0.001  # of the base test
FEWEST = 5  # drawings of the field test
CLEAR = 0.05  # a chance below it counts as clear evidence
SAME_LOSS = 0.005  # a rise in log loss that nobody would notice
ERRORS = 2.0  # standard errors that a rise must exceed, not to be the doing of a drawing or two
LABEL_DROP, LABEL_DRAWINGS = 0.01, 3  # of one label: both must be exceeded
ECE_RISE = 0.01
JUNK_DROP = 0.03
MOST_UNSURE = 0.03  # of the base test's real drawings
DIFFERENCE = 0.05  # in probability, between the Keras model and the one that serves
SIZE = 2_000_000  # bytes of each model file
SLOWER = 2.0


class Side(NamedTuple):
    """What one of the two models answers: probabilities float (n, labels), in the order of the labels."""

    base: np.ndarray
    field: np.ndarray
    junk: np.ndarray
    unsure_below: float
    tflite: int
    """Bytes of the model that serves."""
    keras: int
    """Bytes of the Keras model."""
    latency_ms: float


class Exam(NamedTuple):
    """The same questions to both. Truths are int (n,) places in `slugs`; tests may be empty."""

    slugs: Sequence[str]
    champion: Side
    challenger: Side
    base_truth: np.ndarray
    field_truth: np.ndarray
    by_author: bool
    """Whether the field test was drawn by people whose drawings taught nothing."""
    authors: int
    """How many people drew the field test."""
    difference: float
    """The largest between the challenger's Keras model and its exported one, in probability."""
    compared: int
    """On so many drawings."""


@dataclass(frozen=True)
class Verdict:
    """The gate's decision. `before` and `after` are both models' first answers to the field test, as places."""

    outcome: Outcome
    sentences: list[str]
    figures: dict[str, Any]
    before: list[int]
    after: list[int]
    objections: list[str]
    """The sentences of the rules that do not hold."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, without the single answers."""
        return {"outcome": self.outcome, "sentences": self.sentences, "figures": self.figures}


class Finding(NamedTuple):
    """What one rule says."""

    outcome: Outcome
    sentence: str


def judge(exam: Exam) -> Verdict:
    """Apply every rule. Refused if one refuses; not enough evidence if one lacks it; else passed."""
    figures = measure(exam)
    rules: list[Callable[[Exam, dict[str, Any]], Finding]] = [
        _field, _base, _labels, _calibration, _junk, _unsure, _agreement, _size, _latency
    ]  # fmt: skip
    findings = [rule(exam, figures) for rule in rules]
    outcomes = {finding.outcome for finding in findings}
    outcome = REFUSED if REFUSED in outcomes else NOT_ENOUGH if NOT_ENOUGH in outcomes else PASSED
    return Verdict(
        outcome,
        [finding.sentence for finding in findings],
        figures,
        exam.champion.field.argmax(axis=1).tolist(),
        exam.challenger.field.argmax(axis=1).tolist(),
        [finding.sentence for finding in findings if finding.outcome != PASSED],
    )


# The figures


def measure(exam: Exam) -> dict[str, Any]:
    """Everything that the rules look at, as plain JSON; None where there was nothing to measure."""
    old, new = exam.champion, exam.challenger
    return {
        "base": {"count": len(exam.base_truth), **_both(_accuracy, exam, "base")},
        "field": _field_figures(exam),
        "labels": _by_label(exam, "base"),
        "field_labels": _by_label(exam, "field"),
        "ece": _both(_ece, exam, "base"),
        "junk": {
            "count": len(old.junk),
            "before": _share(_doubts(old.junk, old.unsure_below)),
            "after": _share(_doubts(new.junk, new.unsure_below)),
        },
        "unsure": {
            "before": _share(_doubts(old.base, old.unsure_below)),
            "after": _share(_doubts(new.base, new.unsure_below)),
        },
        "size": {"tflite": new.tflite, "keras": new.keras},
        "latency_ms": {"before": old.latency_ms, "after": new.latency_ms},
        "agreement": {"count": exam.compared, "difference": exam.difference},
    }


def _both(figure: Callable[[np.ndarray, np.ndarray], float | None], exam: Exam, test: str) -> dict[str, float | None]:
    truth = getattr(exam, f"{test}_truth")
    return {
        "before": figure(getattr(exam.champion, test), truth),
        "after": figure(getattr(exam.challenger, test), truth),
    }


def _share(hits: np.ndarray) -> float | None:
    return float(hits.mean()) if len(hits) else None


def _accuracy(answers: np.ndarray, truth: np.ndarray) -> float | None:
    return _share(answers.argmax(axis=1) == truth)


def _ece(answers: np.ndarray, truth: np.ndarray) -> float | None:
    return calibration_error(answers.max(axis=1), answers.argmax(axis=1) == truth) if len(truth) else None


def _log_loss(exam: Exam) -> dict[str, float | None]:
    """The mean log loss of both on the field test, and the standard error of the difference."""
    truth = exam.field_truth
    if not len(truth):
        return {"before": None, "after": None, "error": None}
    rows = np.arange(len(truth))
    before, after = (-np.log(np.maximum(side.field[rows, truth], 1e-6)) for side in (exam.champion, exam.challenger))
    error = (after - before).std() / math.sqrt(max(len(truth) - 1, 1))
    return {"before": float(before.mean()), "after": float(after.mean()), "error": float(error)}


def _doubts(answers: np.ndarray, below: float) -> np.ndarray:
    doubts: np.ndarray = answers.max(axis=1) < below
    return doubts


def _field_figures(exam: Exam) -> dict[str, Any]:
    truth = exam.field_truth
    before = exam.champion.field.argmax(axis=1) == truth
    after = exam.challenger.field.argmax(axis=1) == truth
    wins, losses = int((after & ~before).sum()), int((before & ~after).sum())
    return {
        "count": len(truth),
        "authors": exam.authors,
        "by_author": exam.by_author,
        "before": _share(before),
        "after": _share(after),
        "wins": wins,
        "losses": losses,
        "p": mcnemar(wins, losses),
        "log_loss": _log_loss(exam),
    }


def mcnemar(wins: int, losses: int) -> float:
    """The chance of so many wins or more if neither model were better: one-sided, exact (a fair coin)."""
    total = wins + losses
    return sum(math.comb(total, count) for count in range(wins, total + 1)) / 2**total


def _by_label(exam: Exam, test: str) -> list[dict[str, Any]]:
    truth = getattr(exam, f"{test}_truth")
    rows = []
    for place, slug in enumerate(exam.slugs):
        chosen = truth == place
        before, after = (
            _accuracy(getattr(side, test)[chosen], truth[chosen]) for side in (exam.champion, exam.challenger)
        )
        rows.append({"slug": slug, "before": before, "after": after, "count": int(chosen.sum())})
    return rows


# The rules


def _field(exam: Exam, figures: dict[str, Any]) -> Finding:
    """Better on the drawings that it was not taught with; a tie is decided by how sure it is of what is right."""
    field = figures["field"]
    if field["count"] < FEWEST:
        return Finding(NOT_ENOUGH, f"Field test: {_drawings(field['count'])}; at least {FEWEST} are needed to judge.")
    said = (
        f"Field test: {_percent(field['after'])} right of {_drawings(field['count'])} by {_people(field['authors'])}, "
        f"{_percent(field['before'])} before ({field['wins']} won, {field['losses']} lost)."
    )
    outcome, why = _beaten(field)
    weaker = "" if exam.by_author else " The same people's drawings taught it, which is weaker evidence."
    return Finding(outcome, f"{said} {why}{weaker}")


def _beaten(field: dict[str, Any]) -> tuple[Outcome, str]:
    if field["losses"] > field["wins"]:
        return REFUSED, "It loses more than it wins."
    if field["wins"] > field["losses"]:
        clear = field["p"] < CLEAR
        share = "less than 0.1 %" if field["p"] < 0.001 else _percent(field["p"])
        chance = f"chance alone would do that in {share} of cases"
        return PASSED, f"Clear evidence: {chance}." if clear else f"Weak evidence: {chance}."
    loss = field["log_loss"]
    losses = f"log loss {loss['after']:.4f}, {loss['before']:.4f} before"
    if loss["after"] - loss["before"] > max(SAME_LOSS, ERRORS * loss["error"]):
        return REFUSED, f"A tie, and it is less sure of what is right ({losses})."
    return PASSED, f"Weak evidence: a tie, and it is not clearly less sure of what is right ({losses})."


def _base(exam: Exam, figures: dict[str, Any]) -> Finding:
    base = figures["base"]
    if not base["count"]:
        return Finding(NOT_ENOUGH, "Base test: both need a rehearsal pack of the same test. See python -m ml rehearse.")
    held = base["before"] - base["after"] <= BASE_DROP + 1e-9
    return _finding(
        held,
        f"Base test: {_percent(base['after'], 2)} right of {_drawings(base['count'])}, {_percent(base['before'], 2)} "
        f"before; a drop of {BASE_DROP * 100:.1f} points is allowed.",
    )


def _labels(exam: Exam, figures: dict[str, Any]) -> Finding:
    """No label pays for the others, neither in the base test nor in the field."""
    worse = [
        f"{row['slug']} ({name}: {_percent(row['after'])} instead of {_percent(row['before'])} of {row['count']})"
        for name, rows in (("base", figures["labels"]), ("field", figures["field_labels"]))
        for row in rows
        if row["count"] and _much_worse(row)
    ]
    if worse:
        return Finding(REFUSED, f"Labels: worse than before are {', '.join(worse)}.")
    return Finding(
        PASSED, f"Labels: none is worse by more than {LABEL_DROP * 100:.0f} point and {LABEL_DRAWINGS - 1} drawings."
    )


def _much_worse(row: dict[str, Any]) -> bool:
    drop = row["before"] - row["after"]
    return drop > LABEL_DROP + 1e-9 and round(drop * row["count"]) >= LABEL_DRAWINGS


def _calibration(exam: Exam, figures: dict[str, Any]) -> Finding:
    before, after = figures["ece"]["before"], figures["ece"]["after"]
    if before is None:
        return Finding(PASSED, "Calibration: nothing to measure.")
    return _finding(
        after - before <= ECE_RISE + 1e-9,
        f"Calibration: off by {_percent(after, 2)} on the base test, {_percent(before, 2)} before; "
        f"a rise of {ECE_RISE * 100:.0f} point is allowed.",
    )


def _junk(exam: Exam, figures: dict[str, Any]) -> Finding:
    junk = figures["junk"]
    if not junk["count"]:
        return Finding(PASSED, "Junk: nothing to measure.")
    return _finding(
        junk["before"] - junk["after"] <= JUNK_DROP + 1e-9,
        f"Junk: 'not sure' to {_percent(junk['after'])} of {_drawings(junk['count'])}, {_percent(junk['before'])} "
        f"before; a drop of {JUNK_DROP * 100:.0f} points is allowed.",
    )


def _unsure(exam: Exam, figures: dict[str, Any]) -> Finding:
    before, after = figures["unsure"]["before"], figures["unsure"]["after"]
    if after is None:
        return Finding(PASSED, "Not sure: nothing to measure.")
    return _finding(
        after <= max(MOST_UNSURE, before) + 1e-9,
        f"Not sure: {_percent(after, 2)} of the base test's real drawings, {_percent(before, 2)} before; "
        f"{MOST_UNSURE * 100:.0f} % are allowed.",
    )


def _agreement(exam: Exam, figures: dict[str, Any]) -> Finding:
    return _finding(
        exam.difference <= DIFFERENCE,
        f"Export: the model that serves and the Keras model differ by at most {exam.difference:.3f} in probability "
        f"on {_drawings(exam.compared)}; {DIFFERENCE} is allowed.",
    )


def _size(exam: Exam, figures: dict[str, Any]) -> Finding:
    tflite, keras = exam.challenger.tflite, exam.challenger.keras
    return _finding(
        max(tflite, keras) <= SIZE,
        f"Size: {tflite / 1e6:.2f} MB to serve, {keras / 1e6:.2f} MB as Keras file; {SIZE / 1e6:.0f} MB is allowed.",
    )


def _latency(exam: Exam, figures: dict[str, Any]) -> Finding:
    before, after = exam.champion.latency_ms, exam.challenger.latency_ms
    return _finding(
        after <= SLOWER * before,
        f"Speed: {after:.2f} ms an answer, {before:.2f} ms before; {SLOWER:.0f} times as long is allowed.",
    )


def _finding(held: bool, sentence: str) -> Finding:
    return Finding(PASSED if held else REFUSED, sentence if held else f"{sentence} That is too much.")


def _percent(share: float, digits: int = 1) -> str:
    return f"{share * 100:.{digits}f} %"


def _drawings(count: int) -> str:
    return f"{count:,} drawing" + ("" if count == 1 else "s")


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
