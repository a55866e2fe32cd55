"""Snapshots: which drawings are approved, saved with the run, and rasterised."""

import uuid
from typing import Any

import cv2
import numpy as np
import pytest
from django.db import IntegrityError

from accounts import people
from accounts.models import User
from ml.preprocessing.ink import DEFAULT_SPEC
from recognizer import training
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import Correction, Drawing, ModelVersion, Recognizer, Review, SnapshotItem, TrainingRun
from recognizer.registry import promotions
from recognizer.review import decisions
from recognizer.training import snapshots
from tests.recognizer.training import community

pytestmark = pytest.mark.django_db
SLUGS = [str(digit) for digit in range(10)]


@pytest.fixture
def champion(digits: Recognizer) -> ModelVersion:
    return ModelVersion.objects.get()


@pytest.fixture
def a_run(digits: Recognizer) -> TrainingRun:
    return training.open_run(recognizer=digits, trigger="for a test")


def taken(digits: Recognizer, **changed: Any) -> list[int]:
    """The ids of the drawings that would be taken."""
    fields: dict[str, Any] = {"slugs": SLUGS, "cap": 100, "champion": ModelVersion.objects.first()} | changed
    split = snapshots.choose_drawings(recognizer=digits, **fields)
    return sorted(row.drawing for row in split.study + split.exam)


def test_only_approved_drawings_are_taken(digits: Recognizer, alice: User, bob: User) -> None:
    accepted, rejected, unseen = community.draw(alice, 3)
    rosa = community.reviewer("rosa")
    decisions.accept(correction=Correction.objects.get(drawing=accepted), reviewer=rosa)
    decisions.reject(correction=Correction.objects.get(drawing=rejected), reviewer=rosa, reason="other")
    assert taken(digits) == [accepted.pk]
    decisions.undo(review=Review.objects.get(correction__drawing=accepted), reviewer=rosa)
    assert taken(digits) == []
    assert unseen.pk not in taken(digits)


def test_the_reviewers_label_counts(digits: Recognizer, alice: User, champion: ModelVersion) -> None:
    drawing = community.draw(alice, 1)[0]
    decisions.relabel(correction=Correction.objects.get(), reviewer=community.reviewer("rosa"), label="6")
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    assert [(row.drawing, row.slug) for row in split.study + split.exam] == [(drawing.pk, "6")]


def test_a_changed_correction_is_not_taken_until_it_is_reviewed(digits: Recognizer, alice: User) -> None:
    drawing = community.draw(alice, 1)[0]
    community.approve([drawing])
    corrections.correct(drawing=drawing, label="9")
    assert taken(digits) == []


def test_drawings_of_people_who_withdraw_consent_are_not_taken(digits: Recognizer, alice: User, bob: User) -> None:
    mine, theirs = community.draw(alice, 1), community.draw(bob, 1)
    community.approve(mine + theirs)
    people.withdraw_consent(person=alice)
    assert taken(digits) == [theirs[0].pk]


def test_deleted_drawings_are_not_taken(digits: Recognizer, alice: User) -> None:
    first, second = community.draw(alice, 2)
    community.approve([first, second])
    store.delete_drawing(drawing=first)
    assert taken(digits) == [second.pk]


def test_the_cap_takes_the_newest_of_each_author_and_label(digits: Recognizer, alice: User) -> None:
    made = community.scatter(digits, alice, 8)
    assert taken(digits, cap=3) == [drawing.pk for drawing in made[-3:]]


def test_labels_unknown_to_the_base_are_left_out(digits: Recognizer, alice: User) -> None:
    community.approve(community.draw(alice, 3))
    assert len(taken(digits, slugs=["0", "2"])) == 2


def test_drawings_that_the_champion_was_trained_on_are_not_in_the_exam(
    digits: Recognizer, alice: User, champion: ModelVersion, a_run: TrainingRun
) -> None:
    made = community.scatter(digits, alice, 40)
    TrainingRun.objects.filter(pk=a_run.pk).update(version=champion)
    for drawing in made[:30]:
        label = digits.labels.get(slug="7")
        SnapshotItem.objects.create(run=a_run, drawing=drawing, label=label, part="study")
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    assert {row.drawing for row in split.exam} <= {drawing.pk for drawing in made[30:]}
    assert len(split.exam) >= 5


