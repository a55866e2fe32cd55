"""The gate: each rule refuses alone, and says why with its numbers."""

from __future__ import annotations

import json
import re
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


def refusals(verdict: GateVerdict) -> list[str]:
    """The rules that refuse."""
    return [result.rule for result in verdict.results if result.outcome == REFUSED]


def numbers(verdict: GateVerdict, rule: str) -> list[str]:
    """The numbers in the sentence of a rule."""
    (found,) = [result.sentence for result in verdict.results if result.rule == rule]
    return re.findall(r"\d[\d.,]*\d|\d", found)


def test_a_better_model_that_breaks_nothing_passes() -> None:
    verdict = judge(better())

    assert verdict.outcome == PASSED
    assert refusals(verdict) == verdict.objections == []


def test_every_rule_gives_a_result_with_a_sentence() -> None:
    results = judge(better()).results

    assert [result.rule for result in results] == [
        "field", "base", "labels", "calibration", "negatives", "unsure", "export", "size", "speed",
    ]  # fmt: skip
    assert all(re.match(r"[A-Z][a-z ]+: .+\.$", result.sentence) for result in results)


def test_the_field_test_names_wins_losses_and_the_p_value() -> None:
    assert numbers(judge(better()), "field") == ["98.0", "100", "6", "90.0", "8", "0", "0.4"]


def test_few_wins_are_weak_evidence_and_pass() -> None:
    verdict = judge(better(field=answers(FIELD_TRUTH, range(9))))

    assert verdict.outcome == PASSED
    assert numbers(verdict, "field")[-1] == "50.0"


def test_a_model_that_loses_more_than_it_wins_is_refused() -> None:
    verdict = judge(better(field=answers(FIELD_TRUTH, [*range(5), *range(50, 56)])))

    assert verdict.outcome == REFUSED
    assert refusals(verdict) == ["field"]
    assert numbers(verdict, "field")[-2:] == ["5", "6"]


def test_a_tie_passes_if_the_right_labels_are_more_probable() -> None:
    verdict = judge(
        exam(champion=side(field=answers(FIELD_TRUTH)), challenger=side(field=answers(FIELD_TRUTH, sure=0.99)))
    )

    assert verdict.outcome == PASSED
    assert verdict.figures["field"]["wins"] == verdict.figures["field"]["losses"] == 0


def test_one_doubtful_drawing_does_not_decide_a_tie() -> None:
    doubtful = answers(FIELD_TRUTH)
    doubtful[0] = spread(FIELD_TRUTH[:1], 0.2)

    verdict = judge(exam(champion=side(field=answers(FIELD_TRUTH)), challenger=side(field=doubtful)))

    assert verdict.outcome == PASSED
    assert verdict.figures["field"]["log_loss"]["after"] > verdict.figures["field"]["log_loss"]["before"] + 0.01


def test_a_tie_is_refused_if_the_right_labels_are_less_probable() -> None:
    verdict = judge(
        exam(champion=side(field=answers(FIELD_TRUTH)), challenger=side(field=answers(FIELD_TRUTH, sure=0.8)))
    )

    assert verdict.outcome == REFUSED
    assert refusals(verdict) == ["field"]


def test_the_same_model_again_passes() -> None:
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


def test_without_a_field_test_the_verdict_names_how_many_drawings_are_needed() -> None:
    none = FIELD_TRUTH[:0]

    verdict = judge(
        exam(champion=side(field=answers(none)), challenger=side(field=answers(none)), field_truth=none, authors=0)
    )

    assert numbers(verdict, "field") == ["0", "5"]
    assert (verdict.before, verdict.after) == ([], [])


def test_a_refusal_outweighs_a_lack_of_evidence() -> None:
    few = FIELD_TRUTH[:2]

    verdict = judge(
        exam(
            champion=side(field=answers(few)),
            challenger=side(field=answers(few), base=answers(BASE_TRUTH, range(300))),
            field_truth=few,
        )
    )

    assert verdict.outcome == REFUSED


def test_a_few_drawings_by_one_person_pass_as_weaker_evidence() -> None:
    six = FIELD_TRUTH[:6]

    same: dict[str, Any] = {
        "champion": side(field=answers(six)),
        "challenger": side(field=answers(six, sure=0.985)),
        "field_truth": six,
        "by_author": False,
        "authors": 1,
    }

    verdict = judge(exam(**same))

    assert verdict.outcome == PASSED
    assert numbers(verdict, "field")[1:3] == ["6", "1"]
    by_others = judge(exam(**{**same, "by_author": True}))
    assert len(by_others.sentences[0]) < len(verdict.sentences[0]), "the weaker evidence is mentioned"


