"""How often people correct a version, and the rollback of one that they correct more often."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from math import comb
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.statistics import fisher_exact
from recognizer.drawings import corrections
from recognizer.insights import counts
from recognizer.models import (
    Correction,
    Drawing,
    ModelVersion,
    PersonalAnswer,
    Policy,
    Prediction,
    Promotion,
    Recognizer,
)
from recognizer.registry import promotions
from recognizer.training import monitoring
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(digits: Recognizer, starter: Bundle) -> ModelVersion:
    """Version 2 is live."""
    return promote(digits, starter)


def promote(digits: Recognizer, starter: Bundle) -> ModelVersion:
    version = promotions.register(recognizer=digits, bundle=starter)
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="test")
    return version


def answered(
    digits: Recognizer, author: User, number: int, agreed: int, corrected: int, *, people: int = 10
) -> list[Drawing]:
    """Drawings that this version answered with 7, and what their authors said: this one and others, in turn."""
    others = [User.objects.get_or_create(email=f"hand-{one}@example.org")[0] for one in range(1, people)]
    hands = cycle([author, *others])
    version = ModelVersion.objects.get(recognizer=digits, number=number)
    seven, one = digits.labels.get(slug="7"), digits.labels.get(slug="1")
    made = Drawing.objects.bulk_create(
        [Drawing(recognizer=digits, author=next(hands), ink=SEVEN) for _ in range(agreed + corrected)]
    )
    answer = {"model_version": version, "guesses": [["7", 0.9]], "label": seven, "probability": 0.9, "unsure": False}
    Prediction.objects.bulk_create([Prediction(drawing=drawing, **answer) for drawing in made])
    said = [seven] * agreed + [one] * corrected
    Correction.objects.bulk_create(
        [Correction(drawing=drawing, label=label) for drawing, label in zip(made, said, strict=True)]
    )
    return made


def corrected(recognizer: Recognizer) -> dict[int, tuple[int, int]]:
    """By version number: how many live answers their authors judged, and how many of these they corrected."""
    found = monitoring.count_live_accuracy()
    numbers = dict(ModelVersion.objects.filter(recognizer=recognizer).values_list("pk", "number"))
    return {numbers[pk]: (each.answers, each.answers - each.alone) for pk, each in found.items()}


def test_accuracy_is_counted_per_version(digits: Recognizer, alice: User, second: ModelVersion) -> None:
    answered(digits, alice, 1, agreed=6, corrected=2)
    answered(digits, alice, 2, agreed=3, corrected=1)
    assert corrected(digits) == {1: (8, 2), 2: (4, 1)}


def test_only_what_the_author_says_now_counts(digits: Recognizer, alice: User) -> None:
    first, second, third = answered(digits, alice, 1, agreed=3, corrected=0)
    corrections.correct(drawing=first, label="4")
    corrections.correct(drawing=second, label="4")
    corrections.correct(drawing=second, label="7")
    corrections.take_back(drawing=third)
    assert corrected(digits) == {1: (2, 1)}


def test_a_later_answer_to_an_old_drawing_is_not_live(digits: Recognizer, alice: User, second: ModelVersion) -> None:
    drawing = answered(digits, alice, 1, agreed=1, corrected=0)[0]
    one = digits.labels.get(slug="1")
    Prediction.objects.create(
        drawing=drawing, model_version=second, guesses=[["1", 1.0]], label=one, probability=1.0, unsure=False
    )
    assert corrected(digits) == {1: (1, 0)}


def test_a_version_that_people_correct_more_often_is_rolled_back(
    digits: Recognizer, alice: User, second: ModelVersion
) -> None:
    answered(digits, alice, 1, agreed=95, corrected=5)
    answered(digits, alice, 2, agreed=40, corrected=20)
    promotion = monitoring.roll_back_if_worse(digits)
    assert promotion is not None
    assert (promotion.model_version.number, promotion.by) == (1, None)
    assert "33.3%" in promotion.reason
    assert "5.0%" in promotion.reason
    assert monitoring.roll_back_if_worse(digits) is None


def test_one_person_alone_cannot_cause_a_rollback(
    digits: Recognizer, alice: User, bob: User, second: ModelVersion
) -> None:
    answered(digits, alice, 1, agreed=95, corrected=5)
    answered(digits, alice, 2, agreed=100, corrected=0)
    answered(digits, bob, 2, agreed=0, corrected=60, people=1)
    assert corrected(digits)[2] == (160, 60)
    assert monitoring.roll_back_if_worse(digits) is None


def test_the_number_of_people_does_not_change_the_number_of_queries(
    digits: Recognizer, alice: User, second: ModelVersion, django_assert_num_queries: Any
) -> None:
    answered(digits, alice, 1, agreed=20, corrected=2, people=20)
    with django_assert_num_queries(1):
        monitoring.count_live_accuracy()
    with django_assert_num_queries(1):
        monitoring.live_accuracy(digits)


def answer_from_memory(drawing: Drawing, label: str) -> None:
    """The first answer to this drawing, as adjusted by its author's personal memory."""
    said = drawing.recognizer.labels.get(slug=label)
    prediction = drawing.predictions.earliest("pk")
    answer = {"guesses": [[label, 0.8]], "label": said, "probability": 0.8, "unsure": False}
    PersonalAnswer.objects.create(prediction=prediction, **answer)