def test_the_split_is_saved_with_the_run(
    digits: Recognizer, alice: User, champion: ModelVersion, a_run: TrainingRun
) -> None:
    community.approve(community.draw(alice, 20))
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    snapshots.save_snapshot(run=a_run, split=split)
    kept = set(a_run.items.values_list("drawing", "label__slug", "part"))
    assert kept == {(row.drawing, row.slug, part) for part, rows in split.parts() for row in rows}


@pytest.mark.django_db(transaction=True)
def test_saving_fails_if_a_drawing_was_deleted_meanwhile(digits: Recognizer, alice: User) -> None:
    made = community.draw(alice, 20)
    community.approve(made)
    run = training.open_run(recognizer=digits, trigger="for a test")
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=ModelVersion.objects.get())
    store.delete_drawing(drawing=made[3])
    with pytest.raises(IntegrityError):
        snapshots.save_snapshot(run=run, split=split)


def test_drawings_are_rasterised_as_for_predictions(digits: Recognizer, alice: User, champion: ModelVersion) -> None:
    made = community.draw(alice, 12)
    community.approve(made)
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    rows = split.study + split.exam
    drawn = snapshots.rasterise_drawings(rows, slugs=SLUGS, raster=DEFAULT_SPEC)
    assert drawn.drawings == [row.drawing for row in rows]
    assert drawn.arrays.labels.tolist() == [int(row.slug) for row in rows]
    by_id = {drawing.pk: drawing for drawing in made}
    for raster, ink, drawing in zip(drawn.arrays.rasters, drawn.arrays.inks, drawn.drawings, strict=True):
        content = Content.from_ink(by_id[drawing].ink)
        assert (raster == content.raster(DEFAULT_SPEC)).all()
        assert ink is not None


def test_authors_are_given_for_all_drawings_and_those_that_nobody_reviewed_are_marked(
    digits: Recognizer, alice: User, bob: User, champion: ModelVersion
) -> None:
    community.approve(community.draw(alice, 3))
    community.draw(bob, 4)
    decisions.accept_unseen(recognizer=digits)
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    drawn = snapshots.rasterise_drawings(split.study + split.exam, slugs=SLUGS, raster=DEFAULT_SPEC)
    assert drawn.arrays.authors is not None
    assert drawn.arrays.unreviewed is not None
    marked = zip(drawn.arrays.authors.tolist(), drawn.arrays.unreviewed.tolist(), strict=True)
    assert sorted(marked) == [(alice.pk, False)] * 3 + [(bob.pk, True)] * 4


def test_label_indices_follow_the_outputs_of_the_network(
    digits: Recognizer, alice: User, champion: ModelVersion
) -> None:
    community.approve(community.draw(alice, 3))
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    drawn = snapshots.rasterise_drawings(split.study + split.exam, slugs=SLUGS[::-1], raster=DEFAULT_SPEC)
    assert sorted(drawn.arrays.labels.tolist()) == [7, 8, 9]


def test_pictures_are_taken_too(digits: Recognizer, alice: User, champion: ModelVersion) -> None:
    pixels = np.full((120, 90), 255, np.uint8)
    cv2.line(pixels, (45, 10), (45, 110), 0, 8)
    content = Content.from_image(cv2.imencode(".png", pixels)[1].tobytes())
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=content)
    corrections.correct(drawing=drawing, label="1")
    community.approve([drawing])
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    drawn = snapshots.rasterise_drawings(split.study + split.exam, slugs=SLUGS, raster=DEFAULT_SPEC)
    assert drawn.arrays.inks == [None]
    assert (drawn.arrays.rasters[0] == content.raster(DEFAULT_SPEC)).all()


def test_deleted_and_unreadable_drawings_are_not_rasterised(
    digits: Recognizer, alice: User, champion: ModelVersion
) -> None:
    made = community.draw(alice, 4)
    community.approve(made)
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    store.delete_drawing(drawing=made[0])
    Drawing.objects.filter(pk=made[1].pk).update(ink=[])
    drawn = snapshots.rasterise_drawings(split.study + split.exam, slugs=SLUGS, raster=DEFAULT_SPEC)
    assert sorted(drawn.drawings) == [made[2].pk, made[3].pk]
    assert len(drawn.arrays.labels) == len(drawn.arrays.rasters) == len(drawn.arrays.inks) == 2


