"""Reviewers, authors and policies at the same moment: one decision each, and nothing half done."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from recognizer.drawings import corrections, store
from recognizer.models import Claim, Correction, Drawing, Opinion, Policy, QueueEntry, Recognizer, Review
from recognizer.review import bulk, decisions
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = (decisions.ClaimedError, decisions.StaleReviewError)


def at_once(*calls: Any) -> list[Any]:
    """What each call gives, or the refusal it ends with, when all are made from threads of their own."""

    def run(call: Any) -> Any:
        try:
            return call()
        except REFUSALS as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.fixture
def reviewers(digits: Recognizer) -> list[User]:
    return [community.reviewer(f"reviewer{number}") for number in range(4)]


def test_four_reviewers_are_never_shown_the_same_one(reviewers: list[User], alice: User) -> None:
    community.draw(alice, 8)
    shown = at_once(*[partial(community.claim_one, each) for each in reviewers])
    assert len({correction.pk for correction in shown}) == 4
    assert Claim.objects.count() == 4


def test_four_reviewers_get_through_the_queue_without_a_double(reviewers: list[User], alice: User) -> None:
    community.draw(alice, 24)
    counts = at_once(*[partial(community.review_all, each) for each in reviewers])
    assert sum(counts) == Review.objects.count() == 24
    assert max(Counter(Review.objects.values_list("correction", flat=True)).values()) == 1
    assert not Claim.objects.exists()


def test_four_who_hold_some_ahead_decide_each_of_500_drawings_once(reviewers: list[User]) -> None:
    for number in range(10):
        community.wait(community.person(f"author{number}"), 50)
    counts = at_once(*[partial(_review_ahead, each) for each in reviewers])
    assert sum(counts) == Review.objects.count() == 500
    assert Review.objects.values("correction").distinct().count() == 500
    assert not QueueEntry.objects.waiting().exists()
    assert not Claim.objects.exists()


def _review_ahead(reviewer: User) -> int:
    """As the page does it: five are claimed at once; every third round is decided in one go.

    Who finds nothing while others still hold some looks again: those may come to them for a second opinion.
    """
    count = 0
    while _is_left_for(reviewer):
        held = decisions.claim_next(reviewer=reviewer, count=5)
        if count % 3:
            count += len(bulk.accept(corrections=[each.pk for each in held], reviewer=reviewer))
        else:
            count += len([decisions.accept(correction=each, reviewer=reviewer) for each in held])
    return count


def _is_left_for(reviewer: User) -> bool:
    said = Opinion.objects.filter(by=reviewer).values("correction")
    return QueueEntry.objects.waiting().exclude(correction__in=said).exists()


def test_where_two_must_agree_each_of_500_drawings_gets_two_opinions_and_one_decision(
    digits: Recognizer, reviewers: list[User]
) -> None:
    Policy.objects.create(recognizer=digits, opinions=2)
    for number in range(10):
        community.wait(community.person(f"author{number}"), 50)
    counts = at_once(*[partial(_review_ahead, each) for each in reviewers])
    assert sum(counts) == Opinion.objects.count() == 1000
    assert Opinion.objects.values("correction", "by").distinct().count() == 1000
    assert Review.objects.filter(agreed=2).count() == Review.objects.count() == 500
    assert Review.objects.values("correction").distinct().count() == 500
    assert not QueueEntry.objects.waiting().exists()
    assert not Claim.objects.exists()


def test_two_rounds_about_the_same_drawings_decide_each_once(reviewers: list[User], alice: User) -> None:
    community.wait(alice, 12)
    ids = list(Correction.objects.values_list("pk", flat=True))
    made = at_once(*[partial(bulk.accept, corrections=ids, reviewer=each) for each in reviewers])
    assert sum(len(each) for each in made) == Review.objects.count() == 12


def test_one_of_four_decisions_about_the_same_counts(reviewers: list[User], alice: User) -> None:
    for _ in range(3):
        drawing = community.draw(alice, 1)[0]
        correction = Correction.objects.get(drawing=drawing)
        ended = at_once(*[partial(decisions.accept, correction=correction, reviewer=each) for each in reviewers])
        assert sum(isinstance(each, Opinion) for each in ended) == 1, ended
        assert Review.objects.filter(correction=correction).count() == 1


def test_two_who_undo_the_same_decision_append_one_row(reviewers: list[User], alice: User) -> None:
    community.draw(alice, 1)
    review = community.decided(Correction.objects.get(), reviewers[0])
    ended = at_once(*[partial(decisions.undo, review=review, reviewer=each) for each in reviewers])
    assert sum(isinstance(each, Review) for each in ended) == 1
    assert Review.objects.count() == 2


def test_deciding_changing_and_deleting_never_break_each_other(reviewers: list[User], alice: User) -> None:
    for _ in range(4):
        drawing = community.draw(alice, 1)[0]
        correction = Correction.objects.get(drawing=drawing)
        decide = [partial(decisions.accept, correction=correction, reviewer=each) for each in reviewers[:2]]
        change = partial(_or_gone, corrections.correct, drawing=drawing, label="5")
        at_once(*decide, change, partial(store.delete_drawing, drawing=drawing))
    assert not Drawing.objects.exists()
    assert not Review.objects.exists()


def _or_gone(call: Any, **fields: Any) -> None:
    with suppress(Drawing.DoesNotExist):
        call(**fields)


def test_a_policy_and_reviewers_accept_each_drawing_once(
    digits: Recognizer, reviewers: list[User], alice: User
) -> None:
    community.draw(alice, 12)
    policy = [partial(decisions.accept_unseen, recognizer=digits)] * 2
    at_once(*policy, *[partial(community.review_all, each) for each in reviewers[:2]])
    assert Review.objects.count() == 12