@pytest.mark.parametrize(("more", "outcome"), [(0, PASSED), (10, PASSED), (11, REFUSED)])
def test_the_base_test_may_drop_by_a_tenth_of_a_point(more: int, outcome: str) -> None:
    verdict = judge(better(base=answers(BASE_TRUTH, range(100 + more))))

    assert verdict.outcome == outcome


@pytest.mark.parametrize(("more", "outcome"), [(30, PASSED), (31, REFUSED)])
def test_with_many_errors_the_base_test_may_drop_by_a_twentieth_of_them(more: int, outcome: str) -> None:
    """Of thirty words 6 % are wrong: chance alone moves that more than a tenth of a point."""
    champion = side(base=answers(BASE_TRUTH, range(600)))

    verdict = judge(exam(champion=champion, challenger=side(field=BETTER, base=answers(BASE_TRUTH, range(600 + more)))))

    assert verdict.outcome == outcome
    assert numbers(verdict, "base")[-1] == "0.3"


def test_a_larger_drop_of_the_base_test_is_refused_with_its_numbers() -> None:
    verdict = judge(better(base=answers(BASE_TRUTH, range(200))))

    assert numbers(verdict, "base") == ["98.00", "10,000", "99.00", "0.1"]
    assert "base" in refusals(verdict)


def test_without_a_common_base_test_there_is_not_enough_evidence() -> None:
    none = answers(BASE_TRUTH[:0])

    verdict = judge(exam(champion=side(base=none), challenger=side(base=none, field=BETTER), base_truth=BASE_TRUTH[:0]))

    assert verdict.outcome == NOT_ENOUGH_EVIDENCE
    assert [result.rule for result in verdict.results if result.outcome == NOT_ENOUGH_EVIDENCE] == ["base"]


def test_a_label_that_becomes_much_worse_is_refused() -> None:
    sevens = np.flatnonzero(BASE_TRUTH == 7)
    champion = side(base=answers(BASE_TRUTH, np.flatnonzero(BASE_TRUTH == 1)[:60]))

    verdict = judge(exam(champion=champion, challenger=side(field=BETTER, base=answers(BASE_TRUTH, sevens[:60]))))

    assert verdict.outcome == REFUSED
    assert refusals(verdict) == ["labels"]
    assert numbers(verdict, "labels") == ["7", "94.0", "1000", "100.0"]


@pytest.mark.parametrize(("lost", "outcome"), [(2, PASSED), (3, REFUSED)])
def test_a_label_of_the_field_test_may_lose_two_drawings(lost: int, outcome: str) -> None:
    threes = np.flatnonzero(FIELD_TRUTH == 3)
    before = answers(FIELD_TRUTH, [place for place in range(40) if place not in threes])

    verdict = judge(exam(champion=side(field=before), challenger=side(field=answers(FIELD_TRUTH, threes[:lost]))))

    assert verdict.outcome == outcome


@pytest.mark.parametrize(("lost", "outcome"), [(20, PASSED), (21, REFUSED)])
def test_a_label_with_many_errors_may_lose_what_chance_explains(lost: int, outcome: str) -> None:
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
    assert refusals(verdict) == ["calibration"]
    assert numbers(verdict, "calibration")[:2] == ["4.00", "1.00"]


def test_a_model_that_gives_negatives_a_label_is_refused() -> None:
    junk = spread(np.zeros(JUNK, np.int64), 0.4)
    junk[:7] = spread(np.zeros(7, np.int64), 0.9)

    verdict = judge(better(junk=junk))

    assert verdict.outcome == REFUSED
    assert refusals(verdict) == ["negatives"]
    assert numbers(verdict, "negatives")[:3] == ["96.5", "200", "100.0"]


def test_without_negatives_the_rule_passes() -> None:
    none = spread(np.zeros(0, np.int64), 0.4)

    verdict = judge(exam(champion=side(junk=none), challenger=side(junk=none, field=BETTER)))

    assert verdict.outcome == PASSED
    assert numbers(verdict, "negatives") == []


def unsure_of(count: int) -> np.ndarray:
    base = answers(BASE_TRUTH, range(100))
    base[-count:] = spread(BASE_TRUTH[-count:], 0.96)
    return base


@pytest.mark.parametrize(("count", "outcome"), [(300, PASSED), (301, REFUSED)])
def test_three_per_cent_of_the_real_drawings_may_be_not_sure(count: int, outcome: str) -> None:
    champion = side(base=unsure_of(100), unsure_below=0.97)
    challenger = side(field=BETTER, base=unsure_of(count), unsure_below=0.97)

    assert judge(exam(champion=champion, challenger=challenger)).outcome == outcome