def test_rasterising_can_be_stopped(digits: Recognizer, alice: User, champion: ModelVersion) -> None:
    community.approve(community.draw(alice, 2))
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        snapshots.rasterise_drawings(split.study + split.exam, slugs=SLUGS, raster=DEFAULT_SPEC, check=stop)


def test_both_answers_are_saved_for_the_drawings_of_the_exam(
    digits: Recognizer, alice: User, champion: ModelVersion, a_run: TrainingRun
) -> None:
    community.approve(community.draw(alice, 30))
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    snapshots.save_snapshot(run=a_run, split=split)
    exam = [row.drawing for row in split.exam]
    store.delete_drawing(drawing=Drawing.objects.get(pk=exam[0]))
    count = len(exam)
    snapshots.save_answers(run=a_run, drawings=exam, before=[3] * count, after=[10] * count, slugs=SLUGS)
    kept = a_run.items.filter(part="exam").values_list("before__slug", "after")
    assert set(kept) == {("3", None)}
    assert len(kept) == count - 1
    assert not a_run.items.filter(part="study", before__isnull=False).exists()


def test_the_newest_approval_is_found(digits: Recognizer, alice: User) -> None:
    assert snapshots.newest_approval_id(digits) == 0
    review = community.approve(community.draw(alice, 1))[0]
    assert snapshots.newest_approval_id(digits) == review.pk


def test_drawings_name_the_versions_trained_on_them(
    digits: Recognizer, alice: User, a_run: TrainingRun, starter: Any, django_assert_num_queries: Any
) -> None:
    studied, examined, neither = community.draw(alice, 3)
    seven = digits.labels.get(slug="7")
    SnapshotItem.objects.create(run=a_run, drawing=studied, label=seven, part="study")
    SnapshotItem.objects.create(run=a_run, drawing=examined, label=seven, part="exam")
    asked = [studied, examined, neither]
    assert training.versions_trained_on(asked) == {drawing.pk: [] for drawing in asked}
    version = promotions.register(recognizer=digits, bundle=starter)
    TrainingRun.objects.filter(pk=a_run.pk).update(version=version)
    with django_assert_num_queries(1):
        assert training.versions_trained_on(asked) == {studied.pk: [2], examined.pk: [], neither.pk: []}


def test_other_recognizers_are_separate(digits: Recognizer, alice: User, champion: ModelVersion) -> None:
    community.approve(community.draw(alice, 2))
    other = Recognizer.objects.create(slug=f"other-{uuid.uuid4()}", name="Other")
    assert not snapshots.approved_reviews(other).exists()


def test_a_drawing_that_fails_unexpectedly_is_left_out(
    digits: Recognizer, alice: User, champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = community.draw(alice, 3)
    community.approve(made)
    real = Content.raster
    monkeypatch.setattr(Content, "raster", lambda self, spec: 1 / 0 if self.ink == made[1].ink else real(self, spec))
    split = snapshots.choose_drawings(recognizer=digits, slugs=SLUGS, cap=100, champion=champion)
    drawn = snapshots.rasterise_drawings(split.study + split.exam, slugs=SLUGS, raster=DEFAULT_SPEC)
    assert sorted(drawn.drawings) == [made[0].pk, made[2].pk]


def test_drawings_of_rounds_are_taken_after_a_review_and_no_more_of_one_person_than_the_cap(
    digits: Recognizer, alice: User
) -> None:
    rosa, rng, drawings = community.reviewer("rosa"), np.random.default_rng(0), []
    for _ in range(3):
        content = Content.from_ink(community.ink(7, rng))
        drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=content)
        corrections.correct(drawing=drawing, label="7", origin="round")
        drawings.append(drawing.pk)
    assert decisions.accept_unseen(recognizer=digits) == 0
    assert taken(digits) == []
    for correction in Correction.objects.all():
        decisions.accept(correction=correction, reviewer=rosa)
    assert taken(digits) == drawings
    assert taken(digits, cap=2) == drawings[1:]
