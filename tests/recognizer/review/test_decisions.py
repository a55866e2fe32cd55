"""Reviews: one reviewer at a time, never one's own, every decision a row that can be undone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import people
from accounts.models import User
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import (
    Claim,
    Correction,
    Drawing,
    ImmutableError,
    Recognizer,
    Review,
    UnknownLabelError,
    permissions,
)
from recognizer.review import decisions, locking
from recognizer.review.queue import QueueFilter
from tests.ink import ONE, SCRIBBLE, SEVEN
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db
Decision = Review.Decision


@pytest.fixture
def rosa(digits: Recognizer) -> User:
    return community.reviewer("rosa")


@pytest.fixture
def ravi(digits: Recognizer) -> User:
    return community.reviewer("ravi")


def drawn(author: User, label: str = "7", ink: Any = SEVEN) -> Correction:
    drawing, _new = store.save_drawing(author=author, recognizer="digits", content=Content.from_ink(ink))
    return corrections.correct(drawing=drawing, label=label)


def test_reviewers_are_those_with_the_permission(rosa: User, alice: User) -> None:
    assert permissions.may_review(rosa)
    assert not permissions.may_review(alice)


def test_accepting_lets_the_drawing_teach_what_its_author_says(rosa: User, alice: User) -> None:
    review = community.decided(drawn(alice), rosa)
    assert (review.decision, review.label.slug, review.by, review.automatic) == (Decision.ACCEPTED, "7", rosa, False)  # type: ignore[union-attr]
    assert list(Review.objects.approving()) == [review]


def test_relabelling_lets_it_teach_something_else(rosa: User, alice: User) -> None:
    review = community.decided(drawn(alice), rosa, label="1")
    assert (review.decision, review.label.slug) == (Decision.RELABELLED, "1")  # type: ignore[union-attr]


def test_relabelling_as_what_its_author_says_is_accepting(rosa: User, alice: User) -> None:
    assert decisions.relabel(correction=drawn(alice), reviewer=rosa, label="7").decision == Decision.ACCEPTED


def test_a_label_of_another_recognizer_is_unknown(rosa: User, alice: User) -> None:
    with pytest.raises(UnknownLabelError):
        decisions.relabel(correction=drawn(alice), reviewer=rosa, label="seven")


def test_rejecting_says_why_and_lets_it_teach_nothing(rosa: User, alice: User) -> None:
    review = community.decided(drawn(alice), rosa, reason="scribble")
    assert (review.decision, review.label, review.reason) == (Decision.REJECTED, None, "scribble")
    assert not Review.objects.approving().exists()


def test_a_reason_that_is_none_is_named_with_the_cure(rosa: User, alice: User) -> None:
    with pytest.raises(ValueError, match=r"'because' is no reason.*scribble"):
        decisions.reject(correction=drawn(alice), reviewer=rosa, reason="because")


def test_nobody_reviews_their_own(rosa: User, settings: Any) -> None:
    settings.SELF_REVIEW = False
    own = drawn(rosa)
    for decide in (decisions.accept, decisions.claim):
        with pytest.raises(decisions.SelfReviewError):
            decide(correction=own, reviewer=rosa)
    assert community.claim_one(rosa) is None


def test_a_community_of_one_may_where_the_setting_says_so(rosa: User, settings: Any) -> None:
    settings.SELF_REVIEW = True
    own = drawn(rosa)
    assert community.claim_one(rosa) == own
    assert decisions.accept(correction=own, reviewer=rosa).by == rosa


def test_the_setting_helps_nobody_who_is_not_staff(rosa: User, settings: Any) -> None:
    settings.SELF_REVIEW = True
    rosa.is_staff = False
    assert not permissions.may_review_own(rosa)


def test_nobody_undoes_a_decision_about_their_own(rosa: User, ravi: User, settings: Any) -> None:
    settings.SELF_REVIEW = False
    review = community.decided(drawn(rosa), ravi, reason="other")
    with pytest.raises(decisions.SelfReviewError):
        decisions.undo(review=review, reviewer=rosa)


def test_undoing_is_one_more_row_and_lets_somebody_decide_anew(rosa: User, alice: User) -> None:
    correction = drawn(alice)
    first = community.decided(correction, rosa)
    undone = decisions.undo(review=first, reviewer=rosa)
    assert (undone.decision, undone.replaces) == (Decision.UNDONE, first)
    assert decisions.current(correction) is None
    assert not Review.objects.approving().exists()
    again = community.decided(correction, rosa, reason="empty")
    assert decisions.current(correction) == again
    assert Review.objects.count() == 3


def test_what_was_undone_waits_for_who_undid_it(rosa: User, ravi: User, alice: User) -> None:
    review = community.decided(drawn(alice), ravi)
    decisions.undo(review=review, reviewer=rosa)
    assert community.claim_one(ravi) is None
    assert community.claim_one(rosa) == review.correction


def test_a_decision_is_undone_once(rosa: User, alice: User) -> None:
    review = community.decided(drawn(alice), rosa)
    undone = decisions.undo(review=review, reviewer=rosa)
    for each in (review, undone):
        with pytest.raises(decisions.StaleReviewError, match="undone"):
            decisions.undo(review=each, reviewer=rosa)


def test_decisions_are_facts(rosa: User, alice: User) -> None:
    with pytest.raises(ImmutableError):
        decisions.accept(correction=drawn(alice), reviewer=rosa).save()


def test_two_reviewers_are_never_shown_the_same_one(rosa: User, ravi: User, alice: User) -> None:
    first, second = drawn(alice), drawn(alice)
    assert community.claim_one(rosa) == first
    assert community.claim_one(ravi) == second
    assert community.claim_one(rosa) == first
    for decide in (decisions.accept, decisions.claim):
        with pytest.raises(decisions.ClaimedError):
            decide(correction=first, reviewer=ravi)


def test_a_claim_ends_by_itself(rosa: User, ravi: User, alice: User) -> None:
    correction = drawn(alice)
    decisions.claim(correction=correction, reviewer=rosa)
    Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert decisions.accept(correction=correction, reviewer=ravi).by == ravi
    with pytest.raises(decisions.StaleReviewError, match="decided"):
        decisions.accept(correction=correction, reviewer=rosa)


def test_a_claim_can_be_given_back(rosa: User, ravi: User, alice: User) -> None:
    correction = drawn(alice)
    decisions.claim(correction=correction, reviewer=rosa)
    locking.release_claims([correction.pk], ravi)  # not theirs to give
    assert community.claim_one(ravi) is None
    locking.release_claims([correction.pk], rosa)
    assert community.claim_one(ravi) == correction


def test_what_is_decided_is_claimed_no_longer(rosa: User, alice: User) -> None:
    decisions.accept(correction=drawn(alice), reviewer=rosa)
    assert not Claim.objects.exists()
    assert community.claim_one(rosa) is None


def test_a_reviewer_may_skip(rosa: User, alice: User) -> None:
    first, second = drawn(alice), drawn(alice)
    assert community.claim_one(rosa, skipping=[first.pk]) == second
    assert community.claim_one(rosa, skipping=[first.pk, second.pk]) is None


def test_a_new_word_of_the_author_needs_a_new_review(rosa: User, alice: User) -> None:
    old = drawn(alice)
    decisions.accept(correction=old, reviewer=rosa)
    new = corrections.correct(drawing=old.drawing, label="1")
    assert decisions.current(new) is None
    assert decisions.decisions_on([old.drawing]) == {old.drawing_id: None}
    assert community.claim_one(rosa) == new


def test_what_was_replaced_meanwhile_cannot_be_decided(rosa: User, alice: User) -> None:
    old = drawn(alice)
    corrections.correct(drawing=old.drawing, label="1")
    with pytest.raises(decisions.StaleReviewError, match="changed"):
        decisions.accept(correction=old, reviewer=rosa)


def test_what_was_taken_back_meanwhile_cannot_be_decided(rosa: User, alice: User) -> None:
    old = drawn(alice)
    corrections.take_back(drawing=old.drawing)
    with pytest.raises(decisions.StaleReviewError):
        decisions.reject(correction=old, reviewer=rosa, reason="other")
    taken_back = Correction.objects.current().get()
    with pytest.raises(decisions.StaleReviewError, match="removed"):
        decisions.accept(correction=taken_back, reviewer=rosa)
    assert community.claim_one(rosa) is None


def test_what_was_deleted_meanwhile_cannot_be_decided(rosa: User, alice: User) -> None:
    correction = drawn(alice)
    review = community.decided(correction, rosa)
    Drawing.objects.all().delete()
    for decide in (decisions.accept, decisions.claim):
        with pytest.raises(decisions.StaleReviewError):
            decide(correction=correction, reviewer=rosa)
    with pytest.raises(decisions.StaleReviewError):
        decisions.undo(review=review, reviewer=rosa)


def test_who_no_longer_agrees_is_left_alone(rosa: User, alice: User) -> None:
    correction = drawn(alice)
    people.withdraw_consent(person=alice)
    assert community.claim_one(rosa) is None
    with pytest.raises(decisions.StaleReviewError, match="consent"):
        decisions.accept(correction=correction, reviewer=rosa)


def test_the_most_informative_comes_first(rosa: User, alice: User) -> None:
    agreed = drawn(alice)
    later = drawn(alice)
    doubtful = drawn(alice, ink=SCRIBBLE)
    guessed = doubtful.drawing.predictions.get()
    assert guessed.unsure
    doubtful = corrections.correct(drawing=doubtful.drawing, label=guessed.label.slug)
    overruled = drawn(alice, label="0", ink=ONE)
    assert list(decisions.waiting_for(reviewer=rosa)) == [overruled, doubtful, agreed, later]


def test_the_queue_can_be_of_one_recognizer(rosa: User, alice: User, digits: Recognizer) -> None:
    drawn(alice)
    other = Recognizer.objects.create(slug="others", name="Others")
    assert decisions.waiting_for(reviewer=rosa, wanted=QueueFilter(recognizer=digits)).count() == 1
    assert not decisions.waiting_for(reviewer=rosa, wanted=QueueFilter(recognizer=other)).exists()


def test_the_state_of_many_drawings_is_one_query(rosa: User, alice: User, django_assert_num_queries: Any) -> None:
    made = [drawn(alice) for _ in range(4)]
    first = community.decided(made[0], rosa)
    second = community.decided(made[1], rosa, reason="other")
    decisions.undo(review=community.decided(made[2], rosa), reviewer=rosa)
    found = Drawing.objects.all()
    list(found)
    with django_assert_num_queries(1):
        state = decisions.decisions_on(found)
    assert state == dict(zip([each.drawing_id for each in made], [first, second, None, None], strict=True))


def test_a_policy_may_accept_what_nobody_has_seen(digits: Recognizer, alice: User, bob: User, rosa: User) -> None:
    drawn(alice), drawn(bob)
    rejected = drawn(alice)
    decisions.reject(correction=rejected, reviewer=rosa, reason="other")
    assert decisions.accept_unseen(recognizer=digits) == 2
    assert decisions.accept_unseen(recognizer=digits) == 0
    automatic = Review.objects.filter(automatic=True)
    assert {(each.by, each.label.slug) for each in automatic} == {(None, "7")}  # type: ignore[union-attr]
    assert decisions.current(rejected).decision == Decision.REJECTED  # type: ignore[union-attr]


def test_a_policy_does_not_accept_again_what_a_reviewer_took_back(digits: Recognizer, alice: User, rosa: User) -> None:
    correction = drawn(alice)
    decisions.accept_unseen(recognizer=digits)
    decisions.undo(review=Review.objects.get(), reviewer=rosa)
    assert decisions.accept_unseen(recognizer=digits) == 0
    assert decisions.current(correction) is None


def test_a_policy_accepts_nothing_of_who_no_longer_agrees(digits: Recognizer, alice: User) -> None:
    drawn(alice)
    people.withdraw_consent(person=alice)
    assert decisions.accept_unseen(recognizer=digits) == 0


def test_a_policy_does_not_accept_what_was_rejected_and_said_again(digits: Recognizer, alice: User, rosa: User) -> None:
    first = drawn(alice)
    decisions.reject(correction=first, reviewer=rosa, reason="offensive")
    corrections.take_back(drawing=first.drawing)
    corrections.correct(drawing=first.drawing, label="7")
    assert decisions.accept_unseen(recognizer=digits) == 0


def test_what_a_round_asked_for_is_never_approved_without_a_reviewer(
    digits: Recognizer, rosa: User, alice: User
) -> None:
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(ONE))
    asked = corrections.correct(drawing=drawing, label="1", origin="round")
    said = drawn(alice)
    assert decisions.accept_unseen(recognizer=digits) == 1
    assert list(Review.objects.approving().values_list("correction", flat=True)) == [said.pk]
    decisions.accept(correction=asked, reviewer=rosa)
    assert Review.objects.approving().filter(correction=asked, automatic=False).exists()
