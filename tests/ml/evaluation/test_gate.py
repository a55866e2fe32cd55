"""The gate: each rule refuses alone, and says why with its numbers."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from ml.evaluation.compare import ExamAnswers, ModelAnswers
from ml.evaluation.gate import NO_BETTER, NOT_ENOUGH_EVIDENCE, PASSED, REFUSED, GateVerdict, compare_with_starter, judge

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
        "units": np.arange(FIELD),
        "difference": 0.01,
        "compared": 200,
        "tflite": 400_000,
        "keras": 1_500_000,
    }
    given = {**parts, **changed}
    if len(given["units"]) != len(given["field_truth"]):
        given["units"] = np.arange(len(given["field_truth"]))
    return ExamAnswers(**given)


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


@pytest.mark.parametrize(("wins", "outcome"), [(1, NO_BETTER), (5, NO_BETTER), (6, PASSED)])
def test_six_drawings_better_and_none_worse_are_clear(wins: int, outcome: str) -> None:
    """0.5^5 is 3.1 %, 0.5^6 is 1.6 %. The lost probability of the other drawings keeps the log loss from deciding."""
    verdict = judge(better(field=answers(FIELD_TRUTH, range(10 - wins), sure=0.6)))

    assert verdict.outcome == outcome


def test_one_answer_that_is_surely_wrong_does_not_hide_what_all_others_gain() -> None:
    """Two drawings are won, which is not clear; ninety get a little more probability, one nearly none."""
    after = answers(FIELD_TRUTH, range(8), sure=0.92)
    after[0, FIELD_TRUTH[0]] = 1e-7

    verdict = judge(exam(champion=side(field=answers(FIELD_TRUTH, range(10), sure=0.9)), challenger=side(field=after)))

    assert verdict.outcome == PASSED
    field = verdict.figures["field"]
    assert field["p"] == 0.25
    assert field["log_loss"]["after"] > field["log_loss"]["before"] - 0.05


def test_no_better_names_how_many_drawings_by_how_many_people_it_would_need() -> None:
    """2 won, 1 lost: z is 1 / sqrt(3); for 1.88 it takes 10.6 times as many, so 962 more than 100."""
    verdict = judge(better(field=answers(FIELD_TRUTH, [*range(8), 50], sure=0.9)))

    assert verdict.outcome == NO_BETTER
    assert numbers(verdict, "field")[-2:] == ["962", "58"]
    assert verdict.objections == [verdict.sentences[0]]


def test_many_drawings_of_one_person_count_as_one() -> None:
    """The same eight drawings won, all by one of seven people, or by seven of them."""
    field = answers(FIELD_TRUTH, range(2), sure=0.9)
    alone = np.repeat(np.arange(7), [16, 14, 14, 14, 14, 14, 14])
    spread_out = np.arange(FIELD) % 7

    assert judge(exam(challenger=side(field=field), units=alone)).outcome == NO_BETTER
    assert judge(exam(challenger=side(field=field), units=spread_out)).outcome == PASSED


def test_a_model_that_loses_more_than_it_wins_is_refused() -> None:
    verdict = judge(better(field=answers(FIELD_TRUTH, [*range(5), *range(50, 56)])))

    assert verdict.outcome == REFUSED
    assert refusals(verdict) == ["field"]
    assert numbers(verdict, "field")[-2:] == ["5", "6"]


def test_the_same_model_again_is_no_better() -> None:
    verdict = judge(exam(challenger=side()))

    assert verdict.outcome == NO_BETTER
    assert numbers(verdict, "field")[-1] == "6", "so many won drawings would be clear"


@pytest.mark.parametrize("sure", [0.99, 0.8])
def test_a_tie_is_no_better_whatever_the_probabilities(sure: float) -> None:
    verdict = judge(
        exam(champion=side(field=answers(FIELD_TRUTH)), challenger=side(field=answers(FIELD_TRUTH, sure=sure)))
    )

    assert verdict.outcome == NO_BETTER
    assert verdict.figures["field"]["wins"] == verdict.figures["field"]["losses"] == 0


@pytest.mark.parametrize(("unsure", "outcome"), [(110, PASSED), (111, NO_BETTER)])
def test_higher_probabilities_of_the_right_labels_are_evidence_without_more_not_sure(unsure: int, outcome: str) -> None:
    """One drawing more is right, all get a higher probability; a tenth more may be answered "not sure"."""
    champion = side(field=answers(FIELD_TRUTH, [0], sure=0.97), base=unsure_of(100), unsure_below=0.97)
    challenger = side(field=answers(FIELD_TRUTH, sure=0.98), base=unsure_of(unsure), unsure_below=0.97)

    assert judge(exam(champion=champion, challenger=challenger)).outcome == outcome


def test_a_tie_of_wins_and_losses_is_a_tie_too() -> None:
    swapped = answers(FIELD_TRUTH, range(10, 20))

    figures = judge(better(field=swapped)).figures["field"]

    assert (figures["wins"], figures["losses"]) == (10, 10)


@pytest.mark.parametrize(("count", "outcome"), [(0, NOT_ENOUGH_EVIDENCE), (11, NOT_ENOUGH_EVIDENCE), (12, PASSED)])
def test_fewer_than_twelve_drawings_are_not_enough_evidence(count: int, outcome: str) -> None:
    few = FIELD_TRUTH[:count]

    verdict = judge(
        exam(
            champion=side(field=answers(few, range(count))),
            challenger=side(field=answers(few)),
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

    assert numbers(verdict, "field") == ["0", "12", "60"]
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


def test_drawings_by_the_same_people_are_said_to_be_weaker_evidence() -> None:
    by_others, by_the_same = (judge(exam(by_author=known)) for known in (True, False))

    assert by_the_same.outcome == by_others.outcome == PASSED
    assert len(by_others.sentences[0]) < len(by_the_same.sentences[0])


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


@pytest.mark.parametrize(("lost", "outcome"), [(4, PASSED), (5, REFUSED)])
def test_a_label_that_drops_by_a_quarter_is_refused_if_chance_rarely_does_that(lost: int, outcome: str) -> None:
    """Of twenty drawings: chance loses five and wins none in 3 % of cases."""
    truth = np.arange(2 * FIELD) % LABELS
    threes = np.flatnonzero(truth == 3)
    before = answers(truth, [place for place in range(60) if place not in threes])

    verdict = judge(
        exam(champion=side(field=before), challenger=side(field=answers(truth, threes[:lost])), field_truth=truth)
    )

    assert verdict.outcome == outcome


def test_a_label_with_fewer_than_twenty_drawings_in_a_test_is_not_judged_alone() -> None:
    threes = np.flatnonzero(FIELD_TRUTH == 3)
    before = answers(FIELD_TRUTH, [place for place in range(40) if place not in threes])

    assert (
        judge(exam(champion=side(field=before), challenger=side(field=answers(FIELD_TRUTH, threes[:3])))).outcome
        == PASSED
    )


def test_with_few_drawings_of_each_label_the_verdict_says_of_how_many_it_cannot_tell() -> None:
    truth = np.arange(100) % 25 // 5  # five labels of twenty drawings; the others have none

    verdict = judge(
        exam(champion=side(base=answers(truth)), challenger=side(base=answers(truth), field=BETTER), base_truth=truth)
    )

    assert numbers(verdict, "labels")[:2] == ["5", "20"]
    assert numbers(verdict, "labels")[-1] == "5"


def test_each_label_counts_the_same_in_the_base_test() -> None:
    """A frequent label gains 100 of 9,000 drawings, a rare one loses 30 of 1,000: on the whole that is a loss."""
    truth = np.repeat([0, 1], [9_000, 1_000])
    champion = side(base=answers(truth, range(100)))

    verdict = judge(
        exam(
            champion=champion, challenger=side(base=answers(truth, range(9_000, 9_030)), field=BETTER), base_truth=truth
        )
    )

    base = verdict.figures["base"]
    assert base["after"] > base["before"]
    assert base["mean"]["after"] == pytest.approx((1 + 0.97) / 2)
    assert "base" in refusals(verdict)


def test_labels_with_few_drawings_count_as_one_label_together() -> None:
    truth = np.concatenate([np.zeros(100, np.int64), np.arange(1, 9).repeat(10)])

    figures = judge(
        exam(
            champion=side(base=answers(truth)), challenger=side(base=answers(truth, range(100, 140))), base_truth=truth
        )
    ).figures

    assert figures["base"]["mean"]["after"] == pytest.approx((1 + 0.5) / 2)


@pytest.mark.parametrize(("lost", "outcome"), [(18, PASSED), (19, REFUSED)])
def test_a_label_may_lose_what_chance_explains(lost: int, outcome: str) -> None:
    """Of a thousand sevens five are won and some lost. Ten labels are judged, so chance has 0.5 % for each."""
    sevens, ones = np.flatnonzero(BASE_TRUTH == 7), np.flatnonzero(BASE_TRUTH == 1)
    champion = side(base=answers(BASE_TRUTH, [*sevens[:100], *ones[:lost]]))

    challenger = side(field=BETTER, base=answers(BASE_TRUTH, sevens[5 : 100 + lost]))

    verdict = judge(exam(champion=champion, challenger=challenger))

    assert verdict.outcome == outcome
    assert refusals(verdict) == ["labels"] * (outcome == REFUSED)


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
        "p": 0.5**8, "log_loss": None, "unsure": {"before": 0.0, "after": 0.0},
    }  # fmt: skip
    assert stored["figures"]["labels"][3] == {
        "slug": "3", "before": 0.99, "after": 0.99, "count": 1000, "wins": 0, "losses": 0,
    }  # fmt: skip
    assert stored["figures"]["base"] == {
        "count": 10_000, "before": 0.99, "after": 0.99, "mean": {"before": 0.99, "after": 0.99},
    }  # fmt: skip
    assert stored["figures"]["size"] == {"tflite": 400_000, "keras": 1_500_000}


def test_figures_that_were_not_measured_are_none() -> None:
    none = answers(BASE_TRUTH[:0])

    figures = judge(exam(champion=side(base=none), challenger=side(base=none), base_truth=BASE_TRUTH[:0])).figures

    assert figures["base"] == {"count": 0, "before": None, "after": None, "mean": {"before": None, "after": None}}
    assert figures["ece"] == {"before": None, "after": None}
    json.dumps(figures, allow_nan=False)
