"""The gate: each rule refuses alone, and the verdict says why in words and numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ml.evaluation.compare import ExamAnswers, ModelAnswers
from ml.evaluation.gate import NOT_ENOUGH_EVIDENCE, PASSED, REFUSED, GateVerdict, compare_with_starter, judge
from ml.statistics import mcnemar_exact

LABELS = 10
BASE, FIELD, JUNK = 10_000, 100, 200
BASE_TRUTH, FIELD_TRUTH = np.arange(BASE) % LABELS, np.arange(FIELD) % LABELS


def answers(truth: np.ndarray, wrong: Any = (), *, sure: float = 0.98) -> np.ndarray:
    """Right with the probability `sure` but at the places `wrong`, where the next label is said."""
    said = truth.copy()
    said[list(wrong)] = (said[list(wrong)] + 1) % LABELS
    return spread(said, sure)


def spread(said: np.ndarray, sure: float) -> np.ndarray:
    probabilities = np.full((len(said), LABELS), (1 - sure) / LABELS)
    probabilities[np.arange(len(said)), said] = sure
    return probabilities


def side(**changed: Any) -> ModelAnswers:
    parts: dict[str, Any] = {
        "base": answers(BASE_TRUTH, range(100)),
        "field": answers(FIELD_TRUTH, range(10)),
        "junk": spread(np.zeros(JUNK, np.int64), 0.4),
        "unsure_below": 0.5,
        "tflite": 400_000,
        "keras": 1_500_000,
        "latency_ms": 0.1,
    }
    return ModelAnswers(**{**parts, **changed})


BETTER = answers(FIELD_TRUTH, range(2))


def exam(
    *, champion: ModelAnswers | None = None, challenger: ModelAnswers | None = None, **changed: Any
) -> ExamAnswers:
    parts: dict[str, Any] = {
        "slugs": [str(label) for label in range(LABELS)],
        "champion": champion or side(),
        "challenger": challenger or side(field=BETTER),
        "base_truth": BASE_TRUTH,
        "field_truth": FIELD_TRUTH,
        "by_author": True,
        "authors": 6,
        "difference": 0.01,
        "compared": 200,
        "tflite": 400_000,
        "keras": 1_500_000,
    }
    return ExamAnswers(**{**parts, **changed})


def better(**changed: Any) -> ExamAnswers:
    """An exam that passes but for what is changed of the challenger."""
    return exam(challenger=side(**{"field": BETTER, **changed}))


def sentence(verdict: GateVerdict, start: str) -> str:
    (found,) = [text for text in verdict.sentences if text.startswith(start)]
    return found


def test_a_better_model_that_breaks_nothing_passes() -> None:
    verdict = judge(better())

    assert verdict.outcome == PASSED
    assert not any("too much" in text for text in verdict.sentences)


def test_every_rule_says_a_sentence() -> None:
    starts = [text.split(":")[0] for text in judge(better()).sentences]

    assert starts == [
        "Field test", "Base test", "Labels", "Calibration", "Junk", "Not sure", "Export", "Size", "Speed",
    ]  # fmt: skip


def test_it_says_what_was_won_and_lost() -> None:
    said = sentence(judge(better()), "Field test")

    assert "98.0 % right of 100 drawings by 6 people, 90.0 % before (8 won, 0 lost)" in said
    assert "Clear evidence: chance alone would do that in 0.4 % of cases." in said


def test_few_wins_are_weak_evidence_and_pass() -> None:
    verdict = judge(better(field=answers(FIELD_TRUTH, range(9))))

    assert verdict.outcome == PASSED
    assert "Weak evidence: chance alone would do that in 50.0 % of cases." in sentence(verdict, "Field test")


def test_a_model_that_loses_more_than_it_wins_is_refused() -> None:
    verdict = judge(better(field=answers(FIELD_TRUTH, [*range(5), *range(50, 56)])))

    assert verdict.outcome == REFUSED
    assert "(5 won, 6 lost). It loses more than it wins." in sentence(verdict, "Field test")


def test_a_tie_is_won_by_the_model_that_is_surer_of_what_is_right() -> None:
    verdict = judge(
        exam(champion=side(field=answers(FIELD_TRUTH)), challenger=side(field=answers(FIELD_TRUTH, sure=0.99)))
    )

    assert verdict.outcome == PASSED
    assert "a tie, and it is not clearly less sure of what is right" in sentence(verdict, "Field test")


def test_one_drawing_alone_does_not_make_a_model_less_sure() -> None:
    doubtful = answers(FIELD_TRUTH)
    doubtful[0] = spread(FIELD_TRUTH[:1], 0.2)

    verdict = judge(exam(champion=side(field=answers(FIELD_TRUTH)), challenger=side(field=doubtful)))

    assert verdict.outcome == PASSED
    assert verdict.figures["field"]["log_loss"]["after"] > verdict.figures["field"]["log_loss"]["before"] + 0.01


def test_a_tie_is_lost_by_the_model_that_is_less_sure_of_what_is_right() -> None:
    verdict = judge(
        exam(champion=side(field=answers(FIELD_TRUTH)), challenger=side(field=answers(FIELD_TRUTH, sure=0.8)))
    )

    assert verdict.outcome == REFUSED
    assert "A tie, and it is less sure of what is right (log loss " in sentence(verdict, "Field test")


def test_the_same_model_again_ties_and_passes_as_weak_evidence() -> None:
    assert judge(exam(challenger=side())).outcome == PASSED


def test_a_tie_of_wins_and_losses_is_a_tie_too() -> None:
    swapped = answers(FIELD_TRUTH, range(10, 20))

    figures = judge(better(field=swapped)).figures["field"]

    assert (figures["wins"], figures["losses"]) == (10, 10)


@pytest.mark.parametrize(("count", "outcome"), [(0, NOT_ENOUGH_EVIDENCE), (4, NOT_ENOUGH_EVIDENCE), (5, PASSED)])
def test_fewer_than_five_drawings_are_not_enough_evidence(count: int, outcome: str) -> None:
    few = FIELD_TRUTH[:count]

    verdict = judge(
        exam(
            champion=side(field=answers(few)),
            challenger=side(field=answers(few, sure=0.99)),
            field_truth=few,
            authors=min(1, count),
        )
    )

    assert verdict.outcome == outcome


def test_nothing_to_be_examined_on_is_said_with_its_cure() -> None:
    none = FIELD_TRUTH[:0]

    verdict = judge(
        exam(champion=side(field=answers(none)), challenger=side(field=answers(none)), field_truth=none, authors=0)
    )

    assert sentence(verdict, "Field test") == "Field test: 0 drawings; at least 5 are needed to judge."
    assert (verdict.before, verdict.after) == ([], [])


def test_too_little_evidence_does_not_hide_that_something_broke() -> None:
    few = FIELD_TRUTH[:2]

    verdict = judge(
        exam(
            champion=side(field=answers(few)),
            challenger=side(field=answers(few), base=answers(BASE_TRUTH, range(300))),
            field_truth=few,
        )
    )

    assert verdict.outcome == REFUSED


def test_a_community_of_one_with_a_handful_of_drawings_passes_as_weaker_evidence() -> None:
    six = FIELD_TRUTH[:6]

    verdict = judge(
        exam(
            champion=side(field=answers(six)),
            challenger=side(field=answers(six, sure=0.985)),
            field_truth=six,
            by_author=False,
            authors=1,
        )
    )

    assert verdict.outcome == PASSED
    said = sentence(verdict, "Field test")
    assert "6 drawings by 1 person" in said
    assert said.endswith("The same people's drawings taught it, which is weaker evidence.")


@pytest.mark.parametrize(("more", "outcome"), [(0, PASSED), (10, PASSED), (11, REFUSED)])
def test_a_tenth_of_a_point_of_the_base_test_may_be_lost(more: int, outcome: str) -> None:
    verdict = judge(better(base=answers(BASE_TRUTH, range(100 + more))))

    assert verdict.outcome == outcome


@pytest.mark.parametrize(("more", "outcome"), [(30, PASSED), (31, REFUSED)])
def test_a_recognizer_that_is_often_wrong_may_lose_a_twentieth_of_that(more: int, outcome: str) -> None:
    """Of thirty words 6 % are wrong: chance alone moves that more than a tenth of a point."""
    champion = side(base=answers(BASE_TRUTH, range(600)))

    verdict = judge(exam(champion=champion, challenger=side(field=BETTER, base=answers(BASE_TRUTH, range(600 + more)))))

    assert verdict.outcome == outcome
    assert "a drop of 0.3 points is allowed" in sentence(verdict, "Base test")


def test_a_loss_on_the_base_test_is_said_in_points() -> None:
    said = sentence(judge(better(base=answers(BASE_TRUTH, range(200)))), "Base test")

    assert said == (
        "Base test: 98.00 % right of 10,000 drawings, 99.00 % before; a drop of 0.1 points is allowed. "
        "That is too much."
    )


def test_without_a_common_base_test_there_is_not_enough_evidence() -> None:
    none = answers(BASE_TRUTH[:0])

    verdict = judge(exam(champion=side(base=none), challenger=side(base=none, field=BETTER), base_truth=BASE_TRUTH[:0]))

    assert verdict.outcome == NOT_ENOUGH_EVIDENCE
    assert "rehearsal pack" in sentence(verdict, "Base test")


def test_one_label_must_not_pay_for_the_others() -> None:
    sevens = np.flatnonzero(BASE_TRUTH == 7)
    champion = side(base=answers(BASE_TRUTH, np.flatnonzero(BASE_TRUTH == 1)[:60]))

    verdict = judge(exam(champion=champion, challenger=side(field=BETTER, base=answers(BASE_TRUTH, sevens[:60]))))

    assert verdict.outcome == REFUSED
    assert "7 (base: 94.0 % instead of 100.0 % of 1000)" in sentence(verdict, "Labels")


@pytest.mark.parametrize(("lost", "outcome"), [(2, PASSED), (3, REFUSED)])
def test_a_label_of_the_field_may_lose_two_drawings(lost: int, outcome: str) -> None:
    threes = np.flatnonzero(FIELD_TRUTH == 3)
    before = answers(FIELD_TRUTH, [place for place in range(40) if place not in threes])

    verdict = judge(exam(champion=side(field=before), challenger=side(field=answers(FIELD_TRUTH, threes[:lost]))))

    assert verdict.outcome == outcome


@pytest.mark.parametrize(("lost", "outcome"), [(20, PASSED), (21, REFUSED)])
def test_a_label_that_is_often_wrong_may_lose_what_chance_takes(lost: int, outcome: str) -> None:
    """Of a thousand sevens a hundred are wrong: twenty more may be chance, which is twice the root of a hundred."""
    sevens, ones = np.flatnonzero(BASE_TRUTH == 7), np.flatnonzero(BASE_TRUTH == 1)
    champion = side(base=answers(BASE_TRUTH, [*sevens[:100], *ones[:lost]]))

    verdict = judge(
        exam(champion=champion, challenger=side(field=BETTER, base=answers(BASE_TRUTH, sevens[: 100 + lost])))
    )

    assert verdict.outcome == outcome


def test_a_worse_calibration_is_refused() -> None:
    verdict = judge(better(base=answers(BASE_TRUTH, range(100), sure=0.95)))

    assert verdict.outcome == REFUSED
    assert "off by 4.00 % on the base test, 1.00 % before" in sentence(verdict, "Calibration")


def test_a_model_that_is_sure_of_junk_is_refused() -> None:
    junk = spread(np.zeros(JUNK, np.int64), 0.4)
    junk[:7] = spread(np.zeros(7, np.int64), 0.9)

    verdict = judge(better(junk=junk))

    assert verdict.outcome == REFUSED
    assert "'not sure' to 96.5 % of 200 drawings, 100.0 % before" in sentence(verdict, "Junk")


def test_without_junk_there_is_nothing_to_refuse() -> None:
    none = spread(np.zeros(0, np.int64), 0.4)

    verdict = judge(exam(champion=side(junk=none), challenger=side(junk=none, field=BETTER)))

    assert verdict.outcome == PASSED
    assert sentence(verdict, "Junk") == "Junk: nothing to measure."


def unsure_of(count: int) -> np.ndarray:
    base = answers(BASE_TRUTH, range(100))
    base[-count:] = spread(BASE_TRUTH[-count:], 0.96)
    return base


@pytest.mark.parametrize(("count", "outcome"), [(300, PASSED), (301, REFUSED)])
def test_three_in_a_hundred_real_drawings_may_be_not_sure(count: int, outcome: str) -> None:
    champion = side(base=unsure_of(100), unsure_below=0.97)
    challenger = side(field=BETTER, base=unsure_of(count), unsure_below=0.97)

    assert judge(exam(champion=champion, challenger=challenger)).outcome == outcome


@pytest.mark.parametrize(("count", "outcome"), [(400, PASSED), (450, PASSED), (451, REFUSED)])
def test_a_champion_that_was_less_sure_still_may_be_replaced(count: int, outcome: str) -> None:
    champion = side(base=unsure_of(400), unsure_below=0.97)

    verdict = judge(exam(champion=champion, challenger=champion._replace(field=BETTER, base=unsure_of(count))))

    assert verdict.outcome == outcome
    assert "4.5 % are allowed" in sentence(verdict, "Not sure")


def test_many_runs_together_may_not_make_it_unsure() -> None:
    """Half a point more than the champion each time; beside the starter it counts."""
    challenger = side(field=BETTER, base=unsure_of(450), unsure_below=0.97)
    beside = exam(champion=side(base=unsure_of(100), unsure_below=0.97), challenger=challenger)
    verdict = judge(exam(champion=side(base=unsure_of(400), unsure_below=0.97), challenger=challenger))

    assert verdict.outcome == PASSED
    assert compare_with_starter(verdict, beside).outcome == REFUSED


@pytest.mark.parametrize(("difference", "outcome"), [(0.1, PASSED), (0.11, REFUSED), (float("nan"), REFUSED)])
def test_an_export_that_answers_otherwise_is_refused(difference: float, outcome: str) -> None:
    assert judge(exam(difference=difference)).outcome == outcome


@pytest.mark.parametrize(("file", "most"), [("tflite", 500_000), ("keras", 1_875_000)])
def test_a_model_file_much_larger_than_before_is_refused(file: str, most: int) -> None:
    assert judge(better(**{file: most})).outcome == PASSED
    verdict = judge(better(**{file: most + 1}))
    assert verdict.outcome == REFUSED
    assert "0.40 before" in sentence(verdict, "Size")
    assert "1.25 times as much is allowed" in sentence(verdict, "Size")


def test_a_large_recognizer_may_stay_as_large_as_it_is() -> None:
    large = side(field=BETTER, tflite=4_000_000, keras=12_000_000)

    assert judge(exam(challenger=large, tflite=large.tflite, keras=large.keras)).outcome == PASSED


@pytest.mark.parametrize(("latency", "outcome"), [(0.2, PASSED), (0.21, REFUSED)])
def test_a_model_that_takes_more_than_twice_as_long_is_refused(latency: float, outcome: str) -> None:
    verdict = judge(better(latency_ms=latency))

    assert verdict.outcome == outcome
    assert "0.10 ms before" in sentence(verdict, "Speed")


def test_the_answers_to_the_field_test_are_kept_for_the_flips() -> None:
    verdict = judge(better())

    assert verdict.before[:3] == [1, 2, 3]
    assert verdict.after[:3] == [1, 2, 2]


def test_the_verdict_is_plain_json() -> None:
    verdict = judge(better())

    stored = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))

    assert stored.keys() == {"outcome", "sentences", "figures"}
    assert stored["figures"]["field"] | {"log_loss": None} == {
        "count": 100, "authors": 6, "by_author": True, "before": 0.9, "after": 0.98, "wins": 8, "losses": 0,
        "p": 0.5**8, "log_loss": None,
    }  # fmt: skip
    assert stored["figures"]["labels"][3] == {"slug": "3", "before": 0.99, "after": 0.99, "count": 1000}
    assert stored["figures"]["base"] == {"count": 10_000, "before": 0.99, "after": 0.99}
    assert stored["figures"]["size"] == {"tflite": 400_000, "keras": 1_500_000}


def test_figures_of_what_was_not_measured_are_none() -> None:
    none = answers(BASE_TRUTH[:0])

    figures = judge(exam(champion=side(base=none), challenger=side(base=none), base_truth=BASE_TRUTH[:0])).figures

    assert figures["base"] == {"count": 0, "before": None, "after": None}
    assert figures["ece"] == {"before": None, "after": None}
    json.dumps(figures, allow_nan=False)


@pytest.mark.parametrize(
    ("wins", "losses", "chance"), [(0, 0, 1.0), (1, 0, 0.5), (5, 0, 1 / 32), (2, 1, 0.5), (0, 3, 1.0)]
)
def test_the_chance_of_so_many_wins_is_exact(wins: int, losses: int, chance: float) -> None:
    assert mcnemar_exact(wins, losses) == pytest.approx(chance)


def test_the_chance_can_be_told_of_thousands() -> None:
    assert mcnemar_exact(1_200, 1_000) < 0.001


def test_few_drawings_excuse_no_great_doubt() -> None:
    truth = FIELD_TRUTH[:5]
    before, after = answers(truth, ()), answers(truth, ())
    after[0] = spread(truth[:1], 0.45)
    verdict = judge(exam(champion=side(field=before), challenger=side(field=after), field_truth=truth))
    assert verdict.outcome == REFUSED
    assert "A tie, and it is less sure of what is right" in sentence(verdict, "Field test")


def test_many_small_losses_beside_the_champion_are_seen_beside_the_starter() -> None:
    passed = judge(exam())
    assert compare_with_starter(passed, exam()) == passed
    worn = exam(challenger=side(field=BETTER, base=answers(BASE_TRUTH, range(130))))
    refused = compare_with_starter(passed, worn)
    assert (refused.outcome, len(refused.objections)) == (REFUSED, 1)
    assert refused.objections[0].startswith("Beside the starter: Base test: ")
    assert refused.sentences[-1] == refused.objections[0]


def test_the_field_test_is_not_repeated_beside_the_starter() -> None:
    passed = judge(exam())
    assert compare_with_starter(passed, exam(challenger=side(field=answers(FIELD_TRUTH, range(60))))) == passed
