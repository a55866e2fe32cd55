"""Drawings that are unlike others of their label: who finds them, when, and what the reviewer is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.drawings import refresh, store
from recognizer.models import Correction, Drawing, ModelVersion, QueueEntry, Recognizer, Use
from recognizer.registry import promotions, serving
from recognizer.review import outliers, queue
from tests.ink import ONE, SCRIBBLE, SEVEN
from tests.pages.conftest import named
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def starter(shipped: Bundle) -> Bundle:
    """With its rehearsal pack: what is unlike others is told by what is known of a label."""
    return shipped


def _place(correction: Correction) -> QueueEntry:
    return QueueEntry.objects.get(pk=correction.pk)


def _forgotten(correction: Correction) -> QueueEntry:
    """A place as an import makes it: nobody has measured its drawing."""
    QueueEntry.objects.filter(pk=correction.pk).delete()
    queue.create_entries([correction])
    return _place(correction)


def test_a_wrong_label_and_a_scribble_are_outliers_and_what_is_usual_is_none(alice: User, digits: Recognizer) -> None:
    right, wrong, scribble = named(alice, SEVEN, "7"), named(alice, ONE, "7"), named(alice, SCRIBBLE, "7")
    assert [_place(each).is_odd for each in (right, wrong, scribble)] == [False, True, True]
    assert [Use.SUSPICIOUS in _place(each).uses for each in (right, wrong, scribble)] == [False, True, True]


def test_the_reviewer_is_told_what_is_odd(client: Client, rita: User, alice: User, digits: Recognizer) -> None:
    named(alice, ONE, "7")
    client.force_login(rita)
    assert len(client.get("/review/").context["card"].hints) == 1


def test_who_says_something_else_is_measured_by_that(alice: User, digits: Recognizer, as_alice: Client) -> None:
    wrong = named(alice, ONE, "7")
    as_alice.put(f"/api/v1/drawings/{wrong.drawing.uuid}/correction", {"label": "1"}, "application/json")
    place = QueueEntry.objects.get(correction__drawing=wrong.drawing)
    assert (place.correction_id == wrong.pk, place.is_odd) == (False, False)


def test_what_came_in_bulk_is_measured_in_the_background(alice: User, digits: Recognizer) -> None:
    wrong, right = _forgotten(named(alice, ONE, "7")), _forgotten(named(alice, SEVEN, "7"))
    assert (wrong.oddness, right.oddness) == (None, None)
    assert outliers.refresh_oddness() == 2
    assert Use.SUSPICIOUS in _place(wrong.correction).uses
    assert Use.SUSPICIOUS not in _place(right.correction).uses
    assert outliers.refresh_oddness() == 0  # once is enough


def test_the_background_finds_the_same_as_the_way_of_a_correction(alice: User, digits: Recognizer) -> None:
    at_once = _place(named(alice, ONE, "7"))
    later = _forgotten(at_once.correction)
    outliers.refresh_oddness()
    assert _place(later.correction).oddness == pytest.approx(at_once.oddness, rel=0.01)


def test_what_is_decided_is_not_measured_any_more(alice: User, digits: Recognizer) -> None:
    place = _forgotten(named(alice, ONE, "7"))
    queue.set_waiting([place.pk], waits=False)
    assert outliers.refresh_oddness() == 0


def test_what_no_model_can_read_is_not_odd_and_is_not_tried_again(alice: User, digits: Recognizer) -> None:
    correction = named(alice, SEVEN, "7")
    Drawing.objects.filter(pk=correction.drawing_id).update(ink=[])  # today's rules no longer take it
    QueueEntry.objects.update(oddness=None)
    assert outliers.refresh_oddness() == 1
    assert _place(correction).oddness == outliers.NOT_ODD


def test_a_bundle_without_a_rehearsal_pack_finds_no_outliers(alice: User, digits: Recognizer) -> None:
    ModelVersion.objects.update(rehearsal=b"", sha256=digits.versions.get().sha256)
    outliers._typical.cache_clear()
    correction = named(alice, ONE, "7")
    outliers._typical.cache_clear()
    assert _place(correction).oddness is None


def test_a_newer_version_measures_what_it_is_asked_about(alice: User, digits: Recognizer, starter: Bundle) -> None:
    wrong, right = named(alice, ONE, "7"), named(alice, SEVEN, "7")
    QueueEntry.objects.filter(pk=wrong.pk).update(oddness=0.0, usefulness=Use.FRESH)
    QueueEntry.objects.filter(pk=right.pk).update(oddness=2.0, usefulness=Use.FRESH | Use.SUSPICIOUS)
    version = promotions.register(recognizer=digits, bundle=starter)
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="For a test.")
    serving.clear_cache()
    assert refresh.refresh_predictions([wrong.drawing_id, right.drawing_id]) == 2
    assert Use.SUSPICIOUS in _place(wrong).uses
    assert Use.SUSPICIOUS not in _place(right).uses


def test_far_more_points_than_usual_stay_suspicious_where_the_ink_is_not_odd(alice: User, digits: Recognizer) -> None:
    drawn = community.scatter(digits, community.person("many"), queue.KNOWN, "7")
    queue.create_entries(Correction.objects.filter(drawing__in=drawn))
    QueueEntry.objects.update(points=200)
    few = _forgotten(named(alice, SEVEN, "7"))
    outliers.refresh_oddness()
    assert (_place(few.correction).is_odd, Use.SUSPICIOUS in _place(few.correction).uses) == (False, True)


def test_a_correction_reads_the_drawing_once(
    alice: User, as_alice: Client, digits: Recognizer, django_assert_max_num_queries: Any
) -> None:
    named(alice, SEVEN, "7")  # what is usual is read from the bundle once in a process
    drawing = store.save_drawing(author=alice, recognizer="digits", content=store.Content.from_ink(ONE))[0]
    address = f"/api/v1/drawings/{drawing.uuid}/correction"
    with django_assert_max_num_queries(24):
        assert as_alice.put(address, {"label": "1"}, "application/json").status_code == 200
