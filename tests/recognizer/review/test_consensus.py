"""Several reviewers must agree: what they say counts together, and none of them is told of the others."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import people
from accounts.models import User
from recognizer import training
from recognizer.drawings import corrections
from recognizer.models import Claim, Correction, ImmutableError, Opinion, Policy, QueueEntry, Recognizer, Review
from recognizer.review import bulk, consensus, decisions, policy_changes
from tests.ink import ONE, SEVEN
from tests.pages.conftest import message_codes, named
from tests.people import allow
from tests.recognizer.training import community

ROOM = "/review/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def two(digits: Recognizer) -> Policy:
    """Two must agree on every digit."""
    return ask_for(digits, 2)


def ask_for(recognizer: Recognizer, opinions: int, share: float = 1.0) -> Policy:
    policy = training.policy_of(recognizer)
    policy.opinions, policy.opinions_share = opinions, share
    policy.save()
    return policy


@pytest.fixture
def others(digits: Recognizer) -> list[Client]:
    """Three more reviewers in their browsers."""
    return [browser(community.reviewer(name)) for name in ("rosa", "ravi", "ruth")]


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def say(client: Client, correction: Correction, **said: str) -> Any:
    return client.post(f"{ROOM}{correction.pk}/", said, headers=JSON)


def shown(client: Client, query: str = "") -> Correction | None:
    card = client.get(ROOM + query).context["card"]
    return card.correction if card else None


def decided() -> list[tuple[str, str | None, str, int]]:
    return list(Review.objects.current().order_by("pk").values_list("decision", "label__slug", "reason", "agreed"))


def test_one_opinion_decides_nothing_where_two_must_agree(
    as_rita: Client, others: list[Client], alice: User, two: Policy
) -> None:
    said = named(alice, SEVEN, "7")
    assert say(as_rita, said, accept="yes").status_code == 200
    assert decided() == []
    assert shown(as_rita) is None  # never twice to the same reviewer
    assert shown(others[0]) == said
    say(others[0], said, accept="yes")
    assert decided() == [("accepted", "7", "", 2)]
    assert not QueueEntry.objects.waiting().exists()
    assert shown(others[1]) is None


def test_they_agree_on_another_label_or_on_rejecting(
    as_rita: Client, others: list[Client], alice: User, two: Policy
) -> None:
    one, scribble = named(alice, ONE, "7"), named(alice, SEVEN, "7")
    for client, reason in ((as_rita, "scribble"), (others[0], "empty")):
        say(client, one, label="1")
        say(client, scribble, reject=reason)
    assert decided() == [("relabelled", "1", "", 2), ("rejected", None, "empty", 2)]


def test_where_they_differ_a_third_is_asked(as_rita: Client, others: list[Client], alice: User, two: Policy) -> None:
    said = named(alice, ONE, "7")
    say(as_rita, said, accept="yes")
    say(others[0], said, label="1")
    assert decided() == []
    assert shown(others[1]) == said
    say(others[1], said, label="1")
    assert decided() == [("relabelled", "1", "", 2)]


def test_nobody_is_told_what_another_one_said_or_that_one_is_asked(
    as_rita: Client, others: list[Client], alice: User, two: Policy
) -> None:
    said = named(alice, ONE, "7")
    before = others[0].get(ROOM).content.decode()
    Claim.objects.all().delete()
    say(as_rita, said, label="1")
    after = others[0].get(ROOM).content.decode()
    passing = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|version 1, [^·<]+')  # a token, and how long ago
    assert passing.sub("", before) == passing.sub("", after)


def test_which_drawings_need_several_is_fixed_by_a_key_and_not_by_chance(settings: Any) -> None:
    drawn = [uuid.UUID(int=at) for at in range(2000)]
    first = [consensus.opinions_needed(each, 3, 0.25) for each in drawn]
    assert first == [consensus.opinions_needed(each, 3, 0.25) for each in drawn]
    assert set(first) == {1, 3}
    assert 400 < first.count(3) < 600
    more = [consensus.opinions_needed(each, 3, 0.5) for each in drawn]
    assert all(now == 3 for now, was in zip(more, first, strict=True) if was == 3)  # a larger share only adds some
    settings.SECRET_KEY = "another one"
    assert first != [consensus.opinions_needed(each, 3, 0.25) for each in drawn]


@pytest.mark.parametrize(("opinions", "share", "asked"), [(1, 1.0, 1), (3, 0.0, 1), (3, 1.0, 3), (None, None, 1)])
def test_none_or_all_need_several(opinions: int | None, share: float | None, asked: int) -> None:
    assert {consensus.opinions_needed(uuid.uuid4(), opinions, share) for _ in range(50)} == {asked}


def test_taking_ones_own_opinion_back_takes_the_decision_along(
    as_rita: Client, others: list[Client], alice: User, two: Policy
) -> None:
    said = named(alice, SEVEN, "7")
    mine = say(as_rita, said, accept="yes").json()["opinion"]
    say(others[0], said, accept="yes")
    answer = as_rita.post(f"{ROOM}undo/", {"opinion": mine}, headers=JSON)
    assert answer.json()["card"]["id"] == said.pk
    assert decided() == [("undone", None, "", 1)]
    assert QueueEntry.objects.waiting().get().correction == said
    say(as_rita, said, accept="yes")
    assert decided() == [("accepted", "7", "", 2)]
    assert as_rita.post(f"{ROOM}undo/", {"opinion": mine}, headers=JSON).status_code == 409


def test_taking_back_what_the_others_outvoted_changes_nothing(
    as_rita: Client, others: list[Client], alice: User, two: Policy
) -> None:
    said = named(alice, ONE, "7")
    mine = say(as_rita, said, accept="yes").json()["opinion"]
    for client in others[:2]:
        say(client, said, label="1")
    assert as_rita.post(f"{ROOM}undo/", {"opinion": mine}, headers=JSON).status_code == 200
    assert decided() == [("relabelled", "1", "", 2)]


def test_nobody_takes_back_what_another_one_said(as_rita: Client, others: list[Client], alice: User) -> None:
    mine = say(as_rita, named(alice, SEVEN, "7"), accept="yes").json()["opinion"]
    assert others[0].post(f"{ROOM}undo/", {"opinion": mine}, headers=JSON).status_code == 404


def test_a_decision_that_is_taken_back_as_a_whole_is_asked_about_anew(
    as_rita: Client, others: list[Client], alice: User, two: Policy
) -> None:
    said = named(alice, SEVEN, "7")
    for client in others[:2]:
        say(client, said, accept="yes")
    page = as_rita.get(f"{ROOM}?correction={said.pk}").content.decode()
    review = Review.objects.get()
    assert f'name="review" value="{review.pk}"' in page
    as_rita.post(f"{ROOM}undo/", {"review": review.pk})
    assert not Opinion.objects.current().exists()
    Claim.objects.all().delete()
    assert shown(others[0]) == said


def test_what_one_said_is_in_the_list_that_can_be_taken_back(as_rita: Client, alice: User, two: Policy) -> None:
    said = named(alice, ONE, "7")
    say(as_rita, said, label="1")
    page = as_rita.get(ROOM)
    assert [opinion.correction for opinion, _drawing in page.context["last_decisions"]] == [said]
    again = as_rita.get(f"{ROOM}?correction={said.pk}").content.decode()
    assert f'name="opinion" value="{Opinion.objects.get().pk}"' in again
    assert "review-card decided" in again


def test_the_same_said_again_is_noted_once(as_rita: Client, alice: User, two: Policy) -> None:
    said = named(alice, SEVEN, "7")
    first = say(as_rita, said, accept="yes").json()
    assert say(as_rita, said, accept="yes").json() == first
    assert say(as_rita, said, label="1").status_code == 409
    assert Opinion.objects.count() == 1


def test_nobody_gives_an_opinion_about_their_own(alice: User, two: Policy, settings: Any) -> None:
    settings.SELF_REVIEW = False
    rosa = community.reviewer("rosa")
    with pytest.raises(decisions.SelfReviewError):
        decisions.accept(correction=named(rosa, SEVEN, "7"), reviewer=rosa)


def test_a_new_word_of_the_author_is_asked_about_anew(as_rita: Client, alice: User, two: Policy) -> None:
    said = named(alice, SEVEN, "7")
    say(as_rita, said, accept="yes")
    new = corrections.correct(drawing=said.drawing, label="1")
    assert shown(as_rita) == new


def test_a_policy_accepts_nothing_unseen_that_somebody_has_said_something_about(
    digits: Recognizer, as_rita: Client, alice: User, two: Policy
) -> None:
    say(as_rita, named(alice, SEVEN, "7"), reject="scribble")
    assert decisions.accept_unseen(recognizer=digits) == 0


# --- Many at once ---


def test_rounds_are_opinions_too(as_rita: Client, others: list[Client], alice: User, bob: User, two: Policy) -> None:
    said = [named(person, SEVEN, "7") for person in (alice, alice, bob)]
    body = {"shown": [each.pk for each in said], "odd": [said[0].pk], "fate": "scribble"}
    for client in (as_rita, others[0]):
        page = client.post(f"{ROOM}grid/", body, follow=True)
        assert message_codes(page) == ["saved-3"]  # the same for each, whatever came of it
    assert sorted(decided()) == [("accepted", "7", "", 2)] * 2 + [("rejected", None, "scribble", 2)]
    others[0].post(f"{ROOM}grid/undo/")
    assert {decision for decision, *_ in decided()} == {"undone"}
    assert QueueEntry.objects.waiting().count() == 3


def test_a_round_takes_as_many_queries_for_many_as_for_few(alice: User, two: Policy) -> None:
    rosa, ravi, ruth = (community.reviewer(name) for name in ("rosa", "ravi", "ruth"))

    def queries(call: Any) -> int:
        with CaptureQueriesContext(connection) as found:
            call()
        return len(found)

    def round_of(count: int) -> tuple[int, int]:
        ids = [each.pk for each in community.wait(alice, count)]
        made: list[int] = []
        bulk.accept(corrections=ids, reviewer=rosa)
        say = queries(lambda: made.extend(bulk.accept(corrections=ids, reviewer=ravi)))
        undo = queries(lambda: bulk.undo(opinions=made, reviewer=ravi))
        Claim.objects.all().delete()
        bulk.accept(corrections=ids, reviewer=ruth)
        return say, undo

    round_of(1)  # permissions are read once
    assert round_of(2) == round_of(30)
    assert Review.objects.current().filter(decision="accepted", agreed=2).count() == 33


def test_one_opinion_costs_no_more_queries_than_a_decision_did(
    alice: User, digits: Recognizer, django_assert_max_num_queries: Any
) -> None:
    said, rosa = named(alice, SEVEN, "7"), community.reviewer("rosa")
    decisions.claim(correction=said, reviewer=rosa)
    with django_assert_max_num_queries(12):  # one less than before there were opinions; two of them are a savepoint's
        decisions.accept(correction=said, reviewer=rosa)


# --- Disputes ---


@pytest.fixture
def dispute(alice: User, two: Policy, others: list[Client]) -> Correction:
    """Three reviewers who say three things."""
    said = named(alice, ONE, "7")
    for client, label in zip(others, "712", strict=True):
        say(client, said, label=label)
    return said


def test_after_three_answers_it_is_disputed_and_nobody_is_asked_any_more(as_rita: Client, dispute: Correction) -> None:
    assert QueueEntry.objects.disputed().get().correction == dispute
    assert decided() == []
    assert shown(as_rita) is None
    answer = say(as_rita, dispute, accept="yes")
    assert answer.status_code == 409
    assert answer.json()["code"] == "disputed"


def test_where_nobody_is_left_to_ask_it_is_disputed_sooner(digits: Recognizer, alice: User) -> None:
    ask_for(digits, 2)
    said = named(alice, ONE, "7")
    rosa, ravi = community.reviewer("rosa"), community.reviewer("ravi")
    decisions.accept(correction=said, reviewer=rosa)
    assert QueueEntry.objects.waiting().exists()
    decisions.relabel(correction=said, reviewer=ravi, label="1")
    assert QueueEntry.objects.disputed().get().correction == said


def test_whoever_may_settles_it_knowing_what_was_said(as_rita: Client, rita: User, dispute: Correction) -> None:
    assert "data-dispute" not in as_rita.get(f"{ROOM}?correction={dispute.pk}").content.decode()
    allow(rita, "settle_disputes")
    page = as_rita.get(f"{ROOM}?correction={dispute.pk}")
    said = [(each.decision, str(each.label)) for each in page.context["card"].dispute]
    assert said == [("accepted", "7"), ("relabelled", "1"), ("relabelled", "2")]
    shown_dispute = page.content.decode().partition("data-dispute")[2].partition("</ul>")[0]
    assert shown_dispute.count("<li>") == 3
    assert "rosa" not in page.content.decode()
    answer = say(as_rita, dispute, label="1")
    review = Review.objects.get()
    assert answer.json() == {"review": review.pk}
    assert (review.by, review.label and review.label.slug, review.agreed) == (rita, "1", 0)
    assert not QueueEntry.objects.disputed().exists()


def test_disputes_follow_each_other_also_for_the_script(
    as_rita: Client, rita: User, others: list[Client], dispute: Correction, alice: User
) -> None:
    second = named(alice, SEVEN, "7")
    for client, label in zip(others, "712", strict=True):
        say(client, second, label=label)
    waits = named(alice, SEVEN, "7")

    def asked() -> list[Any]:
        body = {"then": [second.pk, dispute.pk]}
        return as_rita.post(f"{ROOM}next/", body, headers=JSON).json()["cards"]

    assert [card["id"] for card in asked()] == [waits.pk]
    allow(rita, "settle_disputes")
    cards = asked()
    assert [card["id"] for card in cards] == [second.pk, dispute.pk, waits.pk]
    assert ["data-dispute" in card["html"] for card in cards] == [True, True, False]
    assert cards[0]["html"].partition("data-dispute")[2].count("<li>") >= 3


def test_a_settled_dispute_that_is_taken_back_is_one_again(
    as_rita: Client, rita: User, others: list[Client], dispute: Correction
) -> None:
    allow(rita, "settle_disputes")
    number = say(as_rita, dispute, reject="scribble").json()["review"]
    as_rita.post(f"{ROOM}undo/", {"review": number}, headers=JSON)
    assert QueueEntry.objects.disputed().exists()
    say(as_rita, dispute, accept="yes")
    mine = Opinion.objects.get(by__email="rosa@example.org")
    others[0].post(f"{ROOM}undo/", {"opinion": mine.pk}, headers=JSON)
    assert decided() == [("accepted", "7", "", 0)]  # what was settled does not hang on opinions


def test_taking_an_opinion_back_opens_a_dispute(others: list[Client], dispute: Correction) -> None:
    mine = Opinion.objects.get(by__email="ruth@example.org")
    others[2].post(f"{ROOM}undo/", {"opinion": mine.pk}, headers=JSON)
    assert QueueEntry.objects.waiting().get().correction == dispute
    say(others[2], dispute, label="1")
    assert decided() == [("relabelled", "1", "", 2)]


# --- The policy changes ---


def test_a_policy_that_asks_for_fewer_decides_what_waited(digits: Recognizer, alice: User, two: Policy) -> None:
    agreed, open_one = named(alice, SEVEN, "7"), named(alice, ONE, "7")
    rosa = community.reviewer("rosa")
    decisions.reject(correction=agreed, reviewer=rosa, reason="scribble")
    ask_for(digits, 1)
    assert policy_changes.decide_again(recognizer=digits) == 1
    assert decided() == [("rejected", None, "scribble", 1)]
    assert QueueEntry.objects.waiting().get().correction == open_one
    assert policy_changes.decide_again(recognizer=digits) == 0


def test_who_no_longer_agrees_is_left_alone(digits: Recognizer, alice: User, two: Policy) -> None:
    decisions.accept(correction=named(alice, SEVEN, "7"), reviewer=community.reviewer("rosa"))
    people.withdraw_consent(person=alice)
    ask_for(digits, 1)
    assert policy_changes.decide_again(recognizer=digits) == 0


# --- Facts ---


def test_the_database_refuses_a_second_opinion_of_the_same_reviewer(alice: User, two: Policy, rita: User) -> None:
    said = named(alice, SEVEN, "7")
    fields = {"correction": said, "decision": "accepted", "label": said.label, "by": rita}
    first = Opinion.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Opinion.objects.create(**fields)
    with pytest.raises(ImmutableError):
        first.save()


@pytest.mark.parametrize(
    "wrong", [{"decision": "accepted"}, {"decision": "rejected"}, {"decision": "undone"}, {"reason": "scribble"}]
)
def test_an_opinion_goes_with_its_decision(alice: User, two: Policy, rita: User, wrong: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Opinion.objects.create(correction=named(alice, SEVEN, "7"), by=rita, **wrong)
