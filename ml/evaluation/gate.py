"""The gate: decide whether the challenger may replace the champion. Answers in, a verdict with its reasons out.

The field test decides whether the challenger is better. All other rules check that nothing else became worse. Each
rule gives an outcome and a sentence with its numbers. Shares are from 0 to 1 in the figures and in per cent in the
sentences.
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

# Field test
MIN_FIELD = 5  # drawings
CLEAR_P = 0.05  # a p-value below it is clear evidence
SAME_LOSS = 0.005  # a rise in log loss that has no visible effect
MAX_LOSS_RISE = 0.1  # a rise in log loss that is too much, however few the drawings are
STANDARD_ERRORS = 2.0  # a smaller rise or loss may be chance

# Base test
BASE_DROP = 0.001  # of the share that is right,
BASE_DROP_OF_ERRORS = 0.05  # or this part of the errors if that is more: with many errors, chance moves more too

# One label, in the base test or the field test: both must be exceeded, and what chance explains
LABEL_DROP, LABEL_DRAWINGS = 0.01, 3

ECE_RISE = 0.01
NEGATIVES_DROP = 0.03  # of the share of negatives that is answered "not sure"
MAX_UNSURE = 0.03  # of the base test's real drawings,
UNSURE_RISE = 0.005  # or so much more than before if that is more
MAX_DIFFERENCE = 0.1  # in the probability of one answer between the Keras model and the exported one
SIZE_FACTOR = 1.25  # of each model file
LATENCY_FACTOR = 2.0

ROUNDING = 1e-9  # differences of shares are not exact: 0.99 - 0.98 is a little more than 0.01


class RuleResult(NamedTuple):
    """What one rule says."""

    rule: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class GateVerdict:
    """The gate's decision. `before` and `after` are both models' first guesses in the field test, label indices."""

    outcome: Outcome
    results: list[RuleResult]
    figures: dict[str, Any]
    before: list[int]
    after: list[int]

    @property
    def sentences(self) -> list[str]:
        """One sentence for each rule."""
        return [result.sentence for result in self.results]

    @property
    def objections(self) -> list[str]:
        """The sentences of the rules that did not pass."""
        return [result.sentence for result in self.results if result.outcome != PASSED]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, without the single answers."""
        return {"outcome": self.outcome, "sentences": self.sentences, "figures": self.figures}


Rule = Callable[[ExamAnswers, dict[str, Any]], RuleResult]


def judge(exam: ExamAnswers) -> GateVerdict:
    """Apply every rule. One refusal refuses; otherwise one lack of evidence makes the verdict not-enough-evidence."""
    figures = exam_figures(exam)
    rules: list[Rule] = [_field, _base, _labels, _calibration, _negatives, _unsure, _export, _size, _speed]
    results = [rule(exam, figures) for rule in rules]
    outcomes = {result.outcome for result in results}
    outcome = next((each for each in (REFUSED, NOT_ENOUGH_EVIDENCE) if each in outcomes), PASSED)
    before, after = (side.field.argmax(axis=1).tolist() for side in (exam.champion, exam.challenger))
    return GateVerdict(outcome, results, figures, before, after)


def compare_with_starter(verdict: GateVerdict, exam: ExamAnswers) -> GateVerdict:
    """Return the verdict, refused if the challenger lost too much beside the starter; `exam` compares those two.

    Each run may lose a little beside its champion. This rule prevents that many runs add up to a large loss.
    """
    figures = exam_figures(exam)
    broken = [
        RuleResult("starter", REFUSED, f"Compared with the starter: {result.sentence}")
        for result in (rule(exam, figures) for rule in (_base, _calibration, _negatives, _unsure))
        if result.outcome == REFUSED
    ]
    return replace(verdict, outcome=REFUSED, results=[*verdict.results, *broken]) if broken else verdict


# The rules