def test_accuracy_is_counted_with_and_without_personal_memory(
    digits: Recognizer, alice: User, second: ModelVersion
) -> None:
    answered(digits, alice, 1, agreed=2, corrected=2)
    right, *wrong = answered(digits, alice, 2, agreed=1, corrected=3)
    answer_from_memory(wrong[0], "1")
    answer_from_memory(wrong[1], "1")
    answer_from_memory(wrong[2], "4")
    answer_from_memory(right, "1")  # memory may spoil what was right
    assert monitoring.live_accuracy(digits) == {}  # nobody has counted
    counts.recount()
    assert monitoring.live_accuracy(digits) == {1: (4, 2, 2), 2: (4, 1, 2)}
    assert corrected(digits) == {1: (4, 2), 2: (4, 3)}
    assert (monitoring.live_accuracy(digits)[2].alone_share, monitoring.live_accuracy(digits)[2].personal_share) == (
        0.25,
        0.5,
    )


def test_the_accuracy_for_one_person_counts_only_their_newest_answers(
    digits: Recognizer, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert monitoring.own_accuracy(person=alice, recognizer=digits) == (0, 0, 0)
    answered(digits, alice, 1, agreed=5, corrected=0, people=1)
    for drawing in answered(digits, alice, 1, agreed=0, corrected=3, people=1)[1:]:
        answer_from_memory(drawing, "1")
    answered(digits, bob, 1, agreed=0, corrected=7, people=1)
    assert monitoring.own_accuracy(person=alice, recognizer=digits) == (8, 5, 7)
    monkeypatch.setattr("recognizer.training.monitoring.OWN_ANSWERS", 4)
    assert monitoring.own_accuracy(person=alice, recognizer=digits) == (4, 1, 3)


@pytest.mark.parametrize(
    ("now", "then", "why"),
    [
        ((45, 4), (95, 5), "too few answers of the new one"),
        ((40, 20), (46, 3), "too few answers of the old one"),
        ((92, 8), (95, 5), "within the margin"),
        ((53, 7), (95, 5), "chance explains it"),
        ((99, 1), (80, 20), "it is better"),
    ],
)
def test_without_clear_evidence_the_version_stays(
    digits: Recognizer, alice: User, second: ModelVersion, now: Any, then: Any, why: str
) -> None:
    answered(digits, alice, 1, *then)
    answered(digits, alice, 2, *now)
    assert monitoring.roll_back_if_worse(digits) is None, why


def test_a_policy_can_disable_the_automatic_rollback(digits: Recognizer, alice: User, second: ModelVersion) -> None:
    answered(digits, alice, 1, agreed=95, corrected=5)
    answered(digits, alice, 2, agreed=40, corrected=20)
    Policy.objects.create(recognizer=digits, auto_rollback=False)
    assert monitoring.roll_back_if_worse(Recognizer.objects.get()) is None
    Policy.objects.update(auto_rollback=True, rollback_margin=0.5)
    assert monitoring.roll_back_if_worse(Recognizer.objects.get()) is None


def test_a_version_that_somebody_promotes_again_is_not_rolled_back_again(
    digits: Recognizer, alice: User, bob: User, second: ModelVersion
) -> None:
    answered(digits, alice, 1, agreed=95, corrected=5)
    answered(digits, alice, 2, agreed=40, corrected=20)
    taken_back = monitoring.roll_back_if_worse(digits)
    promotions.promote(version=second, replaces=taken_back, reason="I like it", by=bob)
    assert monitoring.roll_back_if_worse(digits) is None
    assert promotions.current_promotion(digits.pk).model_version == second  # type: ignore[union-attr]


def test_the_first_version_cannot_be_rolled_back(digits: Recognizer, alice: User) -> None:
    answered(digits, alice, 1, agreed=0, corrected=80)
    assert monitoring.roll_back_if_worse(digits) is None


@pytest.mark.django_db(transaction=True)
def test_concurrent_checks_roll_back_once(digits: Recognizer, alice: User, second: ModelVersion) -> None:
    answered(digits, alice, 1, agreed=95, corrected=5)
    answered(digits, alice, 2, agreed=40, corrected=20)

    def check(_: int) -> Promotion | None:
        try:
            return monitoring.roll_back_if_worse(Recognizer.objects.get())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(check, range(4)))
    assert sum(promotion is not None for promotion in made) == 1
    assert Promotion.objects.count() == 3


@pytest.mark.parametrize(
    ("now", "then"), [((60, 20), (100, 5)), ((60, 7), (100, 5)), ((50, 0), (50, 0)), ((9, 9), (9, 0))]
)
def test_the_p_value_is_that_of_fishers_exact_test(now: Any, then: Any) -> None:
    """Compared with counting all ways in which the corrections could have been distributed."""
    total, corrected = now[0] + then[0], now[1] + then[1]
    ways = sum(comb(now[0], k) * comb(then[0], corrected - k) for k in range(now[1], corrected + 1))
    assert fisher_exact(now, then) == pytest.approx(ways / comb(total, corrected), rel=1e-6)


def test_large_counts_do_not_overflow() -> None:
    assert monitoring.is_clearly_worse((100_000, 20_000), (100_000, 10_000), 0.05)


def test_what_a_round_asked_for_does_not_judge_a_version(digits: Recognizer, alice: User) -> None:
    answered(digits, alice, 1, agreed=2, corrected=1)
    assert corrected(digits) == {1: (3, 1)}
    Correction.objects.filter(label__slug="1").update(origin="round")
    assert corrected(digits) == {1: (2, 0)}
    assert monitoring.own_accuracy(person=alice, recognizer=digits).alone_share == 1
