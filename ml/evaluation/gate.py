"""The gate: decide whether the challenger may replace the champion. Answers in, a verdict with its reasons out.

The field test decides whether the challenger is better. All other rules check that nothing else became worse. Each
rule gives an outcome and a sentence with its numbers. Shares are from 0 to 1 in the figures and in per cent in the
sentences.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

from ml.evaluation.compare import MIN_LABEL, ExamAnswers, exam_figures
from ml.statistics import floor_percent, mcnemar_exact

Outcome = Literal["passed", "refused", "not-enough-evidence", "no-better"]
PASSED: Outcome = "passed"
REFUSED: Outcome = "refused"
NOT_ENOUGH_EVIDENCE: Outcome = "not-enough-evidence"
NO_BETTER: Outcome = "no-better"
FAILURES = (REFUSED, NOT_ENOUGH_EVIDENCE, NO_BETTER)  # the first that a rule gives is the verdict

# Field test
MIN_FIELD = 12  # drawings
CLEAR_P = 0.03  # a p-value below it is clear evidence; two tests, so that equally good models rarely pass (bench-gate)
UNSURE_FACTOR = 1.1  # so many times as many "not sure" are allowed where the log loss alone is the evidence

# Base test
BASE_DROP = 0.001  # of the share that is right,
BASE_DROP_OF_ERRORS = 0.05  # or this part of the errors if that is more: with many errors, chance moves more too

# One label, in the base test or the field test: both must be exceeded, and what chance explains
LABEL_DROP, LABEL_DRAWINGS = 0.01, 3
LABEL_CHANCE = 0.05  # of an equally good model being refused for any of its labels
LARGE_DROP = 0.1  # a label that drops by more needs only this chance itself

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
    """Apply every rule. The verdict is the worst outcome: refused, then not enough evidence, then no better."""
    figures = exam_figures(exam)
    rules: list[Rule] = [_field, _base, _labels, _calibration, _negatives, _unsure, _export, _size, _speed]
    results = [rule(exam, figures) for rule in rules]
    outcomes = {result.outcome for result in results}
    outcome = next((each for each in FAILURES if each in outcomes), PASSED)
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
    """The challenger must be better on more drawings than it is worse on, and clearly so."""
    field = figures["field"]
    drawings = _count(field["count"], "drawing", "drawings")
    if field["count"] < MIN_FIELD:
        sentence = (
            f"Field test: {drawings}; a decision needs {MIN_FIELD}, which are about {5 * MIN_FIELD} approved ones."
        )
        return RuleResult("field", NOT_ENOUGH_EVIDENCE, sentence)
    unsure = figures["unsure"] if figures["base"]["count"] else field["unsure"]
    outcome, reason = judge_field(field, unsure)
    people = _count(field["authors"], "person", "people")
    weaker = "" if exam.by_author else " It was trained on drawings by the same people, which makes weaker evidence."
    sentence = (
        f"Field test: {_percent(field['after'])} of {drawings} by {people} correct, {_percent(field['before'])} before "
        f"(better on {field['wins']}, worse on {field['losses']}). {reason}{weaker}"
    )
    return RuleResult("field", outcome, sentence)


def judge_field(field: dict[str, Any], unsure: dict[str, float]) -> tuple[Outcome, str]:
    """The outcome of the field test's figures (`exam_figures`), and why. Its error rates: `python -m ml bench-gate`.

    `unsure` has the shares of real drawings answered "not sure", `before` and `after`.
    """
    wins, losses, loss = field["wins"], field["losses"], field["log_loss"]
    if losses > wins:
        return REFUSED, "It is worse on more drawings than it is better on."
    if wins > losses and field["p"] < CLEAR_P:
        return PASSED, f"Clear evidence: chance alone would give this result in {_chance(field['p'])} of cases."
    losses_text = f"log loss {loss['after']:.4f}, {loss['before']:.4f} before"
    if wins > losses and loss["p"] < CLEAR_P and unsure["after"] <= UNSURE_FACTOR * unsure["before"] + ROUNDING:
        return PASSED, (
            f"Clear evidence: the correct labels get higher probabilities ({losses_text}); chance alone would give "
            f"this in {_chance(loss['p'])} of cases."
        )
    return NO_BETTER, f"That is no clear gain ({losses_text}). {_what_it_needs(field)}"


def _chance(p: float) -> str:
    return "less than 0.1 %" if p < 0.001 else f"{p * 100:.1f} %"


def _what_it_needs(field: dict[str, Any]) -> str:
    """How many drawings by how many people would make the same gain clear: a sentence."""
    wins, losses = field["wins"], field["losses"]
    if wins == losses:
        clear = math.ceil(math.log2(1 / CLEAR_P))  # drawings, all of them better: each is a coin toss
        return f"A clear gain would be, for example, {clear} drawings better and none worse."
    # The sum of the differences grows with the number of drawings, its standard error with the root of it.
    reached = (wins - losses) / math.sqrt(wins + losses)
    factor = (NormalDist().inv_cdf(1 - CLEAR_P) / reached) ** 2
    more = max(1.0, factor - 1) if factor > 1 else 1.0
    drawings, people = (math.ceil(more * field[name]) for name in ("count", "authors"))
    return (
        f"If the gain stays the same, about {_count(drawings, 'more drawing', 'more drawings')} in the field test, by "
        f"{_count(people, 'more person', 'more people')}, would make it clear. A fifth of the approved ones goes there."
    )


def allowed_drop(before: float) -> float:
    """By how much the accuracy in the base test may drop, shares from 0 to 1; `before` is that of the champion."""
    return max(BASE_DROP, BASE_DROP_OF_ERRORS * (1 - before))


def _base(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    base = figures["base"]
    if not base["count"]:
        sentence = "Base test: the recognizer has none. Make one where its data is: python -m ml base-test."
        return RuleResult("base", NOT_ENOUGH_EVIDENCE, sentence)
    before, after = base["mean"]["before"], base["mean"]["after"]
    allowed = allowed_drop(before)
    sentence = (
        f"Base test: {_percent(after, 2)} of {_count(base['count'], 'drawing', 'drawings')} correct, "
        f"{_percent(before, 2)} before, each label counting the same; a drop of {allowed * 100:.2g} points is allowed."
    )
    return _result("base", before - after <= allowed + ROUNDING, sentence)


def _labels(exam: ExamAnswers, figures: dict[str, Any]) -> RuleResult:
    """No label may become much worse, whatever the others gain."""
    tests = (("base", figures["labels"]), ("field", figures["field_labels"]))
    judged = [(name, row) for name, rows in tests for row in rows if row["count"] >= MIN_LABEL]
    worse = [
        f"{row['slug']} ({name} test: {_percent(row['after'])} of {row['count']}, {_percent(row['before'])} before)"
        for name, row in judged
        if _is_much_worse(row, len(judged))
    ]
    if worse:
        return RuleResult("labels", REFUSED, f"Labels: worse than before: {', '.join(worse)}.")
    slugs = {row["slug"] for _, row in judged}
    few = "" if len(slugs) == len(exam.slugs) else f" {len(exam.slugs) - len(slugs)} have too few drawings to tell."
    return RuleResult(
        "labels",
        PASSED,
        f"Labels: none of the {len(slugs)} with at least {MIN_LABEL} drawings in a test is worse by more than "
        f"{LABEL_DROP * 100:.0f} point and {LABEL_DRAWINGS - 1} drawings.{few}",
    )


def _is_much_worse(row: dict[str, Any], judged: int) -> bool:
    """Whether one of `judged` labels is worse by more than chance explains (with many labels, it moves one of them)."""
    drop = row["before"] - row["after"]
    if drop <= LABEL_DROP + ROUNDING or row["losses"] - row["wins"] < LABEL_DRAWINGS:
        return False
    return mcnemar_exact(row["losses"], row["wins"]) < (LABEL_CHANCE if drop > LARGE_DROP else LABEL_CHANCE / judged)


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
    return f"{floor_percent(share, digits):.{digits}f} %"


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
