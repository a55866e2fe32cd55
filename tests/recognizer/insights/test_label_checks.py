"""What the background notes of each drawing's label, and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from recognizer import tasks
from recognizer.drawings import corrections
from recognizer.insights import counts, label_checks
from recognizer.models import Bookmark, Confusion, Correction, Coverage, Label, LabelCheck, Recognizer, Review
from tests.recognizer.insights.conftest import Desk

pytestmark = pytest.mark.django_db
Read = Callable[[], None]


def _check(correction: Correction) -> LabelCheck:
    return LabelCheck.objects.get(drawing=correction.drawing_id)


def test_the_label_is_the_authors_until_a_review(desk: Desk, read: Read) -> None:
    said = desk.draw("7")
    read()
    assert (_check(said).label, _check(said).approved) == (desk.labels["7"], False)
    desk.decide(said, "1")
    read()
    assert (_check(said).label, _check(said).approved) == (desk.labels["1"], True)


def test_a_rejected_drawing_has_no_label_until_that_is_undone(desk: Desk, read: Read) -> None:
    said = desk.draw("7")
    rejected = Review.objects.create(correction=said, decision="rejected", reason="scribble")
    read()
    assert not LabelCheck.objects.exists()
    Review.objects.create(correction=said, decision="undone", replaces=rejected)
    read()
    assert _check(said).approved is False


def test_a_new_correction_replaces_a_review(desk: Desk, read: Read) -> None:
    said = desk.approved("7")
    read()
    corrections.correct(drawing=said.drawing, label="1")
    read()
    assert (_check(said).label, _check(said).approved) == (desk.labels["1"], False)
    corrections.take_back(drawing=said.drawing)
    read()
    assert not LabelCheck.objects.exists()


def test_the_first_prediction_is_the_live_one(desk: Desk, read: Read) -> None:
    said = desk.approved("7", label_1=0.9)
    desk.answer(said, 2, label_7=0.9)
    read()
    assert (_check(said).version, _check(said).answered) == (desk.version(1), desk.labels["1"])


def test_the_newest_version_not_trained_on_a_drawing_checks_it(desk: Desk, read: Read) -> None:
    taught, fresh = desk.approved("7", label_1=0.6, label_7=0.3), desk.approved("7", label_1=0.6, label_7=0.3)
    desk.judged(2, taught=[taught])
    for said in (taught, fresh):
        desk.answer(said, 2, label_7=0.97, label_1=0.02)
    read()
    assert (_check(taught).judge, _check(taught).rival) == (desk.version(1), desk.labels["1"])
    assert _check(taught).margin == pytest.approx(-0.3)
    assert (_check(fresh).judge, _check(fresh).margin) == (desk.version(2), pytest.approx(0.95))


def test_a_drawing_that_all_versions_were_trained_on_is_not_checked(desk: Desk, read: Read) -> None:
    said = desk.draw("7")
    desk.judged(2, taught=[said])
    desk.answer(said, 2, label_1=0.9)
    read()
    assert (_check(said).judge, _check(said).margin) == (None, None)
    assert _check(said).answered == desk.labels["1"]


def test_the_probability_of_no_label_counts_as_a_rival(desk: Desk, read: Read) -> None:
    said = desk.approved("7", label_7=0.1, label_1=0.05)
    read()
    assert (_check(said).rival, _check(said).rival_share) == (None, pytest.approx(0.85))


def test_a_later_prediction_is_read(desk: Desk, read: Read) -> None:
    said = desk.approved("7")
    read()
    assert _check(said).version is None
    desk.answer(said, label_7=0.9)
    read()
    assert _check(said).version == desk.version(1)


def test_a_row_committed_late_is_not_missed(desk: Desk, read: Read) -> None:
    late = desk.draw("7")
    read()
    LabelCheck.objects.all().delete()  # as if the mark had passed it before it was there
    label_checks.read_new_rows()
    assert _check(late).label == desk.labels["7"]
    LabelCheck.objects.all().delete()
    Bookmark.objects.update(moved=timezone.now() - 2 * label_checks.LATE_COMMITS)
    label_checks.read_new_rows()
    assert not LabelCheck.objects.exists()  # what has been there for long is not read again and again


def test_a_deleted_drawing_leaves_no_row(desk: Desk, read: Read) -> None:
    said = desk.approved("7", label_1=0.9)
    read()
    said.drawing.delete()
    assert not LabelCheck.objects.exists()
    read()
    assert Confusion.objects.get().counts == []
    assert Coverage.objects.get(label=desk.labels["7"]).drawings == 0


def test_reading_continues_where_it_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_checks, "BATCH_SIZE", 2)
    for _ in range(5):
        desk.draw("7")
    assert label_checks.is_behind()
    assert label_checks.read_new_rows() == (2, True)
    assert LabelCheck.objects.count() == 2
    assert [label_checks.read_new_rows() for _ in range(3)] == [(2, True), (1, False), (0, False)]
    assert LabelCheck.objects.count() == 5
    assert not label_checks.is_behind()


def test_the_number_of_drawings_does_not_change_the_number_of_queries(
    desk: Desk, django_assert_num_queries: Any
) -> None:
    many = [desk.approved("7", label_1=0.5, label_7=0.4).drawing_id for _ in range(20)]
    with django_assert_num_queries(8):  # six and a savepoint; one more where something is held for nothing
        label_checks.update_checks(many[:1])
    with django_assert_num_queries(8):
        label_checks.update_checks(many)


def test_coverage_counts_approved_drawings_with_consent(
    desk: Desk, alice: User, bob: User, digits: Recognizer, read: Read
) -> None:
    for author in (alice, alice, bob):
        desk.approved("7", author, label_7=0.8)
    desk.draw("7")
    read()
    found = Coverage.objects.get(label=desk.labels["7"])
    assert (found.drawings, found.people, found.waiting) == (3, 2, 1)
    assert found.confidence == pytest.approx(0.8)
    assert Coverage.objects.filter(drawings=0).count() == 9
    User.objects.filter(pk=bob.pk).update(consented_at=None)
    read()
    found.refresh_from_db()
    assert (found.drawings, found.people) == (2, 1)


def test_counts_are_updated_once_a_minute_and_only_after_changes(desk: Desk) -> None:
    def counted() -> Any:
        label_checks.refresh_label_checks()
        return Coverage.objects.values_list("drawings", "counted").get(label=desk.labels["7"])

    first = counted()
    desk.approved("7")
    assert counted() == first  # just now
    past = timezone.now() - counts.RECOUNT_EVERY - timedelta(seconds=1)
    Bookmark.objects.filter(of=counts.COUNT).update(moved=past)
    second = counted()
    assert second[0] == 1
    Bookmark.objects.filter(of=counts.COUNT).update(moved=past)
    assert counted() == second  # nothing is new
    Bookmark.objects.filter(of=counts.COUNT).update(moved=timezone.now() - counts.RECOUNT_ANYWAY * 2)
    assert counted() != second


def test_many_rows_are_counted_less_often(desk: Desk, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.approved("7")
    desk.draw("7")
    read()
    Bookmark.objects.filter(of=counts.COUNT).update(moved=timezone.now() - 1.5 * counts.RECOUNT_EVERY)
    desk.approved("7")
    monkeypatch.setattr(counts, "ROWS", 1)  # two rows: every two minutes
    label_checks.refresh_label_checks()
    assert Coverage.objects.get(label=desk.labels["7"]).drawings == 1
    monkeypatch.setattr(counts, "ROWS", 2)
    label_checks.refresh_label_checks()
    assert Coverage.objects.get(label=desk.labels["7"]).drawings == 2


def test_the_tick_task_reads_and_counts(desk: Desk) -> None:
    desk.approved("7", label_1=0.9)
    tasks.tick()
    assert Confusion.objects.get().counts == [["7", "1", 1]]


def test_the_command_rebuilds_everything(desk: Desk, read: Read, capsys: pytest.CaptureFixture[str]) -> None:
    desk.approved("7", label_1=0.9)
    read()
    LabelCheck.objects.update(label=Label.objects.get(recognizer=desk.recognizer, slug="3"))
    Bookmark.objects.update(moved=timezone.now() - 2 * label_checks.LATE_COMMITS)
    label_checks.read_new_rows()
    assert LabelCheck.objects.get().label.slug == "3"
    call_command("check_labels")
    assert LabelCheck.objects.get().label.slug == "7"
    assert "1 rows" in capsys.readouterr().out
