"""Personal memory: how remembered drawings change an answer, and where they must not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ml
from ml.augmentation.synthetic_digits import write_digit
from ml.bundles.bundle import load_bundle, verify_bundle
from ml.embeddings import personal_memory
from ml.embeddings.personal_memory import AdjustedAnswer, PersonalMemory
from ml.preprocessing.ink import rasterise

LABELS = 4
WIDTH = 8
HERE = np.eye(WIDTH, dtype=np.float32)[0]
ELSEWHERE = np.eye(WIDTH, dtype=np.float32)[1]


def near(cosine: float, *, side: int = 7) -> np.ndarray:
    """An embedding at this cosine from HERE, longer than 1 as embeddings are."""
    aside = np.eye(WIDTH, dtype=np.float32)[side]
    return (3 * (cosine * HERE + np.sqrt(1 - cosine**2) * aside)).astype(np.float32)


def plain(*shares: float) -> np.ndarray:
    """What the network says: shares of the first labels, the rest next to nothing."""
    return np.array([*shares, *[0.0001] * (LABELS - len(shares))], np.float32)


SURE = plain(0.9995)  # of label 0
TORN = plain(0.55, 0.4)


def remember(*entries: tuple[np.ndarray, np.ndarray, int]) -> PersonalMemory:
    """A memory of (embedding, what the network said, what the person said), oldest first."""
    packed = [personal_memory.pack_answer(embedding, said) for embedding, said, _ in entries]
    return personal_memory.build_memory(packed, [label for _, _, label in entries], LABELS)


def ask(known: PersonalMemory, said: np.ndarray, embedding: np.ndarray) -> AdjustedAnswer:
    return personal_memory.adjust_answer(known, said, embedding)


def test_without_remembered_drawings_the_answer_is_the_networks() -> None:
    answer = ask(remember(), TORN, HERE)

    assert answer.probabilities is TORN
    assert not answer.used
    assert answer.because.tolist() == []


def test_a_correction_counts_for_the_very_next_drawing() -> None:
    answer = ask(remember((HERE, TORN, 1)), TORN, near(0.95))

    assert answer.used
    assert answer.probabilities.argmax() == 1
    assert answer.because.tolist() == [0]


def test_the_same_drawing_again_gets_the_label_that_its_author_gave_even_if_the_network_is_sure() -> None:
    answer = ask(remember((HERE, SURE, 2)), SURE, HERE)

    assert answer.probabilities.argmax() == 2
    assert answer.probabilities[2] > 0.7


def test_the_same_drawing_again_gets_the_label_that_its_author_gave_whatever_else_is_near() -> None:
    others = [(near(cosine), SURE, 0) for cosine in (0.93, 0.95, 0.96, 0.97)]

    answer = ask(remember(*others, (HERE, SURE, 2)), SURE, HERE)

    assert answer.probabilities.argmax() == 2
    assert answer.probabilities[2] > 0.7


def test_the_same_drawing_with_two_labels_gives_both_the_same_probability() -> None:
    answer = ask(remember((HERE, TORN, 1), (HERE, TORN, 2)), SURE, HERE).probabilities

    assert answer[1] == pytest.approx(answer[2])
    assert answer[1] > 0.4


def test_a_correction_of_a_sure_answer_counts_when_it_is_drawn_again() -> None:
    assert ask(remember((HERE, SURE, 2)), SURE, near(0.99)).probabilities.argmax() == 2


def test_an_unlikely_statement_does_not_change_answers_to_merely_similar_drawings() -> None:
    assert ask(remember((HERE, SURE, 2)), SURE, near(0.9)).probabilities.argmax() == 0


def test_an_unlikely_statement_counts_less_after_each_later_statement() -> None:
    slip, others = (HERE, SURE, 2), [(ELSEWHERE, SURE, 0)] * 10
    after = [ask(remember(slip, *others[:count]), SURE, near(0.96)).probabilities for count in (0, 1, 4, 10)]

    assert [int(answer.argmax()) for answer in after] == [2, 2, 0, 0]
    assert after[2][2] > 0.3  # "not sure", and why
    assert after[3][0] > 0.6  # sure again


def test_a_statement_made_twice_stays_believed() -> None:
    twice, later = [(HERE, SURE, 2), (near(0.99), SURE, 2)], (ELSEWHERE, SURE, 0)

    assert ask(remember(*twice, later), SURE, near(0.97)).probabilities.argmax() == 2


def test_many_unlikely_statements_make_each_of_them_less_believable() -> None:
    places = np.eye(WIDTH, dtype=np.float32)
    few = remember(*[(places[i], SURE, 2) for i in (0,)])
    many = remember(*[(places[i], SURE, 2) for i in (1, 2, 3, 4, 0)])

    assert many.belief[-1] < few.belief[-1] / 4


def test_one_wrong_label_among_many_right_ones_changes_nothing() -> None:
    rightly = [(near(cosine), SURE, 0) for cosine in (0.96, 0.97, 0.98, 0.985)]

    assert ask(remember((HERE, SURE, 2), *rightly), SURE, near(0.98)).probabilities.argmax() == 0


def test_contradicting_statements_weaken_each_other() -> None:
    alone = ask(remember((HERE, TORN, 1)), TORN, near(0.98)).probabilities
    contradicted = ask(remember((HERE, TORN, 1), (near(0.99), TORN, 0)), TORN, near(0.98)).probabilities

    assert alone[1] > 0.7
    assert contradicted[1] < 0.55


def test_a_statement_that_is_taken_back_has_no_effect() -> None:
    before = remember((ELSEWHERE, TORN, 1))
    after = remember((ELSEWHERE, TORN, 1), (HERE, TORN, 1))

    assert ask(after, TORN, near(0.98)).used
    assert ask(before, TORN, near(0.98)).probabilities is TORN


def test_a_drawing_unlike_all_remembered_ones_gets_the_networks_answer() -> None:
    answer = ask(remember(*[(HERE, TORN, 1)] * 500), TORN, near(0.75))

    assert answer.probabilities is TORN
    assert not answer.used


def test_a_scribble_stays_not_sure_with_five_hundred_remembered_digits() -> None:
    scribble = plain(0.02, 0.02)
    known = remember(*[(near(cosine), plain(0.98), 0) for cosine in np.linspace(0.9, 1, 500)])

    assert ask(known, scribble, near(0.62, side=6)).probabilities is scribble


def test_a_label_given_to_one_odd_drawing_does_not_make_answers_to_other_odd_drawings_sure() -> None:
    odd = plain(0.02, 0.02)

    assert ask(remember((HERE, odd, 1)), odd, near(0.78)).probabilities is odd


def test_a_label_that_the_network_does_not_know_is_recognised_at_a_larger_distance() -> None:
    foreign = np.array([0.02, 0.02, 0.0, 0.0], np.float32)
    known = personal_memory.build_memory([personal_memory.pack_answer(HERE, foreign)], [3], LABELS, new_labels=1)

    assert ask(known, foreign, near(0.75)).probabilities.argmax() == 3


def test_an_answer_that_became_not_sure_names_the_drawings_against_it() -> None:
    known = remember((HERE, SURE, 2), *[(ELSEWHERE, SURE, 0)] * 4)

    answer = ask(known, SURE, near(0.96))

    assert answer.probabilities.argmax() == 0
    assert answer.because.tolist() == [0]


def test_an_answer_names_at_most_three_drawings_for_it_the_strongest_first() -> None:
    known = remember(
        (near(0.9), TORN, 1), (near(0.97), TORN, 1), (HERE, TORN, 0), (near(0.95), TORN, 1), (near(0.99), TORN, 1)
    )

    answer = ask(known, TORN, near(0.98))

    assert answer.probabilities.argmax() == 1
    assert answer.because.tolist() == [1, 4, 3]


def test_a_person_who_only_confirms_cannot_overrule_the_network() -> None:
    known = remember(*[(near(cosine), TORN, 0) for cosine in (0.95, 0.97, 0.99)])

    assert known.attention == 0
    assert ask(known, plain(0.4, 0.55), HERE).probabilities.argmax() == 1


def test_a_person_who_only_confirms_raises_the_probability_of_the_networks_answer() -> None:
    known = remember(*[(near(cosine), TORN, 0) for cosine in (0.95, 0.97, 0.99)])

    assert ask(known, TORN, HERE).probabilities[0] > 0.9


def test_confirmations_count_in_full_beside_as_many_corrections_as_the_network_expects() -> None:
    known = remember((ELSEWHERE, TORN, 1), *[(near(cosine), plain(0.8), 0) for cosine in (0.95, 0.97, 0.99)])

    assert known.attention == pytest.approx(1 / (0.45 + 3 * 0.2), rel=0.01)
    assert ask(known, plain(0.4, 0.55), HERE).probabilities.argmax() == 0


def test_a_label_that_the_network_does_not_know_is_learned_from_one_example() -> None:
    foreign = np.array([0.6, 0.1, 0.0, 0.0], np.float32)
    known = personal_memory.build_memory([personal_memory.pack_answer(HERE, foreign)], [3], LABELS, new_labels=1)

    assert known.belief.tolist() == [1.0]
    assert ask(known, foreign, near(0.97)).probabilities.argmax() == 3


def test_a_remembered_drawing_is_stored_with_16_bits_for_each_number() -> None:
    packed = personal_memory.pack_answer(near(0.9), TORN)

    assert len(packed) == 2 * (WIDTH + LABELS)
    assert personal_memory.build_memory([packed], [1], LABELS).directions[0] == pytest.approx(near(0.9) / 3, abs=0.001)


def test_rows_of_another_network_are_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        personal_memory.build_memory(
            [personal_memory.pack_answer(HERE, TORN), personal_memory.pack_answer(HERE[:5], TORN)], [0, 1], LABELS
        )


def test_an_embedding_of_zeros_is_handled() -> None:
    nothing = np.zeros(WIDTH, np.float32)

    assert ask(remember((nothing, TORN, 1), (HERE, TORN, 1)), TORN, nothing).probabilities is TORN


class World:
    """Up to a dozen drawings about three places, what a network and their author said of them, and one more drawing."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        places = rng.random((3, WIDTH)) * 4
        count = int(rng.integers(13))
        spread = float(rng.choice((0, 0.1, 1)))
        at = np.abs(places[rng.integers(3, size=count + 1)] + rng.normal(0, spread, (count + 1, WIDTH)))
        self.embeddings = at.astype(np.float32)
        self.answers = rng.dirichlet(np.full(LABELS + 1, 0.3), count + 1)[:, :LABELS].astype(np.float32)
        self.said = rng.integers(LABELS, size=count)

    def answer(self, said: np.ndarray) -> AdjustedAnswer:
        """To the last drawing, with this said of the others."""
        packed = [
            personal_memory.pack_answer(*each) for each in zip(self.embeddings[:-1], self.answers[:-1], strict=True)
        ]
        return ask(personal_memory.build_memory(packed, said.tolist(), LABELS), self.answers[-1], self.embeddings[-1])