@pytest.mark.parametrize(("count", "outcome"), [(400, PASSED), (450, PASSED), (451, REFUSED)])
def test_half_a_point_more_than_the_champion_may_be_not_sure(count: int, outcome: str) -> None:
    champion = side(base=unsure_of(400), unsure_below=0.97)

    verdict = judge(exam(champion=champion, challenger=champion._replace(field=BETTER, base=unsure_of(count))))

    assert verdict.outcome == outcome
    assert numbers(verdict, "unsure")[-1] == "4.5"


def test_many_runs_cannot_add_up_to_many_not_sure_answers() -> None:
    """Half a point more than the champion each time; beside the starter it counts."""
    challenger = side(field=BETTER, base=unsure_of(450), unsure_below=0.97)
    beside = exam(champion=side(base=unsure_of(100), unsure_below=0.97), challenger=challenger)
    verdict = judge(exam(champion=side(base=unsure_of(400), unsure_below=0.97), challenger=challenger))

    assert verdict.outcome == PASSED
    assert compare_with_starter(verdict, beside).outcome == REFUSED


@pytest.mark.parametrize(("difference", "outcome"), [(0.1, PASSED), (0.11, REFUSED), (float("nan"), REFUSED)])
def test_an_exported_model_that_differs_is_refused(difference: float, outcome: str) -> None:
    assert judge(exam(difference=difference)).outcome == outcome


@pytest.mark.parametrize(("file", "most"), [("tflite", 500_000), ("keras", 1_875_000)])
def test_a_model_file_much_larger_than_before_is_refused(file: str, most: int) -> None:
    assert judge(better(**{file: most})).outcome == PASSED
    verdict = judge(better(**{file: most + 1}))
    assert verdict.outcome == REFUSED
    assert refusals(verdict) == ["size"]
    assert numbers(verdict, "size")[1] == "0.40"
    assert numbers(verdict, "size")[-1] == "1.25"


def test_a_large_model_may_stay_as_large_as_it_is() -> None:
    large = side(field=BETTER, tflite=4_000_000, keras=12_000_000)

    assert judge(exam(challenger=large, tflite=large.tflite, keras=large.keras)).outcome == PASSED


@pytest.mark.parametrize(("latency", "outcome"), [(0.2, PASSED), (0.21, REFUSED)])
def test_a_model_that_takes_more_than_twice_as_long_is_refused(latency: float, outcome: str) -> None:
    verdict = judge(better(latency_ms=latency))

    assert verdict.outcome == outcome
    assert numbers(verdict, "speed")[1] == "0.10"


def test_the_verdict_holds_both_models_answers_to_the_field_test() -> None:
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


def test_figures_that_were_not_measured_are_none() -> None:
    none = answers(BASE_TRUTH[:0])

    figures = judge(exam(champion=side(base=none), challenger=side(base=none), base_truth=BASE_TRUTH[:0])).figures

    assert figures["base"] == {"count": 0, "before": None, "after": None}
    assert figures["ece"] == {"before": None, "after": None}
    json.dumps(figures, allow_nan=False)


@pytest.mark.parametrize(
    ("wins", "losses", "chance"), [(0, 0, 1.0), (1, 0, 0.5), (5, 0, 1 / 32), (2, 1, 0.5), (0, 3, 1.0)]
)
def test_the_p_value_is_exact(wins: int, losses: int, chance: float) -> None:
    assert mcnemar_exact(wins, losses) == pytest.approx(chance)


def test_the_p_value_of_thousands_of_drawings_can_be_computed() -> None:
    assert mcnemar_exact(1_200, 1_000) < 0.001


def test_a_large_rise_in_log_loss_is_refused_even_with_few_drawings() -> None:
    truth = FIELD_TRUTH[:5]
    before, after = answers(truth, ()), answers(truth, ())
    after[0] = spread(truth[:1], 0.45)
    verdict = judge(exam(champion=side(field=before), challenger=side(field=after), field_truth=truth))
    assert verdict.outcome == REFUSED
    assert refusals(verdict) == ["field"]


def test_losses_that_add_up_over_runs_are_refused_beside_the_starter() -> None:
    passed = judge(exam())
    assert compare_with_starter(passed, exam()) == passed
    worn = exam(challenger=side(field=BETTER, base=answers(BASE_TRUTH, range(130))))
    refused = compare_with_starter(passed, worn)
    assert (refused.outcome, len(refused.objections)) == (REFUSED, 1)
    assert refusals(refused) == ["starter"]
    assert refused.sentences[-1] == refused.objections[0]


def test_the_field_test_is_not_repeated_beside_the_starter() -> None:
    passed = judge(exam())
    assert compare_with_starter(passed, exam(challenger=side(field=answers(FIELD_TRUTH, range(60))))) == passed
