"""The order of the queue, what narrows it down, and that places follow what is said and decided."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from accounts import people
from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.drawings import corrections, store
from recognizer.models import Correction, QueueEntry, Recognizer, Review, Use
from recognizer.pages.review import cards
from recognizer.review import decisions, queue
from recognizer.review.queue import QueueFilter
from tests.ink import ONE, SCRIBBLE, SEVEN, ZERO
from tests.pages.conftest import keep, named
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db
LONG = [  # a seven like any other, but of far more points
    [np.interp(np.arange(300), np.linspace(0, 299, len(axis)), axis).round(1).tolist() for axis in stroke]
    for stroke in SEVEN
]


@pytest.fixture(scope="session")
def starter(shipped: Bundle) -> Bundle:
    """With its rehearsal pack: what is unlike others is told by what is known of a label."""
    return shipped


def _waiting(reviewer: User, **wanted: Any) -> list[Correction]:
    return list(queue.waiting_corrections(reviewer=reviewer, own=False, wanted=QueueFilter(**wanted)))


def _uses(correction: Correction) -> Use:
    return QueueEntry.objects.get(pk=correction.pk).uses


def _decide_many(label: str, count: int, points: int = 5) -> None:
    """Places of decided corrections, as a label has them after a while."""
    author = community.person(f"many-{label}")
    drawn = community.scatter(Recognizer.objects.get(slug="digits"), author, count, label)
    queue.create_entries(Correction.objects.filter(drawing__in=drawn))
    QueueEntry.objects.filter(author=author).update(points=points)


def test_suspicious_ink_comes_first_and_twins_last(rita: User, alice: User, bob: User, digits: Recognizer) -> None:
    _decide_many("7", queue.KNOWN)
    agreed, overruled = named(alice, SEVEN, "7"), named(alice, ONE, "7")
    twin = named(alice, SEVEN, "7")
    long = named(bob, LONG, "7")
    assert _waiting(rita) == [overruled, long, agreed, twin]
    assert Use.SUSPICIOUS in _uses(long)
    assert Use.SUSPICIOUS in _uses(overruled)  # it is unlike other sevens
    assert Use.FRESH not in _uses(twin)
    assert Use.SUSPICIOUS not in _uses(agreed)


def test_how_many_points_are_usual_is_known_from_ten_on(alice: User, bob: User, digits: Recognizer) -> None:
    _decide_many("7", queue.KNOWN - 1)
    assert Use.SUSPICIOUS not in _uses(named(bob, LONG, "7"))


def test_few_points_are_as_suspicious_as_many(alice: User, digits: Recognizer) -> None:
    _decide_many("7", queue.KNOWN, points=200)
    assert Use.SUSPICIOUS in _uses(named(alice, SEVEN, "7"))


def test_the_same_of_another_person_or_another_label_is_no_twin(alice: User, bob: User, digits: Recognizer) -> None:
    named(alice, SEVEN, "7")
    assert Use.FRESH in _uses(named(bob, SEVEN, "7"))
    assert Use.FRESH in _uses(named(alice, SEVEN, "1"))
    moved = [[[x + 3 for x in xs], [y * 1 + 2 for y in ys]] for xs, ys, *_ in SEVEN]
    assert Use.FRESH not in _uses(named(alice, moved, "7"))


def test_a_label_of_which_few_were_decided_is_scarce(alice: User, digits: Recognizer) -> None:
    _decide_many("7", queue.LOOKED_AT - 1)
    assert Use.SCARCE in _uses(named(alice, SEVEN, "7"))
    _decide_many("1", queue.LOOKED_AT)
    assert Use.SCARCE not in _uses(named(alice, ONE, "1"))


def test_the_oldest_come_first_where_one_likes(rita: User, alice: User, digits: Recognizer) -> None:
    first, second = named(alice, SEVEN, "7"), named(alice, ONE, "7")
    assert _waiting(rita, oldest=True) == [first, second]
    assert _waiting(rita) == [second, first]


def test_it_is_narrowed_down_by_label_author_version_and_recognizer(
    rita: User, alice: User, bob: User, digits: Recognizer
) -> None:
    seven, one = named(alice, SEVEN, "7"), named(bob, ONE, "1")
    version = digits.versions.get()
    assert _waiting(rita, label=seven.label) == [seven]
    assert _waiting(rita, author=bob.pk) == [one]
    assert len(_waiting(rita, version=version, recognizer=digits)) == 2
    assert _waiting(rita, recognizer=Recognizer.objects.create(slug="others", name="Others")) == []
    assert _waiting(rita, author=0) == []


def test_only_staff_ask_for_the_drawings_of_one_author(
    as_rita: Client, rita: User, alice: User, bob: User, digits: Recognizer
) -> None:
    named(alice, ONE, "7")
    of_bob = named(bob, SEVEN, "7")
    page = as_rita.get(f"/review/?author={bob.pk}")
    assert page.context["card"].correction == of_bob
    assert re.search(rf'[?;]author={bob.pk}">', page.content.decode())
    User.objects.filter(pk=rita.pk).update(is_staff=False)
    page = as_rita.get(f"/review/?author={bob.pk}")
    assert page.context["card"].correction != of_bob
    main = page.content.decode().partition("<main")[2].partition("</main>")[0]  # the footer names the page itself
    assert main
    assert not re.search(r"[?;]author=", main)


def test_the_address_chooses_label_version_and_order(as_rita: Client, alice: User, digits: Recognizer) -> None:
    seven, one = named(alice, SEVEN, "7"), named(alice, ONE, "1")
    overruled = named(alice, ZERO, "7")
    shown = [
        as_rita.get(f"/review/?recognizer=digits&{query}").context["card"]
        for query in ("said=1", "version=1", "version=9&said=x", "order=oldest")
    ]
    assert [card.correction for card in shown] == [one, overruled, overruled, seven]


# --- Places follow ---


def test_a_new_word_takes_the_place_of_the_old_one(rita: User, alice: User, digits: Recognizer) -> None:
    old = named(alice, SEVEN, "7")
    new = corrections.correct(drawing=old.drawing, label="1")
    assert list(QueueEntry.objects.all()) == [QueueEntry.objects.get(correction=new, label__slug="1")]
    corrections.take_back(drawing=old.drawing)
    assert not QueueEntry.objects.exists()


def test_a_place_goes_with_its_drawing(alice: User, digits: Recognizer) -> None:
    store.delete_drawing(drawing=named(alice, SEVEN, "7").drawing)
    assert not QueueEntry.objects.exists()


def test_what_is_decided_waits_no_longer_until_it_is_taken_back(rita: User, alice: User, digits: Recognizer) -> None:
    correction = named(alice, SEVEN, "7")
    review = community.decided(correction, rita)
    assert not QueueEntry.objects.waiting().exists()
    decisions.undo(review=review, reviewer=rita)
    assert QueueEntry.objects.waiting().get().correction == correction


def test_what_a_policy_accepts_waits_no_longer(alice: User, digits: Recognizer) -> None:
    named(alice, SEVEN, "7")
    assert decisions.accept_unseen(recognizer=digits) == 1
    assert not QueueEntry.objects.waiting().exists()


def test_who_no_longer_agrees_is_left_alone_until_they_do_again(rita: User, alice: User, digits: Recognizer) -> None:
    named(alice, SEVEN, "7")
    alice = User.objects.get(pk=alice.pk)
    people.withdraw_consent(person=alice)
    assert _waiting(rita) == []
    people.give_consent(person=alice)
    assert len(_waiting(rita)) == 1


def test_staff_who_delete_a_correction_bring_back_the_one_before(
    rita: User, alice: User, digits: Recognizer, admin_client: Client
) -> None:
    old = named(alice, SEVEN, "7")
    new = corrections.correct(drawing=old.drawing, label="1")
    admin_client.post(f"/admin/recognizer/correction/{new.pk}/delete/", {"post": "yes"})
    assert _waiting(rita) == [old]


@pytest.mark.parametrize("at_once", [True, False])
def test_staff_who_delete_a_decision_let_it_wait_again(
    rita: User, alice: User, digits: Recognizer, admin_client: Client, at_once: bool
) -> None:
    review = community.decided(named(alice, SEVEN, "7"), rita)
    address = "/admin/recognizer/review/"
    if at_once:
        chosen = {"action": "delete_selected", "_selected_action": [str(review.pk)], "post": "yes"}
        admin_client.post(address, chosen)
    else:
        admin_client.post(f"{address}{review.pk}/delete/", {"post": "yes"})
    assert not Review.objects.exists()
    assert len(_waiting(rita)) == 1


def test_many_get_their_places_in_a_fixed_number_of_queries(
    alice: User, bob: User, digits: Recognizer, django_assert_num_queries: Any
) -> None:
    drawn = community.scatter(digits, alice, 40) + community.scatter(digits, bob, 40)
    label = digits.labels.get(slug="7")
    said = list(Correction.objects.filter(drawing__in=drawn))
    assert {each.label for each in said} == {label}
    with django_assert_num_queries(6):
        queue.create_entries(said)
    assert QueueEntry.objects.filter(waits=False).count() == 80
    queue.create_entries(said)
    assert QueueEntry.objects.count() == 80


def test_what_was_there_before_the_room_gets_its_places(alice: User, rita: User, digits: Recognizer) -> None:
    agreed, overruled = named(alice, SEVEN, "7"), named(alice, ONE, "7")
    doubtful = named(alice, SCRIBBLE, "0")
    taken_back = named(alice, ZERO, "0")
    corrections.take_back(drawing=taken_back.drawing)
    decisions.accept(correction=agreed, reviewer=rita)
    keep(alice, ZERO)
    QueueEntry.objects.all().delete()
    before_the_renaming = MigrationLoader(connection).project_state(("recognizer", "0013_find_things_among_a_million"))
    import_module("recognizer.migrations.0008_review_room").give_places(before_the_renaming.apps, None)
    assert list(QueueEntry.objects.order_by("pk").values_list("correction", "waits")) == [
        (agreed.pk, False),
        (overruled.pk, True),
        (doubtful.pk, True),
    ]
    assert _uses(overruled) == Use.FRESH | Use.DIFFERS
    assert Use.UNSURE in _uses(doubtful)
    assert QueueEntry.objects.get(pk=overruled.pk).points == 3


def test_more_than_a_thousand_are_not_counted(
    as_rita: Client, alice: User, digits: Recognizer, monkeypatch: Any
) -> None:

    monkeypatch.setattr(cards, "MOST_COUNTED", 2)
    for _ in range(3):
        named(alice, SEVEN, "7")
    waiting = as_rita.get("/review/").context["waiting"]
    assert "2" in waiting
    assert "3" not in waiting
