"""The gate: may the challenger take the champion's place? Pure: answers in, a verdict in plain words out.

Every rule must hold, and each writes a sentence with its numbers. The field test decides whether
the challenger is better; all the others, whether something was broken on the way. Shares are from
0 to 1 in the figures and per cent in the sentences.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from ml.evaluation.compare import ExamAnswers, exam_figures

Outcome = Literal["passed", "refused", "not-enough-evidence"]
PASSED: Outcome = "passed"
REFUSED: Outcome = "refused"
NOT_ENOUGH_EVIDENCE: Outcome = "not-enough-evidence"

BASE_DROP = 0.001  # of the base test,
OF_ERRORS = 0.05  # or so much of what is wrong anyway, where that is more: there chance moves more, too
FEWEST = 5  # drawings of the field test
CLEAR = 0.05  # a chance below it counts as clear evidence
SAME_LOSS = 0.005  # a rise in log loss that nobody would notice
MORE_LOSS = 0.1  # a rise in log loss that is too much however few the drawings are
ERRORS = 2.0  # standard errors that a rise must exceed, not to be the doing of a drawing or two
LABEL_DROP, LABEL_DRAWINGS = 0.01, 3  # of one label: both must be exceeded, and what chance does
ECE_RISE = 0.01
JUNK_DROP = 0.03
MOST_UNSURE = 0.03  # of the base test's real drawings,
MORE_UNSURE = 0.005  # or so much more than before, where that is more
DIFFERENCE = 0.1  # in probability of one answer, between the Keras model and the one that serves
LARGER = 1.25  # times as many bytes of each model file as before
SLOWER = 2.0


@dataclass(frozen=True)
class GateVerdict:
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


def judge(exam: ExamAnswers) -> GateVerdict:
    """Apply every rule. Refused if one refuses; not enough evidence if one lacks it; else passed."""
    figures = exam_figures(exam)
    rules: list[Callable[[ExamAnswers, dict[str, Any]], Finding]] = [
        _field, _base, _labels, _calibration, _junk, _unsure, _agreement, _size, _latency
    ]  # fmt: skip
    findings = [rule(exam, figures) for rule in rules]
    outcomes = {finding.outcome for finding in findings}
    outcome = REFUSED if REFUSED in outcomes else NOT_ENOUGH_EVIDENCE if NOT_ENOUGH_EVIDENCE in outcomes else PASSED
    return GateVerdict(
        outcome,
        [finding.sentence for finding in findings],
        figures,
        exam.champion.field.argmax(axis=1).tolist(),
        exam.challenger.field.argmax(axis=1).tolist(),
        [finding.sentence for finding in findings if finding.outcome != PASSED],
    )


def compare_with_starter(verdict: GateVerdict, exam: ExamAnswers) -> GateVerdict:
    """The verdict with what the rules against breaking things say of another exam: beside the starter.

    Each run may lose a little beside the champion; this keeps many runs from adding it up.
    """
    figures = exam_figures(exam)
    findings = [rule(exam, figures) for rule in (_base, _calibration, _junk, _unsure)]
    broken = [f"Beside the starter: {finding.sentence}" for finding in findings if finding.outcome == REFUSED]
    if not broken:
        return verdict
    return replace(
        verdict,
        outcome=REFUSED,
        sentences=[*verdict.sentences, *broken],
        objections=[*verdict.objections, *broken],
    )


# The rules


def _field(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
    """Better on the drawings that it was not taught with; a tie is decided by how sure it is of what is right."""
    field = figures["field"]
    if field["count"] < FEWEST:
        return Finding(
            NOT_ENOUGH_EVIDENCE, f"Field test: {_drawings(field['count'])}; at least {FEWEST} are needed to judge."
        )
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
    if loss["after"] - loss["before"] > max(SAME_LOSS, min(ERRORS * loss["error"], MORE_LOSS)):
        return REFUSED, f"A tie, and it is less sure of what is right ({losses})."
    return PASSED, f"Weak evidence: a tie, and it is not clearly less sure of what is right ({losses})."


def _base(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
    base = figures["base"]
    if not base["count"]:
        return Finding(
            NOT_ENOUGH_EVIDENCE, "Base test: both need a rehearsal pack of the same test. See python -m ml rehearse."
        )
    allowed = max(BASE_DROP, OF_ERRORS * (1 - base["before"]))
    return _finding(
        base["before"] - base["after"] <= allowed + 1e-9,
        f"Base test: {_percent(base['after'], 2)} right of {_drawings(base['count'])}, {_percent(base['before'], 2)} "
        f"before; a drop of {allowed * 100:.1f} points is allowed.",
    )


def _labels(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
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
    drop, wrong = row["before"] - row["after"], round((1 - row["before"]) * row["count"])
    lost = round(drop * row["count"])
    return drop > LABEL_DROP + 1e-9 and lost >= LABEL_DRAWINGS and lost > ERRORS * math.sqrt(wrong)


def _calibration(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
    before, after = figures["ece"]["before"], figures["ece"]["after"]
    if before is None:
        return Finding(PASSED, "Calibration: nothing to measure.")
    return _finding(
        after - before <= ECE_RISE + 1e-9,
        f"Calibration: off by {_percent(after, 2)} on the base test, {_percent(before, 2)} before; "
        f"a rise of {ECE_RISE * 100:.0f} point is allowed.",
    )


def _junk(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
    junk = figures["junk"]
    if not junk["count"]:
        return Finding(PASSED, "Junk: nothing to measure.")
    return _finding(
        junk["before"] - junk["after"] <= JUNK_DROP + 1e-9,
        f"Junk: 'not sure' to {_percent(junk['after'])} of {_drawings(junk['count'])}, {_percent(junk['before'])} "
        f"before; a drop of {JUNK_DROP * 100:.0f} points is allowed.",
    )


def _unsure(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
    before, after = figures["unsure"]["before"], figures["unsure"]["after"]
    if after is None:
        return Finding(PASSED, "Not sure: nothing to measure.")
    allowed = max(MOST_UNSURE, before + MORE_UNSURE)
    return _finding(
        after <= allowed + 1e-9,
        f"Not sure: {_percent(after, 2)} of the base test's real drawings, {_percent(before, 2)} before; "
        f"{allowed * 100:.3g} % are allowed.",
    )


def _agreement(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
    return _finding(
        exam.difference <= DIFFERENCE,
        f"Export: the model that serves and the Keras model differ by at most {exam.difference:.3f} in probability "
        f"on {_drawings(exam.compared)}; {DIFFERENCE} is allowed.",
    )


def _size(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
    after, before = (exam.challenger.tflite, exam.challenger.keras), (exam.tflite, exam.keras)
    return _finding(
        all(new <= LARGER * old for new, old in zip(after, before, strict=True)),
        f"Size: {after[0] / 1e6:.2f} MB to serve, {before[0] / 1e6:.2f} before; {after[1] / 1e6:.2f} MB as Keras file, "
        f"{before[1] / 1e6:.2f} before; {LARGER} times as much is allowed.",
    )


def _latency(exam: ExamAnswers, figures: dict[str, Any]) -> Finding:
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
