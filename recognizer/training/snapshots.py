"""Snapshots: the approved drawings that a training run takes. Chosen (see `split`), saved with the run, rasterised."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from django.db.models import QuerySet

from accounts import people
from ml.data.approved import ApprovedDrawings
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import InkError, RasterSpec
from recognizer.models import Drawing, Label, ModelVersion, Recognizer, Review, SnapshotItem, TrainingRun
from recognizer.training.split import ApprovedDrawing, DrawingSplit, newest_per_author_and_label, split_drawings

logger = logging.getLogger(__name__)

PAGE_SIZE = 200  # drawings in memory at a time


class RasterisedDrawings(NamedTuple):
    """Drawings as arrays, and their ids in the same order."""

    arrays: ApprovedDrawings
    drawings: list[int]


def approved_reviews(recognizer: Recognizer) -> QuerySet[Review]:
    """The current approvals of current corrections, by authors whose drawings may be trained on."""
    return Review.objects.approving().filter(
        people.may_train("correction__drawing__author"),
        correction__replaced_by__replaces__isnull=True,
        correction__drawing__recognizer=recognizer,
    )


def newest_approval_id(recognizer: Recognizer) -> int:
    """The id of the newest approving review; 0 if there is none."""
    return approved_reviews(recognizer).order_by("-id").values_list("id", flat=True).first() or 0


def choose_drawings(*, recognizer: Recognizer, slugs: Sequence[str], cap: int, champion: ModelVersion) -> DrawingSplit:
    """Choose from the drawings that are approved now as one of `slugs`, at most `cap` of an author and label.

    Drawings that the champion was trained on are not in the exam.
    """
    fields = ("drawing", "drawing__uuid", "drawing__author")
    found = (
        approved_reviews(recognizer)
        .filter(label__slug__in=slugs)
        .values_list(*(f"correction__{field}" for field in fields), "label", "label__slug", "automatic")
    )
    approved = (ApprovedDrawing(pk, str(uuid), *rest) for pk, uuid, *rest in found)
    studied = SnapshotItem.objects.filter(run__version=champion, part=SnapshotItem.Part.STUDY)
    return split_drawings(newest_per_author_and_label(approved, cap), set(studied.values_list("drawing", flat=True)))


def save_snapshot(*, run: TrainingRun, split: DrawingSplit) -> None:
    """Save the split with the run. Raises IntegrityError (on PostgreSQL at the commit) if a drawing was deleted."""
    SnapshotItem.objects.bulk_create(
        [
            SnapshotItem(run=run, drawing_id=row.drawing, label_id=row.label, part=part)
            for part, rows in split.parts()
            for row in rows
        ],
        batch_size=10 * PAGE_SIZE,
    )


def uses_excluded_authors(run: TrainingRun) -> bool:
    """Whether the run was trained on drawings of somebody who is excluded now."""
    return run.items.filter(part=SnapshotItem.Part.STUDY, drawing__author__set_aside=True).exists()


def rasterise_drawings(
    rows: Sequence[ApprovedDrawing],
    *,
    slugs: Sequence[str],
    raster: RasterSpec,
    check: Callable[[], None] = lambda: None,
) -> RasterisedDrawings:
    """The drawings as arrays. `slugs` are the labels in the order of the network's outputs.

    Drawings that were deleted meanwhile or cannot be read are left out. `check` is called for every page and may raise.
    """
    taken: list[ApprovedDrawing] = []
    rasters, inks = [], []
    for start in range(0, len(rows), PAGE_SIZE):
        check()
        page = rows[start : start + PAGE_SIZE]
        found = Drawing.objects.in_bulk([row.drawing for row in page])
        for row in page:
            if (drawing := found.get(row.drawing)) is None:
                continue
            try:
                content = drawing.content()
                rasters.append(content.raster(raster))
            except (InkError, ImageError) as error:
                logger.warning("drawing %s is left out: %s", drawing.uuid, error)
                continue
            except Exception:  # of this drawing alone: the run goes on without it
                logger.exception("drawing %s is left out", drawing.uuid)
                continue
            inks.append(content.strokes)
            taken.append(row)
    arrays = ApprovedDrawings(
        rasters=np.array(rasters, np.uint8).reshape(-1, raster.size, raster.size),
        inks=inks,
        labels=np.array([slugs.index(row.slug) for row in taken], np.int64),
        authors=np.array([row.author for row in taken], np.int64),
        unreviewed=np.array([row.unseen for row in taken], bool),
    )
    return RasterisedDrawings(arrays, [row.drawing for row in taken])


def save_answers(
    *, run: TrainingRun, drawings: Sequence[int], before: Sequence[int], after: Sequence[int], slugs: Sequence[str]
) -> None:
    """Save what champion (`before`) and challenger (`after`) answered to the drawings of the exam.

    The answers are indices into `slugs`; an index outside of it is saved as no label.
    """
    known = dict(Label.objects.filter(recognizer=run.recognizer_id, slug__in=slugs).values_list("slug", "pk"))
    labels = dict(enumerate(known.get(slug) for slug in slugs))
    answers = dict(zip(drawings, zip(before, after, strict=True), strict=True))
    items = [item for item in run.items.filter(part=SnapshotItem.Part.EXAM) if item.drawing_id in answers]
    for item in items:
        first, second = answers[item.drawing_id]
        item.before_id, item.after_id = labels.get(first), labels.get(second)
    SnapshotItem.objects.bulk_update(items, ["before", "after"], batch_size=PAGE_SIZE)