worlds = st.integers(0, 2**32 - 1).map(World)


@given(worlds)
def test_adjusted_probabilities_are_from_0_to_1_and_add_up_to_at_most_1(world: World) -> None:
    answer = world.answer(world.said)

    assert np.isfinite(answer.probabilities).all()
    assert (answer.probabilities >= 0).all()
    assert answer.probabilities.sum() <= 1 + 1e-5
    assert bool(len(answer.because)) == answer.used
    assert len({bool(world.said[place] == answer.probabilities.argmax()) for place in answer.because}) <= 1
    assert len(answer.because) <= personal_memory.MAX_NAMED


@given(worlds)
def test_a_person_who_confirms_everything_gets_the_networks_answers(world: World) -> None:
    rounded = world.answers.astype(np.float16)  # as they are kept
    assume(np.ptp(np.sort(world.answers[-1])[-2:]) > 1e-6)

    assert world.answer(rounded[:-1].argmax(axis=1)).probabilities.argmax() == world.answers[-1].argmax()


def test_the_shipped_network_uses_one_correction_and_no_longer_when_it_is_deleted() -> None:
    predictor = verify_bundle(load_bundle(Path(ml.__file__).parent / "models" / "digits"))
    rng = np.random.default_rng(4)
    fours = predictor.predict(np.stack([rasterise(write_digit(4, rng)) for _ in range(2)]))
    first, again = zip(fours.probabilities, fours.embeddings, strict=True)
    called_nine = personal_memory.build_memory([personal_memory.pack_answer(first[1], first[0])], [9], 10)

    assert again[0].argmax() == 4
    assert personal_memory.adjust_answer(called_nine, *first).probabilities.argmax() == 9
    assert personal_memory.adjust_answer(called_nine, *again).probabilities[9] > 0.3
    assert personal_memory.adjust_answer(personal_memory.build_memory([], [], 10), *first).probabilities is first[0]