def _field(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    """The challenger must win more drawings than it loses. In a tie, it must not be clearly less sure of the truth."""
    field = figures["field"]
    drawings = _count(field["count"], "drawing", "drawings")
    if field["count"] < MIN_FIELD:
        return RuleResult("field", NOT_ENOUGH_EVIDENCE, f"Field test: {drawings}; a decision needs {MIN_FIELD}.")
    outcome, reason = _judge_field(field)
    people = _count(field["authors"], "person", "people")
    weaker = "" if exam.by_author else " It was trained on drawings by the same people, which makes weaker evidence."
    sentence = (
        f"Field test: {_percent(field['after'])} of {drawings} by {people} correct, {_percent(field['before'])} before "
        f"(better on {field['wins']}, worse on {field['losses']}). {reason}{weaker}"
    )
    return RuleResult("field", outcome, sentence)


def _judge_field(field: dict[str, Any]) -> tuple[Outcome, str]:
    if field["losses"] > field["wins"]:
        return REFUSED, "It is worse on more drawings than it is better on."
    if field["wins"] > field["losses"]:
        strength = "Clear" if field["p"] < CLEAR_P else "Weak"
        share = "less than 0.1 %" if field["p"] < 0.001 else _percent(field["p"])
        return PASSED, f"{strength} evidence: chance alone would give this result in {share} of cases."
    loss = field["log_loss"]
    losses = f"log loss {loss['after']:.4f}, {loss['before']:.4f} before"
    # A rise must be visible and more than chance explains; with very few drawings chance would explain anything.
    allowed = max(SAME_LOSS, min(STANDARD_ERRORS * loss["error"], MAX_LOSS_RISE))
    if loss["after"] - loss["before"] > allowed:
        return REFUSED, f"As many correct answers, but lower probabilities of the correct labels ({losses})."
    return PASSED, f"Weak evidence: as many correct answers, and probabilities that are not clearly lower ({losses})."


def _base(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    base = figures["base"]
    if not base["count"]:
        sentence = "Base test: both versions need a replay pack of the same test. Make one: python -m ml rehearse."
        return RuleResult("base", NOT_ENOUGH_EVIDENCE, sentence)
    allowed = max(BASE_DROP, BASE_DROP_OF_ERRORS * (1 - base["before"]))
    sentence = (
        f"Base test: {_percent(base['after'], 2)} of {_count(base['count'], 'drawing', 'drawings')} correct, "
        f"{_percent(base['before'], 2)} before; a drop of {allowed * 100:.1f} points is allowed."
    )
    return _result("base", base["before"] - base["after"] <= allowed + ROUNDING, sentence)


def _labels(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    """No label may become much worse, whatever the others gain."""
    worse = [
        f"{row['slug']} ({name} test: {_percent(row['after'])} of {row['count']}, {_percent(row['before'])} before)"
        for name, rows in (("base", figures["labels"]), ("field", figures["field_labels"]))
        for row in rows
        if row["count"] and _is_much_worse(row)
    ]
    if worse:
        return RuleResult("labels", REFUSED, f"Labels: worse than before: {', '.join(worse)}.")
    allowed = f"{LABEL_DROP * 100:.0f} point and {LABEL_DRAWINGS - 1} drawings"
    return RuleResult("labels", PASSED, f"Labels: none is worse by more than {allowed}.")


def _is_much_worse(row: dict[str, Any]) -> bool:
    drop, wrong = row["before"] - row["after"], round((1 - row["before"]) * row["count"])
    lost = round(drop * row["count"])
    # The number of errors varies by about its square root (as counts do, Poisson).
    return drop > LABEL_DROP + ROUNDING and lost >= LABEL_DRAWINGS and lost > STANDARD_ERRORS * math.sqrt(wrong)


def _calibration(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    before, after = figures["ece"]["before"], figures["ece"]["after"]
    if before is None:
        return RuleResult("calibration", PASSED, "Calibration: nothing to measure.")
    sentence = (
        f"Calibration: an error (ECE) of {_percent(after, 2)} on the base test, {_percent(before, 2)} before; "
        f"a rise of {ECE_RISE * 100:.0f} point is allowed."
    )
    return _result("calibration", after - before <= ECE_RISE + ROUNDING, sentence)


def _negatives(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    negatives = figures["junk"]
    if not negatives["count"]:
        return RuleResult("negatives", PASSED, "Negative examples: nothing to measure.")
    sentence = (
        f"Negative examples: {_percent(negatives['after'])} of {negatives['count']:,} answered 'not sure', "
        f"{_percent(negatives['before'])} before; a drop of {NEGATIVES_DROP * 100:.0f} points is allowed."
    )
    return _result("negatives", negatives["before"] - negatives["after"] <= NEGATIVES_DROP + ROUNDING, sentence)


def _unsure(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    before, after = figures["unsure"]["before"], figures["unsure"]["after"]
    if after is None:
        return RuleResult("unsure", PASSED, "Not sure: nothing to measure.")
    allowed = max(MAX_UNSURE, before + UNSURE_RISE)
    sentence = (
        f"Not sure: {_percent(after, 2)} of the base test's real drawings, {_percent(before, 2)} before; "
        f"{allowed * 100:.3g} % are allowed."
    )
    return _result("unsure", after <= allowed + ROUNDING, sentence)


def _export(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    sentence = (
        f"Export: the probabilities of the exported model and the Keras model differ by at most {exam.difference:.3f} "
        f"on {_count(exam.compared, 'drawing', 'drawings')}; {MAX_DIFFERENCE} is allowed."
    )
    return _result("export", exam.difference <= MAX_DIFFERENCE, sentence)


def _size(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    after, before = (exam.challenger.tflite, exam.challenger.keras), (exam.tflite, exam.keras)
    sentence = (
        f"Size: {after[0] / 1e6:.2f} MB (exported model), {before[0] / 1e6:.2f} before; {after[1] / 1e6:.2f} MB (Keras "
        f"model), {before[1] / 1e6:.2f} before; {SIZE_FACTOR} times as much is allowed."
    )
    return _result("size", all(new <= SIZE_FACTOR * old for new, old in zip(after, before, strict=True)), sentence)


def _speed(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    before, after = exam.champion.latency_ms, exam.challenger.latency_ms
    sentence = (
        f"Speed: {after:.2f} ms for one answer, {before:.2f} ms before; {LATENCY_FACTOR:.0f} times as long is allowed."
    )
    return _result("speed", after <= LATENCY_FACTOR * before, sentence)


def _result(rule: str, passed: bool, sentence: str) -> RuleResult:
    return RuleResult(rule, PASSED if passed else REFUSED, sentence if passed else f"{sentence} That is too much.")


def _percent(share: float, digits: int = 1) -> str:
    return f"{share * 100:.{digits}f} %"


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
