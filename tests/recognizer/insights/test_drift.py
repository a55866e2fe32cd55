"""Drift: weeks are counted in the background, compared with the base test, and clear differences are said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ml.statistics import total_variation, total_variation_by_chance
from recognizer.insights import drift
from recognizer.insights.drift import Kind
from recognizer.models import AnswerWeek, Drawing, Prediction, Recognizer, WorstMistakes
from recognizer.tasks import tick
from tests.ink import SEVEN
from tests.recognizer.insights.conftest import Desk, people

pytestmark = pytest.mark.django_db
PAGE = "/review/drift/digits/"
MONDAY = date(2026, 11, 16)
EVENLY = {str(at): 100 for at in range(10)}


def moment(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def answered(desk: Desk, label: str, when: datetime, *, author: User | None = None, **more: Any) -> Prediction:
    """A drawing, and the first answer to it."""
    drawing = Drawing.objects.create(recognizer=desk.recognizer, author=author or desk.author, ink=SEVEN)
    values = {"guesses": [[label, 0.9]], "probability": 0.9, "unsure": False, "created": when} | more
    values.setdefault("model_version", desk.version(1))
    return Prediction.objects.create(drawing=drawing, label=desk.labels[label], **values)


def base_test(recognizer: Recognizer, guesses: dict[str, int] | None = None, **more: Any) -> None:
    """How version 1 answered its base test."""
    values: dict[str, Any] = {"guesses": guesses or EVENLY, "confidence": 0.95, "spread": 0.1, "unsure": 20} | more
    values |= {"drawings": sum(values["guesses"].values()), "counted": timezone.now()}
    nothing = {"found": [], "wrong": 0, "wrong_and_sure": 0, "test": "0" * 64}
    WorstMistakes.objects.update_or_create(version=recognizer.versions.get(number=1), defaults=values | nothing)


def week(recognizer: Recognizer, guesses: dict[str, int] | None = None, **more: Any) -> drift.Week:
    """The newest week, with these answers."""
    values: dict[str, Any] = {
        "guesses": guesses or EVENLY,
        "people": 20,
        "confidence": 0.95,
        "spread": 0.1,
        "unsure": 20,
    } | more
    values.setdefault("drawings", sum(values["guesses"].values()))
    AnswerWeek.objects.update_or_create(version=recognizer.versions.get(number=1), week=MONDAY, defaults=values)
    return drift.weeks_of(recognizer)[0]


# Counting


def test_a_week_is_counted_by_version_from_monday_to_sunday(desk: Desk, alice: User, bob: User) -> None:
    answered(desk, "7", moment(MONDAY, 0), probability=0.8)
    answered(desk, "7", moment(MONDAY + timedelta(days=6), 23), author=bob, probability=0.6, unsure=True)
    answered(desk, "1", moment(MONDAY), probability=1.0)
    answered(desk, "3", moment(MONDAY - timedelta(days=1), 23))
    answered(desk, "3", moment(MONDAY + timedelta(days=7), 0))
    answered(desk, "9", moment(MONDAY), model_version=desk.version(2))
    drift.count_week(MONDAY)
    first, second = AnswerWeek.objects.order_by("version__number")
    assert (first.drawings, first.people, first.unsure) == (3, 2, 1)
    assert first.guesses == {"7": 2, "1": 1}
    assert first.confidence == pytest.approx(0.8)
    assert first.spread == pytest.approx((2 / 75) ** 0.5)
    assert (second.drawings, second.guesses) == (1, {"9": 1})


def test_only_the_first_answer_to_a_drawing_counts(desk: Desk) -> None:
    first = answered(desk, "7", moment(MONDAY - timedelta(days=7)))
    later = {"model_version": desk.version(2), "label": desk.labels["1"], "guesses": [["1", 0.9]]}
    Prediction.objects.create(drawing=first.drawing, probability=0.9, unsure=False, created=moment(MONDAY), **later)
    drift.count_week(MONDAY)
    assert not AnswerWeek.objects.exists()


def test_counting_again_replaces_what_was_counted_and_forgets_deleted_drawings(desk: Desk) -> None:
    kept, deleted = answered(desk, "7", moment(MONDAY)), answered(desk, "1", moment(MONDAY))
    drift.count_week(MONDAY)
    deleted.drawing.delete()
    drift.count_week(MONDAY)
    assert AnswerWeek.objects.get().guesses == {"7": 1}
    kept.drawing.delete()
    drift.count_week(MONDAY)
    assert not AnswerWeek.objects.exists()


def test_the_background_counts_old_weeks_one_by_one_and_the_current_one_again_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    this_week = drift.monday_of(timezone.now())
    answered(desk, "7", moment(this_week - timedelta(days=14)))
    answered(desk, "7", moment(this_week, 0))
    assert [drift.refresh_answer_weeks() for _ in range(3)] == [1, 1, 0]  # two weeks ago, and last week
    assert [each.week for each in AnswerWeek.objects.all()] == [this_week - timedelta(days=14)]
    later = timezone.now() + drift.RECOUNT_EVERY
    monkeypatch.setattr("recognizer.insights.drift.timezone.now", lambda: later)
    assert drift.refresh_answer_weeks() == 1
    assert AnswerWeek.objects.get(week=this_week).drawings == 1
    answered(desk, "7", moment(this_week, 0))
    monkeypatch.setattr("recognizer.insights.drift.timezone.now", lambda: later + drift.RECOUNT_EVERY)
    assert drift.refresh_answer_weeks() == 1
    assert AnswerWeek.objects.get(week=this_week).drawings == 2


def test_without_drawings_there_is_nothing_to_count(digits: Recognizer) -> None:
    assert drift.refresh_answer_weeks() == 0


def test_the_tick_counts(desk: Desk) -> None:
    answered(desk, "7", timezone.now())
    tick()
    assert AnswerWeek.objects.count() == 1


# The rule


def test_the_same_answers_as_in_the_test_are_no_drift(digits: Recognizer) -> None:
    base_test(digits)
    assert week(digits).differences == []
    assert week(digits).distance == 0


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.MIX, {"guesses": {"1": 400, "7": 600}}),
        (Kind.CONFIDENCE, {"confidence": 0.85}),
        (Kind.UNSURE, {"unsure": 200}),
    ],
)
def test_each_clear_difference_is_found(digits: Recognizer, kind: Kind, values: dict[str, Any]) -> None:
    base_test(digits)
    assert week(digits, **values).differences == [kind]
    assert week(digits, **values, people=drift.MIN_PEOPLE - 1).differences == []


def test_small_differences_are_not_clear_however_many_drawings_there_are(digits: Recognizer) -> None:
    base_test(digits, {str(at): 100_000 for at in range(10)}, unsure=20_000)
    mix = {str(at): 110_000 if at < 5 else 90_000 for at in range(10)}
    assert week(digits, mix, confidence=0.92, unsure=60_000).differences == []


def test_large_differences_of_few_drawings_are_not_clear(digits: Recognizer) -> None:
    base_test(digits)
    few = {"7": drift.MIN_DRAWINGS - 1}
    assert week(digits, few, confidence=0.5, unsure=99).differences == []
    enough = {"7": drift.MIN_DRAWINGS}
    assert week(digits, enough, confidence=0.5, unsure=99).differences == [*Kind]


def test_samples_of_one_mixture_are_seldom_called_different() -> None:
    """As many labels as sketches have, and few drawings: the distance is large, and chance explains it."""
    import numpy as np

    rng = np.random.default_rng(1)
    shares = np.full(30, 1 / 30)
    pairs = [(rng.multinomial(100, shares), rng.multinomial(1000, shares)) for _ in range(100)]
    distances = [total_variation(*pair) for pair in pairs]
    assert np.mean(distances) > drift.MIN_DISTANCE
    clear = [d > total_variation_by_chance(*p, p_value=drift.P_VALUE) for d, p in zip(distances, pairs, strict=True)]
    assert sum(clear) <= 2


# The page


def test_the_page_shows_weeks_beside_the_base_test(as_rita: Client, digits: Recognizer) -> None:
    base_test(digits)
    week(digits, {"1": 400, "7": 600}, unsure=200)
    response = as_rita.get(PAGE)
    html = response.content.decode()
    assert 'data-drift="mix"' in html
    assert 'data-drift="unsure"' in html
    assert 'data-drift="confidence"' not in html
    assert "data-base-test" in html
    assert f'data-week="{MONDAY}"' in html
    assert [line["label"].slug for line in response.context["lines"]][:2] == ["7", "1"]


def test_without_a_clear_difference_it_says_so(as_rita: Client, digits: Recognizer) -> None:
    base_test(digits)
    week(digits)
    html = as_rita.get(PAGE).content.decode()
    assert "data-steady" in html
    assert "data-drift" not in html


def test_without_a_base_test_weeks_are_shown_and_nothing_is_judged(as_rita: Client, digits: Recognizer) -> None:
    week(digits, {"7": 1000})
    html = as_rita.get(PAGE).content.decode()
    assert f'data-week="{MONDAY}"' in html
    assert "data-base-test" not in html
    assert "data-drift" not in html


def test_before_the_first_count_it_is_empty(as_rita: Client, digits: Recognizer) -> None:
    assert "data-empty" in as_rita.get(PAGE).content.decode()


def test_only_reviewers_see_it(as_alice: Client, digits: Recognizer) -> None:
    assert as_alice.get(PAGE).status_code == 403


def test_metrics_say_the_same(digits: Recognizer, client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "token"
    base_test(digits)
    week(digits, {"1": 400, "7": 600})
    text = client.get("/metrics", headers={"Authorization": "Bearer token"}).content.decode()
    assert 'inkling_drift_warning{kind="mix",recognizer="digits"} 1.0' in text
    assert 'inkling_drift_warning{kind="unsure",recognizer="digits"} 0.0' in text
    assert 'inkling_drift_distance{recognizer="digits"} 0.8' in text
    assert 'inkling_drift_unsure{of="week",recognizer="digits"} 0.02' in text


def test_people_are_counted_once_however_much_they_draw(desk: Desk) -> None:
    for person in people(3):
        for _ in range(4):
            answered(desk, "7", moment(MONDAY), author=person)
    drift.count_week(MONDAY)
    row = AnswerWeek.objects.get()
    assert (row.drawings, row.people) == (12, 3)
